"""Where two curves meet: the real roots of N₁·D₂ − N₂·D₁, a polynomial of degree 3 at most, told from its own values.

Its coefficients are exact fractions of what the curves are made of, so every change of sign is found; but that itself
is rounded, so a place counts where the curves agree to NEAR, and two such places with nothing but agreement between
them are one. That is how a touch, a double root which a rounding makes two or none, is told once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from wce_cli.questions.sweep.curves import Curves, Polynomial

NEAR = 10**12
"""Two numbers are one if their difference is no larger than so small a part of them: roundings."""
ROUNDED = 10**15
"""The same part of the terms that a number is the sum of."""
SHORT = 1e-14
"""A place that is so near to one of ten digits is that one."""
DIGITS = 256
"""Binary ones of a square root."""
PROBES = (-7.3, -1.9, -0.45, 0.13, 0.37, 0.61, 0.83, 1.7, 5.9)
"""Curves that agree there, and there in the range, are one curve."""


class Pair:
    """Two curves as exact functions of a place: with whole numbers for coefficients, of 1, v and v²."""

    def __init__(self, curves: Curves, one: str, other: str) -> None:
        (self.top, self.bottom), (self.other_top, self.other_bottom) = (
            _whole(*curves.polynomials(pair)) for pair in (one, other)
        )
        left, right = (
            [top[0] * low, top[1] * low + top[0] * high, top[2] * low + top[1] * high, top[2] * high]
            for top, (low, high) in ((self.top, self.other_bottom), (self.other_top, self.bottom))
        )
        self.gap = [a - b for a, b in zip(left, right, strict=True)]
        """N₁·D₂ − N₂·D₁"""

    def agree(self, place: float) -> bool:
        """Whether both have a value there, and the same."""
        bottom, size = _at(self.bottom, place)
        other_bottom, other_size = _at(self.other_bottom, place)
        if abs(bottom) * ROUNDED <= size or abs(other_bottom) * ROUNDED <= other_size:
            return False
        (top, top_size), (other_top, other_top_size) = _at(self.top, place), _at(self.other_top, place)
        left, right = top * other_bottom, other_top * bottom
        apart = abs(left - right)
        rounding = top_size * other_size + other_top_size * size
        return apart * NEAR <= max(abs(left), abs(right)) or apart * ROUNDED <= rounding

    def height(self, place: float) -> int:
        """The gap at a place, times something above 0."""
        return _at(self.gap, place)[0]

    def are_one(self, low: float, high: float) -> bool:
        """Whether they agree wherever both have a value, or nowhere have one."""
        places = [*PROBES, *(low + t * (high - low) for t in PROBES)]
        return all(self.agree(place) or not self._are_defined(place) for place in places if math.isfinite(place))

    def _are_defined(self, place: float) -> bool:
        return _at(self.bottom, place)[0] != 0 != _at(self.other_bottom, place)[0]


def meetings(curves: Curves, one: str, other: str, low: float, high: float) -> list[float]:
    """The places from `low` to `high` where two `METHOD/PLACEMENT` pairs give one number; none if they always do."""
    pair = Pair(curves, one, other)
    if pair.are_one(low, high):
        return []
    jumps = [place for name in (one, other) for place in curves.jumps(name) if low <= place <= high]
    ends = sorted({low, *(float(place) for place in _turns(pair.gap) if low < place < high), high})
    found = [*ends, *(place for start, stop in pairwise(ends) for place in _root(pair, start, stop))]
    agreed = sorted(place for place in found if pair.agree(place))
    placed = [_shortest(place, low, high, pair) for place in _merged(agreed, pair)]
    if not jumps:
        return placed
    at_jumps = set(_agreeing(curves, one, other, jumps))
    return sorted({place for place in placed if place not in jumps} | at_jumps)


def _agreeing(curves: Curves, one: str, other: str, places: Sequence[float]) -> list[float]:
    """Those of some places where the values are the same, as they are computed there."""
    a, b = (found.values for found in curves.at(np.array(places), [one, other]))
    near = np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) * NEAR <= np.maximum(np.abs(a), np.abs(b)))
    return [place for place, is_near in zip(places, near.tolist(), strict=True) if is_near]


def _turns(gap: Sequence[int]) -> list[Fraction]:
    """Where a polynomial of degree 3 at most turns round, to many more digits than a float has."""
    slope = [k * coefficient for k, coefficient in enumerate(gap)][1:]
    c, b, a = (Fraction(one) for one in (*slope, 0, 0, 0)[:3])
    if a == 0:
        return [] if b == 0 else [-c / b]
    middle, rest = -b / (2 * a), (b * b - 4 * a * c) / (4 * a * a)
    if rest < 0:
        return []
    away = Fraction(math.isqrt(rest.numerator * rest.denominator << 2 * DIGITS), rest.denominator << DIGITS)
    return [middle - away, middle + away]


def _root(pair: Pair, low: float, high: float) -> list[float]:
    """The place between two others where the gap changes its sign, to the last digit; none if it does not."""
    before, after = pair.height(low), pair.height(high)
    if not (before < 0 < after or after < 0 < before):
        return []
    while low < (middle := 0.0 if low < 0 < high else low / 2 + high / 2) < high:
        found = pair.height(middle)
        if found == 0:
            return [middle]
        low, high = (middle, high) if (found < 0) == (before < 0) else (low, middle)
    return [low, high]


def _merged(places: Sequence[float], pair: Pair) -> list[float]:
    """One of each run of places between which the curves agree: its middle one."""
    runs: list[list[float]] = []
    for place in places:
        if runs and (place == runs[-1][-1] or pair.agree(place / 2 + runs[-1][-1] / 2)):
            runs[-1].append(place)
        else:
            runs.append([place])
    return [run[len(run) // 2] for run in runs]


def _shortest(place: float, low: float, high: float, pair: Pair) -> float:
    """The place of ten digits that a rounding may have moved, or the place itself."""
    short = float(f"{place:.10g}")
    is_it = low <= short <= high and abs(short - place) <= SHORT * abs(place) and pair.agree(short)
    return short if is_it else place


def _whole(top: Polynomial, bottom: Polynomial) -> tuple[list[int], list[int]]:
    """Numerator (degree 2) and denominator (degree 1), times what makes all coefficients whole numbers."""
    whole = math.lcm(*(one.denominator for one in (*top, *bottom)))
    above, below = ([int(one * whole) for one in part] for part in (top, bottom))
    return above + [0] * (3 - len(above)), below + [0] * (2 - len(below))


def _at(polynomial: Sequence[int], place: float) -> tuple[int, int]:
    """Its value and the sum of the sizes of its terms, times a power of the place's denominator."""
    above, below = place.as_integer_ratio()
    value, size, power = 0, 0, 1
    for coefficient in reversed(polynomial):
        value, size = value * above + coefficient * power, size * abs(above) + abs(coefficient) * power
        power *= below
    return value, size
