"""Every rule of a batch with what it gives, and how far from that a number may be."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.loss.rounding import rounding_errors
from wce_cli.loss.sums import Floats
from wce_cli.questions.identify import ties
from wce_cli.questions.identify.answer import Chance
from wce_cli.questions.identify.chance import EDGE, ENOUGH, chance, prior_of
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.number import Seen
from wce_cli.questions.identify.rules import rules


class Space:
    """Every rule of a batch up to a depth, with what it gives; shared by all numbers that are asked about it."""

    @np.errstate(all="ignore")  # a rule may overflow or be NaN: then it gives no number
    def __init__(self, batch: Batch, depth: int) -> None:
        self.depth = depth
        listed = list(rules(case_of(batch), depth))
        self.evaluation = Evaluation(batch, listed)
        pairs = [(rule, self.evaluation.value(rule)) for rule in listed]
        self.rules = [rule for rule, value in pairs if value is not None]
        self.values = np.array([value for _, value in pairs if value is not None])
        self.departures = np.array([len(rule.departures) for rule in self.rules])
        self.prior = prior_of(self.values[self.departures == 0])
        self.widening = self._widening(batch)
        """How far each rule may be off because the batch's own numbers were printed rounded (R,)."""

    def _widening(self, batch: Batch) -> Floats:
        """The bound of a standard rule is its pair's; that of an odd one is taken for as much, by its size.

        Where a bound is ∞, nothing is known: the rule is then held to the number's own digits.
        """
        spec = batch.spec
        if not spec.half_units:
            return np.zeros(len(self.rules))
        values = loss_values(self.evaluation.totals(), spec.class_weight, spec.label_smoothing)
        errors = rounding_errors(batch, values)
        known = {value.pair: (errors.get(value.pair, 0.0), abs(value.value)) for value in values}
        found = np.zeros(len(self.rules))
        for position, rule in enumerate(self.rules):
            method = rule.method if rule.method in METHODS else "batch-mean"
            error, size = known.get(f"{method}/{rule.placement}", (0.0, 0.0))
            grown = abs(float(self.values[position])) / size if size else 1.0
            found[position] = error * (max(grown, 1.0) if rule.method in METHODS else grown)
        return np.where(np.isfinite(found), found, 0.0)

    def slack(self, number: Seen, depth: int) -> Floats:
        """How much further a number may be from each rule because its last digit was rounded wrongly (R,)."""
        one_off = 0.0 if number.is_asked else number.unit
        return np.where(self.departures < depth, one_off, 0.0)

    def fits(self, number: Seen) -> NDArray[np.bool_]:
        """Which rules give the number (R,)."""
        if not math.isfinite(number.value):
            alike: NDArray[np.bool_] = (
                np.isnan(self.values) if math.isnan(number.value) else self.values == number.value
            )
            return alike
        windows = number.tolerance + self.widening
        if abs(number.value) >= ENOUGH * number.unit:
            windows = windows + self.slack(number, self.depth)
        found: NDArray[np.bool_] = np.abs(self.values - number.value) <= windows + number.unit * EDGE
        return found

    def chances(self, number: Seen) -> tuple[Chance, ...]:
        """The chance that a number of as many decimals is explained, by departures allowed; of a loss below 0 none is
        told, which no number of the prior is.
        """
        found = []
        for depth in range(self.depth + 1):
            within = self.departures <= depth
            odds = self.odds(number, depth) if number.value > 0 else None
            found.append(Chance(depth, int(within.sum()), _distinct(self.values[within]), odds))
        return tuple(found)

    def odds(self, number: Seen, depth: int) -> float | None:
        """The same for one depth; a number below 0 among those of its own side."""
        if self.prior is None or not math.isfinite(number.value) or number.value == 0:
            return None
        within = self.departures <= depth
        values, windows = self.values[within], number.tolerance + self.widening[within]
        slack = self.slack(number, depth)[within]
        return chance(math.copysign(1.0, number.value) * values, windows, slack, number.unit, self.prior)


def is_explained(space: Space, number: Seen) -> bool:
    """Whether any rule gives the number."""
    return bool(space.fits(number).any())


def _distinct(values: Floats) -> int:
    """How many different numbers: those 1e-9 apart are one."""
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return 0
    return 1 + int((np.diff(finite) > ties.SAME * np.maximum(np.abs(finite[1:]), np.abs(finite[:-1]))).sum())
