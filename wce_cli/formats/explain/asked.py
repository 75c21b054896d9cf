"""What of a report a program is given."""

from __future__ import annotations

from msgspec import structs

from wce_cli.answers.report import Report
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look

LISTED = 10_000
"""A batch of up to this many samples lists them all; above that its classes and largest terms speak for it."""


def asked(report: Report, look: Look) -> Report:
    """A report with the terms and pairs that are to be written: all of them unless fewer are asked for."""
    listed = look.rows is not None or report.terms_total <= LISTED
    terms = report.terms[: look.rows] if listed else ()
    if len(terms) == report.terms_shown == len(report.terms) and look.methods is None:
        return report
    return structs.replace(report, terms=terms, terms_shown=len(terms), methods=all_methods(report, look))
