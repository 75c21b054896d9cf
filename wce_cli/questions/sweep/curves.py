"""Totals → every method's loss as one number goes through a range: a class's weight, ε, or the scale of all weights.

A numerator is a polynomial in each of them, of degree 1, or of 2 where label-mix meets ε: it is known everywhere from
its values at two or three places, which the placements themselves answer: no rule of theirs is written here. Where one
of those is not finite, every place is asked by itself. So is a denominator that is no straight line in the weights
(`Method.kind`), from the weights of the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from wce_cli.loss.methods import METHODS, LossValue, loss_values
from wce_cli.loss.placements import PLACEMENTS, Weighting
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import Totals

Polynomial = tuple[float, ...]
"""Coefficients of 1, v, v², …"""
CHUNK = 1 << 20
"""Weights that are compared with 0 at once."""


class Axis(Struct, frozen=True):
    """What goes through the range."""

    kind: Literal["class", "smoothing", "scale"]
    index: int = 0
    """The class."""


class Curve(Struct, frozen=True):
    """One (method, placement) pair: numerator / denominator = value at each place. (P,) each."""

    method: str
    placement: str
    numerators: Floats
    denominators: Floats
    values: Floats


class Curves:
    """Every defined pair of some totals, along an axis."""

    def __init__(self, totals: Totals, weight: Floats, smoothing: float, axis: Axis) -> None:
        self.totals, self.weight, self.smoothing, self.axis = totals, weight, smoothing, axis
        with np.errstate(all="ignore"):
            self.nodes = [self._asked(node) for node in self._places()]
            self.values = [{one.pair: one for one in loss_values(totals, a.weight, a.smoothing)} for a in self.nodes]
            self.is_polynomial = bool(np.isfinite(weight).all()) and all(
                np.isfinite([one.numerator, one.denominator]).all() for at in self.values for one in at.values()
            )

    def at(self, places: Floats, pairs: Sequence[str] | None = None) -> list[Curve]:
        """The curves at some places (P,), or those of some `METHOD/PLACEMENT` pairs alone."""
        with np.errstate(all="ignore"):
            if self.is_polynomial:
                return self._polynomials(places, [*self.values[0]] if pairs is None else pairs)
            return [
                one for one in self._one_by_one(places) if pairs is None or f"{one.method}/{one.placement}" in pairs
            ]

    def asked_at(self, place: float) -> Weighting:
        """The class weight and ε at one place."""
        weight, smoothing = self.weight, self.smoothing
        if self.axis.kind == "class":
            weight = weight.copy()
            weight[self.axis.index] = place
        elif self.axis.kind == "scale":
            weight = weight * place
        else:
            smoothing = place
        return Weighting(weight, smoothing)

    def _places(self) -> tuple[float, ...]:
        return (0.0, 0.5, 1.0) if self.axis.kind == "smoothing" else (0.0, 1.0)

    def _asked(self, node: float) -> Weighting:
        """Of a class: without its weight, and with nothing but it. Of the others: at a place."""
        if self.axis.kind == "class" and node == 1:
            return Weighting(np.eye(1, len(self.weight), self.axis.index)[0], self.smoothing)
        return self.asked_at(node)

    def _polynomials(self, places: Floats, pairs: Sequence[str]) -> list[Curve]:
        curves = []
        known: dict[tuple[str, bytes], Floats] = {}
        for pair in pairs:
            first = self.values[0][pair]
            method = METHODS[first.method]
            nodes = [at[pair] for at in self.values]
            tops = [one.numerator for one in nodes]
            numerators = self._along(tops, places, first.placement == "label-mix", method.is_weighted)
            if method.is_straight:
                bottoms = [one.denominator for one in nodes]
                denominators = self._along(bottoms, places, False, method.adds_weights)
            else:
                denominators = self._bent(first, places, known)
            curves.append(_curve(first, numerators, denominators))
        return curves

    def _along(self, nodes: list[float], places: Floats, is_quadratic: bool, depends: bool) -> Floats:
        """A quantity everywhere from its values at the nodes; `depends`: on the weights, or it is the same for all."""
        if self.axis.kind != "smoothing":
            base, unit = nodes[0], nodes[1]
            if not depends:
                return np.full(len(places), base)
            return base + places * unit if self.axis.kind == "class" else places * unit
        low, middle, high = nodes
        if not is_quadratic:
            return (1 - places) * low + places * high
        between = 4 * middle - low - high
        return (1 - places) ** 2 * low + places * (1 - places) * between + places**2 * high

    def are_polynomials(self, pairs: Sequence[str]) -> bool:
        """Whether the curves of some `METHOD/PLACEMENT` pairs are quotients of polynomials, but at their `jumps`."""
        return self.is_polynomial and all(METHODS[self.values[0][pair].method].kind != "bent" for pair in pairs)

    def polynomials(self, pair: str) -> tuple[Polynomial, Polynomial]:
        """Numerator and denominator of a `METHOD/PLACEMENT`, from its values at the nodes; if `are_polynomials`.

        A denominator that counts what is not 0 is another count where a weight passes 0: at the `jumps`.
        """
        nodes = [at[pair] for at in self.values]
        first, method = nodes[0], METHODS[nodes[0].method]
        top = self._coefficients([one.numerator for one in nodes], first.placement == "label-mix", method.is_weighted)
        if method.kind == "nonzero":
            low, slope, count = self._label_weights(first)
            return top, (float(count[(low != 0) | (slope != 0)].sum()),)
        return top, self._coefficients([one.denominator for one in nodes], False, method.adds_weights)

    def jumps(self, pair: str) -> list[float]:
        """Where the weight of a label passes 0, of a method that counts what is not 0; of others nowhere."""
        first = self.values[0][pair]
        if METHODS[first.method].kind != "nonzero":
            return []
        low, slope, _ = self._label_weights(first)
        moves = slope != 0
        found: list[float] = np.unique(-low[moves] / slope[moves] + 0.0).tolist()
        return found

    def _coefficients(self, nodes: list[float], is_quadratic: bool, depends: bool) -> Polynomial:
        """What `_along` computes with."""
        if self.axis.kind != "smoothing":
            base, unit = nodes
            if not depends:
                return (base,)
            return (base if self.axis.kind == "class" else 0.0, unit)
        low, middle, high = nodes
        if not is_quadratic:
            return (low, high - low)
        between = 4 * middle - low - high
        return (low, between - 2 * low, low - between + high)

    def _label_weights(self, first: LossValue) -> tuple[Floats, Floats, Ints]:
        """The weight of each label that has samples, at 0 and for each 1 of the axis; and how many samples."""
        placement, present = PLACEMENTS[first.placement], self.totals.count_weighted > 0
        found = [placement.by_label(self.totals, node) for node in (self.nodes[0], self.nodes[-1])]
        low, high = (one[present] for one in found if one is not None)
        if self.axis.kind == "scale":
            low = np.zeros_like(high)
        return low, high - low if self.axis.kind == "smoothing" else high, self.totals.count_weighted[present]

    def _bent(self, first: LossValue, places: Floats, known: dict[tuple[str, bytes], Floats]) -> Floats:
        """A denominator that is no straight line in the weights, at each place: from the weights of the labels."""
        method, placement, totals = METHODS[first.method], PLACEMENTS[first.placement], self.totals
        found = [placement.by_label(self.totals, node) for node in (self.nodes[0], self.nodes[-1])]
        low, high = (one for one in found if one is not None)
        key = first.method, low.tobytes() + high.tobytes()
        if key not in known:
            present = totals.count_weighted > 0
            times = totals.count_weighted if method.kind == "nonzero" else totals.s.values()
            low, high, times = low[present], high[present], times[present]
            fixed = (high == 0) & (self.axis.kind == "class")  # what the weight of the class does not touch
            always = (times[fixed] * method.of(low[fixed])).sum()
            low, high, times = low[~fixed], high[~fixed], times[~fixed]
            step = max(1, CHUNK // max(1, len(times)))
            parts = [np.zeros(0)]
            for start in range(0, len(places), step):
                v = places[start : start + step, None]
                weights = (1 - v) * low + v * high if self.axis.kind == "smoothing" else low + v * high
                if self.axis.kind == "scale":
                    weights = v * high
                parts.append((always + (times * method.of(weights)).sum(axis=1)).astype(np.float64))
            known[key] = np.concatenate(parts)
        return known[key]

    def _one_by_one(self, places: Floats) -> list[Curve]:
        rows = []
        for place in places.tolist():
            asked = self.asked_at(place)
            rows.append(loss_values(self.totals, asked.weight, asked.smoothing))
        return [
            _curve(row[0], np.array([one.numerator for one in row]), np.array([one.denominator for one in row]))
            for row in zip(*rows, strict=True)
        ]


def _curve(one: LossValue, numerators: Floats, denominators: Floats) -> Curve:
    return Curve(one.method, one.placement, numerators, denominators, numerators / (denominators + 0.0))
