"""What is done to a loss afterwards, as data: averaged once more, the sign turned, times or over some processes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

FACTORS = (2, 3, 4, 8, 16)
"""Processes, or steps of accumulation, that people have: what is added up and not divided is so many times too large.
"""


class Twist(Struct, frozen=True):
    """What is done to the loss afterwards."""

    name: str
    title: str
    of: Callable[[float, int], float]
    """(value, N) → value"""
    factor: Callable[[int], float] | None = None
    """N → what it multiplies a value by, if it does no more than that."""
    is_by_term: bool = False
    """It multiplies every term by that too, whatever N is."""
    divides: Callable[[str], str] = lambda divisor: divisor
    """What a rule divides by in letters → the same with what this does to it."""
    steps: int = 0
    """Processes or steps that it multiplies or divides by: no rule where they are N, of which other rules know."""


def _times(steps: int) -> Twist:
    title = f"times {steps}, as with {steps} processes or steps"
    return Twist(
        f"times-{steps}",
        title,
        lambda value, n: value * steps,
        lambda n: steps,
        divides=lambda divisor: f"{divisor} / {steps}",
        steps=steps,
    )


def _over_steps(steps: int) -> Twist:
    title = f"divided by {steps}, as with {steps} processes or steps"
    return Twist(
        f"over-{steps}",
        title,
        lambda value, n: value / steps,
        lambda n: 1 / steps,
        divides=lambda divisor: f"{steps}" if divisor == "1" else f"{divisor} · {steps}",
        steps=steps,
    )


TWISTS = {
    twist.name: twist
    for twist in (
        Twist(
            "averaged-again",
            "divided by N once more",
            lambda value, n: value / n if n else math.nan,
            lambda n: 1 / n,
            divides=lambda divisor: f"{divisor} · N",
        ),
        Twist("negated", "with the sign turned", lambda value, n: -value, lambda n: -1.0, is_by_term=True),
        Twist("perplexity", "exp of it, the perplexity", lambda value, n: float(np.exp(value))),
        *map(_times, FACTORS),
        *map(_over_steps, FACTORS),
    )
}
