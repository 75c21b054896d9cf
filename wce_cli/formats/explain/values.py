"""The bare numbers, for a script: one a line, by batch and then by method."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.answers.report import Report
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look


def to_values(reports: Sequence[Report], look: Look | None = None) -> str:
    """Each value in full precision; nan, inf and -inf as words."""
    return "".join(f"{row.value!r}\n" for report in reports for row in all_methods(report, look or Look()))


def part(reports: Sequence[Report], look: Look, several: bool) -> str:
    """The values of some reports of many."""
    return to_values(reports, look)
