"""A report in a line of many: whether its numbers are finite, and its samples where they come a few at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import structs

from wce_cli.answers.report import Report, TermRow
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look

SLICED = "terms"
"""The list of a report that may come a few at a time."""


def is_finite(report: Report) -> bool:
    """Whether no number is NaN or ±∞: then their sum is none of these.

    What is said to be finite is. A sum beyond float64 says of finite numbers that they are not, which costs time.
    """
    rows = {id(row): row for row in (*report.terms, *report.top)}.values()
    if not are_finite(rows):
        return False
    total = sum(report.batch.weight or ())
    for method in report.methods:
        total += method.numerator + method.denominator + method.value
    for one in report.classes:
        total += one.weight + one.loss_sum + one.mean_loss + one.weight_sum + one.weighted_loss_sum
    found = report.by_sample
    if found is not None:
        for sample in (*found.rows, found.rest):
            if sample is not None:
                total += sample.loss_sum + sample.numerator + sample.denominator + sample.value
        total += found.mean_of_values or 0.0
    measured = [one.value for one in (*report.measurements, report.criterion) if one and one.value is not None]
    return math.isfinite(total + sum(measured))


def are_finite(rows: Iterable[TermRow]) -> bool:
    """The same of some samples."""
    return all(map(_is_finite_row, rows))


def _is_finite_row(row: TermRow) -> bool:
    if row.placements or type(row.label) is tuple:
        return False  # rarer, and looked at with more care
    numbers = (
        *(row.target_logit, row.target_prob, row.target_log_prob, row.logsumexp, row.loss, row.weight, row.term),
        row.share,
    )
    return math.isfinite(sum(filter(None, numbers)))


def is_slice(report: Report) -> bool:
    """Whether it holds some of the samples that are listed, and not all."""
    return len(report.terms) != report.terms_shown


def around(report: Report, look: Look) -> tuple[Report, bool, bool]:
    """A report without its samples, and whether those are the first that are listed, and the last."""
    bare = structs.replace(report, terms=(), methods=all_methods(report, look))
    return bare, report.terms[0].n == 0, report.terms[-1].n == report.terms_shown - 1
