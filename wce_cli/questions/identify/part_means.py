"""What the parts of a batch give: the means of all, for parts of one size, or of every size at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.sums import Floats, Ints, exact_sum
from wce_cli.questions.identify.parts import KEPT, ROWS, WEIGHTS


class Summands(Struct, frozen=True):
    """What of the rows of a batch, or of its items, parts add up: (m,) each."""

    term: Floats
    """t"""
    below: dict[str, Floats]
    """What a part may be divided by, by name; without those that are another one on this batch."""

    @classmethod
    def of(cls, term: Floats, weight: Floats | None, kept: NDArray[Any], inner: int, is_weighted: bool) -> Summands:
        """Those of rows, or of items of `inner` rows each; `kept`: how many of each are kept. (m,)"""
        below = {ROWS: np.full(len(term), float(inner))}
        counts = kept.astype(np.float64)
        if (counts != inner).any():
            below[KEPT] = counts
        if weight is not None and (is_weighted or KEPT in below):
            below[WEIGHTS] = weight
        return cls(term, below)

    def of_parts(self, divisor: str, size: int) -> tuple[Floats, Floats] | None:
        """(Σt, D) of every part of `size`, the last of which may be smaller; None where D is another one."""
        if divisor not in self.below:
            return None
        starts = np.arange(0, len(self.term), size)
        return np.add.reduceat(self.term, starts), np.add.reduceat(self.below[divisor], starts)

    def dealt(self, divisor: str, size: int, parts: int) -> tuple[Floats, Floats] | None:
        """The same of `parts`, to which items of `size` are dealt in turn."""
        if divisor not in self.below:
            return None
        part = np.arange(len(self.term)) // size % parts
        term, below = (np.bincount(part, values, parts) for values in (self.term, self.below[divisor]))
        return term.astype(np.float64), below.astype(np.float64)


def sum_of_means(parts: tuple[Floats, Floats]) -> tuple[float, int]:
    """Σ of the means of some parts, NaN where one has none, and how many there are."""
    means = parts[0] / parts[1]
    return exact_sum(means) if np.isfinite(means).all() else math.nan, len(means)


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
    def of(cls, n: int, size: Ints) -> AllCuts:
        """The parts of `n` rows, of these sizes."""
        count = -(-n // size)
        first = np.cumsum(count) - count
        wide = np.repeat(size, count)
        start = (np.arange(len(wide)) - np.repeat(first, count)) * wide
        return cls(size, count, first, start, np.minimum(start + wide, n))

    def means(self, rows: Summands, divisor: str) -> Floats:
        """The mean of the parts' means for each size; not finite where a part has none. (S,)"""
        parts = self._sums(rows.term) / self._sums(rows.below[divisor])
        found: Floats = np.add.reduceat(parts, self.first) / self.count
        return found

    def _sums(self, values: Floats) -> Floats:
        """What each part adds up, as what all rows up to its end do, less what those before it do. (P,)"""
        running = np.append(0.0, np.cumsum(values))
        found: Floats = running[self.stop] - running[self.start]
        return found
