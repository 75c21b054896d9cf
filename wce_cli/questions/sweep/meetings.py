"""Where two curves meet: the real roots of N₁·D₂ − N₂·D₁, a polynomial of degree 3 at most.

Its roots are rounded, and a rounding makes two of a touch, or none. So a place is asked of the curves themselves: it
counts where they agree to NEAR, and places with nothing but agreement between them are one. Where a touch is, is told
by the slope of the polynomial, of which it is a single root.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wce_cli.loss.sums import Floats
from wce_cli.questions.sweep.curves import Curves, Polynomial

NEAR = 1e-12
"""Two numbers are one if their difference is no larger than so small a part of them: roundings."""
NEAR_A_POLE = 1e-9
"""The same where roundings of a denominator leave no more digits."""
ROUNDED = 4e-15
"""So small a part of the terms that a number is the sum of."""
SHORT = 1e-14
"""A place that is so near to one of ten digits is that one."""
NOTHING = 1e-300
"""A coefficient up to here has no say: no place that is asked for is beyond 1, and others are near 1."""
LARGEST = 1 << 12
"""No exponent of a coefficient is as large."""
PROBES = (-7.3, -1.9, -0.45, 0.13, 0.37, 0.61, 0.83, 1.7, 5.9)
"""Curves that agree at so many times the reach, and the range, are one curve."""


class Pair:
    """Two curves N₁/D₁ and N₂/D₂ as polynomials, in an axis of which no place that is asked for is beyond 1."""

    def __init__(self, curves: Curves, one: str, other: str, reach: float) -> None:
        tops, bottoms = zip(*(curves.polynomials(pair) for pair in (one, other)), strict=True)
        self.exponent = math.frexp(reach)[1]
        self.tops, self.bottoms = self._scaled(tops, 3), self._scaled(bottoms, 2)
        self.gap = self._gap()

    def _gap(self) -> Floats:
        """N₁·D₂ − N₂·D₁ without what is but a rounding, or N₁ − N₂ over one denominator, of which no digit is lost."""
        (top, other_top), (bottom, other_bottom) = self.tops, self.bottoms
        if (bottom == other_bottom).all():
            gap: Floats = top - other_top
            rounding = np.zeros(len(top))
        else:
            gap = np.convolve(top, other_bottom) - np.convolve(other_top, bottom)
            size = np.convolve(abs(top), abs(other_bottom)) + np.convolve(abs(other_top), abs(bottom))
            rounding = ROUNDED * size
        gap[abs(gap) <= np.maximum(rounding, NOTHING)] = 0.0
        return gap

    def _scaled(self, polynomials: Sequence[Polynomial], n: int) -> Floats:
        """Two polynomials of up to n coefficients in that axis, the largest of all from 1/2 to 1: exactly. (2, n)"""
        rows = np.zeros((2, n))
        for row, one in zip(rows, polynomials, strict=True):
            row[: len(one)] = one
        moved = self.exponent * np.arange(n)
        exponents = np.frexp(rows)[1] + moved
        scaled: Floats = np.ldexp(rows, moved - exponents.max(where=rows != 0, initial=-LARGEST))
        return scaled

    def roots(self) -> list[tuple[float, int]]:
        """The real parts of the roots of the gap (0), of its slope (1) and of that one's slope (2)."""
        polynomial, found = self.gap, []
        for order in range(3):
            roots = np.ldexp(np.roots(polynomial[::-1]).real, self.exponent)
            found += [(root, order) for root in roots.tolist()]
            polynomial = polynomial[1:] * np.arange(1, len(polynomial))
        return found

    def agree(self, place: float) -> bool:
        """Whether both have a value there, and the same."""
        agree, defined = self._compared(np.array([place]))
        return bool((agree & defined)[0])

    def are_one(self, low: float, high: float) -> bool:
        """Whether they agree wherever both have a value, or nowhere have one."""
        places = np.array([*np.ldexp(PROBES, self.exponent), *(low + t * (high - low) for t in PROBES)])
        agree, defined = self._compared(places[np.isfinite(places)])
        return bool((agree | ~defined).all())

    def _compared(self, places: Floats) -> tuple[Any, Any]:
        """Where both have the same value, if both have one, and where they have. (m,) each"""
        powers = np.ldexp(places, -self.exponent) ** np.arange(3)[:, None]
        tops, bottoms = self.tops @ powers, self.bottoms @ powers[:2]
        top_sizes, sizes = abs(self.tops) @ abs(powers), abs(self.bottoms) @ abs(powers[:2])
        left, right = tops * bottoms[::-1]
        apart, size = abs(left - right), np.maximum(abs(left), abs(right))
        of_tops = ROUNDED * (top_sizes * abs(bottoms[::-1])).sum(axis=0)
        of_both = ROUNDED * (top_sizes * sizes[::-1]).sum(axis=0)
        agree = (apart <= np.maximum(NEAR * size, of_tops)) | (apart <= np.minimum(NEAR_A_POLE * size, of_both))
        return agree, (abs(bottoms) > NEAR * sizes).all(axis=0)


def meetings(curves: Curves, one: str, other: str, low: float, high: float) -> list[float]:
    """The places from `low` to `high` where two `METHOD/PLACEMENT` pairs give one number; none if they always do."""
    pair = Pair(curves, one, other, max(abs(low), abs(high)))
    if pair.are_one(low, high):
        return []
    jumps = [place for name in (one, other) for place in curves.jumps(name) if low <= place <= high]
    clipped = sorted((min(max(root, low), high), order) for root, order in pair.roots())
    agreed = [(place, order) for place, order in clipped if pair.agree(place)]
    placed = [_shortest(_place(run), low, high, pair) for run in _runs(agreed, pair)]
    if not jumps:
        return placed
    beside = {place for place in placed if not any(math.isclose(place, jump, rel_tol=NEAR) for jump in jumps)}
    return sorted(beside | set(_agreeing(curves, one, other, jumps)))


def _agreeing(curves: Curves, one: str, other: str, places: Sequence[float]) -> list[float]:
    """Those of some places where the values are the same, as they are computed there."""
    a, b = (found.values for found in curves.at(np.array(places), [one, other]))
    near = np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= NEAR * np.maximum(np.abs(a), np.abs(b)))
    return [place for place, is_near in zip(places, near.tolist(), strict=True) if is_near]


def _runs(places: Sequence[tuple[float, int]], pair: Pair) -> list[list[tuple[float, int]]]:
    """Places in their order, those together between which the curves agree."""
    runs: list[list[tuple[float, int]]] = []
    for place, order in places:
        if runs and (place == (last := runs[-1][-1][0]) or pair.agree(place / 2 + last / 2)):
            runs[-1].append((place, order))
        else:
            runs.append([(place, order)])
    return runs


def _place(run: Sequence[tuple[float, int]]) -> float:
    """The one place of a run. Of two roots that are one it is that of the slope, of three that of its slope."""
    roots = sum(order == 0 for _, order in run)
    single = [place for place, order in run if order == roots - 1] or [place for place, _ in run]
    return single[len(single) // 2]


def _shortest(place: float, low: float, high: float, pair: Pair) -> float:
    """The place of ten digits that a rounding may have moved, or the place itself."""
    short = float(f"{place:.10g}")
    is_it = low <= short <= high and abs(short - place) <= SHORT * abs(place) and pair.agree(short)
    return short if is_it else place
