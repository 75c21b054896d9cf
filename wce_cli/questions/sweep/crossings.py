"""Where two methods give one number: exactly where the curves are polynomials, else between the places asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from wce_cli.answers.sweep import Crossing
from wce_cli.loss.sums import Floats
from wce_cli.questions.sweep.curves import Curve, Curves
from wce_cli.questions.sweep.meetings import meetings

NEAR = 1e-12
"""Up to here, relative to them, two numbers are one: roundings."""


def crossings_of(curves: Curves, found: Sequence[Curve], places: Floats, pairs: Sequence[str]) -> Iterator[Crossing]:
    """Where two of the curves meet, from the lowest of the places to the highest; not those of one curve."""
    wanted = [pair.removesuffix("/class") for pair in pairs]
    chosen = [one for one in found if pair_of(one) in wanted]
    for position, one in enumerate(chosen):
        for other in chosen[position + 1 :]:
            for place in _places(curves, one, other, places):
                value, also = _both(curves, one, other, place)
                # what is the same by the roundings of its terms alone is the rounding of a 0
                yield Crossing(pair_of(one), pair_of(other), place, value if _is_near(value, also) else 0.0)


def pair_of(curve: Curve) -> str:
    """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
    return curve.method if curve.placement == "class" else f"{curve.method}/{curve.placement}"


def _places(curves: Curves, a: Curve, b: Curve, places: Floats) -> Iterable[float]:
    one, other = (f"{curve.method}/{curve.placement}" for curve in (a, b))
    if not curves.are_polynomials((one, other)):
        return _between(curves, a, b, places)
    return meetings(curves, one, other, float(places.min()), float(places.max()))


def _both(curves: Curves, a: Curve, b: Curve, place: float) -> tuple[float, float]:
    one, other = curves.at(np.array([place]), [f"{curve.method}/{curve.placement}" for curve in (a, b)])
    return float(one.values[0]), float(other.values[0])


def _is_near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9)


def _between(curves: Curves, a: Curve, b: Curve, places: Floats) -> Iterator[float]:
    """What the places show: those where the curves touch, and those between which the gap changes its sign."""
    order = np.argsort(places, kind="stable")
    x, gap = places[order], (a.values - b.values)[order]
    gap[_close(a.values, b.values)[order]] = 0.0
    if not np.isfinite(gap).any() or (gap[np.isfinite(gap)] == 0).all():
        return
    bottoms = a.denominators[order], b.denominators[order]
    for k in range(len(x)):
        touches = gap[k] == 0 and not (k and gap[k - 1] == 0) and not (k + 1 < len(x) and gap[k + 1] == 0)
        if touches:
            yield float(x[k])
        if k + 1 == len(x) or not gap[k] * gap[k + 1] < 0:
            continue
        if any(one[k] * one[k + 1] <= 0 for one in bottoms):  # a pole, not a meeting
            continue
        low, high = float(x[k]), float(x[k + 1])
        for _ in range(200):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            one, other = _both(curves, a, b, middle)
            if (one - other) * gap[k] > 0:
                low = middle
            else:
                high = middle
        yield high


def _close(a: Floats, b: Floats) -> Any:
    return np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= NEAR * np.maximum(np.abs(a), np.abs(b)))
