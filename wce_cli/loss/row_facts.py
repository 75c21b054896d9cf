"""Each fact of the rows of one block, by the name that `Facts` declares it under."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.fact_kinds import BesideNeighbour, CountedRows, Ends, Extremes, Lost, RowSums, Unnormalised
from wce_cli.loss.largest_terms import Top
from wce_cli.loss.normalised import BFLOAT16, LOOKS_NORMALISED
from wce_cli.loss.placed_rows import PlacedRows
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.totals import KeptRows, Totals

LOST = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Losses below this come out as 0 where 1 + S is rounded in the dtype: log(1 + S), S = Σ_{c≠y} exp(x_c − x_y)."""

UNDERFLOW = {
    "float16": -25 * math.log(2),
    "bfloat16": -134 * math.log(2),
    "float32": -150 * math.log(2),
    "float64": -1075 * math.log(2),
}
"""By dtype: the log of half its smallest number above 0, which is the largest that exp rounds to 0."""

NO_ROWS, NOTHING_LOST = CountedRows(), dict.fromkeys(LOST, Lost())


class Otherwise(Struct, frozen=True):
    """The losses of rows whose scores are read otherwise. Sums by class; None where there is nothing to read so."""

    as_probs: Sums | None
    """Logits or log-probabilities that are probabilities, read as such: by y, or Σs·q·a by class for probability
    labels."""
    clipped: Sums | None
    renormalised: Sums | None
    undivided: Sums | None
    row_sums: RowSums
    log_totals: Sums | None
    as_elements: Sums | None
    """Σs·ℓ by class of the binary cross-entropy of every score beside its label, where those are 0 and 1."""
    by_sorted_name: Sums | None
    labels_ahead: BesideNeighbour
    labels_behind: BesideNeighbour


class BlockRows:
    """The kept rows of a block, and what several facts are made of."""

    def __init__(self, kept: KeptRows, spec: Spec, totals: Totals, otherwise: Otherwise, top: Top) -> None:
        """`totals` are those of the block. `top`: its largest terms, or none where a sieve has them."""
        self.kept, self.spec, self.totals, self.otherwise, self.top = kept, spec, totals, otherwise, top
        self.placed = PlacedRows(kept, spec)
        self.s_loss = kept.loss if kept.sample_weight is None else kept.sample_weight * kept.loss
        self.finite = _finite(self.s_loss)
        """Which s·ℓ are finite; None for all."""

    @cached_property
    def logsumexp(self) -> Extremes:
        """Of the finite ones."""
        return Extremes() if self.kept.logsumexp is None else _extremes(self.kept.logsumexp, self.kept.row)

    @cached_property
    def smallest_loss(self) -> float:
        """The smallest ℓ that is not NaN; +∞ for none."""
        smallest = float(self.kept.loss.min(initial=np.inf))
        return smallest if smallest == smallest else float(np.fmin.reduce(self.kept.loss, initial=np.inf))

    def rows(self, there: NDArray[np.bool_]) -> CountedRows:
        """The rows of which something is true."""
        found = self.kept.row[there]
        return CountedRows(len(found), int(found[0])) if len(found) else NO_ROWS


def sort_key(block: BlockRows) -> Floats:
    """What the largest terms are found by, as `Top` has it. (k,)"""
    every = block.kept.every
    if every is not None:
        assert every.term is not None
        return every.term
    negative = block.spec.class_weight < 0
    if not negative.any():
        return block.s_loss
    return np.where(negative[block.kept.label], 0.0 - block.s_loss, block.s_loss)


def sample_weights(block: BlockRows) -> Ends:
    """The extremes of s by y; NaN has no part in them."""
    s = block.kept.sample_weight
    if s is None:
        there = block.totals.count > 0
        return np.where(there, 1.0, np.inf), np.where(there, 1.0, -np.inf)
    there = ~np.isnan(s)
    return _ends_by_class(block.kept.label[there], s[there], block.spec.n_classes)


def weighted_losses(block: BlockRows) -> Ends:
    """The extremes of the finite s·ℓ by y."""
    y, s_loss = block.kept.label, block.s_loss
    if block.finite is not None:
        y, s_loss = y[block.finite], s_loss[block.finite]
    low, high = _ends_by_class(y, s_loss, block.spec.n_classes)
    return low + 0.0, high + 0.0  # −0 and 0 are one number, whichever came first


def smallest_a(block: BlockRows) -> float:
    """The smallest loss of all classes where they are known, else of the labels."""
    every = block.kept.every
    return smallest_loss(block) if every is None else every.columns.smallest_a


def smallest_loss(block: BlockRows) -> float:
    """The smallest loss of an index label."""
    return math.inf if block.spec.is_soft else block.smallest_loss


def smallest_q(block: BlockRows) -> float:
    """The smallest number of a probability label."""
    return math.inf if block.kept.every is None else block.kept.every.columns.smallest_q


def reach(block: BlockRows) -> float:
    """Σ|t| + Σ|w|·(1 + |logsumexp|) over what is finite; |w| is the larger one of the placements that have it."""
    weights, rows = block.placed.weights, block.kept
    own, spread = weights["sample"], weights["label-mix"]
    size = np.abs(own)
    if spread is not own:
        np.maximum(size, np.abs(spread), out=size)
    if rows.logsumexp is not None:
        _add_times(size, rows.logsumexp)
    term = own * rows.loss if rows.every is None else rows.every.term
    assert term is not None
    term = np.abs(term)
    whole = float((term + size).sum())
    if whole < np.inf:
        return whole
    return float(term[np.isfinite(term)].sum() + size[np.isfinite(size)].sum())


def infinite(block: BlockRows) -> CountedRows:
    """The rows with a loss of ±∞."""
    return NO_ROWS if block.finite is None else block.rows(np.isinf(block.kept.loss))


def nan(block: BlockRows) -> CountedRows:
    """The rows whose loss is NaN before smoothing."""
    return NO_ROWS if block.finite is None else block.rows(np.isnan(block.kept.loss))


def nan_smoothed(block: BlockRows) -> CountedRows:
    """The rows whose loss is NaN under smoothing, too: R is not the ∞ that smoothing makes of a 0·∞."""
    if block.finite is None or block.kept.every is None:
        return nan(block)
    return block.rows(np.isnan(block.kept.loss) & ~np.isinf(block.kept.every.rest))


def masked(block: BlockRows) -> CountedRows:
    """The rows whose loss is ∞ because the score of the label is −∞, or its probability 0."""
    score, loss = block.kept.target_score, block.kept.loss
    if block.finite is None or score is None:
        return NO_ROWS
    return block.rows((score == (0.0 if block.spec.scores == "probs" else -np.inf)) & (loss == np.inf))


def no_chance(block: BlockRows) -> CountedRows:
    """The rows in which a class has a loss of ∞, where all are known."""
    every = block.kept.every
    return NO_ROWS if every is None or _finite(every.rest) is None else block.rows(every.rest == np.inf)


def broken_ignored(block: BlockRows) -> CountedRows:
    """The ignored rows that have no softmax."""
    broken = block.kept.broken_ignored
    return NO_ROWS if broken is None else CountedRows(len(broken), int(broken[0]))


def logsumexp(block: BlockRows) -> Extremes:
    """The extremes of the finite logsumexp."""
    return block.logsumexp


def peak(block: BlockRows) -> Extremes:
    """The extremes of the largest logit of each row."""
    return block.logsumexp if block.kept.peak is None else _extremes(block.kept.peak, block.kept.row)


def lost(block: BlockRows) -> dict[str, Lost]:
    """By dtype: the losses that it rounds to 0."""
    loss = block.kept.loss
    if block.smallest_loss >= max(LOST.values()):
        return NOTHING_LOST
    found = {dtype: (loss > 0) & (loss < limit) for dtype, limit in LOST.items()}
    return {dtype: Lost(block.rows(there), float(loss[there].sum())) for dtype, there in found.items()}


def as_log_probs(block: BlockRows) -> bool:
    """Whether all rows are logits whose logsumexp is 0."""
    found, finite = block.kept.logsumexp, block.logsumexp
    if found is None or block.spec.n_classes == 1 or max(-finite.smallest, finite.largest) > LOOKS_NORMALISED:
        return False
    return bool((np.abs(found) <= LOOKS_NORMALISED).all())


def one_hot(block: BlockRows) -> bool:
    """Whether all labels are probability rows that are one-hot."""
    label_sum = _zero_or_one(block)
    return label_sum is not None and bool((label_sum == 1).all())


def several_ones(block: BlockRows) -> CountedRows | None:
    """The labels with more than one 1; None unless all their numbers are 0 or 1."""
    label_sum = _zero_or_one(block)
    return None if label_sum is None else block.rows(label_sum > 1)


def unnormalised(block: BlockRows) -> Unnormalised:
    """The probability labels that do not sum to 1, beyond the rounding of their dtype; NaN is another matter."""
    every = block.kept.every
    if every is None or every.label_sum is None:
        return Unnormalised()
    rounded = LOOKS_NORMALISED + (BFLOAT16 if block.spec.dtypes.get("labels") == "bfloat16" else 0.0)
    off = np.abs(every.label_sum - 1) > rounded
    found = block.rows(off)
    return Unnormalised(found, float(every.label_sum[off.argmax()])) if found.count else Unnormalised()


def negative_q(block: BlockRows) -> CountedRows:
    """The probability labels with a number below 0."""
    return NO_ROWS if block.kept.every is None else block.kept.every.columns.negative_q


def _zero_or_one(block: BlockRows) -> Floats | None:
    """What the probability labels sum to, if all their numbers are 0 or 1. (k,)"""
    every = block.kept.every
    return every.label_sum if every is not None and every.columns.zeros_and_ones else None


def _ends_by_class(label: Ints, values: Floats, n_classes: int) -> Ends:
    """The smallest and largest of each label; no value is NaN."""
    low, high = np.full(n_classes, np.inf), np.full(n_classes, -np.inf)
    np.minimum.at(low, label, values)
    np.maximum.at(high, label, values)
    return low, high


def _add_times(size: Floats, factor: Floats) -> None:
    """Make size·(1 + |factor|) of a size, in its place: room for large arrays takes longer to get than to fill."""
    further = np.abs(factor)
    further *= size
    size += further


def _finite(values: Floats) -> Ints | None:
    """Which values are finite; None for all."""
    if len(values) == 0 or (values.min() > -np.inf and values.max() < np.inf):
        return None
    return np.flatnonzero(np.isfinite(values))


def _extremes(values: Floats, row: Ints) -> Extremes:
    """Of the finite values, with their rows."""
    finite = _finite(values)
    if finite is not None:
        values, row = values[finite], row[finite]
    if not len(row):
        return Extremes()
    low, high = values.argmin(), values.argmax()
    return Extremes(float(values[low]), float(values[high]), int(row[low]), int(row[high]))
