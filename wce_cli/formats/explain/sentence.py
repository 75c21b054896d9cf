"""The answer in plain words, which stands before the tables: what is divided by what, and what the other number is."""

from __future__ import annotations

import math

from wce_cli.answers.report import AWAITED, MethodRow, Report
from wce_cli.digits import format_number, format_weight
from wce_cli.formats.cells import PENDING, agree, answered, is_criterions, shown_methods
from wce_cli.formats.criterion import criterion_returns, criterion_told, criterion_unsaid
from wce_cli.formats.explain.not_finite import non_finite
from wce_cli.formats.look import GLUE, Look
from wce_cli.loss.methods import BATCH, METHODS, SUM, torchs_mean

SPELLED_OUT = 6
"""Σ w[y] of up to this many samples is written as a sum."""


def sentence(report: Report, look: Look) -> str:
    """Two methods of a report in words, each as a sum and what it is divided by, and the factor between them: the
    first two asked for by name, else PyTorch's mean and the other number that people have.
    """
    one, other = _two(report, look)
    if one is None:
        return criterion_unsaid(report, look)
    parts = [_first(report, one, look)]
    if other is not None:
        parts += [_second(report, one, other, look.digits), _factor(one, other, look.digits)]
    parts.append(non_finite(report))
    said = look.text(" ".join(filter(None, parts)))
    return " ".join(filter(None, [criterion_unsaid(report, look), said, criterion_told(report, look)]))


def _two(report: Report, look: Look) -> tuple[MethodRow | None, MethodRow | None]:
    if look.methods is not None and "all" not in look.methods:
        rows = shown_methods(report, look)
        return (rows[0] if rows else None), (rows[1] if len(rows) > 1 else None)
    one, other = map(report.method, answered(report))
    own = next((row for row in report.methods if is_criterions(report, row)), None)
    if own is None:
        return one, other
    return own, next((row for row in (one, other) if row is not None and not agree(own, row)), None)


def _first(report: Report, row: MethodRow, look: Look) -> str:
    """`PyTorch returns 0.692279 (weighted-mean): the sum of the weighted losses, 0.761507, divided by …`"""
    digits = look.digits
    head = f"{criterion_returns(report, row, look) or _who(report, row, digits)}: {_sum(report, row)}"
    total = format_number(row.numerator, digits)
    if row.formula == "1":
        return f"{head}, divided by nothing."
    if not math.isfinite(row.numerator) and math.isfinite(row.denominator):
        return f"{head} is {total}."
    return f"{head}, {total}, divided by {_divisor(report, row, digits)}."


def _second(report: Report, one: MethodRow, other: MethodRow, digits: int) -> str:
    """`Divided by N = 2 it is 0.380753 (batch-mean): reduction='none' and then .mean(), Keras' default.`"""
    value = format_number(other.value, digits)
    divisor = _divisor(report, other, digits)
    if not _same(one.numerator, other.numerator):
        if other.formula == "1":
            return f"{other.pair} is {value}: {_sum(report, other)}, divided by nothing."
        total = format_number(other.numerator, digits)
        return f"{other.pair} is {value}: {_sum(report, other)}, {total}, divided by {divisor}."
    if _is_any_mean(report, one) and _is_any_mean(report, other):
        rows = f"{report.totals.n} positions" if len(report.batch.shape) > 2 else "samples"
        return f"There are no weights and nothing is ignored, so every mean over the {rows} is this number."
    too = " too" if _same(one.value, other.value) else ""
    known = _known_as(report, other)
    if other.formula == "1":
        return f"Divided by nothing it is {value}{too} ({other.pair}){known}."
    comma = "," if "," in divisor else ""
    return f"Divided by {divisor}{comma} it is {value}{too} ({other.pair}){known}."


def _is_any_mean(report: Report, row: MethodRow) -> bool:
    """Whether a method divides by N, which is every count of samples here, and nothing is weighed."""
    totals = report.totals
    if _is_weighted(report) or totals.n_ignored or row.formula == "1":
        return False
    return row.denominator == totals.n and math.isfinite(row.value)


def _factor(one: MethodRow, other: MethodRow, digits: int) -> str:
    """`The first is 2 / 1.1 = 1.81818 times the second.`: empty where one number is no multiple of the other."""
    if not _same(one.numerator, other.numerator) or _same(one.value, other.value):
        return ""
    if one.numerator == 0 or one.denominator == 0 or not math.isfinite(one.numerator):
        return ""
    factor = other.denominator / one.denominator
    if not math.isfinite(factor) or factor == 0:
        return ""
    above, below, times = (format_number(v, digits) for v in (other.denominator, one.denominator, factor))
    quotient = times if below == "1" else _glued(f"{above} / {below} = {times}")
    return f"The first is {quotient} times the second."


def _who(report: Report, row: MethodRow, digits: int) -> str:
    """Whose number it is: PyTorch's where its mean is that method for these labels, and it returned that. A number that
    is awaited has its room."""
    value = format_number(row.value, digits)
    if row.pair != torchs_mean(report.batch.labels == "probability") or report.batch.has_sample_weight:
        return f"{row.pair} is {value}"
    measured = [one for one in report.measurements if one.engine == "PyTorch" and row.pair in one.expresses]
    if any(one.reason == AWAITED for one in measured):
        return f"PyTorch returns {PENDING.ljust(len(value), GLUE)} ({row.pair})"
    returned = {one.dtype: format_number(one.value, digits) for one in measured if one.value is not None}
    if returned and all(row.pair in one.methods for one in measured):
        if set(returned.values()) == {value}:
            return f"PyTorch returns {value} ({row.pair})"
        told = " and ".join(f"{text} in {dtype}" for dtype, text in sorted(returned.items()))
        return f"PyTorch returns {told} ({row.pair})"
    expressed = report.batch.scores == "logits" or not (row.pair == BATCH or report.batch.label_smoothing)
    if measured or not expressed or not math.isfinite(row.value):
        return f"{row.pair} is {value}"
    return f"PyTorch's mean is {value} ({row.pair})"


def _sum(report: Report, row: MethodRow) -> str:
    """What the numerator is the sum of."""
    if not METHODS[row.method].is_weighted and _is_weighted(report):
        losses = "unweighted loss"
    elif not _is_weighted(report):
        losses = "loss"
    elif row.placement == "class" or _agrees_in_sum(report, row):
        losses = "weighted loss"
    else:
        return f"the sum of the losses, each times {_weight_of(report, row.placement)}"
    if report.totals.n_kept == 1:
        return f"the {losses} of the one {'kept ' * bool(report.totals.n_ignored)}sample"
    return f"the sum of the {losses}es"


def _agrees_in_sum(report: Report, row: MethodRow) -> bool:
    """Whether a placement has the numerator that class placement has."""
    own = report.method(SUM)
    return own is not None and _same(own.numerator, row.numerator)


def _weight_of(report: Report, placement: str) -> str:
    """How a placement other than `class` weighs a whole loss."""
    own = "its sample weight and " if report.batch.has_sample_weight else ""
    if placement == "label-mix":
        return f"{own}the weight that its label row mixes"
    largest = " (the largest in the row)" if report.batch.labels == "probability" else ""
    return f"{own}the weight of its label's class{largest}"


def _divisor(report: Report, row: MethodRow, digits: int) -> str:
    """`0.1 + 1 = 1.1, the weights of the labels in this batch`; `N = 2`."""
    total = format_weight(row.denominator, digits)
    if not report.totals.n_kept and row.denominator == 0:
        return f"{total}: {'no sample is kept' if report.totals.n else 'the batch is empty'}"
    if METHODS[row.method].kind != "weights":
        return _glued(f"{row.formula.partition(',')[0]} = {total}")
    if not _is_weighted(report):
        if report.totals.n_ignored and report.batch.labels == "index":
            return f"{total}, the samples that are not ignored"
        return _glued(f"N = {total}")
    if report.totals.n_kept == 1:
        return f"its weight, {total}"
    return f"{_spelled(report, row, digits)}, the {_weights(report, row)} in this batch"


def _weights(report: Report, row: MethodRow) -> str:
    """Whose weights D adds up."""
    if report.batch.weight is None:
        return "sample weights"
    own = "sample weights times the " if report.batch.has_sample_weight else ""
    if row.placement == "label-mix" and not _is_plain(report):
        return f"{own}weights that the label rows mix"
    largest = "largest classes of the " if report.batch.labels == "probability" else ""
    return f"{own}weights of the {largest}labels"


def _spelled(report: Report, row: MethodRow, digits: int) -> str:
    """`0.1 + 1 = 1.1`, for a few samples."""
    total = format_weight(row.denominator, digits)
    weights = [term.weight for term in report.terms if term.kept and term.weight is not None]
    if row.placement != "class" or len(weights) != report.totals.n_kept or not 1 < len(weights) <= SPELLED_OUT:
        return total
    added = " + ".join(f"({w})" if w.startswith("-") else w for w in (format_weight(w, digits) for w in weights))
    return _glued(f"{added} = {total}")


def _known_as(report: Report, row: MethodRow) -> str:
    """By which code people get it; empty where that is not sure."""
    if row.pair != BATCH or report.batch.labels == "probability" or report.batch.has_sample_weight:
        return ""
    if not math.isfinite(row.value):
        return ""
    none = ": reduction='none' and then .mean()"
    whole_loss = report.method(f"{BATCH}/sample")
    keras = report.batch.scores == "logits" and not report.totals.n_ignored and whole_loss is not None
    return f"{none}, Keras' default" if keras and whole_loss is not None and agree(row, whole_loss) else none


def _is_weighted(report: Report) -> bool:
    return report.batch.weight is not None or report.batch.has_sample_weight


def _is_plain(report: Report) -> bool:
    """Index labels without smoothing: a term is a weight times a loss, whatever the placement."""
    return report.batch.labels == "index" and not report.batch.label_smoothing


def _glued(formula: str) -> str:
    return formula.replace(" ", GLUE)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12) or (math.isnan(a) and math.isnan(b))
