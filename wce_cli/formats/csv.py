"""CSV: one row a sample (or a method), in full precision, for a program or a spreadsheet. RFC 4180 with \\n.

A missing value is an empty cell, never 0; NaN and ±∞ are written as in our JSON. Names are as they are given, but
for characters that cannot be seen, which are spelled out (no cell holds a line end), and for what a spreadsheet would
take for a formula: that has the ' before it by which spreadsheets know text. Numbers never have one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from msgspec import structs

from wce_cli import formats
from wce_cli.answers.base import to_plain
from wce_cli.answers.report import MethodRow, PlacedTerm, Report, TermRow
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look
from wce_cli.literal import literal

Rows = Iterator[tuple[Report, list[Any]]]
"""Each row with the report it is of."""

OTHERS = ("sample", "label-mix")
"""The placements beside the term's own, in the order of their columns."""
ACTIVE = re.compile(r"\s*(?:[=+\-@\uff1d\uff0b\uff0d\uff20]|::)")
"""How a name begins that a spreadsheet would compute, in full width too, or a CI take for a command of its line."""
PART = 1 << 20
"""Bytes that are looked through at once."""
TERM_FIELDS = [field for field in TermRow.__struct_fields__ if field != "placements"]


def to_csv(reports: Sequence[Report], look: Look | None = None) -> str:
    """A head and its rows; where there are several batches, their names stand in a first column."""
    look = look or Look()
    others = () if look.only == "methods" else _others_in(reports, look)
    several = len(reports) > 1
    return _head(look, several, others) + _lines(reports, look, several, others)


def part(reports: Sequence[Report], look: Look, several: bool) -> str:
    """The rows of some reports of many, with the placements of all terms; before them a line that names those that
    differ in one of them."""
    if look.only == "methods":
        return _lines(reports, look, several)
    return f"{' '.join(_others_in(reports, look))}\n{_lines(reports, look, several, OTHERS)}"


def begin_rows(report: Report, n: int, look: Look) -> str:
    """Nothing stands before the rows of a batch."""
    return ""


def add_rows(report: Report, rows: Sequence[TermRow], look: Look, several: bool) -> str:
    """Some of its rows, as a part."""
    return part([structs.replace(report, terms=tuple(rows))], structs.replace(look, rows=None), several)


end_rows = begin_rows


class CsvJoiner(formats.Joiner):
    """Makes the text from its parts. Which placements have columns is known when the last row has come: until then
    the rows wait in a file."""

    def __init__(self, look: Look, several: bool) -> None:
        self.look, self.several = look, several
        self.others: set[str] = set()
        self.rows: IO[str] | None = None
        self.is_settled = False
        self.head = _head(look, several) if look.only == "methods" else ""

    def settle(self, reports: Sequence[Report]) -> None:
        """Index labels without smoothing have one pair a row: then the head is known, and no row has to wait."""
        plain = all(one.batch.labels == "index" and one.batch.label_smoothing == 0 for one in reports)
        if self.look.only != "methods" and plain:
            self.is_settled, self.head = True, _head(self.look, self.several)

    def add(self, part: str) -> str:
        """What can be written when a part has come."""
        begun, self.head = self.head, ""
        if self.look.only == "methods":
            return begun + part
        others, _, rows = part.partition("\n")
        if self.is_settled:
            return begun + "".join(_without(line, ()) for line in rows.splitlines(keepends=True))
        self.others.update(others.split())
        if self.rows is None:
            import tempfile

            self.rows = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115  # until close
        self.rows.write(rows)
        return ""

    def end(self) -> Iterator[str]:
        """The head and the rows, without the columns in which no row differs."""
        if self.look.only == "methods" or self.is_settled:
            if self.head:
                yield self.head
            return
        others = tuple(name for name in OTHERS if name in self.others)
        yield _head(self.look, self.several, others)
        if self.rows is None:
            return
        self.rows.seek(0)
        while lines := self.rows.readlines(PART):
            yield "".join(lines if len(others) == len(OTHERS) else (_without(line, others) for line in lines))

    def close(self) -> None:
        """Let the file go."""
        if self.rows is not None:
            self.rows.close()


def _without(line: str, others: Sequence[str]) -> str:
    """A line with the last columns of some other placements alone: numbers, which hold no comma."""
    own, *rest = line[:-1].rsplit(",", 2 * len(OTHERS))
    kept = [cell for k, name in enumerate(OTHERS) if name in others for cell in rest[2 * k : 2 * k + 2]]
    return ",".join([own, *kept]) + "\n"


def _head(look: Look, several: bool, others: Sequence[str] = ()) -> str:
    fields = list(MethodRow.__struct_fields__)
    if look.only != "methods":
        fields = TERM_FIELDS + [f"{part}/{name}" for name in others for part in ("weight", "term")]
    return _written([["batch", *fields] if several else fields])


def _lines(reports: Sequence[Report], look: Look, several: bool, others: Sequence[str] = ()) -> str:
    rows = _methods(reports, look) if look.only == "methods" else _terms(reports, look, others)
    return _written([_cell(value) for value in ([report.batch.name, *row] if several else row)] for report, row in rows)


def _written(rows: Iterable[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _methods(reports: Sequence[Report], look: Look) -> Rows:
    fields = list(MethodRow.__struct_fields__)
    ours = fields.index("formula")  # the one cell in our own symbols
    for report in reports:
        for row in all_methods(report, look):
            values = [getattr(row, field) for field in fields]
            values[ours] = look.text(values[ours])
            yield report, values


def _others_in(reports: Sequence[Report], look: Look) -> tuple[str, ...]:
    """The other placements that differ in any of the terms."""
    found = {name for report in reports for row in report.terms[: look.rows] for name in row.placements}
    return tuple(name for name in OTHERS if name in found)


def _terms(reports: Sequence[Report], look: Look, others: Sequence[str]) -> Rows:
    """The fields of a term, then the pair of each of the other placements: the term's own where it does not differ."""
    for report in reports:
        for row in report.terms[: look.rows]:
            own = PlacedTerm(row.weight, row.term) if row.term is not None else None
            pairs = [row.placements.get(name, own) for name in others]
            values = [getattr(row, field) for field in TERM_FIELDS]
            cells = [value for pair in pairs for value in ((pair.weight, pair.term) if pair else (None, None))]
            yield report, values + cells


def text_cell(name: str | None) -> str:
    """A name as a cell; none is an empty one."""
    shown = literal(name or "")
    return f"'{shown}" if ACTIVE.match(shown) else shown


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return text_cell(value)
    plain = to_plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, list):
        return " ".join(map(_cell, plain))
    return plain if isinstance(plain, str) else repr(plain)
