"""The methods and placements, as data: how weighted losses are summed, and what the sum is divided by.

    L = Σₙ tₙ / D

A placement says how the class weight turns a sample into a pair (term tₙ, weight wₙ); a method says what D
is. Both are dot products of `Totals` with a weight vector, so one pass answers every weight and every ε.
Nothing here knows a framework; who uses what is text with its evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats, Sums
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


class Method(Struct, frozen=True):
    """What the sum of the terms is divided by."""

    name: str
    formula: str
    """The denominator, as tables show it."""
    summary: str
    used_by: tuple[str, ...]
    """Who computes it, each with version and evidence: measured, or the place of the source that was read."""
    source: str
    placements: tuple[str, ...]
    denominator: Callable[[Totals, Weighting, Placement], float | None]
    """D; None where the pair is undefined for these labels."""
    is_weighted: bool = True
    """False: class and sample weights count as 1."""

    def formula_for(self, placement: str, is_soft: bool, has_sample_weight: bool = False) -> str:
        """The denominator in letters: where it holds weights, those of the placement, and s where there is one."""
        if self.name != "weighted-mean":
            return self.formula
        weight = "w·q" if placement == "label-mix" else "w[argmax q]" if is_soft else "w[y]"
        return f"Σ s·{weight}" if has_sample_weight else f"Σ {weight}"


class LossValue(Struct, frozen=True):
    """One answer: numerator / denominator = value, in nats."""

    method: str
    placement: str
    numerator: float
    denominator: float
    value: float

    @property
    def pair(self) -> str:
        """`METHOD/PLACEMENT`, the notation of every option, key and report."""
        return f"{self.method}/{self.placement}"


def _mix(smoothing: float, own: Callable[[], float], spread: Callable[[], float], c: int) -> float:
    """(1 − ε)·own + (ε/C)·spread; a part with the factor 0 is not touched, so ∞ in it is harmless."""
    if smoothing == 0:
        return own()
    if smoothing == 1:
        return spread() / c
    return (1 - smoothing) * own() + smoothing / c * spread()


def _class_numerator(totals: Totals, asked: Weighting) -> float:
    every, w = totals.every, asked.weight
    c = len(w)

    def own() -> float:
        if every is not None and every.soft is not None:
            return every.soft.s_q_losses.dot(w)
        return totals.s_loss.dot(w, totals.count > 0)

    return _mix(asked.smoothing, own, lambda: _asked(every).s_losses.dot(w), c) if totals.n_kept else 0.0


def _sample_numerator(totals: Totals, asked: Weighting) -> float:
    w, present = asked.weight, totals.count > 0
    return _mix(
        asked.smoothing,
        lambda: totals.s_loss.dot(w, present),
        lambda: _asked(totals.every).s_rest.dot(w, present),
        len(w),
    )


def _label_mix_numerator(totals: Totals, asked: Weighting) -> float:
    every, w, eps = totals.every, asked.weight, asked.smoothing
    if not totals.n_kept:
        return 0.0
    c, present, ones = len(w), totals.count > 0, np.ones(len(w))
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

    def mixed(own: Sums, by_argmax: Sums) -> float:
        """Σ s·(Σ_c w q̃)·X for X = ℓ or R: what the label rows weigh, and what smoothing spreads."""
        return _mix(eps, lambda: own.dot(w), lambda: float(w.sum()) * by_argmax.dot(ones, present), c)

    return _mix(eps, lambda: mixed(soft.s_q_loss, totals.s_loss), lambda: mixed(soft.s_q_rest, every.s_rest), c)


def _unweighted_numerator(totals: Totals, asked: Weighting) -> float:
    present, ones = totals.count > 0, np.ones(len(asked.weight))
    return _mix(
        asked.smoothing,
        lambda: totals.loss.dot(ones, present),
        lambda: _asked(totals.every).rest.dot(ones, present),
        len(ones),
    )


def smoothed_sums(totals: Totals, asked: Weighting) -> tuple[Floats, Floats]:
    """Σℓ and Σs·ℓ by label after smoothing, each (C,)."""
    loss, s_loss = totals.loss.values(), totals.s_loss.values()
    if asked.smoothing == 0:
        return loss, s_loss
    every, spread = _asked(totals.every), asked.smoothing / len(asked.weight)
    rest, s_rest = spread * every.rest.values(), spread * every.s_rest.values()
    if asked.smoothing == 1:
        return rest, s_rest
    return (1 - asked.smoothing) * loss + rest, (1 - asked.smoothing) * s_loss + s_rest


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
    if not totals.n_kept:
        return 0.0

    def own() -> float:
        if every is not None and every.soft is not None:
            return every.soft.s_q.dot(w)
        return _label_weight_sum(totals, asked)

    return _mix(
        asked.smoothing,
        own,
        lambda: float(w.sum()) * totals.s.dot(np.ones(len(w)), totals.count > 0),
        len(w),
    )


def _mixed_weight_by_label(totals: Totals, asked: Weighting) -> Floats | None:
    if _is_soft(totals):
        return None
    if asked.smoothing == 0:
        return asked.weight
    spread = np.full(len(asked.weight), asked.weight.mean() * asked.smoothing)
    return spread if asked.smoothing == 1 else (1 - asked.smoothing) * asked.weight + spread


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


def _nonzero_count(totals: Totals, asked: Weighting, placement: Placement) -> float | None:
    by_label = placement.by_label(totals, asked)
    return None if by_label is None else float(totals.count_weighted[by_label != 0].sum())


_ALL = tuple(PLACEMENTS)
_TORCH = "torch 2.13.0"

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "weighted-mean",
            "Σ w[y]",
            "divides by the weights of the labels in the batch; a batch of one class cannot see its weight",
            (
                f"{_TORCH} cross_entropy and nll_loss, index labels (measured)",
                "onnxruntime 1.32.0 and onnx 1.23.2 SoftmaxCrossEntropyLoss (measured)",
                "scikit-learn 1.9.1 log_loss(sample_weight=) (measured)",
                "keras 3.15.1 reduction='mean_with_sample_weight', placement sample (measured)",
                "optax 0.2.8 with jnp.average(losses, weights=w[y]), placement sample (measured)",
                "paddle 3.3.1 F.cross_entropy, index and soft labels, placement label-mix (measured)",
                "tensorflow 2.21.0 compat.v1.losses, Reduction.MEAN, placement sample (measured)",
            ),
            "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
            _ALL,
            lambda totals, asked, placement: placement.weight_sum(totals, asked),
        ),
        Method(
            "batch-mean",
            "N",
            "divides by the number of samples, ignored ones counted",
            (
                f"{_TORCH} cross_entropy with probability labels (measured)",
                f"{_TORCH} cross_entropy(reduction='none').mean() (measured)",
                "keras 3.15.1 losses by default, with class_weight, placement sample (measured)",
                "optax 0.2.8 (w[y]*losses).mean() (measured)",
                "tensorflow 2.21.0 compat.v1.losses, SUM_OVER_BATCH_SIZE, placement sample (measured)",
            ),
            "https://keras.io/api/losses/",
            _ALL,
            lambda totals, asked, placement: float(totals.n),
        ),
        Method(
            "kept-mean",
            "N kept",
            "divides by the number of samples that are not ignored, whatever they weigh",
            ("keras 3.15.1 ignore_class=, placement sample (measured)",),
            "https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",
            _ALL,
            lambda totals, asked, placement: float(totals.n_kept),
        ),
        Method(
            "nonzero-mean",
            "N with w ≠ 0",
            "divides by the number of kept samples whose weight is not 0",
            (
                "tensorflow 2.21.0 compat.v1.losses by default, SUM_BY_NONZERO_WEIGHTS, placement sample (measured)",
                "tensorflow.js 4.22.0 tf.losses.softmaxCrossEntropy by default, placement sample (measured)",
            ),
            "https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses/Reduction",
            _ALL,
            _nonzero_count,
        ),
        Method(
            "element-mean",
            "N · C",
            "divides by the number of scores: the mean over a one-hot product",
            ("hand-written means over a (N, C) product (source: MONAI 1.6.1 monai/losses/focal_loss.py)",),
            "https://docs.monai.io/en/stable/losses.html#focalloss",
            _ALL,
            lambda totals, asked, placement: float(totals.n) * len(asked.weight),
        ),
        Method(
            "sum",
            "1",
            "does not divide",
            (f"{_TORCH} cross_entropy(reduction='sum') (measured)",),
            "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.cross_entropy.html",
            _ALL,
            lambda totals, asked, placement: 1.0,
        ),
        Method(
            "unweighted-mean",
            "N kept, w = 1",
            "leaves class and sample weights out and divides by the number of kept samples",
            (f"{_TORCH} cross_entropy(weight=None) (measured)",),
            "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.cross_entropy.html",
            ("class",),
            lambda totals, asked, placement: float(totals.n_kept),
            is_weighted=False,
        ),
    )
}
"""The methods to answer with, in the order they are shown."""


def loss_values(totals: Totals, weight: Floats, smoothing: float = 0.0) -> tuple[LossValue, ...]:
    """Every defined (method, placement) pair of these totals, for a class weight (C,) and a smoothing ε."""
    asked = Weighting(weight, smoothing)
    values = []
    with np.errstate(invalid="ignore", over="ignore"):  # a weight may be ∞: the answer is then ∞ or NaN
        numerators = {name: placement.numerator(totals, asked) for name, placement in PLACEMENTS.items()}
        for method in METHODS.values():
            for name in method.placements:
                denominator = method.denominator(totals, asked, PLACEMENTS[name])
                if denominator is None:
                    continue
                numerator = numerators[name] if method.is_weighted else _unweighted_numerator(totals, asked)
                values.append(LossValue(method.name, name, numerator, denominator, divide(numerator, denominator)))
    return tuple(values)


def divide(numerator: float, denominator: float) -> float:
    """The quotient as IEEE has it: 0/0 and ∞/∞ are NaN, x/0 is ±∞ with the sign of x."""
    if denominator == 0:
        return math.nan if numerator == 0 or math.isnan(numerator) else math.copysign(math.inf, numerator)
    return numerator / denominator
