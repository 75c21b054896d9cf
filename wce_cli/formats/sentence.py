"""The sentence the reader came for: who divides by what, and the one factor between the two numbers."""

from __future__ import annotations

import math

from wce_cli.digits import format_number
from wce_cli.formats.cells import shown_methods
from wce_cli.formats.look import GLUE, Look
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
    told = _non_finite(report)
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

    if not math.isfinite(one.numerator):
        both = f"both {f(one.value)}" if _same(one.value, other.value) else f"{f(one.value)} and {f(other.value)}"
        return [f"{one.pair} and {other.pair} are {both}: the numerator is {f(one.numerator)}."]
    if one.denominator == 0 and other.denominator != 0:
        return [
            f"{one.pair} divides {f(one.numerator)} by {_spelled(report, one, digits)}: {f(one.value)}. "
            f"{other.pair} divides the same numerator by {_spelled(report, other, digits)}: {f(other.value)}."
        ]
    if _same(one.denominator, other.denominator):
        return [
            f"{one.pair} and {other.pair} are both {f(one.value)}: the numerator {f(one.numerator)} is divided by "
            f"{_spelled(report, one, digits)}, and {other.formula} is {f(other.denominator)} too."
        ]
    factor = other.denominator / one.denominator if one.denominator else math.nan
    parts = [
        f"{f(one.value)} and {f(other.value)} share the numerator {f(one.numerator)}.",
        f"{_who(report, one)} divides it by {_meaning(one)}{_spelled(report, one, digits)}; "
        f"dividing by {_spelled(report, other, digits)} gives the other ({other.pair}).",
    ]
    if math.isfinite(factor):
        parts.append(f"One factor separates them: {_glued(f'{_formula(other)} / {_formula(one)} = {f(factor)}')}.")
    return parts


def _two_numerators(report: Report, one: MethodRow, other: MethodRow, digits: int) -> list[str]:
    def quotient(row: MethodRow) -> str:
        return (
            f"{format_number(row.numerator, digits)} / {format_number(row.denominator, digits)} = "
            f"{format_number(row.value, digits)}"
        )

    who = _who(report, one)
    named = "" if who == one.pair else f" ({one.pair})"
    return [
        f"{who} gives {quotient(one)}, D = {one.formula}{named}.",
        f"{other.pair} gives {quotient(other)}, D = {other.formula}.",
        "Their numerators differ too, so no single factor separates them.",
    ]


def _single(report: Report, one: MethodRow, digits: int) -> str:
    return (
        f"{format_number(one.value, digits)} = {format_number(one.numerator, digits)} / "
        f"{_spelled(report, one, digits)} ({one.pair})."
    )


def _who(report: Report, row: MethodRow) -> str:
    """The framework whose own mean this is, where it is PyTorch's; else the method's name."""
    torchs = "batch-mean" if report.batch.labels == "probability" else "weighted-mean"
    if row.pair == torchs and not report.batch.has_sample_weight:
        return "PyTorch's weighted mean" if torchs == "weighted-mean" else "PyTorch's mean"
    return row.pair


def _meaning(row: MethodRow) -> str:
    return "the weights of the labels in the batch, " if row.pair == "weighted-mean" else ""


def _formula(row: MethodRow) -> str:
    return row.formula.partition(",")[0]


def _glued(formula: str) -> str:
    return formula.replace(" ", GLUE)


def _spelled(report: Report, row: MethodRow, digits: int) -> str:
    """`Σ w[y] = 0.1 + 1 = 1.1`, written out for a few samples."""
    total = format_number(row.denominator, digits)
    if row.formula == "1":
        return "1"
    formula = _glued(row.formula)
    weights = [term.weight for term in report.terms if term.kept and term.weight is not None]
    complete = len(weights) == report.totals.n_kept
    if row.pair == "weighted-mean" and complete and 1 < len(weights) <= SPELLED_OUT:
        added = " + ".join(f"({w})" if w.startswith("-") else w for w in (format_number(w, digits) for w in weights))
        return f"{formula} = {added} = {total}"
    return f"{formula}{GLUE}={GLUE}{total}"


def _non_finite(report: Report) -> str:
    """Say in words which sample makes a loss nan or infinite."""
    totals = report.totals
    n, many = (totals.first_nan, totals.n_nan) if totals.n_nan else (totals.first_infinite, totals.n_infinite)
    if n is None:
        return ""
    word = "nan" if totals.n_nan else "infinite"
    row = next((row for row in report.terms if row.n == n), None)
    cause = ""
    if row is not None and row.target_logit == -math.inf:
        cause = " (its label's logit is -inf)"
    elif row is not None and row.target_prob == 0:
        cause = " (its label's probability is 0)"
    more = f", and {many - 1} more" if many > 1 else ""
    return f"The loss of sample {n} is {word}{cause}{more}."


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12) or (math.isnan(a) and math.isnan(b))
