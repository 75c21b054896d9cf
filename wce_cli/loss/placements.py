"""The placements, as data: how the class weight enters, and what that makes of `Totals`.

A placement turns a sample into a pair (term tₙ, weight wₙ). The sums of both are dot products of `Totals` with a
weight vector, so one pass answers every weight and every ε. Without smoothing, what
is said here of one batch holds for a stack of them too (`loss.fast.tiny_batches`): arrays with one more axis before
the classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats, Sums
from wce_cli.loss.terms import mixed
from wce_cli.loss.totals import EveryClass, Totals


class Weighting(Struct, frozen=True):
    """A class weight (C,) and a label smoothing ε, to ask `Totals` with."""

    weight: Floats
    smoothing: float = 0.0


class Placement(Struct, frozen=True):
    """How the class weight enters: the pair (tₙ, wₙ) of a sample."""

    name: str
    term: str
    weight: str
    summary: str
    used_by: str
    numerator: Callable[[Totals, Weighting], float]
    weight_sum: Callable[[Totals, Weighting], float | None]
    """Σ wₙ over the kept samples; None where wₙ is undefined."""
    by_label: Callable[[Totals, Weighting], Floats | None]
    """wₙ / s by label, where it depends on the label alone; else None."""


def _mix(smoothing: float, own: Callable[[], float], everywhere: Callable[[], float], c: int) -> float:
    """`mixed` of two sums. One that has no share is not asked for: without smoothing nobody has kept the other."""
    if smoothing == 0:
        return own()
    return float(mixed(own() if smoothing < 1 else 0.0, everywhere(), smoothing, c)) + 0.0  # of −0 and 0 the latter


def _class_numerator(totals: Totals, asked: Weighting) -> float:
    every, w = totals.every, asked.weight
    c = w.shape[-1]

    def own() -> float:
        if every is not None and every.soft is not None:
            return every.soft.s_q_losses.dot(w)
        return totals.s_loss.dot(w, totals.count > 0)

    return _mix(asked.smoothing, own, lambda: _asked(every).s_losses.dot(w), c) if np.any(totals.n_kept) else 0.0


def _sample_numerator(totals: Totals, asked: Weighting) -> float:
    w, present = asked.weight, totals.count > 0
    return _mix(
        asked.smoothing,
        lambda: totals.s_loss.dot(w, present),
        lambda: _asked(totals.every).s_rest.dot(w, present),
        w.shape[-1],
    )


def _label_mix_numerator(totals: Totals, asked: Weighting) -> float:
    every, w, eps = totals.every, asked.weight, asked.smoothing
    if not np.any(totals.n_kept):
        return 0.0
    c, present, ones = w.shape[-1], totals.count > 0, np.ones_like(w)
    by_label = _mixed_weight_by_label(totals, asked)
    if by_label is not None:  # index labels: the mixed weight is one number a class
        return _mix(
            eps,
            lambda: totals.s_loss.dot(by_label, present),
            lambda: _asked(every).s_rest.dot(by_label, present),
            c,
        )
    assert every is not None
    assert every.soft is not None
    soft = every.soft

    def weighed(own: Sums, by_argmax: Sums) -> float:
        """Σ s·(Σ_c w q̃)·X for X = ℓ or R: what the label rows weigh, and what smoothing spreads."""
        return _mix(eps, lambda: own.dot(w), lambda: float(w.sum()) * by_argmax.dot(ones, present), c)

    return _mix(eps, lambda: weighed(soft.s_q_loss, totals.s_loss), lambda: weighed(soft.s_q_rest, every.s_rest), c)


def unweighted_numerator(totals: Totals, asked: Weighting) -> float:
    """Σℓ after smoothing, every class and sample weight 1."""
    present, ones = totals.count > 0, np.ones_like(asked.weight)
    return _mix(
        asked.smoothing,
        lambda: totals.loss.dot(ones, present),
        lambda: _asked(totals.every).rest.dot(ones, present),
        ones.shape[-1],
    )


def smoothed_sums(totals: Totals, asked: Weighting) -> tuple[Floats, Floats]:
    """Σℓ and Σs·ℓ by label after smoothing, each (C,)."""
    loss, s_loss = totals.loss.values(), totals.s_loss.values()
    if asked.smoothing == 0:
        return loss, s_loss
    every, c = _asked(totals.every), len(asked.weight)
    return mixed(loss, every.rest.values(), asked.smoothing, c), mixed(
        s_loss, every.s_rest.values(), asked.smoothing, c
    )


def _asked(every: EveryClass | None) -> EveryClass:
    if every is None:
        raise ValueError("these totals were taken without smoothing: Σ a[c] was not kept")
    return every


def _is_soft(totals: Totals) -> bool:
    return totals.every is not None and totals.every.soft is not None


def _label_weight_sum(totals: Totals, asked: Weighting) -> float:
    return totals.s.dot(asked.weight, totals.count > 0)


def _mix_weight_sum(totals: Totals, asked: Weighting) -> float:
    every, w = totals.every, asked.weight
    if not np.any(totals.n_kept):
        return 0.0

    def own() -> float:
        if every is not None and every.soft is not None:
            return every.soft.s_q.dot(w)
        return _label_weight_sum(totals, asked)

    return _mix(
        asked.smoothing,
        own,
        lambda: float(w.sum()) * totals.s.dot(np.ones(len(w)), totals.count > 0),
        w.shape[-1],
    )


def _mixed_weight_by_label(totals: Totals, asked: Weighting) -> Floats | None:
    if _is_soft(totals):
        return None
    if asked.smoothing == 0:
        return asked.weight
    c = len(asked.weight)
    return mixed(asked.weight, np.full(c, asked.weight.sum()), asked.smoothing, c)


PLACEMENTS: dict[str, Placement] = {
    placement.name: placement
    for placement in (
        Placement(
            "class",
            "s · Σ_c w[c]·q[c]·a[c]",
            "s · w[y] (index labels only)",
            "every class's part of the loss has its own weight",
            "PyTorch, MindSpore, ONNX, Liger",
            _class_numerator,
            lambda totals, asked: None if _is_soft(totals) else _label_weight_sum(totals, asked),
            lambda totals, asked: None if _is_soft(totals) else asked.weight,
        ),
        Placement(
            "sample",
            "wₙ · ℓₙ",
            "s · w[y]; for a probability label y is its argmax",
            "the loss of a sample is multiplied by its label's weight",
            "Keras, TensorFlow 1, MLX, scikit-learn",
            _sample_numerator,
            _label_weight_sum,
            lambda totals, asked: asked.weight,
        ),
        Placement(
            "label-mix",
            "wₙ · ℓₙ",
            "s · Σ_c w[c]·q[c]",
            "the loss of a sample is multiplied by the mixed weight of its label row",
            "Paddle",
            _label_mix_numerator,
            _mix_weight_sum,
            _mixed_weight_by_label,
        ),
    )
}
"""How the class weight can enter. With plain index labels the three are the same pair."""
