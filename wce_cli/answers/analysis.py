"""What a finding reads: everything that was computed and measured for one batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from wce_cli.loss.facts import Facts
    from wce_cli.loss.methods import LossValue
    from wce_cli.loss.spec import Spec
    from wce_cli.loss.totals import Totals

from wce_cli.answers.by_sample import BySample
from wce_cli.answers.report import Measured


class Analysis(Struct, frozen=True, dict=True):
    """All that was computed and measured for one batch. What several findings ask of it is found once, in plain lists:
    most batches have few classes, of which a call of numpy costs more than all that is to be done."""

    spec: Spec
    totals: Totals
    facts: Facts
    values: tuple[LossValue, ...]
    measured: tuple[Measured, ...]
    rounding: Mapping[str, float] = {}
    """By `METHOD/PLACEMENT`: how far its value may be off because the inputs were printed rounded, ∞ without bound."""
    kept_by_part: tuple[int, ...] | None = None
    """The kept samples of each part, where the batch is cut into parts."""
    by_sample: BySample | None = None
    """The samples where each is several rows."""
    along_last_axis: LossValue | None = None
    """torch's mean with the classes on the last axis of the scores, where the labels fit that as well."""

    def value(self, pair: str) -> LossValue | None:
        """The loss value of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if undefined."""
        method, _, placement = pair.partition("/")
        return self._by_pair.get((method, placement or "class"))

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str], LossValue]:
        return {(one.method, one.placement): one for one in self.values}

    @cached_property
    def class_weight(self) -> list[float]:
        """The class weight, ones where none was given."""
        weight: list[float] = self.spec.class_weight.tolist()
        return weight

    @cached_property
    def count(self) -> list[int]:
        """Kept samples by class."""
        count: list[int] = self.totals.count.tolist()
        return count

    @cached_property
    def present(self) -> list[int]:
        """The classes that have a kept sample."""
        return [c for c, count in enumerate(self.count) if count]

    @cached_property
    def kept_weights(self) -> set[float]:
        """`Facts.kept_weights` for the weights of the spec, in plain numbers: of few classes that is much quicker."""
        weight, (low, high) = self.class_weight, self.facts.s
        ends = zip(weight, low.tolist(), high.tolist(), strict=True)
        return {w * s for w, smallest, largest in ends if smallest <= largest for s in (smallest, largest)}
