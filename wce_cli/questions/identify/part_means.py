"""What the parts of a batch give: the means of all, for parts of one size, or of every size at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.sums import Floats, Ints, exact_sum
from wce_cli.questions.identify.parts import KEPT, ROWS, WEIGHTS


class RunningSums(Struct, frozen=True):
    """Sums over the first rows of a batch, or over its first items: (m + 1,) each, from 0 on."""

    term: Floats
    """Σt"""
    below: dict[str, Floats]
    """What a part may be divided by, by name; without those that are another one on this batch."""
    is_finite: bool

    @classmethod
    def of(cls, term: Floats, weight: Floats | None, kept: NDArray[Any], inner: int, is_weighted: bool) -> RunningSums:
        """The sums of rows, or of items of `inner` rows each; `kept`: how many of each are kept. (m,)"""
        rows: Floats = inner * np.arange(len(term) + 1, dtype=np.float64)
        below = {ROWS: rows}
        counts = _running(kept)
        if counts[-1] != rows[-1]:
            below[KEPT] = counts
        if weight is not None and (is_weighted or KEPT in below):
            below[WEIGHTS] = _running(weight)
        return cls(_running(term), below, bool(np.isfinite(term).all()))

    def of_parts(self, divisor: str, size: int) -> tuple[Floats, Floats] | None:
        """(Σt, D) of every part of `size`, the last of which may be smaller; None where D is another one."""
        if divisor not in self.below:
            return None
        last = len(self.term) - 1
        ends = np.append(np.arange(0, last, size), last)
        return np.diff(self.term[ends]), np.diff(self.below[divisor][ends])

    def sum_of_means(self, divisor: str, size: int) -> tuple[float, int] | None:
        """Σ of the parts' means, NaN where one has none, and how many there are."""
        found = self.of_parts(divisor, size)
        if found is None:
            return None
        means = found[0] / found[1]
        is_finite = self.is_finite and np.isfinite(means).all()
        return exact_sum(means) if is_finite else float("nan"), len(means)


class AllCuts(Struct, frozen=True):
    """Parts of many sizes: those of one size after those of another."""

    sizes: Ints
    count: Ints
    """Parts of each size."""
    first: Ints
    """The first of each size."""
    start: Ints
    """Where each part begins and ends. (P,)"""
    stop: Ints

    @classmethod
    def of(cls, n: int, sizes: list[int]) -> AllCuts:
        """The parts of `n` rows."""
        size = np.array(sizes, dtype=np.int64)
        count = -(-n // size)
        first = np.cumsum(count) - count
        wide = np.repeat(size, count)
        start = (np.arange(len(wide)) - np.repeat(first, count)) * wide
        return cls(size, count, first, start, np.minimum(start + wide, n))

    def means(self, sums: RunningSums, divisor: str) -> Floats:
        """The mean of the parts' means for each size; NaN where a part has none. (S,)"""
        below = sums.below[divisor]
        parts = (sums.term[self.stop] - sums.term[self.start]) / (below[self.stop] - below[self.start])
        found: Floats = np.add.reduceat(parts, self.first) / self.count
        return np.where(np.isfinite(found) & sums.is_finite, found, np.nan)


def _running(values: NDArray[Any]) -> Floats:
    """The sums of the first 0, 1, … values (m + 1,)."""
    found = np.zeros(len(values) + 1)
    np.cumsum(values, out=found[1:])
    return found
