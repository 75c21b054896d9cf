"""What of a report a program is given."""

from __future__ import annotations

from msgspec import structs

from wce_cli.answers.report import Report
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import ROWS, Look

LISTED = 10_000
"""A batch of up to this many samples lists them all; above that its classes and largest terms speak for it."""


def asked(report: Report, look: Look) -> Report:
    """A report with the terms and pairs that are to be written: all of them unless fewer are asked for."""
    listed = look.rows is not None or report.terms_total <= LISTED
    terms = report.terms[: look.rows] if listed else ()
    found = report.by_sample
    if found is not None:
        most = found.total if found.total <= LISTED else ROWS + 1
        found = found.largest(most if look.samples is None else look.samples)
    is_whole = len(terms) == report.terms_shown == len(report.terms) and found is report.by_sample
    if is_whole and look.methods is None:
        return report
    methods = all_methods(report, look)
    return structs.replace(report, terms=terms, terms_shown=len(terms), methods=methods, by_sample=found)
