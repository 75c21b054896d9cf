"""Where two methods give one number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wce_cli.loss.curves import Curve, Curves
from wce_cli.loss.sums import Floats
from wce_cli.questions.sweep.answer import Crossing

NEAR = 1e-12
"""Up to here, relative to them, two numbers are one: roundings."""


def crossings_of(curves: Curves, found: Sequence[Curve], places: Floats, pairs: Sequence[str]) -> Iterator[Crossing]:
    """Where two of the curves meet, found between neighbouring places and closed in on."""
    wanted = [pair.removesuffix("/class") for pair in pairs]
    chosen = [k for k, one in enumerate(found) if pair_of(one) in wanted]
    order = np.argsort(places, kind="stable")
    x = places[order]
    for position, a in enumerate(chosen):
        for b in chosen[position + 1 :]:
            one, other = found[a], found[b]
            if one.method == other.method and _close(one.values, other.values).all():
                continue
            gap = (one.values - other.values)[order]
            gap[_close(one.values, other.values)[order]] = 0.0
            if not np.isfinite(gap).any() or (gap[np.isfinite(gap)] == 0).all():
                continue
            yield from _of_two(curves, one, other, x, gap, (one.denominators[order], other.denominators[order]))


def _of_two(
    curves: Curves, a: Curve, b: Curve, x: Floats, gap: Floats, bottoms: tuple[Floats, Floats]
) -> Iterator[Crossing]:
    pairs = [f"{one.method}/{one.placement}" for one in (a, b)]

    def both(place: float) -> tuple[float, float]:
        one, other = curves.at(np.array([place]), pairs)
        return float(one.values[0]), float(other.values[0])

    def crossing(place: float) -> Crossing:
        return Crossing(pair_of(a), pair_of(b), place, both(place)[0])

    for k in range(len(x)):
        touches = gap[k] == 0 and not (k and gap[k - 1] == 0) and not (k + 1 < len(x) and gap[k + 1] == 0)
        if touches:
            yield crossing(float(x[k]))
        if k + 1 == len(x) or not gap[k] * gap[k + 1] < 0:
            continue
        if any(one[k] * one[k + 1] <= 0 for one in bottoms):  # a pole, not a meeting
            continue
        low, high = float(x[k]), float(x[k + 1])
        for _ in range(200):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            one, other = both(middle)
            if (one - other) * gap[k] > 0:
                low = middle
            else:
                high = middle
        yield crossing(high)


def _close(a: Floats, b: Floats) -> Any:
    return np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= NEAR * np.maximum(np.abs(a), np.abs(b)))


def pair_of(curve: Curve) -> str:
    """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
    return curve.method if curve.placement == "class" else f"{curve.method}/{curve.placement}"
