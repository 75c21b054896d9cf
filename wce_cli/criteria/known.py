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


class Parameter(Struct, frozen=True):
    """A parameter of a criterion."""

    name: str
    means: Means = ""
    default: Any = None
    by_name_only: bool = False


class Pairs(Struct, frozen=True):
    """What a reduction is, as METHOD/PLACEMENT; None where it returns one number a sample, or is refused."""

    index: str | None
    """Of index labels."""
    soft: str | None
    """Of probability labels."""
    ignoring: str | None = None
    """Of index labels where a label is told to be ignored, if that is another."""


class KnownCriterion(Struct, frozen=True):
    """A loss of a framework."""

    name: str
    framework: str
    """As it is written: PyTorch."""
    homes: tuple[str, ...]
    """What may stand before the name, in code and in `__module__`: `nn`, `torch.nn`, nothing."""
    made: tuple[Parameter, ...]
    """Those it is made with; none of a function, which is called at once."""
    called: tuple[Parameter, ...]
    """Those it is called with."""
    scores: ScoreKind
    """What it takes, where its settings do not say otherwise (Keras' from_logits)."""
    labels: tuple[Literal["index", "probability"], ...]
    pairs: Mapping[str, Pairs]
    """By reduction, in the framework's words."""
    reduction: str
    """The one by default."""
    of_nothing: Literal["quotient", "zero", "refused"] = "quotient"
    """What it returns where the weights it divides by add up to 0."""

    @property
    def is_function(self) -> bool:
        """Whether it is called with the arrays at once."""
        return not self.made

    def parameters(self) -> dict[str, Parameter]:
        """All of them by name."""
        return {one.name: one for one in (*self.made, *self.called)}


INPUT, TARGET = Parameter("input", "scores", REQUIRED), Parameter("target", "labels", REQUIRED)
SMOOTHING = Parameter("label_smoothing", "label_smoothing", 0.0)
TORCHS = (
    Parameter("weight", "weight"),
    Parameter("size_average", "size_average"),
    Parameter("ignore_index", "ignore_index", -100),
    Parameter("reduce", "reduce"),
    Parameter("reduction", "reduction", "mean"),
)
"""What the losses of classes of PyTorch 2.13 have in common, in the order of their signatures."""
TORCH_PAIRS = {"mean": Pairs(WEIGHTED, BATCH), "sum": Pairs(SUM, SUM), "none": Pairs(None, None)}
NLL_PAIRS = {"mean": Pairs(WEIGHTED, None), "sum": Pairs(SUM, None), "none": Pairs(None, None)}
"""A negative log-likelihood takes index labels alone."""
MODULES, FUNCTIONAL = ("torch.nn", "nn", "torch.nn.modules.loss", ""), ("torch.nn.functional", "nn.functional", "F", "")

KNOWN: dict[str, KnownCriterion] = {
    one.name: one
    for one in (
        KnownCriterion(
            "CrossEntropyLoss",
            "PyTorch",
            MODULES,
            made=(*TORCHS, SMOOTHING),
            called=(INPUT, TARGET),
            scores="logits",
            labels=("index", "probability"),
            pairs=TORCH_PAIRS,
            reduction="mean",
        ),
        KnownCriterion(
            "NLLLoss",
            "PyTorch",
            MODULES,
            made=TORCHS,
            called=(INPUT, TARGET),
            scores="log_probs",
            labels=("index",),
            pairs=NLL_PAIRS,
            reduction="mean",
        ),
        KnownCriterion(
            "cross_entropy",
            "PyTorch",
            FUNCTIONAL,
            made=(),
            called=(INPUT, TARGET, *TORCHS, SMOOTHING),
            scores="logits",
            labels=("index", "probability"),
            pairs=TORCH_PAIRS,
            reduction="mean",
        ),
        KnownCriterion(
            "nll_loss",
            "PyTorch",
            FUNCTIONAL,
            made=(),
            called=(INPUT, TARGET, *TORCHS),
            scores="log_probs",
            labels=("index",),
            pairs=NLL_PAIRS,
            reduction="mean",
        ),
    )
}
"""The losses that are known, by the last part of their name."""
