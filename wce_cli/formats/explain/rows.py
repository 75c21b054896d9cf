"""A report as rows of numbers: its samples, or those of several rows each, or its methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.answers.by_sample import SampleRow
from wce_cli.answers.report import MethodRow, PlacedTerm, Report, TermRow
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look

OTHERS = ("sample", "label-mix")
"""The placements beside the term's own, in the order of their columns."""
TERM_FIELDS = [field for field in TermRow.__struct_fields__ if field != "placements"]


def columns(reports: Sequence[Report], look: Look) -> list[str]:
    """Those of the methods; or of the samples, and the pair of each other placement that differs in any of them."""
    if look.only == "methods":
        has_criterion = any(report.criterion is not None for report in reports)
        return [*MethodRow.__struct_fields__, *["criterion"] * has_criterion]
    if look.by_sample:
        return list(SampleRow.__struct_fields__)
    differ = {name for report in reports for row in report.terms[: look.rows] for name in row.placements}
    return _with([name for name in OTHERS if name in differ])


def every_column(look: Look) -> list[str]:
    """All columns that there may be."""
    if look.only == "methods":
        return [*MethodRow.__struct_fields__, "criterion"]
    return columns((), look) if look.by_sample else _with(OTHERS)


def is_plain(reports: Sequence[Report]) -> bool:
    """Whether no placement can differ: index labels without smoothing have one pair a row."""
    return all(one.batch.labels == "index" and one.batch.label_smoothing == 0 for one in reports)


def rows(reports: Sequence[Report], look: Look, columns: Sequence[str]) -> Iterator[tuple[Report, list[Any]]]:
    """Each row with the report it is of."""
    if look.only == "methods":
        return _methods(reports, look, columns)
    return _samples(reports, look) if look.by_sample else _terms(reports, look, columns)


def _with(others: Sequence[str]) -> list[str]:
    return TERM_FIELDS + [f"{part}/{name}" for name in others for part in ("weight", "term")]


def _methods(reports: Sequence[Report], look: Look, columns: Sequence[str]) -> Iterator[tuple[Report, list[Any]]]:
    fields = list(MethodRow.__struct_fields__)
    ours = fields.index("formula")  # the one cell in our own symbols
    for report in reports:
        for row in all_methods(report, look):
            values = [getattr(row, field) for field in fields]
            values[ours] = look.text(values[ours])
            own = None if report.criterion is None else row.pair == report.criterion.pair
            yield report, [*values, own][: len(columns)]


def _samples(reports: Sequence[Report], look: Look) -> Iterator[tuple[Report, list[Any]]]:
    for report in reports:
        found = report.by_sample
        if found is not None and look.samples is not None:
            found = found.largest(look.samples)
        for row in () if found is None else found.rows:
            yield report, [getattr(row, field) for field in SampleRow.__struct_fields__]


def _terms(reports: Sequence[Report], look: Look, columns: Sequence[str]) -> Iterator[tuple[Report, list[Any]]]:
    """The fields of a term, then the pair of each of the other placements: the term's own where it does not differ."""
    others = [name for name in OTHERS if f"term/{name}" in columns]
    for report in reports:
        for row in report.terms[: look.rows]:
            own = PlacedTerm(row.weight, row.term) if row.term is not None else None
            pairs = [row.placements.get(name, own) for name in others]
            values = [getattr(row, field) for field in TERM_FIELDS]
            cells = [value for pair in pairs for value in ((pair.weight, pair.term) if pair else (None, None))]
            yield report, values + cells
