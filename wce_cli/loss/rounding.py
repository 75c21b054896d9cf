"""How far an answer may be off because its inputs were printed rounded.

A score that is off by at most δ moves logsumexp(x) − x by at most 2δ, a log-probability by δ, −log p by about
δ/p. So the error of a numerator is a numerator itself: of the same batch, with the errors in place of the losses
and every weight by its size. A class weight that is off by ω moves numerator and denominator together:

    L' − L = Σ_c ω_c · (S_c − L·W_c) / (D + ΔD),    S_c = Σ s·ℓ and W_c = Σ s of class c
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import structs

from wce_cli.loss.batch import Batch, Spec
from wce_cli.loss.methods import METHODS, LossValue, loss_values
from wce_cli.loss.placements import Weighting, smoothed_sums
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import Terms, block_terms
from wce_cli.loss.totals import Totals, block_totals


def rounding_errors(batch: Batch, totals: Totals, values: Sequence[LossValue]) -> Mapping[str, float]:
    """By pair: a bound of how far its value can be off, from the half-units of the scores and of the class weight.

    Empty where both are exact. Sums of errors, not a probable error: no input within the printed digits goes
    further.
    """
    spec = batch.spec
    delta, omega = spec.half_units.get(spec.scores, 0.0), spec.half_units.get("weight", 0.0)
    if delta == omega == 0:
        return {}
    size = np.abs(spec.class_weight) + omega
    by_pair = {
        value.pair: value.numerator for value in loss_values(_error_totals(batch, delta), size, spec.label_smoothing)
    }
    ones = {value.pair: value.numerator for value in loss_values(totals, np.ones(spec.n_classes), spec.label_smoothing)}
    return {
        value.pair: (by_pair[value.pair] + _from_weight(value, omega, ones[value.pair], totals, spec))
        / _smallest_denominator(value, omega, totals)
        for value in values
        if math.isfinite(value.value)
    }


def _error_totals(batch: Batch, delta: float) -> Totals:
    """The totals of a batch whose losses are what the true ones may be off by."""
    blocks = list(batch.blocks()) or [batch.block(0, 0)]
    parts = [
        block_totals(_error_terms(block_terms(block, batch.spec), batch.spec, delta), batch.spec.n_classes)
        for block in blocks
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _error_terms(terms: Terms, spec: Spec, delta: float) -> Terms:
    def error(a: Floats) -> Floats:
        if spec.scores == "probs":  # a = −log p, and p may be as small as p − δ
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                p = np.exp(-a)
                return np.where(p > delta, -np.log1p(-delta / p), np.inf)
        return np.full_like(a, 2 * delta if spec.scores == "logits" else delta)

    losses = None if terms.losses is None else error(terms.losses)
    target = None if terms.target is None else np.abs(terms.target)
    own = error(terms.loss) if target is None or losses is None else (target * losses).sum(axis=1)
    return structs.replace(terms, loss=own, losses=losses, target=target, sample_weight=np.abs(terms.sample_weight))


def _from_weight(value: LossValue, omega: float, ones: float, totals: Totals, spec: Spec) -> float:
    """|ΔN − L·ΔD| of an error ω in every class weight."""
    if omega == 0 or not METHODS[value.method].is_weighted:
        return 0.0
    if value.method != "weighted-mean":
        return omega * abs(ones)
    s = totals.s.values()
    if totals.every is None:
        _, s_loss = smoothed_sums(totals, Weighting(np.ones(spec.n_classes)))
        return omega * float(np.abs(s_loss - value.value * s).sum())
    return omega * (abs(ones) + abs(value.value) * float(np.abs(s).sum()))


def _smallest_denominator(value: LossValue, omega: float, totals: Totals) -> float:
    if omega == 0 or value.method != "weighted-mean":
        return abs(value.denominator)
    left = abs(value.denominator) - omega * float(np.abs(totals.s.values()).sum())
    return max(left, 0.0) or math.nan
