"""What the loss of every sample pulls at its logits: dL/dx of every placement.

With q the label row after smoothing and p the softmax, before anything is divided by D:

    class       s · ((Σ_c w[c]·q[c]) · p − w∘q)        has no factor: every class pulls with its own weight
    sample      s · w[y] · ((Σ_c q[c]) · p − q)        a factor times the unweighted gradient
    label-mix   s · (Σ_c w[c]·q[c]) · ((Σ_c q[c]) · p − q)

Without smoothing an index label's q is one 1, and all three are one. Scores that are no logits count as the
log-probabilities of some.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.batches.batch import Batch
from wce_cli.loss.readings import READINGS
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import label_weights, mixed, row_weights

PULL_KINDS = ("class", "sample", "label-mix", "unweighted")
"""The placements, and the loss without any weight."""


class Pulls(Struct, frozen=True):
    """The two gradients of some kept samples that all PULL_KINDS are multiples of. Arrays (m,) and (m, C)."""

    row: Ints
    label: Ints
    """Class index; of a probability label its argmax."""
    s: Floats
    weights: Floats
    """What `sample` and `label-mix` multiply the unweighted gradient with. (2, m)"""
    plain: Floats
    """The unweighted gradient."""
    by_class: Floats | None
    """That of class placement, but for s; None where it is `sample`'s: of index labels without smoothing."""


class RowGradients(Struct, frozen=True):
    """The gradients of some kept samples, before the division by D. (4, m, C) in the order of PULL_KINDS."""

    row: Ints
    label: Ints
    weights: Floats
    """As in Pulls. (2, m)"""
    gradients: Floats

    @property
    def norms(self) -> Floats:
        """|gradient| of each row, by PULL_KINDS. (4, m)"""
        norms: Floats = np.sqrt((self.gradients**2).sum(axis=2))
        return norms

    @property
    def cosines(self) -> Floats:
        """The cosine of each gradient with the unweighted one; NaN where one is 0. (4, m)"""
        with np.errstate(all="ignore"):
            norms = self.norms
            products = (self.gradients * self.gradients[3]).sum(axis=2)
            found: Floats = np.clip(products / (norms * norms[3]), -1, 1)
            return found


def gradients_of(batch: Batch, start: int, stop: int) -> RowGradients:
    """The gradients of the kept samples among the rows `start` up to `stop`, all of them in full."""
    pulls = pulls_of(batch, start, stop)
    with np.errstate(all="ignore"):
        of_label, of_mix = (weights[:, None] * pulls.plain for weights in pulls.weights)
        by_class = of_label if pulls.by_class is None else pulls.s[:, None] * pulls.by_class
    return RowGradients(pulls.row, pulls.label, pulls.weights, np.stack([by_class, of_label, of_mix, pulls.plain]))


def pulls_of(batch: Batch, start: int, stop: int) -> Pulls:
    """What the kept samples among the rows `start` up to `stop` pull at."""
    spec, block = batch.spec, batch.block(start, stop)
    scores, labels, s = block.scores, block.labels, block.sample_weight
    row = np.arange(start, start + len(scores))
    if not spec.is_soft and (labels == spec.ignore_index).any():
        which = np.flatnonzero(labels != spec.ignore_index)
        scores, labels, s, row = scores[which], labels[which], s[which], row[which]
    with np.errstate(all="ignore"):
        p = _softmax(scores, spec)
        if spec.is_soft:
            label, by_label, plain, by_class = _of_soft(p, labels.astype(np.float64, copy=False), spec)
        else:
            label, by_label, plain, by_class = _of_index(p, labels.astype(np.int64, copy=False), spec)
        found = row_weights(s, by_label)
        weights = np.stack([found[name] for name in PULL_KINDS if name in found])
        return Pulls(row, label, s, weights, plain, by_class)


def _of_index(p: Floats, label: Ints, spec: Spec) -> tuple[Ints, dict[str, Floats], Floats, Floats | None]:
    """Label, weights, and the two gradients. The label's row is one number everywhere, and more at the label."""
    c, eps, w, rows, by_class = spec.n_classes, spec.label_smoothing, spec.class_weight, np.arange(len(label)), None
    by_label = label_weights(label, None, w, eps)
    everywhere, at_label = mixed(0.0, 1.0, eps, c), mixed(1.0, 0.0, eps, c)
    if eps:
        own, mix = by_label["sample"], by_label["label-mix"]
        by_class = mix[:, None] * p - everywhere * w
        by_class[rows, label] -= mixed(own, np.zeros(len(label)), eps, c)
        p -= everywhere
    p[rows, label] -= at_label
    return label, by_label, p, by_class


def _of_soft(p: Floats, labels: Floats, spec: Spec) -> tuple[Ints, dict[str, Floats], Floats, Floats | None]:
    q, w, eps = labels, spec.class_weight, spec.label_smoothing
    label = np.where(np.isnan(q), -np.inf, q).argmax(axis=1)
    if eps:
        q = mixed(1.0, 0.0, eps, spec.n_classes) * q + mixed(0.0, 1.0, eps, spec.n_classes)
    weighted = w * q
    if not np.isfinite(w).all():  # a class without a share is not touched
        weighted[q == 0] = 0.0
    mix = weighted.sum(axis=1)
    by_class = mix[:, None] * p
    by_class -= weighted
    p *= q.sum(axis=1)[:, None]
    p -= q
    return label, label_weights(label, mix, w, 0.0), p, by_class  # the row is smoothed already


def _softmax(scores: Floats, spec: Spec) -> Floats:
    """p of each class, in an array of its own. (m, C)"""
    if spec.scores != "logits":
        return np.asarray(np.exp(-READINGS[spec.scores](scores).every()))
    p: Floats = scores - scores.max(axis=1, initial=-np.inf)[:, None]
    np.exp(p, out=p)
    p /= p.sum(axis=1)[:, None]
    return p
