"""What a picture's axes hold: the numbers beside them as the tables write numbers, and bars that can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from wce_cli.digits import format_number

DWARFS = 5.0
"""From this many times the next one on a bar leaves those below it too short to compare."""
OFF = ", off this scale"
"""What stands behind the number of a bar that is not drawn."""
LONGEST = 9
"""Characters of a number beside an axis."""
FARTHEST = 1e300
"""What is larger has no place on an axis: its span, its margins and its ticks would not be numbers."""


def can_be_drawn(value: float) -> bool:
    """Whether a number has a place on an axis; one that is not finite has none."""
    return abs(value) <= FARTHEST


def is_on_scale(values: Sequence[float]) -> list[bool]:
    """For each value whether its bar is drawn: the largest ones are not, at most half of them, where they dwarf all
    others."""
    order = sorted((abs(value), k) for k, value in enumerate(values))
    kept = len(order)
    for cut in range(len(order) - len(order) // 2, len(order)):
        if order[cut - 1][0] and order[cut][0] > DWARFS * order[cut - 1][0]:
            kept = cut
            break
    drawn = {k for _, k in order[:kept]}
    return [k in drawn for k in range(len(values))]


def parted(series: Sequence[tuple[str, list[float]]]) -> tuple[list[tuple[str, list[float]]], ...]:
    """The series that one axis holds, and those that dwarf them; by their largest numbers."""
    sizes = [max((abs(value) for value in values if can_be_drawn(value)), default=0.0) for _, values in series]
    drawn = is_on_scale(sizes)
    return tuple(
        [one for one, is_drawn in zip(series, drawn, strict=True) if is_drawn is kept] for kept in (True, False)
    )


def numbers_of_axis(values: Sequence[float]) -> list[str]:
    """The numbers beside an axis, in as few digits as say them and tell them apart: 2, not 2.00."""
    finite = [value for value in values if math.isfinite(value)]
    step = min((abs(a - b) for a, b in pairwise(finite)), default=0.0)
    for digits in range(1, 16):
        texts = [format_number(0.0 if abs(value) < 1e-9 * step else value, digits) for value in values]
        if all(abs(float(text) - value) <= 1e-3 * step for text, value in zip(texts, values, strict=True)):
            break
    return [text if len(text) <= LONGEST else f"{value:.3g}" for text, value in zip(texts, values, strict=True)]


def axis_numbers() -> Any:
    """matplotlib's formatter that writes them."""
    from matplotlib.ticker import Formatter

    class Numbers(Formatter):
        def __call__(self, value: float, position: int | None = None) -> str:
            return format_number(value)

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return numbers_of_axis(values)

    return Numbers()


def few(width: float) -> Any:
    """matplotlib's places of as many numbers as fit beside an axis that is `width` units long."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=max(1, min(6, int(width // 72))), steps=[1, 2, 2.5, 5, 10])


def whole(width: float) -> Any:
    """The same of an axis that counts."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=max(1, min(6, int(width // 60))), integer=True, min_n_ticks=1)
