"""What a batch gives: every method, every sample's loss and term, each computed when it is asked for first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from wce_cli.answers.pairs import missing_pair
from wce_cli.answers.report import Finding
from wce_cli.batches.batch import Batch
from wce_cli.digits import format_number
from wce_cli.errors import WceError
from wce_cli.loss.methods import METHODS, LossValue, loss_values
from wce_cli.loss.terms import block_terms, listed_numbers
from wce_cli.passes.one_pass import one_pass
from wce_cli.precision.bounds import rounding_errors
from wce_cli.precision.dtype import allowed, allowed_by_row, scale_of

if TYPE_CHECKING:
    from wce_cli.questions.check.naming import Namer


class BatchLosses:
    """What a batch gives, each number computed when it is asked for first."""

    @np.errstate(all="ignore")  # what overflows or is NaN is part of the answer
    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.totals, self.facts = one_pass(batch, top=0)
        values = loss_values(self.totals, batch.spec.class_weight, batch.spec.label_smoothing)
        self.values = {value.pair.removesuffix("/class"): value for value in values}
        errors = rounding_errors(batch, values)
        self.rounding = {
            pair.removesuffix("/class"): error
            for pair, error in errors.items()
            if math.isfinite(error)  # an open bound says nothing, and would let every number pass
        }
        self._namer: Namer | None = None

    def value(self, pair: str) -> LossValue:
        """The loss of METHOD or METHOD/PLACEMENT. Raises WceError if these labels leave it undefined."""
        if pair not in self.values:
            raise WceError(missing_pair(pair, list(self.values), self.batch.spec.is_soft))
        return self.values[pair]

    @np.errstate(all="ignore")
    def listed(self, what: str) -> list[float | None]:
        """ℓ or t of every sample, in the order of the rows; None for an ignored one."""
        found: list[float | None] = []
        for block in self.batch.blocks():
            terms = block_terms(block, self.batch.spec)
            numbers = listed_numbers(terms, what, self.batch.spec)
            found += [n if kept else None for n, kept in zip(numbers.tolist(), terms.kept.tolist(), strict=True)]
        return found

    @np.errstate(all="ignore")
    def scale(self, what: str) -> float:
        """What the rounding of a loss is relative to: the terms it is the sum of, over the denominator; 0 for none."""
        value = self.values.get(what)
        if value is None or not value.denominator:
            return 0.0
        spec = self.batch.spec
        if not METHODS[value.method].is_weighted and (spec.weight is not None or spec.has_sample_weight):
            scale = scale_of(self.batch, value)  # the facts are those of the weighted terms
        else:
            scale = self.facts.reach / abs(value.denominator)
        return scale if math.isfinite(scale) else 0.0

    @np.errstate(all="ignore")
    def allowed(self, what: str, dtype: str) -> float:
        """How far a number that was computed in `dtype` may be from a loss; 0 for one that these labels have not."""
        value = self.values.get(what)
        return 0.0 if value is None or not dtype else allowed(self.batch, value, dtype, self.scale(what))

    @np.errstate(all="ignore")
    def allowed_by_row(self, what: str, dtype: str) -> list[float]:
        """How far each number of a list that was computed in `dtype` may be from a loss or a term."""
        return allowed_by_row(self.batch, what, dtype)

    def doubts(self) -> tuple[Finding, ...]:
        """What there is to doubt about how the batch is read."""
        from wce_cli.questions.explain.doubts import doubts_of

        return doubts_of(self.batch.spec, self.totals, self.facts)

    def namer(self, depth: int) -> Namer:
        """The rules of the batch, read only where a number has failed, and once."""
        if self._namer is None:
            from wce_cli.questions.check.naming import Namer

            self._namer = Namer(self.batch, depth)
        return self._namer

    def why_not_finite(self, value: LossValue) -> str:
        """What makes a loss nan or infinite, in words."""
        totals, facts = self.totals, self.facts
        if totals.n_kept == 0:
            return "every sample is ignored" if totals.n else "there is no sample"
        for bad, word in ((facts.nan_under(self.batch.spec.label_smoothing), "nan"), (facts.infinite, "infinite")):
            if bad.count:
                more = f", and {bad.count - 1} more" if bad.count > 1 else ""
                return f"the loss of sample {self.batch.spec.layout.name(bad.first)} is {word}{more}"
        if value.denominator == 0:
            return f"it divides {format_number(value.numerator)} by 0"
        return f"it is {format_number(value.numerator)} / {format_number(value.denominator)}"


def todays(losses: BatchLosses, whats: Iterable[str]) -> dict[str, float | list[float | None]]:
    """The values of these methods and lists as they are now, in the order given; undefined ones are left out."""
    return {
        what: losses.listed(what) if what.partition("/")[0] not in METHODS else losses.values[what].value
        for what in whats
        if what.partition("/")[0] not in METHODS or what in losses.values
    }
