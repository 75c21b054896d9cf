"""The kept rows of a block under the class weight and the smoothing of a spec: what sums, facts and lists take."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import label_weights, mixed, placed, row_weights
from wce_cli.loss.totals import KeptRows


class PlacedRows:
    """Kept rows with their pairs, each column computed once, when it is asked for first. Arrays (k,)."""

    def __init__(self, kept: KeptRows, spec: Spec) -> None:
        self.kept, self.spec = kept, spec

    @cached_property
    def loss(self) -> Floats:
        """ℓ, after smoothing."""
        every = self.kept.every
        if every is None:
            return self.kept.loss
        with np.errstate(invalid="ignore", over="ignore"):
            return mixed(self.kept.loss, every.rest, self.spec.label_smoothing, self.spec.n_classes)

    @cached_property
    def by_label(self) -> dict[str, Floats]:
        """wₙ / s by placement, as `label_weights` has it."""
        every = self.kept.every
        mix = None if every is None else every.mix
        return label_weights(self.kept.label, mix, self.spec.class_weight, self.spec.label_smoothing)

    @cached_property
    def weights(self) -> dict[str, Floats]:
        """wₙ by placement, as `row_weights` has it."""
        return row_weights(self.kept.sample_weight, self.by_label)

    @cached_property
    def pairs(self) -> dict[str, tuple[Floats, Floats | None]]:
        """(tₙ, wₙ) by placement, as `placed` has it."""
        term = None if self.kept.every is None else self.kept.every.term
        return placed(self.weights, self.loss, term, self.spec.is_soft)
