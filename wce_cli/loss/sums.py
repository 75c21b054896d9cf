"""Sums by class that lose nothing: exact extraction within a block, two floats across blocks.

A float64 sum of n values is off by up to n roundings. Here the leading bits of all values are cut at one
common bit, so that adding them up is exact; what is left over is small enough that its roundings do not
show. (Ogita, Rump, Oishi: "Accurate floating-point summation", 2008.) Values that are ∞ or NaN are counted
beside the sum and never enter it: adding them to a compensated sum would turn all of it into NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 3
"""Rounds of extraction: together they cover more than 100 bits below the largest value of a block."""


class Sums(Struct, frozen=True, forbid_unknown_fields=True):
    """One sum per class, as `high + low`, with the infinities and NaNs met counted apart. Shapes (C,)."""

    high: Floats
    low: Floats
    positive_infinities: Ints
    negative_infinities: Ints
    nans: Ints

    def __add__(self, other: Sums) -> Sums:
        high, error = two_sum(self.high, other.high)
        return _normalised(
            high,
            self.low + other.low + error,
            self.positive_infinities + other.positive_infinities,
            self.negative_infinities + other.negative_infinities,
            self.nans + other.nans,
        )

    @classmethod
    def of(cls, high: Floats, low: Floats | None = None) -> Sums:
        """Sums of finite values that were added up elsewhere, as two floats each."""
        none = np.zeros(len(high), dtype=np.int64)
        return _normalised(high, np.zeros(len(high)) if low is None else low, none, none, none)

    @classmethod
    def zeros(cls, n_classes: int) -> Sums:
        """The sums of no values."""
        nothing = np.zeros(n_classes)
        none = np.zeros(n_classes, dtype=np.int64)
        return cls(nothing, nothing, none, none, none)

    @classmethod
    def by_label(cls, values: Floats, labels: Ints, n_classes: int, rounds: int = ROUNDS) -> Sums:
        """Sum `values` (n,) into the class that `labels` (n,) names, after some rounds of extraction."""

        def add(part: Floats) -> Floats:
            return np.asarray(np.bincount(labels, weights=part, minlength=n_classes), dtype=np.float64)

        return _extract(values, add, n_classes, rounds)

    @classmethod
    def by_column(cls, matrix: Floats) -> Sums:
        """Sum `matrix` (n, C) over its rows."""
        return _extract(matrix, lambda part: part.sum(axis=0), matrix.shape[1])

    def values(self) -> Floats:
        """The sums as IEEE arithmetic would give them, ∞ and NaN included. Shape (C,)."""
        plain = self.high + self.low
        if not any(map(np.count_nonzero, (self.positive_infinities, self.negative_infinities, self.nans))):
            return plain
        plain = np.where(self.positive_infinities > 0, np.inf, plain)
        plain = np.where(self.negative_infinities > 0, -np.inf, plain)
        clash = (self.positive_infinities > 0) & (self.negative_infinities > 0)
        return np.where(clash | (self.nans > 0), np.nan, plain)

    def dot(self, coefficients: Floats, present: NDArray[np.bool_] | None = None) -> float:
        """Σ_c coefficients[c] · sum[c] over the classes that are `present` (all, if not given).

        A class that is not present is never touched: its weight may be ∞ without harm. Of a stack (B, C) it is one
        answer a batch, (B,), each with the digits that the batch has by itself.
        """
        if self.high.ndim > 1:
            everywhere = np.ones(self.high.shape, dtype=bool)
            answers: float = self._dots(coefficients, everywhere if present is None else present)
            return answers
        chosen = slice(None) if present is None else present
        factors = coefficients[chosen]
        with np.errstate(invalid="ignore", over="ignore"):
            whole = factors * self.values()[chosen]
            if not np.isfinite(whole).all():
                return float(whole.sum())
            return exact_sum(np.concatenate([factors * self.high[chosen], factors * self.low[chosen]]))

    def of_batch(self, b: int) -> Sums:
        """The sums (C,) of one batch of a stack (B, C)."""
        infinities = self.positive_infinities[b], self.negative_infinities[b]
        return Sums(self.high[b], self.low[b], *infinities, self.nans[b])

    def _dots(self, coefficients: Floats, present: NDArray[np.bool_]) -> Any:
        with np.errstate(invalid="ignore", over="ignore"):
            parts = np.concatenate([coefficients * self.high, coefficients * self.low], axis=1)
            parts = np.where(np.concatenate([present, present], axis=1), parts, 0.0)
            plain = np.isfinite(parts.sum(axis=1)) & np.isfinite(self.values()).all(axis=1)
        return np.array(
            [
                math.fsum(row) if ok else self.of_batch(b).dot(coefficients[b], present[b])
                for b, (row, ok) in enumerate(zip(parts.tolist(), plain.tolist(), strict=True))
            ]
        )


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a + b as its rounded value and the exact rounding error (Knuth)."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = a + b
        part = total - a
        error = total - part
        np.subtract(a, error, out=error)  # in their place: room for large arrays takes longer to get than to fill
        np.subtract(b, part, out=part)
        error += part
        return total, error


def exact_sum(values: Floats | Sequence[float]) -> float:
    """Σ values, rounded once; ±∞ or NaN as plain addition has them."""
    try:
        return math.fsum(values.tolist() if isinstance(values, np.ndarray) else values)
    except (OverflowError, ValueError):  # a partial sum beyond float64, or ∞ − ∞
        with np.errstate(invalid="ignore", over="ignore"):
            return float(np.sum(values))


def _extract(values: Floats, add: Callable[[Floats], Floats], n_classes: int, rounds: int = ROUNDS) -> Sums:
    """Add values up with `add`, in slices that add up exactly."""
    largest = _largest(values)
    none = np.zeros(n_classes, dtype=np.int64)
    rest, counts = values, [none, none, none]
    if not largest < math.inf:
        finite = np.isfinite(values)
        rest = np.where(finite, values, 0.0)
        marks = (values == np.inf, values == -np.inf, np.isnan(values))
        counts = [add(mark.astype(np.float64)).astype(np.int64) for mark in marks]
        largest = _largest(rest)
    high: Floats | None = None
    low = np.zeros(n_classes)
    n = len(values)
    for _ in range(rounds):
        if largest == 0.0:
            break
        exponent = math.frexp(largest)[1] + math.ceil(math.log2(n)) + 1
        if exponent > 1023:  # the cutting constant itself would overflow
            break
        cut = math.ldexp(1.0, exponent)
        top = rest + cut
        top -= cut
        rest = rest - top
        if high is None:
            high = 0.0 + add(top)
        else:
            high, error = two_sum(high, add(top))
            low = low + error
        largest = _largest(rest)
    if high is None:
        high = np.zeros(n_classes)
    if largest != 0.0:
        with np.errstate(over="ignore"):
            high, error = two_sum(high, add(rest))
            low = low + error
    return _normalised(high, low, *counts)


def _largest(values: Floats) -> float:
    """max |v|, 0 of no values; NaN if one is NaN."""
    return max(-float(values.min()), float(values.max())) if values.size else 0.0


def _normalised(high: Floats, low: Floats, positive: Ints, negative: Ints, nans: Ints) -> Sums:
    """A sum that left the range of float64 is an infinity like any other."""
    over = np.isinf(high)
    if over.any():
        positive = positive + (over & (high > 0))
        negative = negative + (over & (high < 0))
        high = np.where(over, 0.0, high)
        low = np.where(over, 0.0, low)
    high, low = two_sum(high, low)
    return Sums(high, low, positive, negative, nans)
