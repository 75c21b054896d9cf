"""Reading every format back: the two tables of a report as cells, and adding them up."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt
from msgspec import structs

from wce_cli import Report
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.look import Look

Rows = list[dict[str, str]]
BELOW = re.compile(r"\[|    |weight: |the |x logits|p as given|log p as given|same here: ")
"""How lines begin that stand above or below the rows of a table."""


def tables(text: str) -> list[list[dict[str, str]]]:
    """The tables of a printed text: rows as cells by the head of their column (the last of two equal heads)."""
    found = []
    for block in text.split("\n\n"):
        block = re.sub(r"^\(left out[^)]*\)\n?", "", block, flags=re.MULTILINE)
        lines = [line for line in block.split("\n") if line and not BELOW.match(line)]
        if len(lines) < 2 or not re.search(r"^(n|method|class) ", lines[0]):
            continue
        width = max(map(len, lines))
        lines = [line.ljust(width) for line in lines]
        blank = "".join(" " if all(line[i] == " " for line in lines) else "#" for i in range(width))
        spans = [match.span() for match in re.finditer(r"#+(?: #+)*", blank)]
        head, *rows = ([line[slice(*span)].strip() for span in spans] for line in lines)
        found.append([dict(zip(map(plain_head, head), map(plain_cell, row), strict=True)) for row in rows])
    return found


def plain_head(head: str) -> str:
    """A head as a test names it, whatever it is that a sample weighs."""
    return "weight w" if head.startswith("weight ") else head


def plain_cell(cell: str) -> str:
    """A method without those that it coincides with."""
    return re.sub(r" \(= [\w, -]+\)$", "", cell)


class Page(HTMLParser):
    """The text of an HTML page: tables as rows of cells, other elements, and every stretch of text by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.stretches: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("meta", "br", "hr", "img"):
            return
        self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag != "span":
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" not in self._open:
            self.stretches.append(data)
        inside = [tag for tag in self._open if tag != "span"]
        if inside and inside[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data
        for tag in set(inside) & set(self.texts):
            self.texts[tag][-1] += data

    def by_head(self) -> list[Rows]:
        return [
            [dict(zip(map(plain_head, table[0]), map(plain_cell, row), strict=True)) for row in table[1:]]
            for table in self.tables
        ]


def rendered(markdown: str) -> Page:
    """Markdown as GitHub reads it: CommonMark, tables and strikethrough."""
    return Page(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))


def _from_table(report: Report, look: Look) -> list[Rows]:
    return tables(formatted(formats_of("explain")["table"], [report], look))


def _from_markdown(report: Report, look: Look) -> list[Rows]:
    return rendered(formatted(formats_of("explain")["markdown"], [report], look)).by_head()


def _from_html(report: Report, look: Look) -> list[Rows]:
    return Page(formatted(formats_of("explain")["html"], [report], look)).by_head()


def _from_json(report: Report, look: Look) -> list[Rows]:
    return _from_document(formatted(formats_of("explain")["json"], [report], look))


def _from_ndjson(report: Report, look: Look) -> list[Rows]:
    return _from_document(formatted(formats_of("explain")["ndjson"], [report], look))


def _from_document(text: str) -> list[Rows]:
    document = json.loads(text, parse_float=str, parse_int=str)
    totals = document["totals"]
    total = {"n": "Σ", "loss": totals["loss_sum"], "weight": totals["weight_sum"], "term": totals["numerator"]}
    return _by_printed_heads([*document["terms"], total], document["methods"])


def _from_csv(report: Report, look: Look) -> list[Rows]:
    def read(look: Look) -> Rows:
        return list(csv.DictReader(io.StringIO(formatted(formats_of("explain")["csv"], [report], look)), strict=True))

    methods = read(structs.replace(look, only="methods"))
    by_pair = {(row["method"], row["placement"]): row for row in methods}
    weighted = by_pair.get(("weighted-mean", "class"))
    total = {
        "n": "Σ",
        "loss": by_pair["unweighted-mean", "class"]["numerator"],
        "weight": weighted and weighted["denominator"],
        "term": by_pair["sum", "class"]["numerator"],
    }
    return _by_printed_heads([*read(look), total], methods)


def _by_printed_heads(terms: list[dict[str, Any]], methods: list[dict[str, Any]]) -> list[Rows]:
    """Rows of a format for programs, under the heads that the table has."""

    def row(fields: dict[str, Any], heads: dict[str, str]) -> dict[str, str]:
        return {head: fields[field] for field, head in heads.items() if fields.get(field)}

    placed = [
        {**one, "pair": one["method"] + ("" if one["placement"] == "class" else f"/{one['placement']}")}
        for one in methods
    ]
    return [
        [row(one, {"n": "n", "loss": "loss ℓ", "weight": "weight w", "term": "term t"}) for one in terms],
        [row(one, {"pair": "method", "numerator": "Σt", "denominator": "÷ D", "value": "= loss"}) for one in placed],
    ]


READERS: dict[str, Callable[[Report, Look], list[Rows]]] = {
    "table": _from_table,
    "json": _from_json,
    "ndjson": _from_ndjson,
    "csv": _from_csv,
    "markdown": _from_markdown,
    "html": _from_html,
}
"""A report → its samples (the totals last) and its methods, as cells that were printed in a format."""


def half_unit(cell: str) -> float:
    """Half of the last digit that a cell prints."""
    mantissa, _, exponent = cell.partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


SUMMED = {"n": ("loss ℓ", "weight w", "term t"), "class": ("samples", "Σℓ", "Σw·ℓ", "Σw", "share", "share of Σw")}
"""The columns that end in their sum, by the head of the table's first."""


def assert_added_up(first: Rows, *others: Rows) -> None:
    """Add the printed cells, divide by the printed D, and compare with what is printed, to its digits.

    `first` holds the samples or, for a large batch, its classes; then come the largest terms, if any, and the methods.
    """
    methods = others[-1]
    *rows, total = [{head: cell.removesuffix(" %") for head, cell in row.items()} for row in first]
    of = "class" if "class" in total else "n"
    assert total[of] == "Σ"
    for head in SUMMED[of]:
        cells = [row[head] for row in rows if row.get(head, "–") != "–"]
        if head not in total or not cells:
            continue
        allowed = sum(map(half_unit, [*cells, total[head]])) * (1 + 1e-9)
        assert math.fsum(map(float, cells)) == pytest.approx(float(total[head]), abs=allowed, rel=1e-12), head
    for row in methods:
        if not {"Σt", "÷ D"} <= row.keys():  # left out at this width
            continue
        numerator, d, value = (row[head] for head in ("Σt", "÷ D", "= loss"))
        quotient = float(numerator) / float(d)
        reach = half_unit(numerator) / abs(float(d)) + abs(quotient / float(d)) * half_unit(d) + half_unit(value)
        assert quotient == pytest.approx(float(value), abs=reach * 1.01, rel=1e-12), row
    by_method = {row["method"]: row for row in methods}
    if of == "class":
        d = by_method.get("weighted-mean", {}).get("÷ D")
        assert d is None or total.get("Σw", d) == d
        return
    assert by_method["sum"].get("Σt", total["term t"]) == total["term t"]
    if "weight w" in total:
        assert by_method["weighted-mean"].get("÷ D", total["weight w"]) == total["weight w"]
