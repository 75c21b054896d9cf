"""The terms of one block: what each row contributes, and with which weight. No reduction happens here."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.readings import READINGS
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats, Ints

Mixable = TypeVar("Mixable", float, Floats)
"""What smoothing mixes: a number, or an array of them."""


class Terms(Struct, frozen=True):
    """Per-row arithmetic of a block, float64 and free of the class weight and of ε.

    Rows with an ignored label are in the arrays, marked by `kept`; what stands in them is not used.
    """

    start: int
    kept: NDArray[np.bool_]
    label: Ints
    """The class index; for a probability label its argmax, the first on a tie. (n,)"""
    sample_weight: Floats
    """s (n,)"""
    loss: Floats
    """ℓ before smoothing: a[y], or Σ_c q[c]·a[c]. (n,)"""
    losses: Floats | None
    """a = −log p of every class (n, C); only where smoothing or probability labels ask for it."""
    target: Floats | None
    """q, the label row before smoothing (n, C); None for index labels."""
    target_score: Floats | None
    """The score at the label as given (n,); None for probability labels."""
    logsumexp: Floats | None
    """(n,); None where the scores are not logits."""


def block_terms(block: Block, spec: Spec) -> Terms:
    """The terms of a block. An index label without smoothing gathers one score a row, no more."""
    reading = READINGS[spec.scores](block.scores)
    if spec.is_soft:
        target = block.labels.astype(np.float64)
        losses = reading.every()
        with np.errstate(invalid="ignore"):
            loss = (target * losses).sum(axis=1)
        label = np.where(np.isnan(target), -np.inf, target).argmax(axis=1)
        kept = np.ones(len(label), dtype=bool)
        return Terms(
            block.start,
            kept,
            label,
            block.sample_weight,
            loss,
            losses,
            target,
            None,
            reading.logsumexp,
        )
    labels = block.labels.astype(np.int64)
    kept = labels != spec.ignore_index
    label = np.where(kept, labels, 0)
    return Terms(
        block.start,
        kept,
        label,
        block.sample_weight,
        reading.at(label),
        reading.every() if spec.label_smoothing > 0 else None,
        None,
        block.scores[np.arange(len(label)), label],
        reading.logsumexp,
    )


def smoothed_losses(terms: Terms, smoothing: float) -> Floats:
    """ℓ of each row after smoothing: (1 − ε)·ℓ + (ε/C)·Σ_c a[c]. Never weighted. Shape (n,)."""
    if terms.losses is None or smoothing == 0:
        return terms.loss
    c = terms.losses.shape[1]
    with np.errstate(invalid="ignore"):
        return mixed(terms.loss, terms.losses.sum(axis=1), smoothing, c)


def pairs(terms: Terms, weight: Floats, smoothing: float) -> dict[str, tuple[Floats, Floats | None]]:
    """(term tₙ, weight wₙ) of every row by placement; wₙ is None where the placement defines none.

    class      t = s·Σ_c w[c]·q[c]·a[c]    w = s·w[y]              (index labels; q after smoothing)
    sample     t = w·ℓ                     w = s·w[y]              (y: argmax of a probability label)
    label-mix  t = w·ℓ                     w = s·Σ_c w[c]·q[c]
    """
    term, mix = class_terms(terms, weight, smoothing)
    weights = row_weights(terms.sample_weight, label_weights(terms.label, mix, weight, smoothing))
    return placed(weights, smoothed_losses(terms, smoothing), term, mix is not None)


def listed_numbers(terms: Terms, what: str, spec: Spec) -> Floats:
    """What a list holds of every row: `loss` is ℓ after smoothing, `term/PLACEMENT` is t, `term` that of `class`."""
    kind, _, placement = what.partition("/")
    if kind == "loss":
        return smoothed_losses(terms, spec.label_smoothing)
    return pairs(terms, spec.class_weight, spec.label_smoothing)[placement or "class"][0]


def class_terms(terms: Terms, weight: Floats, smoothing: float) -> tuple[Floats | None, Floats | None]:
    """What is summed over the classes of a row by their weights: t of class placement, and Σ_c w[c]·q[c] before
    smoothing. None where the label has all of it: of index labels the latter, and both without smoothing."""
    s, c, a = terms.sample_weight, len(weight), terms.losses
    with np.errstate(invalid="ignore", over="ignore"):
        if terms.target is not None:
            assert a is not None
            own = (weight * terms.target * a).sum(axis=1)
            term = s * mixed(own, (weight * a).sum(axis=1), smoothing, c)
            return term, (weight * terms.target).sum(axis=1)
        if a is None or smoothing == 0:
            return None, None
        return s * mixed(weight[terms.label] * terms.loss, (weight * a).sum(axis=1), smoothing, c), None


def label_weights(label: Ints, mix: Floats | None, weight: Floats, smoothing: float) -> dict[str, Floats]:
    """wₙ / s of rows, of the placements that multiply ℓ by it: one array where the two are one. (n,) each

    `mix`: Σ_c w[c]·q[c] before smoothing; None for index labels.
    """
    own = spread = weight.take(label)
    if mix is not None or smoothing > 0:
        with np.errstate(invalid="ignore", over="ignore"):
            everywhere = np.full(len(own), weight.sum())
            spread = mixed(own if mix is None else mix, everywhere, smoothing, len(weight))
    return {"sample": own, "label-mix": spread}


def row_weights(s: Floats | None, by_label: dict[str, Floats]) -> dict[str, Floats]:
    """wₙ of rows, from what `label_weights` says of them; `s` is None where all are 1. (n,) each"""
    if s is None:
        return by_label
    own, spread = by_label["sample"], by_label["label-mix"]
    with np.errstate(invalid="ignore", over="ignore"):
        weight = s * own
        return {"sample": weight, "label-mix": weight if spread is own else s * spread}


def placed(
    weights: dict[str, Floats], loss: Floats, term: Floats | None, is_soft: bool
) -> dict[str, tuple[Floats, Floats | None]]:
    """The pairs of rows, from the wₙ that `row_weights` has and ℓ after smoothing. (n,) each

    `term`: that of class placement, None where it is s·w[y]·ℓ. What is the same column is the same object.
    """
    own, spread = weights["sample"], weights["label-mix"]
    with np.errstate(invalid="ignore", over="ignore"):
        by_label = own * loss
        return {
            "class": (by_label if term is None else term, None if is_soft else own),
            "sample": (by_label, own),
            "label-mix": (by_label if spread is own else spread * loss, spread),
        }


def mixed(own: Mixable, everywhere: Mixable, smoothing: float, c: int) -> Mixable:
    """(1 − ε)·own + (ε/C)·everywhere, of two numbers or two arrays: the mix that smoothing makes of everything.

    A part with the factor 0 is left out, so that ∞ in it is harmless. Smoothing leaves no share at 0, so
    a 0·∞ in `own` is the ∞ that is in `everywhere`.
    """
    if smoothing == 0:
        return own
    spread = smoothing / c * everywhere
    if smoothing == 1:
        return spread
    both = (1 - smoothing) * own + spread
    if np.isnan(both).any():
        both = np.where(np.isnan(own) & np.isinf(spread), spread, both)[()]  # type: ignore[assignment]  # a number of one
    return both
