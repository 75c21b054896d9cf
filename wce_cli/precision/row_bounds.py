"""Rows with their errors: how far a number of a row, and its loss, may be off because it was printed rounded.

A score that is off by up to δ[c] moves a = −log p of its class by up to

    logits      log(1 + (1 − p)(e^η − 1)) ≤ η,    η = δ[c] + the largest δ of the other classes
    probs       −log(1 − δ/p), ∞ where p may be 0
    log_probs   δ

The logits' is reached where all δ of the row are the same: 1/p − 1 = Σ exp(x[k] − x[c]) over the other classes k grows
by e^η at most. A label row that is off by up to κ moves its loss ℓ = Σ q·a further:

    Δℓ = Σ_c (|q| + κ)·Δa + κ·|a|
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.batches.half_units import half_units_of
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import block_terms, mixed


class RoundedRows(Struct, frozen=True):
    """The kept rows of a block over the k classes that count for them: the label alone, or all. Arrays (n, k)."""

    classes: Ints
    at_label: Floats
    """1 at y, 0 elsewhere."""
    s: Floats
    """(n, 1)"""
    ds: Floats
    """Its error σ, (n, 1)."""
    w: Floats
    dw: Floats
    """ω"""
    q: Floats
    """After smoothing."""
    dq: Floats
    """κ"""
    a: Floats
    da: Floats
    """Δa"""
    jump: Floats
    """How far w[y] may step because another class may be the argmax of the label row. (n, 1)"""

    @property
    def loss(self) -> Floats:
        """The loss of each row: ℓ. (n, 1)"""
        loss: Floats = (self.q * self.a).sum(axis=1, keepdims=True)
        return loss

    @property
    def dloss(self) -> Floats:
        """How far the loss of each row may be off: Δℓ. (n, 1)"""
        moves: Floats = (np.abs(self.q) + self.dq) * self.da + times(self.dq, np.abs(self.a))
        total: Floats = moves.sum(axis=1, keepdims=True)
        return total


def rounded_rows(block: Block, spec: Spec) -> RoundedRows:
    """The kept rows of a block, with the half-units that the spec knows."""
    terms, c = block_terms(block, spec), spec.n_classes
    kept, n = terms.kept, len(terms.kept)
    y = terms.label[kept][:, None]
    delta, kappa = (half_units_of(spec.half_units.get(field), block.start, n, c) for field in (spec.scores, "labels"))
    sigma = half_units_of(spec.half_units.get("sample_weight"), block.start, n, 0)
    delta, kappa, sigma = delta[kept], kappa[kept], sigma[kept]
    weight, omega = spec.class_weight, spec.half_units.get("weight", np.zeros(c))
    if terms.losses is None:  # the label alone
        classes, a = y, terms.loss[kept][:, None]
        q, dq, jump = np.ones(y.shape), np.zeros(y.shape), np.zeros(y.shape)
    else:
        classes, a = np.broadcast_to(np.arange(c), (len(y), c)), terms.losses[kept]
        given = (classes == y).astype(np.float64) if terms.target is None else terms.target[kept]
        q, dq = mixed(given, np.ones(given.shape), spec.label_smoothing, c), (1 - spec.label_smoothing) * kappa
        jump = _jump(given, kappa, y, weight, omega)
    off = np.take_along_axis(delta + _largest_other(delta) if spec.scores == "logits" else delta, classes, axis=1)
    return RoundedRows(
        classes=classes,
        at_label=(classes == y).astype(np.float64),
        s=terms.sample_weight[kept][:, None],
        ds=sigma,
        w=weight[classes],
        dw=omega[classes],
        q=q,
        dq=dq,
        a=a,
        da=_error_of_a(a, off, spec.scores),
        jump=jump,
    )


def _error_of_a(a: Floats, off: Floats, scores: ScoreKind) -> Floats:
    """How far each a may be off: Δa, from η for logits, and from δ for the others. Shape of a."""
    if scores == "logits":
        logits: Floats = np.fmin(np.log1p(-np.expm1(-a) * np.expm1(off)), off)
        return logits
    if scores == "probs":
        p = np.exp(-a)
        return np.where(p > off, -np.log1p(-off / p), np.where(off > 0, np.inf, 0.0))
    return off


def _largest_other(delta: Floats) -> Floats:
    """The largest δ of the other classes of a row, 0 where there are none. (n, C)"""
    if delta.shape[1] < 2:
        return np.zeros(delta.shape)
    second, first = np.split(np.sort(delta, axis=1)[:, -2:], 2, axis=1)
    others: Floats = np.where(np.arange(delta.shape[1]) == delta.argmax(axis=1)[:, None], second, first)
    return others


def _jump(q: Floats, kappa: Floats, y: Ints, weight: Floats, omega: Floats) -> Floats:
    """The largest step from w[y] to the weight of a class that may be the argmax as well. (n, 1)"""
    off = kappa + np.take_along_axis(kappa, y, axis=1)
    may = (off > 0) & (q + off >= np.take_along_axis(q, y, axis=1)) & (np.arange(len(weight)) != y)
    step = np.abs(weight - weight[y]) + omega + omega[y]
    largest: Floats = np.where(may, step, 0.0).max(axis=1, keepdims=True, initial=0.0)
    return largest


def times(error: Floats, size: Floats) -> Floats:
    """error · size, where no error times ∞ is none."""
    return np.where(error == 0, 0.0, error * size)
