"""What the loss of every sample pulls at its logits: dL/dx of every placement, in one walk over the rows.

With q the label row after smoothing and p the softmax, before anything is divided by D:

    class       s · ((Σ_c w[c]·q[c]) · p − w∘q)        has no factor: every class pulls with its own weight
    sample      s · w[y] · ((Σ_c q[c]) · p − q)        a factor times the unweighted gradient
    label-mix   s · (Σ_c w[c]·q[c]) · ((Σ_c q[c]) · p − q)

Without smoothing an index label's q is one 1, and all three are one. Scores that are no logits count as the
log-probabilities of some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct

from wce_cli.loss.batch import Batch
from wce_cli.loss.readings import READINGS
from wce_cli.loss.rows import CHUNK
from wce_cli.loss.sums import Floats, Ints

KINDS = ("class", "sample", "label-mix", "unweighted")
"""The placements, and the loss without any weight."""


class RowGradients(Struct, frozen=True):
    """The gradients of some kept samples, before the division by D. (4, m, C) in the order of KINDS."""

    row: Ints
    label: Ints
    weights: Floats
    """What `sample` and `label-mix` multiply the unweighted gradient with. (2, m)"""
    gradients: Floats

    @property
    def norms(self) -> Floats:
        """(4, m)"""
        norms: Floats = np.sqrt((self.gradients**2).sum(axis=2))
        return norms

    @property
    def cosines(self) -> Floats:
        """Of each with the unweighted gradient; NaN where one is 0. (4, m)"""
        with np.errstate(all="ignore"):
            norms = self.norms
            products = (self.gradients * self.gradients[3]).sum(axis=2)
            found: Floats = np.clip(products / (norms * norms[3]), -1, 1)
            return found


class GradientTotals(Struct, frozen=True):
    """What all samples leave."""

    products: Floats
    """Σₙ ⟨gₙ, hₙ⟩ of each two of the KINDS. (4, 4)"""
    by_class: Floats
    """Σₙ |gₙ| by label. (4, C)"""
    broken: int
    """Samples whose gradient is not finite."""
    first_broken: int


def gradients_of(batch: Batch, start: int, stop: int) -> RowGradients:
    """The gradients of the kept samples among the rows `start` up to `stop`."""
    spec, block = batch.spec, batch.block(start, stop)
    c, eps, w, s = spec.n_classes, spec.label_smoothing, spec.class_weight, block.sample_weight
    with np.errstate(all="ignore"):
        p = np.exp(-READINGS[spec.scores](block.scores).every())
        if spec.is_soft:
            kept = np.ones(len(s), dtype=bool)
            q = block.labels.astype(np.float64)
            label = np.where(np.isnan(q), -np.inf, q).argmax(axis=1)
        else:
            kept = block.labels != spec.ignore_index
            label = np.where(kept, block.labels, 0).astype(np.int64)
            q = np.zeros((len(s), c))
            q[np.arange(len(s)), label] = 1.0
        if eps:
            q = (1 - eps) * q + eps / c
        weighted = _weighted(q, w)
        mixed = weighted.sum(axis=1)
        unweighted = q.sum(axis=1)[:, None] * p - q
        weights = np.stack([s * w[label], s * mixed])
        by_class = s[:, None] * (mixed[:, None] * p - weighted)
        gradients = np.stack([by_class, weights[0][:, None] * unweighted, weights[1][:, None] * unweighted, unweighted])
    which = np.flatnonzero(kept)
    return RowGradients(start + which, label[which], weights[:, which], gradients[:, which])


def _weighted(q: Floats, w: Floats) -> Floats:
    """w∘q; a class without a share is not touched: its weight may be ∞."""
    return np.where(q == 0, 0.0, w * np.where(q == 0, 0.0, q)) if not np.isfinite(w).all() else w * q


def walk(
    batch: Batch, start: int, stop: int, progress: Callable[[int, int], None] | None = None
) -> Iterator[RowGradients]:
    """The gradients of some rows, a few at a time."""
    step = max(1, CHUNK // batch.spec.n_classes)
    chunks = range(start, stop, step)
    for done, first in enumerate(chunks, 1):
        yield gradients_of(batch, first, min(first + step, stop))
        if progress is not None:
            progress(done, len(chunks))


def gradient_totals(batch: Batch, progress: Callable[[int, int], None] | None = None) -> GradientTotals:
    """The sums over all samples; those whose gradient is not finite are counted apart."""
    products, by_class = np.zeros((4, 4)), np.zeros((4, batch.spec.n_classes))
    broken, first = 0, -1
    for found in walk(batch, 0, batch.n_samples, progress):
        g = found.gradients
        fine = np.isfinite(g).all(axis=(0, 2))
        if not fine.all():
            first = int(found.row[~fine][0]) if not broken else first
            broken += int((~fine).sum())
            g = g[:, fine]
        products += np.einsum("inc,jnc->ij", g, g)
        norms = np.sqrt((g**2).sum(axis=2))
        for kind in range(4):
            by_class[kind] += np.bincount(found.label[fine], norms[kind], minlength=batch.spec.n_classes)
    return GradientTotals(products, by_class, broken, first)
