"""The losses of frameworks, as data: how each is called, which of its arguments is which of our fields, and which
METHOD/PLACEMENT each of its reductions is. Nothing here imports a framework.

Who reads a line of code (`criteria.read`) and who holds the object itself finds the same row by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from wce_cli.loss.methods import BATCH, SUM, WEIGHTED
from wce_cli.loss.readings import ScoreKind

OfBatch = Literal["scores", "labels", "weight", "sample_weight", "ignore_index", "label_smoothing"]
OfCall = Literal["reduction", "size_average", "reduce", "from_logits", "class_list", "axis", "mask", ""]
Means = OfBatch | OfCall
"""What a parameter is to us: the scores, the labels, a field of ours by its name; something that says how the loss is
read or divided; or nothing that would change the number."""
REQUIRED = "required"
"""The default of a parameter that has none."""
KEPT = "kept-mean"
ADDED = {"mean": BATCH, "sum": SUM, "average": WEIGHTED}
"""By how code adds up one number a sample: the method that it is."""


class Parameter(Struct, frozen=True):
    """A parameter of a criterion."""

    name: str
    means: Means = ""
    default: Any = None
    by_name_only: bool = False


class KnownCriterion(Struct, frozen=True):
    """A loss of a framework."""

    name: str
    framework: str
    """As it is written: PyTorch."""
    package: str
    """What its `__module__` begins with."""
    homes: tuple[str, ...]
    """What may stand before the name in code: `nn`, `torch.nn`, nothing."""
    made: tuple[Parameter, ...]
    """Those it is made with, in order; none of a function, which is called at once."""
    called: tuple[Parameter, ...]
    """Those it is called with."""
    scores: ScoreKind
    """What it takes, where its settings do not say otherwise (Keras' from_logits)."""
    labels: tuple[Literal["index", "probability"], ...]
    placement: Literal["class", "sample"]
    reductions: Mapping[Any, str | None]
    """By reduction, in the framework's words: the method of index labels; None where it adds nothing up."""
    reduction: Any
    """The one that it has where nothing is said."""
    soft: Mapping[Any, str] = {}
    """By reduction: the method of probability labels, where that is another."""
    ignoring: Mapping[Any, str] = {}
    """By reduction: the method where a label is told to be ignored, if that is another."""
    ignores: bool = False
    """Whether it ignores a label without being told to: PyTorch's −100."""
    of_nothing: str = ""
    """What becomes of a sum that is divided by 0, where that is not the quotient of IEEE."""
    compiled: str = ""
    """The loss that model.compile makes of a function that is not called."""

    @property
    def is_function(self) -> bool:
        """Whether it is called with the arrays at once."""
        return not self.made

    def parameters(self) -> dict[str, Parameter]:
        """All of them by name."""
        return {one.name: one for one in (*self.made, *self.called)}

    def has(self, reduction: Any) -> bool:
        """Whether a value is one of its reductions; 1 is not True."""
        return any(type(one) is type(reduction) and one == reduction for one in self.reductions)

    def pair(self, reduction: Any, *, is_soft: bool = False, is_ignoring: bool = False) -> str | None:
        """METHOD or METHOD/PLACEMENT of a reduction; None where it adds nothing up."""
        method = self.reductions[reduction]
        if is_soft:
            method = self.soft.get(reduction, method)
        elif is_ignoring:
            method = self.ignoring.get(reduction, method)
        return self.placed(method)

    def placed(self, method: str | None) -> str | None:
        """A method as a pair, under the placement of this loss."""
        return method if method is None or self.placement == "class" else f"{method}/{self.placement}"


def older_reduction(said: Mapping[str, Any]) -> str | None:
    """What PyTorch makes of size_average and reduce, which override the reduction; None where neither is given."""
    older = [said.get(name) for name in ("size_average", "reduce")]
    if all(value is None for value in older):
        return None
    average, reduces = (value is None or bool(value) for value in older)
    return ("mean" if average else "sum") if reduces else "none"


_TORCH_ARRAYS = (Parameter("input", "scores", REQUIRED), Parameter("target", "labels", REQUIRED))
_SMOOTHING = Parameter("label_smoothing", "label_smoothing", 0.0)
_TORCHS = (
    Parameter("weight", "weight"),
    Parameter("size_average", "size_average"),
    Parameter("ignore_index", "ignore_index", -100),
    Parameter("reduce", "reduce"),
    Parameter("reduction", "reduction", "mean"),
)
"""What PyTorch's losses of classes have in common, in the order of their signatures (2.13)."""
_MODULES = ("torch.nn", "nn", "torch.nn.modules.loss", "")
_FUNCTIONAL = ("torch.nn.functional", "nn.functional", "functional", "F", "")


def _torchs(name: str, scores: ScoreKind, *, smoothed: bool, is_function: bool) -> KnownCriterion:
    """PyTorch's: the mean divides by the weights of the labels, of probability labels by N."""
    own = (*_TORCHS, _SMOOTHING) if smoothed else _TORCHS
    return KnownCriterion(
        name,
        "PyTorch",
        "torch",
        _FUNCTIONAL if is_function else _MODULES,
        made=() if is_function else own,
        called=(*_TORCH_ARRAYS, *own) if is_function else _TORCH_ARRAYS,
        scores=scores,
        labels=("index", "probability") if smoothed else ("index",),
        placement="class",
        reductions={"mean": WEIGHTED, "elementwise_mean": WEIGHTED, "sum": SUM, "none": None},
        reduction="mean",
        soft={"mean": BATCH, "elementwise_mean": BATCH},
        ignores=True,
    )


_FROM_LOGITS, _AXIS = Parameter("from_logits", "from_logits", False), Parameter("axis", "axis", -1)
_IGNORE_CLASS = Parameter("ignore_class", "ignore_index")
_OBJECTS = Parameter("reduction", "reduction", "sum_over_batch_size")
_LOSSES = ("keras.losses", "tf.keras.losses", "tensorflow.keras.losses", "losses", "tf.losses", "")
_KERAS_ARRAYS = (Parameter("y_true", "labels", REQUIRED), Parameter("y_pred", "scores", REQUIRED))
_OF_OBJECTS = {
    "sum_over_batch_size": BATCH,
    "mean": BATCH,
    "mean_with_sample_weight": WEIGHTED,
    "sum": SUM,
    "none": None,
    None: None,
}


def _keras(name: str, labels: Literal["index", "probability"], made: tuple[Parameter, ...]) -> KnownCriterion:
    """A loss object of Keras: a sample weight multiplies whole losses, and the mean counts samples."""
    return KnownCriterion(
        name,
        "Keras",
        "keras",
        _LOSSES,
        made=(*made, Parameter("name"), Parameter("dtype")),
        called=(*_KERAS_ARRAYS, Parameter("sample_weight", "sample_weight")),
        scores="probs",
        labels=(labels,),
        placement="sample",
        reductions=_OF_OBJECTS,
        reduction="sum_over_batch_size",
        ignoring={"sum_over_batch_size": KEPT, "mean": KEPT},
        of_nothing="0",
    )


def _keras_function(name: str, of: KnownCriterion, own: tuple[Parameter, ...]) -> KnownCriterion:
    """A function of Keras, which returns one number a sample; model.compile makes the object `of` it."""
    return KnownCriterion(
        name,
        "Keras",
        "keras",
        _LOSSES,
        made=(),
        called=(*_KERAS_ARRAYS, *own, _AXIS),
        scores="probs",
        labels=of.labels,
        placement="sample",
        reductions={None: None},
        reduction=None,
        compiled=of.name,
    )


def _optax(name: str, labels: Literal["index", "probability"], last: tuple[Parameter, ...]) -> KnownCriterion:
    """A function of optax, which returns one number a sample."""
    return KnownCriterion(
        name,
        "optax",
        "optax",
        ("optax", "optax.losses", ""),
        made=(),
        called=(Parameter("logits", "scores", REQUIRED), Parameter("labels", "labels", REQUIRED), _AXIS, *last),
        scores="logits",
        labels=(labels,),
        placement="sample",
        reductions={None: None},
        reduction=None,
    )


_LOG_LOSS = KnownCriterion(
    "log_loss",
    "scikit-learn",
    "sklearn",
    ("sklearn.metrics", "metrics", ""),
    made=(),
    called=(
        Parameter("y_true", "labels", REQUIRED),
        Parameter("y_proba", "scores"),
        Parameter("normalize", "reduction", True, by_name_only=True),
        Parameter("sample_weight", "sample_weight", by_name_only=True),
        Parameter("labels", "class_list", by_name_only=True),
        Parameter("y_pred", "scores", by_name_only=True),
    ),
    scores="probs",
    labels=("index",),
    placement="sample",
    reductions={True: WEIGHTED, False: SUM},
    reduction=True,
    of_nothing="an error",
)

_CATEGORICAL = _keras("CategoricalCrossentropy", "probability", (_FROM_LOGITS, _SMOOTHING, _AXIS, _OBJECTS))
_SPARSE = _keras("SparseCategoricalCrossentropy", "index", (_FROM_LOGITS, _IGNORE_CLASS, _OBJECTS, _AXIS))

KNOWN: dict[str, KnownCriterion] = {
    one.name: one
    for one in (
        _torchs("CrossEntropyLoss", "logits", smoothed=True, is_function=False),
        _torchs("NLLLoss", "log_probs", smoothed=False, is_function=False),
        _torchs("cross_entropy", "logits", smoothed=True, is_function=True),
        _torchs("nll_loss", "log_probs", smoothed=False, is_function=True),
        _CATEGORICAL,
        _SPARSE,
        _keras_function("categorical_crossentropy", _CATEGORICAL, (_FROM_LOGITS, _SMOOTHING)),
        _keras_function("sparse_categorical_crossentropy", _SPARSE, (_FROM_LOGITS, _IGNORE_CLASS)),
        _LOG_LOSS,
        _optax("softmax_cross_entropy", "probability", (Parameter("where", "mask"),)),
        _optax("softmax_cross_entropy_with_integer_labels", "index", (Parameter("where", "mask"),)),
    )
}
"""The losses that are known, by the last part of their name."""
