"""The methods, as data: what a sum of weighted losses is divided by.

    L = Σₙ tₙ / D

What a term is says the placement (`loss.placements`), what D is the method. Nothing here knows a framework; who
uses what is text with its evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from wce_cli.loss.placements import PLACEMENTS, Placement, Weighting, unweighted_numerator
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals


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


def _nonzero_count(totals: Totals, asked: Weighting, placement: Placement) -> float | None:
    by_label = placement.by_label(totals, asked)
    return None if by_label is None else 1.0 * (totals.count_weighted * (by_label != 0)).sum(axis=-1)


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
            lambda totals, asked, placement: 1.0 * totals.n,
        ),
        Method(
            "kept-mean",
            "N kept",
            "divides by the number of samples that are not ignored, whatever they weigh",
            ("keras 3.15.1 ignore_class=, placement sample (measured)",),
            "https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",
            _ALL,
            lambda totals, asked, placement: 1.0 * totals.n_kept,
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
            lambda totals, asked, placement: 1.0 * totals.n * asked.weight.shape[-1],
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
            lambda totals, asked, placement: 1.0 * totals.n_kept,
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
                denominator = float(denominator)
                numerator = numerators[name] if method.is_weighted else unweighted_numerator(totals, asked)
                values.append(LossValue(method.name, name, numerator, denominator, divide(numerator, denominator)))
    return tuple(values)


def divide(numerator: float, denominator: float) -> float:
    """The quotient as IEEE has it: 0/0 and ∞/∞ are NaN, x/0 is ±∞ with the sign of x."""
    if denominator == 0:
        return math.nan if numerator == 0 or math.isnan(numerator) else math.copysign(math.inf, numerator)
    return numerator / denominator
