"""What every rule makes of one batch: one pass over the rows, then dot products.

All rules that share a reading of the scores share the totals of that reading; the weights, the smoothing and the
method are asked of those. Only the means over parts need more: of so many rows the rows themselves, and are tried
where the batch is small enough to keep them; of so many items the sums of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from msgspec import structs

from wce_cli.batches.batch import Batch, WrongRows
from wce_cli.loss.layout import Dropped
from wce_cli.loss.methods import METHODS, divide
from wce_cli.loss.placements import PLACEMENTS, Weighting, unweighted_numerator
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import Terms, pairs, smoothed_losses
from wce_cli.loss.totals import Totals, block_totals
from wce_cli.passes.batch_parts import Cut, PartSums
from wce_cli.passes.one_pass import cut_pass, one_pass
from wce_cli.questions.identify.large_batches import totals_by_reading
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.odd_ways import (
    ENTRIES,
    ODD_METHODS,
    POSITIONS,
    SMOOTHINGS,
    STANDARD,
    odd_method,
)
from wce_cli.questions.identify.pairings import PAIRINGS, pairings_of
from wce_cli.questions.identify.part_means import Summands, sum_of_means
from wce_cli.questions.identify.parts import PartMethod
from wce_cli.questions.identify.rereading import Asked, reread
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.scope import RuleScope
from wce_cli.questions.identify.twists import TWISTS

KEPT_SCORES = 1 << 17
"""A batch of so many scores is kept in memory, for the rules that need it as a whole."""


def by_item(batch: Batch) -> Cut | None:
    """One part an item, for the pass over a batch that is too large to keep; None where that has no rules."""
    case = case_of(batch)
    return None if case.fits_memory or case.parted in (1, case.n) else Cut(case.items, batch.positions, size=1)


def case_of(batch: Batch) -> RuleScope:
    """What of a batch decides which rules there are."""
    spec, n = batch.spec, batch.n_samples
    is_kept = n * spec.n_classes <= KEPT_SCORES
    return RuleScope(
        spec.scores,
        spec.is_soft,
        n,
        batch.items,
        spec.n_classes,
        spec.weight,
        spec.has_sample_weight,
        spec.label_smoothing,
        is_kept,
        spec.layout.shift,
        pairings_of(batch, is_kept),
    )


class Evaluation:
    """The totals of a batch by reading, and what rules make of them. Everything asked twice is computed once."""

    def __init__(self, batch: Batch, rules: Iterable[Rule], items: PartSums | None = None) -> None:
        """`items`: the sums of each item, where another pass has made them."""
        self.batch = batch
        self.spec = batch.spec
        self.case = case_of(batch)
        self.class_weight = self.spec.class_weight
        needed = {(STANDARD, "label"), *((rule.reading, _rows_of(rule)) for rule in rules)}
        self._items = items
        self._paired: dict[str, Totals | None] = {}
        self._totals: dict[Asked, Totals] = {}
        self._terms: dict[Asked, list[Terms]] = {}
        self._numerators: dict[tuple[str, ...], float] = {}
        self._denominators: dict[tuple[str, ...], float | None] = {}
        self._summands: dict[tuple[str, ...], Summands] = {}
        if self.case.fits_memory:
            self._keep(needed)
        else:
            self._totals = totals_by_reading(batch, needed)

    def totals(self, reading: str = STANDARD, rows: str = "label") -> Totals:
        """The totals of one reading, summed by label, prediction, …"""
        return self._totals[reading, rows]

    def value(self, rule: Rule) -> float | None:
        """The number that a rule gives, in nats where its reading does; None where it is undefined here."""
        fraction = self.fraction(rule)
        if fraction is None:
            return None
        value = divide(*fraction)
        return TWISTS[rule.twist].of(value, self.case.n) if rule.twist else value

    def fraction(self, rule: Rule) -> tuple[float, float] | None:
        """Numerator and denominator of a rule before its twist; None where it is undefined here."""
        if rule.method not in METHODS and rule.method not in ODD_METHODS:
            return self._of_parts(rule)
        above, below, factor = self.asked(rule)
        placement = PLACEMENTS[rule.placement]
        totals = self._totals_by(rule)
        if totals is None:
            return None
        both = factor * factor if rule.placement == "label-mix" else factor
        if rule.method in ODD_METHODS:
            odd = ODD_METHODS[rule.method]
            if odd.before_shift:
                return self._over(self.before_shift(odd.before_shift), both * placement.numerator(totals, above))
            assert odd.ratio is not None
            numerator, denominator = odd.ratio(totals, above, below, placement)
            return both * numerator, (factor if odd.below == "label-mix" else 1.0) * denominator
        method = METHODS[rule.method]
        entering = (rule.entry, rule.smoothing, rule.placement)
        key = (rule.pairing, rule.reading, *entering, str(method.is_weighted))
        if key not in self._numerators:
            numerator = (
                placement.numerator(totals, above) if method.is_weighted else unweighted_numerator(totals, above)
            )
            self._numerators[key] = both * numerator
        below_key = (rule.pairing, rule.method, *entering, str(self._takes_weight(rule)))
        if below_key not in self._denominators:
            found = method.denominator(totals, below, placement)
            is_mixed = method.adds_weights and rule.placement == "label-mix"
            self._denominators[below_key] = factor * found if is_mixed and found is not None else found
        divisor = self._denominators[below_key]
        return None if divisor is None else (self._numerators[key], divisor)

    def _totals_by(self, rule: Rule) -> Totals | None:
        """The totals that a rule is asked of; None where the batch has no such pairing."""
        if not rule.pairing:
            return self._totals[rule.reading, _rows_of(rule)]
        if rule.pairing not in self.case.pairings:
            return None
        if rule.pairing not in self._paired:
            try:
                found: Totals | None = one_pass(PAIRINGS[rule.pairing].of(self.batch), top=0)[0]
            except WrongRows:  # labels that the shift drops are no classes: nobody computed a loss of them
                found = None
            self._paired[rule.pairing] = found
        return self._paired[rule.pairing]

    def before_shift(self, what: str) -> int | None:
        """How many labels or positions there were before a shift; None where it dropped none that are counted."""
        layout, totals = self.spec.layout, self.totals()
        if not layout.shift:
            return None
        first = math.prod(layout.labels[:-1])
        if what == POSITIONS:
            return totals.n + first
        if not self.spec.is_soft:
            dropped = structs.replace(
                self.batch, labels=self.batch.labels.dropping(Dropped(after=layout.labels[-1] - 1))
            )
            first = int((dropped.labels_of(0, first) != self.spec.ignore_index).sum())
        return totals.n_kept + first if first else None

    @staticmethod
    def _over(count: int | None, numerator: float) -> tuple[float, float] | None:
        return None if count is None else (numerator, float(count))

    def pairs(self, rule: Rule) -> tuple[Floats, Floats | None, Terms]:
        """The term and the weight of every row by a rule, before its method; rows that are ignored are 0."""
        assert self.case.fits_memory
        terms = _joined(self._terms[rule.reading, _rows_of(rule)])
        above, below, factor = self.asked(rule)
        term, _ = pairs(terms, above.weight, above.smoothing)[rule.placement]
        _, weight = pairs(terms, below.weight, below.smoothing)[rule.placement]
        both = factor * factor if rule.placement == "label-mix" else factor
        if weight is not None:
            weight = np.where(terms.kept, weight * (factor if rule.placement == "label-mix" else 1.0), 0.0)
        return np.where(terms.kept, both * term, 0.0), weight, terms

    def unweighted(self) -> Floats:
        """ℓ of every row of a batch at hand, after smoothing; 0 where it is ignored. (N,)"""
        terms = _joined(self._terms[STANDARD, "label"])
        return np.where(terms.kept, smoothed_losses(terms, self.spec.label_smoothing), 0.0)

    def asked(self, rule: Rule) -> tuple[Weighting, Weighting, float]:
        """The weighting of the numerator, that of the denominator, and the factor of an odd smoothing."""
        above = below = np.ones(self.case.n_classes) if self._takes_weight(rule) else self.class_weight
        if rule.entry and self.case.weight is not None:
            made = ENTRIES[rule.entry].vectors(self.class_weight, self.case.n)
            assert made is not None
            above, below = made
        eps, factor = self.spec.label_smoothing, 1.0
        if rule.smoothing:
            eps, factor = SMOOTHINGS[rule.smoothing].asked(eps, self.case.n_classes)
        return Weighting(above, eps), Weighting(below, eps), factor

    def _takes_weight(self, rule: Rule) -> bool:
        return rule.reading != STANDARD and ODD_READINGS[rule.reading].takes_weight

    def summands(self, rule: Rule) -> Summands:
        """What of each row parts add up by a rule, before its method; of each item, where the rows are not at hand."""
        key = (rule.reading, rule.entry, rule.smoothing, rule.placement)
        if key not in self._summands:
            is_weighted = self.case.is_weighted
            if self.case.fits_memory:
                term, weight, terms = self.pairs(rule)
                self._summands[key] = Summands.of(term, weight, terms.kept, 1, is_weighted)
            else:
                inner = self.case.positions
                self._summands[key] = Summands.of(*self._of_items(rule.placement), inner, is_weighted)
        return self._summands[key]

    @property
    def items(self) -> PartSums:
        """The sums of each item of a batch that is too large to keep."""
        if self._items is None:
            cut = by_item(self.batch)
            assert cut is not None
            self._items = cut_pass(self.batch, cut)[2]
        return self._items

    def _of_items(self, placement: str) -> tuple[Floats, Floats | None, Ints]:
        """The term, the weight and the kept rows of every item, of the standard reading."""
        sums = self.items
        terms, weights = sums.terms.get(placement, sums.terms["class"]), sums.weights
        weight = weights.get(placement, weights["sample"]).values()
        return terms.values(), None if self.spec.is_soft and placement == "class" else weight, sums.n_kept

    def parts(self, rule: Rule, part: PartMethod) -> tuple[Floats, Floats] | None:
        """(Σt, D) of every part of the batch; None where D is another one."""
        summands = self.summands(rule)
        if part.is_dealt:
            return summands.dealt(part.divisor, self.item_size, part.size)
        return summands.of_parts(part.divisor, part.size * self.item_size if part.of_items else part.size)

    @property
    def item_size(self) -> int:
        """The same of an item."""
        return self.case.positions if self.case.fits_memory else 1

    def _of_parts(self, rule: Rule) -> tuple[float, float] | None:
        """The mean over parts of Σt/Σw, Σt/N or Σt/N kept, as the sum of all over their number."""
        part = part_of(rule)
        assert part is not None
        parts = self.parts(rule, part)
        if parts is None:
            return None
        found, count = sum_of_means(parts)
        return found, 1.0 if part.is_sum else float(count)

    @np.errstate(all="ignore")
    def _keep(self, needed: set[Asked]) -> None:
        """The totals and the terms of every reading that is needed, of a batch that is small enough."""
        columns = None
        if any(name and ODD_READINGS[name].whole_batch for name, _ in needed):
            columns = _column_logsumexp(self.batch.block(0, self.case.n).scores)
        for block in self.batch.blocks() if self.case.n else [self.batch.block(0, 0)]:
            for key, terms in reread(block, self.spec, needed, columns):
                part = block_totals(terms, self.case.n_classes, self.spec.layout.positions)
                self._totals[key] = self._totals[key] + part if key in self._totals else part
                self._terms.setdefault(key, []).append(terms)


def part_of(rule: Rule) -> PartMethod | None:
    """The parts whose means a rule takes; None where it takes none."""
    return None if rule.method in METHODS else odd_method(rule.method).part


def _rows_of(rule: Rule) -> str:
    return ENTRIES[rule.entry].rows if rule.entry else "label"


def _column_logsumexp(scores: Floats) -> Floats:
    """log Σₙ exp(x[n, c]) of every column (C,)."""
    top = scores.max(axis=0) if len(scores) else np.zeros(scores.shape[1])
    total: Floats = top + np.log(np.exp(scores - top).sum(axis=0))
    return total


def _joined(parts: list[Terms]) -> Terms:
    """The terms of all blocks as those of one."""
    if len(parts) == 1:
        return parts[0]

    def whole(field: str) -> Floats | None:
        arrays = [getattr(part, field) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    fields = (name for name in Terms.__struct_fields__ if name != "start")
    return structs.replace(parts[0], **{name: whole(name) for name in fields})
