"""Sums over the rows of each class: what smoothing and probability labels need beside the losses of rows."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.loss.fact_kinds import CountedRows
from wce_cli.loss.sums import Floats, Sums, two_sum
from wce_cli.loss.terms import Terms


class SoftLabels(Struct, frozen=True, forbid_unknown_fields=True):
    """Sums by class that probability labels add.

    The last two are of rows, q[c] apart: a class with q[c] = 0 has no part in them, even if ℓ is ∞. Where ℓ is
    ∞ and a class in the label has weight 0, the sums cannot tell 0·∞ from a mixed weight above 0: NaN, then.
    """

    s_q: Sums
    """Σs·q"""
    s_q_losses: Sums
    """Σs·q·a"""
    s_q_loss: Sums
    """Σs·q·ℓ"""
    s_q_rest: Sums
    """Σs·q·R"""

    def __add__(self, other: SoftLabels) -> SoftLabels:
        return SoftLabels(
            self.s_q + other.s_q,
            self.s_q_losses + other.s_q_losses,
            self.s_q_loss + other.s_q_loss,
            self.s_q_rest + other.s_q_rest,
        )


class BlockClassSums(Struct, frozen=True):
    """The sums over the rows of a block by class, and what is known of single numbers in it."""

    s_losses: Sums
    """Σs·a[c]"""
    soft: SoftLabels | None
    """None for index labels."""
    smallest_a: float = np.inf
    smallest_q: float = np.inf
    zeros_and_ones: bool = True
    """Whether all probability labels are numbers that are 0 or 1."""
    negative_q: CountedRows = CountedRows()
    """Probability labels with a number below 0."""

    def __add__(self, other: BlockClassSums) -> BlockClassSums:
        return BlockClassSums(
            self.s_losses + other.s_losses,
            None if self.soft is None or other.soft is None else self.soft + other.soft,
            min(self.smallest_a, other.smallest_a),
            min(self.smallest_q, other.smallest_q),
            self.zeros_and_ones and other.zeros_and_ones,
            self.negative_q + other.negative_q,
        )


def columns_of(terms: Terms) -> BlockClassSums:
    """The sums over the kept rows of a block whose losses are known class by class."""
    assert terms.losses is not None
    kept = terms.kept
    s, a = terms.sample_weight[kept], terms.losses[kept]
    with np.errstate(invalid="ignore", over="ignore"):
        soft = None
        if terms.target is not None:
            q, loss, rest = terms.target[kept], terms.loss[kept], a.sum(axis=1)
            sq = s[:, None] * q
            there = q != 0
            there |= ~there.any(axis=1, keepdims=True)  # a row of zeros: 0·∞ is NaN
            soft = SoftLabels(
                Sums.by_column(sq),
                Sums.by_column(sq * a),
                Sums.by_column(np.where(there, sq * loss[:, None], 0.0)),
                Sums.by_column(np.where(there, sq * rest[:, None], 0.0)),
            )
        return BlockClassSums(Sums.by_column(s[:, None] * a), soft)


class ColumnSums:
    """The columns of one block while its chunks are added up."""

    def __init__(self, n_classes: int, soft: bool) -> None:
        self.high, self.low = np.zeros((2, 5 if soft else 1, n_classes))
        self.smallest_a = self.smallest_q = np.inf
        self.zeros_and_ones = soft
        self.negative_q = CountedRows()
        self.apart: BlockClassSums | None = None

    def add(self, sums: Floats) -> bool:
        """Add sums (k, C) over the rows of a chunk, unless one of them is no number."""
        if not np.isfinite(sums).all():
            return False
        high, error = two_sum(self.high, sums)
        if not np.isfinite(high).all():
            return False
        self.high = high
        self.low += error
        return True

    def add_everywhere(self, value: float) -> None:
        """Add one value to the sum of losses of every class."""
        self.high[0], error = two_sum(self.high[0], np.full_like(self.high[0], value))
        self.low[0] += error

    def add_sums(self, columns: BlockClassSums) -> None:
        """Add the columns of rows that were computed class by class."""
        self.apart = columns if self.apart is None else self.apart + columns

    def see_smallest(self, a: float) -> None:
        """Take note of the smallest loss of some rows."""
        self.smallest_a = min(self.smallest_a, a)

    def see_labels(self, q: Floats, start: int, along: int) -> None:
        """Take note of some probability labels from row `start` on, whose classes lie along an axis."""
        smallest = float(q.min(initial=np.inf))
        if np.isnan(smallest):
            smallest = float(np.fmin.reduce(q, axis=None, initial=np.inf))
        self.smallest_q = min(self.smallest_q, smallest)
        if smallest < 0:
            rows = np.flatnonzero((q < 0).any(axis=along))
            self.negative_q = self.negative_q + CountedRows(len(rows), start + int(rows[0]))
        if self.zeros_and_ones:  # the first row mostly settles it
            self.zeros_and_ones = all(bool(((part == 0) | (part == 1)).all()) for part in (q[:1], q))

    def sums(self) -> BlockClassSums:
        """The columns of the whole block."""
        rows = [Sums.of(high, low) for high, low in zip(self.high, self.low, strict=True)]
        soft = SoftLabels(*rows[1:]) if len(rows) > 1 else None
        columns = BlockClassSums(rows[0], soft, self.smallest_a, self.smallest_q, self.zeros_and_ones, self.negative_q)
        return columns if self.apart is None else columns + self.apart
