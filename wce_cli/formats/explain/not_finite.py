"""Why a number is nan or infinite, in words: the sample it starts with, and what stands there."""

from __future__ import annotations

import math

from wce_cli.answers.report import Report, TermRow
from wce_cli.formats.cells import row_cell
from wce_cli.loss.layout import row_name, sample_shape_of


def non_finite(report: Report) -> str:
    """Which sample makes a loss or a numerator nan or infinite, and why; empty where all are finite."""
    totals = report.totals
    n, many = (totals.first_nan, totals.n_nan) if totals.n_nan else (totals.first_infinite, totals.n_infinite)
    if n is None:
        return _of_terms(report)
    word = "nan" if totals.n_nan else "infinite"
    row = next((row for row in report.terms if row.n == n), None)
    cause = "" if row is None else _nan_cause(row) if totals.n_nan else _infinite_cause(row)
    more = f", and {many - 1} more" if many > 1 else ""
    told = f"The loss of sample {row_name(sample_shape_of(report.batch.shape), n)} is {word}{cause}{more}."
    of_terms = "" if totals.n_nan or not math.isnan(totals.numerator) else _of_terms(report)
    return f"{told} {of_terms}".rstrip()


def _infinite_cause(row: TermRow) -> str:
    if row.target_logit == -math.inf:
        return " (its label's logit is -inf)"
    if row.target_prob == 0:
        return " (its label's probability is 0)"
    if row.target_log_prob == -math.inf:
        return " (its label's log-probability is -inf)"
    if row.target_logit is not None and math.isfinite(row.target_logit):
        return " (its logits are further apart than float64 reaches)"
    return ""


def _nan_cause(row: TermRow) -> str:
    if row.logsumexp is not None and math.isnan(row.logsumexp):
        if row.target_logit == -math.inf:
            return " (its logits are all -inf, or one of them is nan or inf)"
        return " (a logit of its row is nan or inf)"
    if row.target_logit == math.inf:
        return " (its label's logit is inf)"
    if row.logsumexp == math.inf:
        return " (a logit of its row is inf)"
    if isinstance(row.label, tuple) and 0 in row.label:
        return " (0 · inf: a class without a share in the label has no chance)"
    return ""


def _of_terms(report: Report) -> str:
    """Losses before smoothing may be finite, or infinite only, and a term still be nan: what makes it so."""
    for row in report.terms:
        if row.loss is not None and math.isinf(row.loss) and report.batch.label_smoothing > 0 and row.weight != 0:
            name = row_cell(row)
            return f"Smoothing gives every class of sample {name} a share, and one has no chance: its loss is inf."
        if row.term is None or math.isfinite(row.term) or row.weight is None or row.loss is None:
            continue
        if row.weight == 0 and math.isinf(row.loss):
            return f"The term of sample {row_cell(row)} is nan: 0 · inf, its weight times its loss."
        if not math.isfinite(row.weight):
            return f"The weight of sample {row_cell(row)} is {'nan' if math.isnan(row.weight) else f'{row.weight:g}'}."
    return ""
