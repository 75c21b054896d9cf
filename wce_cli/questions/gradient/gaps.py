"""Whether a gap between two methods is one factor, which a learning rate makes up for, or another direction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from wce_cli.answers.gradient import Gap, MethodGradient
from wce_cli.digits import format_number
from wce_cli.loss.methods import BATCH, MEANS, UNWEIGHTED, WEIGHTED, divide
from wce_cli.questions.gradient.per_row import PULL_KINDS
from wce_cli.questions.gradient.totals import GradientTotals

ONE_DIRECTION = 1e-12
"""Two directions are one if their cosine is this near to 1."""


def compared(is_soft: bool) -> tuple[str, ...]:
    """The pairs that are compared unless others are asked for."""
    if is_soft:
        return (BATCH, f"{WEIGHTED}/sample", UNWEIGHTED)
    return MEANS


def gaps_of(methods: Sequence[MethodGradient], summed: GradientTotals, pairs: Sequence[str]) -> Iterator[Gap]:
    """The first of the methods against each of the others."""
    by_pair = {row.pair: row for row in methods}
    rows = [by_pair[pair.removesuffix("/class")] for pair in pairs if pair.removesuffix("/class") in by_pair]
    for other in rows[1:]:
        one = rows[0]
        kinds = PULL_KINDS.index(one.kind), PULL_KINDS.index(other.kind)
        cosine = cosine_of(summed, *kinds, one.denominator * other.denominator)
        factor = None
        if kinds[0] == kinds[1]:
            factor = divide(other.denominator, one.denominator)
        elif cosine is not None and abs(cosine) >= 1 - ONE_DIRECTION:
            factor = math.copysign(divide(one.norm, other.norm), cosine)
        yield Gap(one.pair, other.pair, cosine, factor if factor is not None and math.isfinite(factor) else None)


def cosine_of(summed: GradientTotals, one: int, other: int, sign: float) -> float | None:
    """The cosine of two gradients of all samples together; with the sign of what divides them."""
    size = math.sqrt(summed.products[one, one]) * math.sqrt(summed.products[other, other])
    if size == 0 or sign == 0 or math.isnan(sign):
        return None
    return math.copysign(1.0, sign) * float(np.clip(summed.products[one, other] / size, -1, 1))


def sentence_of(gap: Gap) -> str:
    """What a gap means for who trains."""
    if gap.cosine is None:
        return f"{gap.one} and {gap.other} have no directions to compare: a gradient is 0 or not defined."
    if gap.factor is not None:
        if math.isclose(gap.factor, 1, rel_tol=ONE_DIRECTION):
            return f"{gap.one} and {gap.other} have the same gradient."
        return (
            f"{gap.one} has {format_number(gap.factor)} times the gradient of {gap.other}, for every sample: one "
            "factor, which a learning rate makes up for (and Adam hardly sees)."
        )
    return (
        f"{gap.one} and {gap.other} pull in different directions (cosine {format_number(gap.cosine)}): no learning "
        "rate makes one of them the other."
    )
