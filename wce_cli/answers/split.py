"""What `split` answers, as plain numbers and text: its fields are the JSON schema `wce.split/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from wce_cli.answers.base import Answer
from wce_cli.answers.pairs import Paired, row_of_pair
from wce_cli.answers.report import BatchPart, CriterionPart, Finding
from wce_cli.errors import counted
from wce_cli.loss.methods import divide

SCHEMA = "wce.split/1"


class CutPart(Struct, frozen=True):
    """How the batch was cut."""

    size: int | None
    """Items of a block, where all but the last have as many."""
    sizes: tuple[int, ...] | None
    ranks: int
    shuffle: int | None
    """The seed of the permutation; None: in their order."""
    items: int
    """How many there are of what is cut."""
    by: Literal["sample", "row"]
    """What that is: what stands along the first axis of the batch, or its rows."""


class PartRow(Struct, frozen=True, gc=False):
    """One part."""

    part: int
    rank: int
    step: int
    """Which of its rank's parts it is, from 0."""
    n: int
    n_kept: int
    items: tuple[int, ...] | None
    """Its items, in the order of the batch; None of a large batch."""


class SplitMethod(Paired, frozen=True):
    """One (method, placement) pair, of the whole batch and of its parts. Lists have one number a part."""

    formula: str
    numerator: float
    denominator: float
    value: float
    """Of the whole batch."""
    mean_of_parts: float
    difference: float
    """mean_of_parts − value"""
    factor: float | None
    """mean_of_parts / value; None where the value is 0 or one of them is not finite."""
    remedy: float
    """Σ of the parts' numerators, each divided by the D of the whole batch."""
    gradient: float
    """1 / D: what the gradient of each w·ℓ is multiplied by in the whole batch."""
    numerators: tuple[float, ...]
    denominators: tuple[float, ...]
    values: tuple[float, ...]
    gradients: tuple[float | None, ...]
    """1 / (k · D) of each of k parts: the same, in the mean of the parts. None of a part without a kept sample."""

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """By part: how many times its gradient in the whole batch a sample has in the mean of the parts."""
        return tuple(None if part is None else divide(part, self.gradient) for part in self.gradients)


class Split(Answer, frozen=True):
    """The answer; its fields are the JSON."""

    question: ClassVar[str] = "split"

    schema: str
    batch: BatchPart
    cut: CutPart
    parts: tuple[PartRow, ...]
    parts_total: int
    """All of them. Where fewer are listed, in `parts` and in the lists of the methods, they are the first, and those
    that differ most."""
    methods: tuple[SplitMethod, ...]
    notes: tuple[str, ...]
    """What is to be known of single parts."""
    findings: tuple[Finding, ...]
    criterion: CriterionPart | None = None
    """The loss that was given beside the batch; None where none was."""

    def method(self, pair: str) -> SplitMethod | None:
        """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if undefined here."""
        return row_of_pair(self.methods, pair)

    def __repr__(self) -> str:
        values = ", ".join(f"{row.pair}={row.value:.6g}→{row.mean_of_parts:.6g}" for row in self.methods[:3])
        return f"<wce split of {self.batch.n} samples into {counted(len(self.parts), 'part', 'parts')}: {values}>"
