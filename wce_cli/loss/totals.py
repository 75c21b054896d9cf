"""What any number of samples leave behind: the sums that every method, weight and ε can be answered from.

`Totals` is free of the class weight and of the label smoothing, and a monoid: the totals of a batch are the
sum of the totals of its blocks, shards, micro-batches or ranks.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.loss.class_sums import BlockClassSums, SoftLabels, columns_of
from wce_cli.loss.layout import items_between
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.terms import Terms

__all__ = ["EveryClass", "EveryRow", "KeptRows", "SoftLabels", "Totals", "block_totals", "totals_of"]


ROUNDS = 2
"""Rounds of extraction of a block's sums: of 16 384 rows, 76 bits below the largest value lose nothing."""


class Totals(Struct, frozen=True, forbid_unknown_fields=True):
    """Sufficient statistics of the kept samples.

    y is the label (for a probability label its argmax), s the sample weight, a = −log p, ℓ the loss before
    smoothing, R = Σ_c a[c], q the label row before smoothing. All sums have shape (C,).
    """

    n: int
    """N: samples, ignored ones counted."""
    n_kept: int
    items: int
    """Entries of the batch's first axis that begin among these samples: sequences, images, or samples themselves."""
    count: Ints
    """Kept samples by y."""
    count_weighted: Ints
    """Kept samples with s ≠ 0, by y."""
    s: Sums
    """Σs by y."""
    loss: Sums
    """Σℓ by y."""
    s_loss: Sums
    """Σs·ℓ by y."""
    every: EveryClass | None
    """The sums over all classes of a row; None where neither smoothing nor probability labels were asked."""

    def __add__(self, other: Totals) -> Totals:
        if (self.every is None) != (other.every is None):
            raise ValueError("totals of one label kind only can be added")
        every = None if self.every is None or other.every is None else self.every + other.every
        count, loss = self.count + other.count, self.loss + other.loss
        same = self.s_loss is self.loss and other.s_loss is other.loss  # no sample weight
        return Totals(
            self.n + other.n,
            self.n_kept + other.n_kept,
            self.items + other.items,
            count,
            count if same else self.count_weighted + other.count_weighted,
            self.s + other.s,
            loss,
            loss if same else self.s_loss + other.s_loss,
            every,
        )


class EveryClass(Struct, frozen=True, forbid_unknown_fields=True):
    """What smoothing and probability labels need beside the label's own loss."""

    rest: Sums
    """ΣR by y."""
    s_rest: Sums
    """Σs·R by y."""
    s_losses: Sums
    """Σs·a[c] by class."""
    soft: SoftLabels | None
    """None for index labels."""

    def __add__(self, other: EveryClass) -> EveryClass:
        soft = None if self.soft is None or other.soft is None else self.soft + other.soft
        return EveryClass(self.rest + other.rest, self.s_rest + other.s_rest, self.s_losses + other.s_losses, soft)


class KeptRows(Struct, frozen=True):
    """The kept rows of a block: what sums and facts are made of. Arrays (k,)."""

    n: int
    """Rows of the block, ignored ones counted."""
    row: Ints
    """Where they stand in the batch."""
    label: Ints
    """y; for a probability label its argmax."""
    sample_weight: Floats | None
    """s; None where all are 1."""
    loss: Floats
    """ℓ before smoothing."""
    target_score: Floats | None = None
    """The score at the label as given; None for probability labels."""
    logsumexp: Floats | None = None
    """None where the scores are not logits."""
    every: EveryRow | None = None
    """None where neither smoothing nor probability labels were asked."""
    broken_ignored: Ints | None = None
    """The ignored rows whose softmax is not defined; None for none."""
    peak: Floats | None = None
    """The largest logit of each row, or its logsumexp where that is as good; None where it is for all."""


class EveryRow(Struct, frozen=True):
    """What the losses of all classes leave of each kept row, and of each class. Arrays (k,)."""

    rest: Floats
    """R"""
    term: Floats | None
    """t under class placement."""
    label_sum: Floats | None
    """Σ_c q[c]; None for index labels."""
    columns: BlockClassSums
    mix: Floats | None = None
    """Σ_c w[c]·q[c]; None for index labels."""


def block_totals(terms: Terms, n_classes: int, positions: int = 1) -> Totals:
    """The totals of terms that are known class by class, of a batch whose items have so many `positions`."""
    kept = terms.kept
    every = None
    if terms.losses is not None:
        rest = terms.losses[kept].sum(axis=1)
        every = EveryRow(rest, None, None, columns_of(terms))
    return totals_of(
        KeptRows(
            len(kept),
            np.flatnonzero(kept),
            terms.label[kept],
            terms.sample_weight[kept],
            terms.loss[kept],
            every=every,
        ),
        n_classes,
        items_between(terms.start, terms.start + len(kept), positions),
    )


def totals_of(kept: KeptRows, n_classes: int, items: int) -> Totals:
    """The totals of the rows of one block, among which so many items begin.

    What is the same sum is the same object: it is sent and added once.
    """
    y, s, loss = kept.label, kept.sample_weight, kept.loss

    def by_label(values: Floats) -> Sums:
        return Sums.by_label(values, y, n_classes, ROUNDS)

    def weighted(values: Floats, plain: Sums) -> Sums:
        return plain if s is None else by_label(s * values)

    with np.errstate(invalid="ignore", over="ignore"):
        count = np.bincount(y, minlength=n_classes)
        losses = by_label(loss)
        every = None
        if kept.every is not None:
            rest, columns = by_label(kept.every.rest), kept.every.columns
            every = EveryClass(rest, weighted(kept.every.rest, rest), columns.s_losses, columns.soft)
        return Totals(
            kept.n,
            len(y),
            items,
            count,
            count if s is None else np.bincount(y[s != 0], minlength=n_classes),
            Sums.of(count.astype(np.float64)) if s is None else by_label(s),
            losses,
            weighted(loss, losses),
            every,
        )
