"""The methods, as data: what a sum of weighted losses is divided by.

    L = Σₙ tₙ / D

What a term is says the placement (`loss.placements`), what D is the method: a row says all that others need to know
of it, and nobody asks for its name to know what to compute. Nothing here knows a framework; who uses what is text
with its evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from wce_cli.loss.placements import PLACEMENTS, Placement, Weighting, unweighted_numerator
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals

WEIGHTED, BATCH, SUM, UNWEIGHTED = "weighted-mean", "batch-mean", "sum", "unweighted-mean"
"""The methods of one torch call each, for what is said of them alone: Σt / Σw, Σt / N, Σt and Σℓ / N kept."""


class Known(Struct, frozen=True):
    """Who computes a method, by the name that a user may know; `Method.used_by` has the evidence."""

    index: str = ""
    """Of index labels."""
    unignored: str = ""
    """Who else does where no sample is ignored."""
    placed: Mapping[str, str] = {}
    """By placement, where these are told apart: with smoothing, or with probability labels."""
    soft: str = ""
    """Of probability labels under class placement, where that is somebody else."""
    sampled: str = ""
    """With a sample weight, which PyTorch does not take."""


class Counts(Struct, frozen=True):
    """What there is to be counted of a batch: numbers, or arrays with one a part each."""

    n: Any
    """N: rows, ignored ones counted."""
    kept: Any
    classes: Any
    """C"""
    items: Any
    """Entries of the first axis."""


def is_by_item(counts: Counts) -> bool:
    """Whether every item is a row, so that nothing is told apart by items."""
    return bool(np.all(counts.items == counts.n))


class Method(Struct, frozen=True):
    """What the sum of the terms is divided by."""

    name: str
    formula: str
    """The denominator, as tables show it; `w[y]` in it is the weight of a sample."""
    summary: str
    used_by: tuple[str, ...]
    """Who computes it, each with version and evidence: measured, or the place of the source that was read."""
    source: str
    placements: tuple[str, ...]
    kind: Literal["count", "weights", "nonzero", "bent"]
    """How D is made of the kept samples, which says how it moves as a weight does:

    count    it is a count, whatever they weigh
    weights  their weights added up
    nonzero  the number of those whose weight is not 0
    bent     s·f(w) added up, where f is a straight line on either side of 0 and nothing at it: f(w) = |w|
    """
    of: Callable[[Any], Any]
    """A count: Counts → D, of numbers, or of arrays with one a part each. Else w → what a sample of it adds."""
    is_weighted: bool = True
    """False: class and sample weights count as 1."""
    by_item: bool = False
    """It counts items, so that it is another method only where they have several rows."""
    is_torchs: bool = False
    """One plain torch call computes it, so that it is shown whatever the batch."""
    known: Known = Known()
    advice: str = ""
    """What to change to get torch's mean, for who computes this."""

    def denominator(self, totals: Totals, asked: Weighting, placement: Placement) -> float | None:
        """D; None where the pair is undefined for these labels."""
        if self.kind == "count":
            counts = Counts(totals.n, totals.n_kept, asked.weight.shape[-1], totals.items)
            return None if self.by_item and is_by_item(counts) else 1.0 * self.of(counts)
        if self.kind == "weights":
            return placement.weight_sum(totals, asked)
        by_label = placement.by_label(totals, asked)
        if by_label is None:
            return None
        if self.kind == "nonzero":
            return 1.0 * (totals.count_weighted * self.of(by_label)).sum(axis=-1)  # type: ignore[no-any-return]
        return totals.s.dot(self.of(by_label), totals.count > 0)

    @property
    def is_straight(self) -> bool:
        """Whether D is a straight line in every weight: it has no bend or step where one is 0."""
        return self.kind in ("count", "weights")

    @property
    def adds_weights(self) -> bool:
        """Whether D grows as the weights do: all of them times a number above 0 are D times that number."""
        return self.kind in ("weights", "bent")

    @property
    def adds_up(self) -> bool:
        """Whether D of a batch is the sum of what it is of its parts."""
        return self.kind != "count" or bool(self.of(TWICE) == 2 * self.of(SOME_COUNTS))

    @property
    def is_count_of_kept(self) -> bool:
        """Whether D is N kept where every weight is 1."""
        if self.kind != "count":
            return bool(self.of(np.ones(1))[0] == 1)
        return bool(self.of(SOME_COUNTS) == SOME_COUNTS.kept)

    @property
    def divides(self) -> bool:
        """Whether D is anything but 1: a sum over nothing is 0, where other methods have 0/0."""
        return self.kind != "count" or bool(self.of(SOME_COUNTS) != 1)

    def formula_for(self, placement: str, is_soft: bool, has_sample_weight: bool = False) -> str:
        """The denominator in letters: where it holds weights, those of the placement, and s where there is one."""
        weight = "w·q" if placement == "label-mix" else "w[argmax q]" if is_soft else "w[y]"
        return self.formula.replace("w[y]", f"s·{weight}" if has_sample_weight else weight)


SOME_COUNTS = Counts(1009, 997, 991, 983)
"""Those of no batch in particular: what agrees there agrees everywhere."""
TWICE = Counts(2018, 1994, 991, 1966)
"""Those of two such batches."""


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


_ALL = tuple(PLACEMENTS)
_TORCH = "torch 2.13.0"
_MEAN, _NONE, _KERAS = "PyTorch's reduction='mean'", "PyTorch's reduction='none' and then .mean()", "Keras' default"
_KERAS_WEIGHTED, _IGNORING, _TF1 = "Keras' mean_with_sample_weight", "Keras' ignore_class", "TensorFlow 1's default"
_BARE = f"{_MEAN} without weights"
_INSTEAD = "to get torch's mean (weighted-mean)"

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
            "weights",
            lambda w: w,
            is_torchs=True,
            known=Known(
                index=_MEAN,
                placed={"class": _MEAN, "sample": _KERAS_WEIGHTED, "label-mix": "Paddle's cross_entropy"},
                sampled=_KERAS_WEIGHTED,
            ),
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
            "count",
            lambda counts: counts.n,
            is_torchs=True,
            known=Known(
                index=_NONE,
                unignored=_KERAS,
                placed={"class": _NONE, "sample": _KERAS},
                soft=f"{_MEAN} of probability labels",
                sampled=_KERAS,
            ),
            advice=f"{_INSTEAD}, divide the sum by weight[labels].sum(), not by N",
        ),
        Method(
            "kept-mean",
            "N kept",
            "divides by the number of samples that are not ignored, whatever they weigh",
            ("keras 3.15.1 ignore_class=, placement sample (measured)",),
            "https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",
            _ALL,
            "count",
            lambda counts: counts.kept,
            known=Known(index=_IGNORING, placed={"sample": _IGNORING}),
            advice=f"{_INSTEAD}, divide the sum by the weights of the kept labels, not by their number",
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
            "nonzero",
            lambda w: w != 0,
            known=Known(index=_TF1, placed={"sample": _TF1}),
            advice=f"{_INSTEAD}, divide by the sum of the weights, not by how many are not 0",
        ),
        Method(
            "element-mean",
            "N · C",
            "divides by the number of scores: the mean over a one-hot product",
            ("hand-written means over a (N, C) product (source: MONAI 1.6.1 monai/losses/focal_loss.py)",),
            "https://docs.monai.io/en/stable/losses.html#focalloss",
            _ALL,
            "count",
            lambda counts: counts.n * counts.classes,
            known=Known(index="a mean over a one-hot product"),
            advice=f"{_INSTEAD}, sum over the classes, then divide by weight[labels].sum(): mean() of an (N, C) "
            "product divides by N·C",
        ),
        Method(
            "sum",
            "1",
            "does not divide",
            (f"{_TORCH} cross_entropy(reduction='sum') (measured)",),
            "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.cross_entropy.html",
            _ALL,
            "count",
            lambda counts: 1,
            is_torchs=True,
            known=Known(index="PyTorch's reduction='sum'", placed={"class": "PyTorch's reduction='sum'"}),
            advice=f"it does not divide: {_INSTEAD}, divide by weight[labels].sum()",
        ),
        Method(
            "unweighted-mean",
            "N kept, w = 1",
            "leaves class and sample weights out and divides by the number of kept samples",
            (f"{_TORCH} cross_entropy(weight=None) (measured)",),
            "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.cross_entropy.html",
            ("class",),
            "count",
            lambda counts: counts.kept,
            is_weighted=False,
            is_torchs=True,
            known=Known(
                index=_BARE,
                placed={"class": _BARE},
                soft=f"{_MEAN} of probability labels without weights",
                sampled=_BARE,
            ),
        ),
        Method(
            "sample-mean",
            "size of axis 0",
            "divides by the number of sequences or images: the sum over the positions of each, then the mean over them",
            (f"{_TORCH} cross_entropy(reduction='none').flatten(1).sum(1).mean() (measured)",),
            "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.cross_entropy.html",
            _ALL,
            "count",
            lambda counts: counts.items,
            by_item=True,
            known=Known(index="the sum over positions, then the mean over the batch"),
            advice=f"{_INSTEAD}, divide the sum by weight[labels].sum() over all positions, not by the size of axis 0",
        ),
    )
}
"""The methods to answer with, in the order they are shown."""
TORCHS = tuple(method.name for method in METHODS.values() if method.is_torchs)
"""Those shown whatever the batch."""
MEANS = tuple(name for name in TORCHS if name != SUM)
"""Those of them on one scale, which curves and directions are compared by."""


def torchs_mean(is_soft: bool) -> str:
    """What PyTorch's mean is: of probability labels it divides by N."""
    return BATCH if is_soft else WEIGHTED


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
