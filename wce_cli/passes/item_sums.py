"""What each item of a batch leaves: a sequence with all its positions, an image with all its pixels.

Items are what stands along the first axis. Their rows follow each other, so that a block has a few stretches of them,
which are added up at next to no cost beside the pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from wce_cli.loss.placed_rows import PlacedRows
from wce_cli.loss.sums import Floats, Ints, Sums


class Stretches(Struct, frozen=True):
    """The sums of the items that the rows of a block are of, from the item `first` on. (m,) each"""

    first: int
    n_kept: Ints
    loss: Floats
    """Σℓ, after smoothing."""
    term: Floats
    """Σt of class placement."""
    weight: Floats
    """Σw of class placement; of probability labels, which have none, the kept rows."""


class ItemSums(Struct, frozen=True):
    """The sums of all items, to 4e-15 of Σ|t|. (items,) each"""

    positions: int
    """Rows of an item, ignored ones counted."""
    n_kept: Ints
    loss: Floats
    term: Floats
    weight: Floats

    @classmethod
    def behind_each_other(cls, parts: Sequence[ItemSums]) -> ItemSums:
        """The items of several parts of a batch."""
        columns = zip(*((one.n_kept, one.loss, one.term, one.weight) for one in parts), strict=True)
        return cls(parts[0].positions, *(np.concatenate(column) for column in columns))


def stretches(placed: PlacedRows, start: int, positions: int) -> Stretches:
    """The sums of the rows of one block, which begins at row `start`. Without weights a term is a loss."""
    rows, spec, loss = placed.kept, placed.spec, placed.loss
    first, last, k = start // positions, (start + max(rows.n, 1) - 1) // positions, len(rows.row)
    begins = np.arange(first, last + 1) * positions
    begins[0] = start
    begins = begins - start if k == rows.n else np.searchsorted(rows.row, begins)
    n_kept = np.diff(begins, append=k)
    there = None if n_kept.all() else n_kept > 0  # a stretch of nothing would be its first row

    def summed(values: Floats) -> Floats:
        if there is None:
            return np.add.reduceat(values, begins)
        sums = np.zeros(len(begins))
        if k:
            sums[there] = np.add.reduceat(values, begins[there])
        return sums

    with np.errstate(all="ignore"):
        losses, count = summed(loss), n_kept.astype(np.float64)
        if spec.weight is None and not spec.has_sample_weight:
            return Stretches(first, n_kept, losses, losses, count)
        term, weight = placed.pairs["class"]
        return Stretches(first, n_kept, losses, summed(term), count if weight is None else summed(weight))


def joined(parts: Sequence[Stretches], items: int, positions: int) -> ItemSums:
    """The sums of all blocks together; ∞ and NaN as plain addition has them."""
    if len(parts) == 1:
        (only,) = parts
        return ItemSums(positions, only.n_kept, only.loss, only.term, only.weight)
    item = np.concatenate([np.arange(one.first, one.first + len(one.n_kept)) for one in parts])

    def summed(columns: Sequence[Floats]) -> Floats:
        return Sums.by_label(np.concatenate(columns), item, items).values()

    counts = np.concatenate([one.n_kept for one in parts])
    return ItemSums(
        positions,
        np.bincount(item, weights=counts, minlength=items).astype(np.int64),
        summed([one.loss for one in parts]),
        summed([one.term for one in parts]),
        summed([one.weight for one in parts]),
    )
