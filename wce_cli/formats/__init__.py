"""An answer as text: one file a format, over the cells that all of them share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.formats.look import ROWS, Look

if TYPE_CHECKING:
    from wce_cli.answers.base import Answer
    from wce_cli.answers.report import Report, TermRow


class Format(Struct, frozen=True):
    """Where a format is written, and what it holds."""

    function: str
    """`module:function`, called with reports and a Look; imported when it is used."""
    rows: int
    """Samples it lists unless more are asked for."""
    parts: tuple[str, ...] = ()
    """What it can show alone."""
    has_measured: bool = True
    """Whether it shows what a framework returned."""
    part: str = ""
    """`module:function`, called as `function`, with whether there are several batches: what some of them add to the
    text. Empty where all of them must be there first."""
    has_row_parts: bool = False
    """Whether the module also has `begin_rows`, `add_rows` and `end_rows`, to write the samples of a batch as they
    come."""
    joiner: str = ""
    """`module:class` that makes the text from parts; empty where they follow each other."""
    ending: str = ""
    """`module:function`, called with the summary of all and a Look: what stands below the parts."""


PARTS = ("terms", "methods")
OTHER_NAMES = {"md": "markdown", "jsonl": "ndjson", "txt": "table", "text": "table"}
"""What people call a format as well."""
SUFFIXES = {
    ".txt": "table",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
    ".svg": "svg",
    ".xml": "junit",
}
"""The format of a file by its name; the first suffix of a format is the one that is named."""

FORMATS = {
    "table": Format("wce_cli.formats.explain.table:to_table", ROWS, PARTS),
    "json": Format("wce_cli.formats.json:to_json", 10_000),
    "ndjson": Format(
        "wce_cli.formats.ndjson:to_ndjson", 10_000, part="wce_cli.formats.ndjson:part", has_row_parts=True
    ),
    "csv": Format(
        "wce_cli.formats.csv:to_csv",
        sys.maxsize,
        PARTS,
        has_measured=False,
        part="wce_cli.formats.csv:part",
        has_row_parts=True,
        joiner="wce_cli.formats.csv:CsvJoiner",
    ),
    "markdown": Format("wce_cli.formats.markdown:to_markdown", ROWS, PARTS),
    "html": Format("wce_cli.formats.explain.picture:to_html", ROWS, PARTS),
    "svg": Format("wce_cli.formats.explain.picture:to_svg", ROWS),
}
"""Those of `explain`, by name."""

IDENTIFIED = {
    "table": Format("wce_cli.formats.identify.blocks:to_table", 0),
    "json": Format("wce_cli.formats.identify.blocks:to_json", 0),
    "markdown": Format("wce_cli.formats.identify.blocks:to_markdown", 0),
    "html": Format("wce_cli.formats.identify.picture:to_html", 0),
    "svg": Format("wce_cli.formats.identify.picture:to_svg", 0),
}
"""Those of `identify`."""

CHECKED = {
    "table": Format(
        "wce_cli.formats.check.pages:to_table",
        0,
        part="wce_cli.formats.check.pages:part",
        ending="wce_cli.formats.check.pages:ending",
    ),
    "json": Format("wce_cli.formats.check.lines:to_json", 0),
    "ndjson": Format("wce_cli.formats.check.lines:to_ndjson", 0, part="wce_cli.formats.check.lines:part"),
    "junit": Format("wce_cli.formats.junit:to_junit", 0),
    "github": Format("wce_cli.formats.github:to_github", 0),
    "markdown": Format("wce_cli.formats.check.pages:to_markdown", 0),
    "html": Format("wce_cli.formats.check.pages:to_html", 0),
}
"""Those of `check`."""

AUDITED = {
    "table": Format("wce_cli.formats.audit.blocks:to_table", 0),
    "json": Format("wce_cli.formats.audit.blocks:to_json", 0),
    "markdown": Format("wce_cli.formats.audit.blocks:to_markdown", 0),
    "html": Format("wce_cli.formats.audit.picture:to_html", 0),
    "svg": Format("wce_cli.formats.audit.picture:to_svg", 0),
    "github": Format("wce_cli.formats.audit.github:to_github", 0),
}
"""Those of `audit`."""

SPLIT = {
    "table": Format("wce_cli.formats.split.blocks:to_table", 0),
    "json": Format("wce_cli.formats.split.blocks:to_json", 0),
    "csv": Format("wce_cli.formats.split.blocks:to_csv", 0, has_measured=False),
    "markdown": Format("wce_cli.formats.split.blocks:to_markdown", 0),
    "html": Format("wce_cli.formats.split.picture:to_html", 0),
    "svg": Format("wce_cli.formats.split.picture:to_svg", 0),
}
"""Those of `split`."""

GRADIENT = {
    "table": Format("wce_cli.formats.gradient.blocks:to_table", 0),
    "json": Format("wce_cli.formats.gradient.blocks:to_json", 0),
    "csv": Format("wce_cli.formats.gradient.blocks:to_csv", sys.maxsize, has_measured=False),
    "markdown": Format("wce_cli.formats.gradient.blocks:to_markdown", 0),
    "html": Format("wce_cli.formats.gradient.picture:to_html", 0),
    "svg": Format("wce_cli.formats.gradient.picture:to_svg", 0),
}
"""Those of `gradient`."""

SWEPT = {
    "table": Format("wce_cli.formats.sweep.blocks:to_table", 0),
    "json": Format("wce_cli.formats.sweep.blocks:to_json", 0),
    "csv": Format("wce_cli.formats.sweep.blocks:to_csv", 0),
    "markdown": Format("wce_cli.formats.sweep.blocks:to_markdown", 0),
    "html": Format("wce_cli.formats.sweep.picture:to_html", 0),
    "svg": Format("wce_cli.formats.sweep.picture:to_svg", 0),
}
"""Those of `sweep`."""

BY_COMMAND = {
    "explain": FORMATS,
    "split": SPLIT,
    "gradient": GRADIENT,
    "sweep": SWEPT,
    "identify": IDENTIFIED,
    "check": CHECKED,
    "audit": AUDITED,
}
"""Those of each command that answers a question."""

VALUE = Format(
    "wce_cli.formats.explain.values:to_values", 0, has_measured=False, part="wce_cli.formats.explain.values:part"
)
"""`--only value`: bare numbers, which no format dresses."""


def suffixes(known: Iterable[str]) -> list[str]:
    """A suffix for each of some formats that has one."""
    first = {format: suffix for suffix, format in reversed(SUFFIXES.items())}
    return [first[format] for format in known if format in first]


def as_text(answer: Answer, width: int | None = None, ascii: bool = False) -> str:
    """An answer as a person reads it, as wide as it needs to be unless `width` says otherwise."""
    return formatted(BY_COMMAND[answer.question]["table"], [answer], Look(width=width, ascii=ascii))


def as_fragment(answer: Answer) -> str | None:
    """An answer as an element of a page, for a notebook; None where there is none."""
    module = import_module(BY_COMMAND[answer.question]["html"].function.partition(":")[0])
    fragment: str | None = module.fragment(answer) if hasattr(module, "fragment") else None
    return fragment


def formatted(format: Format, reports: Sequence[Any], look: Look) -> str:
    """The reports, or the answers of another question, in one of its formats; ending in a newline."""
    render: Callable[[Sequence[Any], Look], str] = _found(format.function)
    return render(reports, look)


def part_of(format: Format, reports: Sequence[Any], look: Look, several: bool) -> str:
    """What some of many reports, or answers of another question, add to the text of a format."""
    render: Callable[[Sequence[Any], Look, bool], str] = _found(format.part)
    return render(reports, look, several)


def ending_of(format: Format, summary: Any, look: Look) -> str:
    """What stands below all parts."""
    return _found(format.ending)(summary, look) if format.ending else ""


def begin_rows(format: Format, report: Report, n: int, look: Look) -> str:
    """What stands before the `n` samples of a report that has none of them."""
    text: str = _found(f"{format.part.partition(':')[0]}:begin_rows")(report, n, look)
    return text


def add_rows(format: Format, report: Report, rows: Sequence[TermRow], look: Look, several: bool) -> str:
    """Some samples of it, in their order."""
    text: str = _found(f"{format.part.partition(':')[0]}:add_rows")(report, rows, look, several)
    return text


def end_rows(format: Format, report: Report, n: int, look: Look) -> str:
    """What stands after them."""
    text: str = _found(f"{format.part.partition(':')[0]}:end_rows")(report, n, look)
    return text


class Joiner:
    """Makes a text from its parts, as they come."""

    def __init__(self, look: Look, several: bool) -> None:
        pass

    def settle(self, reports: Sequence[Report]) -> None:
        """Be told of all reports, their samples apart, before the first part comes."""

    def add(self, part: str) -> str:
        """What can be written when a part has come."""
        return part

    def end(self) -> Iterator[str]:
        """What is left to write when the last one has."""
        return iter(())

    def close(self) -> None:
        """Leave nothing behind, whether all came or not."""


def joiner_of(format: Format, look: Look, several: bool) -> Joiner:
    """What makes the text of a format from its parts."""
    make: Callable[[Look, bool], Joiner] = _found(format.joiner) if format.joiner else Joiner
    return make(look, several)


def _found(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)
