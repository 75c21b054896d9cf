"""Every rule of a batch with what it gives, and how far from that a number may be."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wce_cli.answers.identify import SAME, Chance
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import BATCH, METHODS, loss_values
from wce_cli.loss.sums import Floats
from wce_cli.passes.batch_parts import PartSums
from wce_cli.precision.bounds import rounding_errors
from wce_cli.questions.identify.any_size import AnySize
from wce_cli.questions.identify.chance import EDGE, UNITS_ENOUGH, chance, prior_of
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.rules import Rule, rules


class Space:
    """Every rule of a batch up to a depth, with what it gives; shared by all numbers that are asked about it."""

    @np.errstate(all="ignore")  # a rule may overflow or be NaN: then it gives no number
    def __init__(self, batch: Batch, depth: int, items: PartSums | None = None) -> None:
        """`items`: the sums of each item of a batch that is too large to keep, where another pass has made them."""
        self.depth = depth
        listed = list(rules(case_of(batch), depth))
        self.evaluation = Evaluation(batch, listed, items)
        pairs = [(rule, self.evaluation.value(rule)) for rule in listed]
        self.rules = [rule for rule, value in pairs if value is not None]
        """All but those of parts of any size."""
        self._any_size = AnySize.of(self.evaluation) if depth else None
        usual = np.array([value for _, value in pairs if value is not None])
        others = np.empty(0) if self._any_size is None else self._any_size.values
        self.values = np.concatenate([usual, others])
        """What each rule gives, those of parts of any size last. (R,)"""
        self.any_size = np.arange(len(self.values)) >= len(usual)
        self.departures = np.append([len(rule.departures) for rule in self.rules], np.full(len(others), 2)).astype(int)
        self.widening = self._widening(batch)
        """How far each rule may be off because the batch's own numbers were printed rounded (R,)."""

    def _widening(self, batch: Batch) -> Floats:
        """The bound of a standard rule is its pair's; that of an odd one is taken for as much, by its size.

        Where a bound is ∞, nothing is known: the rule is then held to the number's own digits.
        """
        spec = batch.spec
        if not spec.half_units:
            return np.zeros(len(self.values))
        values = loss_values(self.evaluation.totals(), spec.class_weight, spec.label_smoothing)
        errors = rounding_errors(batch, values)
        known = {value.pair: (errors.get(value.pair, 0.0), abs(value.value)) for value in values}
        found = np.zeros(len(self.values))
        for position, rule in enumerate(self.rules):
            method = rule.method if rule.method in METHODS else BATCH  # Σt / N
            error, size = known.get(f"{method}/{rule.placement}", (0.0, 0.0))
            grown = abs(float(self.values[position])) / size if size else 1.0
            found[position] = error * (max(grown, 1.0) if rule.method in METHODS else grown)
        if self._any_size is not None:
            bounds = [known.get(f"{BATCH}/{placement}", (0.0, 0.0)) for placement, _ in self._any_size.kinds]
            error, size = np.array(bounds).reshape(-1, 2)[self._any_size.kind].T
            found[self.any_size] = error * np.where(size > 0, np.abs(self._any_size.values) / size, 1.0)
        return np.where(np.isfinite(found), found, 0.0)

    def rule(self, position: int) -> Rule:
        """One of the rules, those of parts of any size made as they are asked for."""
        if position < len(self.rules):
            return self.rules[position]
        assert self._any_size is not None
        return self._any_size.rule(position - len(self.rules))

    @property
    def most(self) -> int:
        """Departures of the oddest explanation that is tried: a rule of full depth, its last digit cut off."""
        return self.depth + (self.depth > 0)

    def windows(self, number: PrintedNumber, allowed: int, any_size: bool = False) -> tuple[Floats, Floats]:
        """How far under and over what each rule gives a number may be, by size, with so many departures allowed (R,).

        `any_size`: parts of any size are allowed, too, to whose values the number's own digits hold.

        A last digit that is one off is a departure. Beside as many odd parts as are tried at all, it may only be cut
        off: of that there is one for each value, and not two.
        """
        is_tried = np.where(self.any_size, any_size, self.departures <= allowed)
        exact = np.where(is_tried, number.tolerance + self.widening, -np.inf)
        if not self.depth or number.is_asked or abs(number.value) < UNITS_ENOUGH * number.unit:
            return exact, exact
        may_be_off = (self.departures < min(allowed, self.depth)) & ~self.any_size
        may_be_cut = (self.departures == self.depth) & (allowed > self.depth) & ~self.any_size
        off = np.where(may_be_off, exact + number.unit, exact)
        cut = number.unit * (1 - 2 * EDGE) + self.widening  # a whole unit is no cut: that is another last digit
        return np.where(may_be_cut, np.maximum(exact, cut), off), off

    def fits(self, number: PrintedNumber) -> NDArray[np.bool_]:
        """Which rules give the number, with all departures that are tried (R,)."""
        alike: NDArray[np.bool_]
        if not math.isfinite(number.value):
            alike = np.isnan(self.values) if math.isnan(number.value) else self.values == number.value
            return alike
        under, over = self.windows(number, self.most, any_size=True)
        further = self._by_size(number) - abs(number.value)
        edge = number.unit * EDGE
        alike = (further <= under + edge) & (-further <= over + edge)
        return alike

    def chances(self, number: PrintedNumber) -> tuple[Chance, ...]:
        """The chance that a number like this one is explained, by departures allowed."""
        levels = [(allowed, False) for allowed in range(self.most + 1)]
        levels += [(self.most, True)] * bool(self.any_size.any())
        return tuple(
            Chance(allowed, int(within.sum()), _distinct(self.values[within]), self.odds(number, allowed, every), every)
            for allowed, every in levels
            for within in [np.where(self.any_size, every, self.departures <= allowed)]
        )

    def odds(self, number: PrintedNumber, allowed: int, any_size: bool = False) -> float | None:
        """The same with so many departures allowed; None of 0 and of what is not finite."""
        prior = prior_of(number.value, number.unit)
        if prior is None:
            return None
        return chance(self._by_size(number), *self.windows(number, allowed, any_size), number.unit, prior)

    def _by_size(self, number: PrintedNumber) -> Floats:
        """What the rules give, turned to the side of 0 on which the number is (R,)."""
        by_size: Floats = math.copysign(1.0, number.value) * self.values
        return by_size


def is_explained(space: Space, number: PrintedNumber) -> bool:
    """Whether any rule gives the number."""
    return bool(space.fits(number).any())


def _distinct(values: Floats) -> int:
    """How many different numbers: those 1e-9 apart are one."""
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return 0
    return 1 + int((np.diff(finite) > SAME * np.maximum(np.abs(finite[1:]), np.abs(finite[:-1]))).sum())
