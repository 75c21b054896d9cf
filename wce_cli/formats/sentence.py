"""The sentence the reader came for: who divides by what, and the one factor between the two numbers."""

from __future__ import annotations

import math

from wce_cli.digits import format_number, format_weight
from wce_cli.formats.cells import shown_methods
from wce_cli.formats.look import GLUE, Look
from wce_cli.formats.nonfinite import non_finite
from wce_cli.report import MethodRow, Report

SPELLED_OUT = 6
"""Σ w[y] of up to this many samples is written as a sum."""


def sentence(report: Report, look: Look) -> str:
    """Explain the difference between two methods of a report, by their numerators and denominators.

    The two are the first two asked for by name, else weighted-mean and batch-mean (for probability labels,
    where torch itself divides by N, batch-mean and the weighted mean of another placement).
    """
    digits = look.digits
    one, other = _two(report, look)
    if one is None:
        return ""
    told = non_finite(report)
    if other is None:
        parts = [_single(report, one, digits)]
    elif _same(one.numerator, other.numerator):
        parts = _shared_numerator(report, one, other, digits)
    else:
        parts = _two_numerators(report, one, other, digits)
    if told:
        parts.append(told)
    return look.text(" ".join(parts))


def _two(report: Report, look: Look) -> tuple[MethodRow | None, MethodRow | None]:
    if look.methods is not None and "all" not in look.methods:
        rows = shown_methods(report, look)
        return (rows[0] if rows else None), (rows[1] if len(rows) > 1 else None)
    if report.batch.labels == "probability":
        return report.method("batch-mean"), report.method("weighted-mean/sample")
    return report.method("weighted-mean"), report.method("batch-mean")


def _shared_numerator(report: Report, one: MethodRow, other: MethodRow, digits: int) -> list[str]:
    def f(value: float) -> str:
        return format_number(value, digits)

    values = f"both {f(one.value)}" if _same(one.value, other.value) else f"{f(one.value)} and {f(other.value)}"
    if not math.isfinite(one.numerator):
        if math.isinf(one.denominator) or math.isinf(other.denominator):
            return [
                f"{row.pair} is {f(row.numerator)} / {f(row.denominator)} = {f(row.value)}." for row in (one, other)
            ]
        return [f"{one.pair} and {other.pair} are {values}: the numerator is {f(one.numerator)}."]
    if one.denominator == 0 or other.denominator == 0:
        return [
            f"{one.pair} divides {f(one.numerator)} by {_spelled(report, one, digits)}: {f(one.value)}. "
            f"{other.pair} divides the same numerator by {_spelled(report, other, digits)}: {f(other.value)}."
        ]
    if one.numerator == 0:
        return [f"{one.pair} and {other.pair} are {values}: the numerator is 0."]
    if _same(one.denominator, other.denominator):
        both = f"{one.pair} and {other.pair} are {values}: the numerator {f(one.numerator)} is divided by "
        if one.formula == other.formula:
            return [f"{both}{_spelled(report, one, digits)} in both."]
        return [f"{both}{_spelled(report, one, digits)}, and {_formula(other)} is {f(other.denominator)} too."]
    parts = [
        f"{f(one.value)} and {f(other.value)} share the numerator {f(one.numerator)}.",
        f"{_who(report, one)} divides it by {_meaning(report, one)}{_spelled(report, one, digits)}; "
        f"dividing by {_spelled(report, other, digits)}{_beside(report, one, other)} gives the other ({other.pair}).",
    ]
    factor = other.denominator / one.denominator
    if math.isfinite(factor):
        parts.append(f"One factor separates them: {_quotient(report, other, one)}{GLUE}={GLUE}{f(factor)}.")
    return parts


def _two_numerators(report: Report, one: MethodRow, other: MethodRow, digits: int) -> list[str]:
    def told(who: str, row: MethodRow) -> str:
        numbers = [format_number(number, digits) for number in (row.numerator, row.denominator, row.value)]
        named = "" if who == row.pair else f" ({row.pair})"
        unweighted = " with weights of 1" if row.pair == "unweighted-mean" else ""
        return f"{who} gives {_glued('{} / {} = {}'.format(*numbers))}, dividing by {_formula(row)}{unweighted}{named}"

    return [
        f"{told(_who(report, one), one)}; {told(other.pair, other)}.",
        "Their numerators differ too, so no single factor separates them.",
    ]


def _single(report: Report, one: MethodRow, digits: int) -> str:
    numbers = [format_number(number, digits) for number in (one.value, one.numerator, one.denominator)]
    spelled = "" if one.formula == "1" else f", D = {_spelled(report, one, digits)}"
    return f"{_glued('{} = {} / {}'.format(*numbers))}{spelled} ({one.pair})."


def _quotient(report: Report, above: MethodRow, below: MethodRow) -> str:
    """The factor between two methods in letters: `N / Σ w[y]`, `N`, `1 / (N · C)`."""
    if below.formula == "1":
        return _letters(report, above)
    letters = _letters(report, below)
    return f"{_letters(report, above)}{GLUE}/{GLUE}{f'({letters})' if ' · ' in below.formula else letters}"


def _who(report: Report, row: MethodRow) -> str:
    """The framework whose own mean this is, where it is PyTorch's; else the method's name."""
    torchs = "batch-mean" if report.batch.labels == "probability" else "weighted-mean"
    if row.pair == torchs and not report.batch.has_sample_weight:
        return "PyTorch's weighted mean" if torchs == "weighted-mean" and not _counts_kept(report) else "PyTorch's mean"
    return row.pair


def _counts_kept(report: Report) -> bool:
    """Whether Σ w[y] is no more than a count of the samples that are not ignored."""
    is_weighted = report.batch.weight is not None or report.batch.has_sample_weight
    return not is_weighted and report.totals.n_ignored > 0


def _meaning(report: Report, row: MethodRow) -> str:
    if row.pair != "weighted-mean":
        return ""
    return "the samples that are not ignored, " if _counts_kept(report) else "the weights of the labels in the batch, "


def _beside(report: Report, one: MethodRow, other: MethodRow) -> str:
    is_of_ignored = _counts_kept(report) and one.pair == "weighted-mean" and other.pair == "batch-mean"
    return ", the ignored ones counted," if is_of_ignored else ""


def _formula(row: MethodRow) -> str:
    return _glued(row.formula.partition(",")[0])


def _letters(report: Report, row: MethodRow) -> str:
    """D in letters."""
    return _glued("N kept") if row.pair == "weighted-mean" and _counts_kept(report) else _formula(row)


def _glued(formula: str) -> str:
    return formula.replace(" ", GLUE)


def _spelled(report: Report, row: MethodRow, digits: int) -> str:
    """`Σ w[y] = 0.1 + 1 = 1.1`, written out for a few samples."""
    total = format_number(row.denominator, digits)
    if row.formula == "1":
        return "1"
    formula = _letters(report, row)
    weights = [term.weight for term in report.terms if term.kept and term.weight is not None]
    complete = len(weights) == report.totals.n_kept
    if row.pair == "weighted-mean" and not _counts_kept(report) and complete and 1 < len(weights) <= SPELLED_OUT:
        added = " + ".join(f"({w})" if w.startswith("-") else w for w in (format_weight(w, digits) for w in weights))
        return f"{formula} = {added} = {format_weight(row.denominator, digits)}"
    return f"{formula}{GLUE}={GLUE}{total}"


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12) or (math.isnan(a) and math.isnan(b))
