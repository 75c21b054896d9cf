"""CSV: one row a sample (or a method), in full precision, for a program or a spreadsheet. RFC 4180 with \\n.

A missing value is an empty cell, never 0; NaN and ±∞ are written as in our JSON. Names are as they are given, but
for characters that cannot be seen, which are spelled out: no cell holds a line end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look, literal
from wce_cli.report import MethodRow, PlacedTerm, Report, TermRow, to_plain

Rows = tuple[list[str], Iterator[tuple[Report, list[Any]]]]
"""The head, and each row with the report it is of."""

TERM_FIELDS = [field for field in TermRow.__struct_fields__ if field != "placements"]


def to_csv(reports: Sequence[Report], look: Look | None = None) -> str:
    """A head and its rows; where there are several batches, their names stand in a first column."""
    look = look or Look()
    head, rows = _methods(reports, look) if look.only == "methods" else _terms(reports, look)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    named = len(reports) > 1
    writer.writerow(["batch", *head] if named else head)
    for report, row in rows:
        writer.writerow([_cell(value) for value in ([report.batch.name, *row] if named else row)])
    return out.getvalue()


def _methods(reports: Sequence[Report], look: Look) -> Rows:
    fields = list(MethodRow.__struct_fields__)
    ours = fields.index("formula")  # the one cell in our own symbols

    def cells(row: MethodRow) -> list[Any]:
        values = [getattr(row, field) for field in fields]
        values[ours] = look.text(values[ours])
        return values

    return fields, ((report, cells(row)) for report in reports for row in all_methods(report, look))


def _terms(reports: Sequence[Report], look: Look) -> Rows:
    """The fields of a term, then the pair of each other placement that differs anywhere."""
    terms = [(report, row) for report in reports for row in report.terms[: look.rows]]
    others = list(dict.fromkeys(name for _, row in terms for name in row.placements))
    head = TERM_FIELDS + [f"{part}/{name}" for name in others for part in ("weight", "term")]

    def cells(row: TermRow) -> list[Any]:
        own = PlacedTerm(row.weight, row.term) if row.term is not None else None
        pairs = [row.placements.get(name, own) for name in others]
        values = [getattr(row, field) for field in TERM_FIELDS]
        return values + [value for pair in pairs for value in ((pair.weight, pair.term) if pair else (None, None))]

    return head, ((report, cells(row)) for report, row in terms)


def _cell(value: Any) -> str:
    plain = to_plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, list):
        return " ".join(map(_cell, plain))
    return literal(plain) if isinstance(plain, str) else repr(plain)
