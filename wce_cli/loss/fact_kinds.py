"""The kinds of facts: what a fact may be, and for each kind how those of two parts add up.

A fact is declared in `loss.facts` by one line: its type, and a kind with the function that finds it in a block.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import add
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats

Ends = tuple[Floats, Floats]
"""The smallest and the largest of some values by class, (C,) each: +∞ and −∞ where there is none."""
Found = Callable[[Any], Any]
"""`row_facts.BlockRows` → a fact of them; of no rows it is what adds nothing."""


class CountedRows(Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of which something is true: how many, and the first of them."""

    count: int = 0
    first: int = -1
    """−1 for none."""

    def __add__(self, other: CountedRows) -> CountedRows:
        if not other.count:
            return self
        first = min((row for row in (self.first, other.first) if row >= 0), default=-1)
        return CountedRows(self.count + other.count, first)

    def shifted(self, n: int) -> CountedRows:
        """The same rows behind n others."""
        return CountedRows(self.count, self.first + n if self.first >= 0 else -1)


class Extremes(Struct, frozen=True, forbid_unknown_fields=True):
    """The smallest and the largest of some values, each with its row; NaN has no part in it."""

    smallest: float = math.inf
    largest: float = -math.inf
    smallest_row: int = -1
    largest_row: int = -1

    def __add__(self, other: Extremes) -> Extremes:
        low = min(self, other, key=lambda one: (one.smallest, one.smallest_row))
        high = min(self, other, key=lambda one: (-one.largest, one.largest_row))
        return Extremes(low.smallest, high.largest, low.smallest_row, high.largest_row)

    def shifted(self, n: int) -> Extremes:
        """The same rows behind n others."""
        low, high = (row + n if row >= 0 else -1 for row in (self.smallest_row, self.largest_row))
        return Extremes(self.smallest, self.largest, low, high)


class Lost(Struct, frozen=True, forbid_unknown_fields=True):
    """Losses above 0 that a dtype rounds to 0."""

    rows: CountedRows = CountedRows()
    loss: float = 0.0
    """Σℓ of them."""

    def __add__(self, other: Lost) -> Lost:
        return Lost(self.rows + other.rows, self.loss + other.loss)

    def shifted(self, n: int) -> Lost:
        """The same of rows that stand behind n others."""
        return Lost(self.rows.shifted(n), self.loss)


class Unnormalised(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of probabilities that do not sum to 1."""

    rows: CountedRows = CountedRows()
    total: float = 1.0
    """What the first of them sums to."""

    def __add__(self, other: Unnormalised) -> Unnormalised:
        rows = self.rows + other.rows
        return Unnormalised(rows, self.total if rows.first == self.rows.first else other.total)

    def shifted(self, n: int) -> Unnormalised:
        """The same rows behind n others."""
        return Unnormalised(self.rows.shifted(n), self.total)


class RowSums(Struct, frozen=True, forbid_unknown_fields=True):
    """What the probabilities of rows sum to, where the scores are probabilities or their logs: Z of each row."""

    looked: int = 0
    """Rows that were looked at: of a large batch the first ones."""
    off: Unnormalised = Unnormalised()
    """Those of them that do not sum to 1, beyond what their digits leave open."""

    def __add__(self, other: RowSums) -> RowSums:
        return RowSums(self.looked + other.looked, self.off + other.off)

    def shifted(self, n: int) -> RowSums:
        """The same of rows that stand behind n others."""
        return RowSums(self.looked, self.off.shifted(n))


class BesideNeighbour(Struct, frozen=True, forbid_unknown_fields=True):
    """The losses of positions beside their own label, and beside that of a neighbour."""

    positions: int = 0
    own: float = 0.0
    """Σℓ, ℓ before smoothing."""
    other: float = 0.0
    """Σ of −log p at the neighbour's label."""
    squares: float = 0.0
    """Σ of their difference squared."""

    def __add__(self, other: BesideNeighbour) -> BesideNeighbour:
        return BesideNeighbour(
            self.positions + other.positions,
            self.own + other.own,
            self.other + other.other,
            self.squares + other.squares,
        )

    @property
    def deviations(self) -> float:
        """How many standard deviations of their mean the differences are above 0 on average; 0 for no positions."""
        n, gain = self.positions, self.own - self.other
        spread = self.squares - gain * gain / n if n else 0.0
        return (
            gain / math.sqrt(n * spread / max(n - 1, 1))
            if spread > 0
            else math.copysign(math.inf, gain)
            if gain
            else 0.0
        )


class FactKind(Struct, frozen=True):
    """How a fact is found, and how it adds up."""

    of: Found
    add: Callable[[Any, Any], Any]
    shifted: Callable[[Any, int], Any] = lambda fact, n: fact
    """The fact of rows that stand behind n others: the same, unless it names a row."""


def rows(of: Found) -> FactKind:
    """A fact that names rows, and knows itself how it adds up."""
    return FactKind(of, add, lambda fact, n: fact.shifted(n))


def by_dtype(of: Found) -> FactKind:
    """Such a fact for each of some dtypes."""
    return FactKind(
        of,
        lambda one, other: {dtype: fact + other[dtype] for dtype, fact in one.items()},
        lambda facts, n: {dtype: fact.shifted(n) for dtype, fact in facts.items()},
    )


def where_all(of: Found) -> FactKind:
    """What a part does not have, None, the whole does not have either; where all have it, it is their sum."""
    return FactKind(of, both, lambda fact, n: fact.shifted(n) if hasattr(fact, "shifted") else fact)


def both(one: Any, other: Any) -> Any:
    """The sum of two; None where one of them is."""
    return None if one is None or other is None else one + other


def least(of: Found) -> FactKind:
    """The smallest of some numbers; +∞ for none."""
    return FactKind(of, min)


def total(of: Found) -> FactKind:
    """A sum of numbers that nobody sees the last digit of."""
    return FactKind(of, add)


def always(of: Found) -> FactKind:
    """Whether something is true of all rows."""
    return FactKind(of, lambda one, other: one and other)


def ends(of: Found) -> FactKind:
    """Extremes by class."""
    return FactKind(of, lambda one, other: (np.minimum(one[0], other[0]), np.maximum(one[1], other[1])))
