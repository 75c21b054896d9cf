"""What any number of samples leave behind: the sums that every method, weight and ε can be answered from.

`Totals` is free of the class weight and of the label smoothing, and a monoid: the totals of a batch are the
sum of the totals of its blocks, shards, micro-batches or ranks.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.terms import Terms


class Totals(Struct, frozen=True):
    """Sufficient statistics of the kept samples.

    y is the label (for a probability label its argmax), s the sample weight, a = −log p, ℓ the loss before
    smoothing, R = Σ_c a[c], q the label row before smoothing. All sums have shape (C,).
    """

    n: int
    """N: samples, ignored ones counted."""
    n_kept: int
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
        return Totals(
            self.n + other.n,
            self.n_kept + other.n_kept,
            self.count + other.count,
            self.count_weighted + other.count_weighted,
            self.s + other.s,
            self.loss + other.loss,
            self.s_loss + other.s_loss,
            every,
        )


class EveryClass(Struct, frozen=True):
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


class SoftLabels(Struct, frozen=True):
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


def block_totals(terms: Terms, n_classes: int) -> Totals:
    """The totals of one block's terms."""
    kept = terms.kept
    y, s, loss = terms.label[kept], terms.sample_weight[kept], terms.loss[kept]

    def by_label(values: Floats) -> Sums:
        return Sums.by_label(values, y, n_classes)

    every = None
    with np.errstate(invalid="ignore", over="ignore"):
        if terms.losses is not None:
            a = terms.losses[kept]
            rest = a.sum(axis=1)
            soft = None
            if terms.target is not None:
                sq = s[:, None] * terms.target[kept]
                there = terms.target[kept] != 0
                there |= ~there.any(axis=1, keepdims=True)  # a row of zeros: 0·∞ is NaN
                soft = SoftLabels(
                    Sums.by_column(sq),
                    Sums.by_column(sq * a),
                    Sums.by_column(np.where(there, sq * loss[:, None], 0.0)),
                    Sums.by_column(np.where(there, sq * rest[:, None], 0.0)),
                )
            every = EveryClass(by_label(rest), by_label(s * rest), Sums.by_column(s[:, None] * a), soft)
        return Totals(
            len(kept),
            int(kept.sum()),
            np.bincount(y, minlength=n_classes),
            np.bincount(y[s != 0], minlength=n_classes),
            by_label(s),
            by_label(loss),
            by_label(s * loss),
            every,
        )
