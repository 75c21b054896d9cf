"""What `sweep` answers, as plain numbers and text: its fields are the JSON schema `wce.sweep/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from msgspec import Struct

from wce_cli.answers.base import Answer
from wce_cli.answers.pairs import Paired, row_named
from wce_cli.answers.report import BatchPart, CriterionPart, Finding
from wce_cli.loss.sums import Floats

SCHEMA = "wce.sweep/1"


class AxisPart(Struct, frozen=True):
    """What goes through the range."""

    kind: Literal["class", "smoothing", "scale"]
    index: int | None
    """The class; None of the other kinds."""
    name: str | None
    given: float
    """Where the batch itself stands."""


class SweptMethod(Paired, frozen=True):
    """One (method, placement) pair: numerator / denominator = value at each place."""

    formula: str
    numerators: tuple[float, ...]
    denominators: tuple[float, ...]
    values: tuple[float, ...]


class Crossing(Struct, frozen=True):
    """Where two methods give one number."""

    one: str
    other: str
    place: float
    value: float


class Sweep(Answer, frozen=True):
    """The answer; its fields are the JSON."""

    question: ClassVar[str] = "sweep"

    schema: str
    batch: BatchPart
    axis: AxisPart
    places: tuple[float, ...]
    methods: tuple[SweptMethod, ...]
    crossings: tuple[Crossing, ...]
    sentences: tuple[str, ...]
    """What the curves show."""
    findings: tuple[Finding, ...] = ()
    """Doubts of how the batch is read."""
    criterion: CriterionPart | None = None
    """The loss that was given beside the batch; None where none was."""

    @property
    def at(self) -> Floats:
        """The places, as an array."""
        return np.array(self.places)

    def values(self, pair: str) -> Floats:
        """The losses by `METHOD/PLACEMENT` (`METHOD` alone means class placement), as an array, in nats.

        Raises WceError if there is no such pair, or if these labels leave it undefined.
        """
        return np.array(self.method(pair).values)

    def method(self, pair: str) -> SweptMethod:
        """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement. Raises WceError if there is none."""
        return row_named(self.methods, pair, self.batch.labels == "probability")

    def __repr__(self) -> str:
        ends = f"{self.places[0]:g} to {self.places[-1]:g}" if self.places else "nowhere"
        return f"<wce sweep of {axis_name(self.axis)} from {ends}, {len(self.places)} points>"


def axis_name(axis: AxisPart) -> str:
    """`the weight of class 0`, `label smoothing`, `the scale of all weights`"""
    if axis.kind == "class":
        return f'the weight of class "{axis.name}"' if axis.name is not None else f"the weight of class {axis.index}"
    return "label smoothing" if axis.kind == "smoothing" else "the scale of all weights"
