"""CSV: one row a sample, method, part or point, in full precision, for a program or a spreadsheet. RFC 4180 with \\n.

A missing value is an empty cell, never 0; NaN and ±∞ are written as in our JSON. Names are as they are given, but
for characters that cannot be seen, which are spelled out (no cell holds a line end), and for what a spreadsheet would
take for a formula: that has the ' before it by which spreadsheets know text. Numbers never have one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import IO, Any

from wce_cli.digits import to_plain
from wce_cli.formats import Joiner, given
from wce_cli.formats.look import Look
from wce_cli.literal import literal

ACTIVE = re.compile(r"\s*(?:[=+\-@\uff1d\uff0b\uff0d\uff20]|::)")
"""How a name begins that a spreadsheet would compute, in full width too, or a CI take for a command of its line."""
PART = 1 << 20
"""Bytes that are looked through at once."""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """A head and its rows; where there are several batches, their names stand in a first column."""
    own, several = given(question, "rows"), len(answers) > 1
    columns = own.columns(answers, look)
    return _head(columns, several) + _lines(own.rows(answers, look, columns), several)


def part(question: str, answers: Sequence[Any], look: Look, several: bool) -> str:
    """The rows of some answers of many, in every column; before them a line with the columns that these need."""
    own, every = given(question, "rows"), given(question, "rows").every_column(look)
    needed = _head(own.columns(answers, look), False)
    return needed + _lines(own.rows(answers, look, every), several)


def joiner(question: str, look: Look, several: bool) -> Joiner:
    """What leaves out the columns that no row needs."""
    return CsvJoiner(question, look, several)


class CsvJoiner(Joiner):
    """Makes the text from its parts. Which of the last columns are needed is known when the last row has come, unless
    the answers tell before: until then the rows wait in a file."""

    def __init__(self, question: str, look: Look, several: bool) -> None:
        self.own, self.look, self.several = given(question, "rows"), look, several
        self.every: list[str] = self.own.every_column(look)
        self.needed: list[str] = self.own.columns((), look)
        self.is_settled = len(self.needed) == len(self.every)
        self.is_begun = False
        self.rows: IO[str] | None = None

    def settle(self, answers: Sequence[Any]) -> None:
        """Where no row can need more than the columns that all have, no row has to wait."""
        self.is_settled = self.is_settled or self.own.is_plain(answers)

    def add(self, part: str) -> str:
        """What can be written when a part has come."""
        head, _, rows = part.partition("\n")
        if self.is_settled:
            return self._begun() + self._cut(rows.splitlines(keepends=True))
        needed = next(csv.reader([head]))
        self.needed = [name for name in self.every if name in self.needed or name in needed]
        if self.rows is None:
            import tempfile

            self.rows = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115  # until close
        self.rows.write(rows)
        return ""

    def end(self, answers: Any = None) -> Iterator[str]:
        """The head, if it is not written yet, and the rows that have waited."""
        yield self._begun()
        if self.rows is None:
            return
        self.rows.seek(0)
        while lines := self.rows.readlines(PART):
            yield self._cut(lines)

    def close(self) -> None:
        """Let the file go."""
        if self.rows is not None:
            self.rows.close()

    def _begun(self) -> str:
        begun, self.is_begun = self.is_begun, True
        return "" if begun else _head(self.needed, self.several)

    def _cut(self, lines: list[str]) -> str:
        """The lines without the columns that no row needs: the last are numbers, which hold no comma."""
        own = len(self.own.columns((), self.look))
        last = self.every[own:]
        if len(self.needed) == len(self.every):
            return "".join(lines)
        kept = [k for k, name in enumerate(last, 1) if name in self.needed]
        cut = (line[:-1].rsplit(",", len(last)) for line in lines)
        return "".join(f"{','.join([cells[0], *(cells[k] for k in kept)])}\n" for cells in cut)


def _head(columns: Sequence[str], several: bool) -> str:
    return _written([["batch", *columns] if several else columns])


def _lines(rows: Iterable[tuple[Any, Sequence[Any]]], several: bool) -> str:
    return _written([_cell(value) for value in ([answer.batch.name, *row] if several else row)] for answer, row in rows)


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def text_cell(name: str | None) -> str:
    """A name as a cell; none is an empty one."""
    shown = literal(name or "")
    return f"'{shown}" if ACTIVE.match(shown) else shown


def _cell(value: Any) -> str:
    if type(value) is int or (type(value) is float and isfinite(value)):  # nearly all there are
        return repr(value)
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
