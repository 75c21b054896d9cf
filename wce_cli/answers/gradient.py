"""What `gradient` answers, as plain numbers and text: its fields are the JSON schema `wce.gradient/1`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from wce_cli.answers.base import Answer
from wce_cli.answers.pairs import Paired, row_named
from wce_cli.answers.report import BatchPart, CriterionPart, Finding
from wce_cli.errors import counted
from wce_cli.loss.methods import METHODS, divide

SCHEMA = "wce.gradient/1"


class Pull(Struct, frozen=True):
    """The gradient of a sample under one placement, before the division by D."""

    weight: float | None
    """wₙ, the factor on the gradient of the unweighted loss; None where there is no such factor."""
    norm: float
    cosine: float | None
    """With the gradient of the unweighted loss; None where one of them is 0."""


class SampleGradient(Struct, frozen=True):
    """One kept sample."""

    n: int
    index: tuple[int, ...]
    label: int
    """Class index; of a probability label its argmax."""
    norm: float
    """|dℓ/dx| of its unweighted loss."""
    pulls: dict[str, Pull]
    """By placement."""


class ClassGradient(Struct, frozen=True):
    """The kept samples of one class."""

    index: int
    name: str | None
    count: int
    loss_share: float | None
    """Of Σ w·ℓ."""
    share: float | None
    """Of the Σ |gradient| of all samples, under the first placement of the methods."""
    unweighted_share: float | None
    """The same without weights."""


class MethodGradient(Paired, frozen=True):
    """One (method, placement) pair."""

    formula: str
    denominator: float
    norm: float
    """|dL/dX| over all samples together."""
    cosine: float | None
    """With the gradient of unweighted-mean; None where one of them is 0."""

    @property
    def kind(self) -> str:
        """The placement whose pulls it divides, or `unweighted`."""
        return self.placement if METHODS[self.method].is_weighted else "unweighted"


class Gap(Struct, frozen=True):
    """How the gradients of two methods compare."""

    one: str
    other: str
    cosine: float | None
    factor: float | None
    """The gradient of `one` is so many times that of `other`; None where their directions differ."""


class Gradients(Answer, frozen=True):
    """The answer; its fields are the JSON."""

    question: ClassVar[str] = "gradient"

    schema: str
    batch: BatchPart
    samples: tuple[SampleGradient, ...]
    classes: tuple[ClassGradient, ...]
    methods: tuple[MethodGradient, ...]
    gaps: tuple[Gap, ...]
    sentences: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    """Doubts of how the batch is read."""
    criterion: CriterionPart | None = None
    """The loss that was given beside the batch; None where none was."""

    def method(self, pair: str) -> MethodGradient:
        """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement. Raises WceError if there is none."""
        return row_named(self.methods, pair, self.batch.labels == "probability")

    def factor(self, sample: SampleGradient, row: MethodGradient) -> float | None:
        """wₙ / D: what the gradient of a sample's unweighted loss is multiplied by; None where there is no factor."""
        weight = 1.0 if row.kind == "unweighted" else sample.pulls[row.kind].weight
        return None if weight is None else divide(weight, row.denominator)

    def __repr__(self) -> str:
        return f"<wce gradients of {counted(self.batch.n, 'sample', 'samples')} × {self.batch.n_classes} classes>"
