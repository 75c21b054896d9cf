"""What every rule makes of one batch: one pass over the rows, then dot products.

All rules that share a reading of the scores share the totals of that reading; the weights, the smoothing and the
method are asked of those. Only the means over batches of so many rows need the rows themselves, and are tried
where the batch is small enough to keep them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from msgspec import structs

from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, divide
from wce_cli.loss.placements import PLACEMENTS, Weighting, unweighted_numerator
from wce_cli.loss.sums import Floats, exact_sum
from wce_cli.loss.terms import Terms, pairs
from wce_cli.loss.totals import Totals, block_totals
from wce_cli.questions.identify.large_batches import totals_by_reading
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.odd_ways import (
    ENTRIES,
    ODD_METHODS,
    SMOOTHINGS,
    STANDARD,
    TWISTS,
    RuleScope,
    odd_method,
)
from wce_cli.questions.identify.rereading import Asked, reread
from wce_cli.questions.identify.rules import Rule

KEPT_SCORES = 1 << 17
"""A batch of so many scores is kept in memory, for the rules that need it as a whole."""


def case_of(batch: Batch) -> RuleScope:
    """What of a batch decides which rules there are."""
    spec, n = batch.spec, batch.n_samples
    return RuleScope(
        spec.scores,
        spec.is_soft,
        n,
        batch.items,
        spec.n_classes,
        spec.weight,
        spec.has_sample_weight,
        spec.label_smoothing,
        n * spec.n_classes <= KEPT_SCORES,
    )


class Evaluation:
    """The totals of a batch by reading, and what rules make of them. Everything asked twice is computed once."""

    def __init__(self, batch: Batch, rules: Iterable[Rule]) -> None:
        self.batch = batch
        self.spec = batch.spec
        self.case = case_of(batch)
        self.class_weight = self.spec.class_weight
        needed = {(STANDARD, "label"), *((rule.reading, _rows_of(rule)) for rule in rules)}
        self._totals: dict[Asked, Totals] = {}
        self._terms: dict[Asked, list[Terms]] = {}
        self._numerators: dict[tuple[str, ...], float] = {}
        self._denominators: dict[tuple[str, ...], float | None] = {}
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
            return self._mean_of_batches(rule)
        above, below, factor = self.asked(rule)
        placement = PLACEMENTS[rule.placement]
        totals = self._totals[rule.reading, _rows_of(rule)]
        both = factor * factor if rule.placement == "label-mix" else factor
        if rule.method in ODD_METHODS:
            odd = ODD_METHODS[rule.method]
            assert odd.ratio is not None
            numerator, denominator = odd.ratio(totals, above, below, placement)
            return both * numerator, (factor if odd.below == "label-mix" else 1.0) * denominator
        method = METHODS[rule.method]
        entering = (rule.entry, rule.smoothing, rule.placement)
        key = (rule.reading, *entering, str(method.is_weighted))
        if key not in self._numerators:
            numerator = (
                placement.numerator(totals, above) if method.is_weighted else unweighted_numerator(totals, above)
            )
            self._numerators[key] = both * numerator
        below_key = (rule.method, *entering, str(self._takes_weight(rule)))
        if below_key not in self._denominators:
            found = method.denominator(totals, below, placement)
            is_mixed = method.adds_weights and rule.placement == "label-mix"
            self._denominators[below_key] = factor * found if is_mixed and found is not None else found
        divisor = self._denominators[below_key]
        return None if divisor is None else (self._numerators[key], divisor)

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

    def _mean_of_batches(self, rule: Rule) -> tuple[float, float] | None:
        """The mean over batches of so many rows: of Σt/Σw, or of Σt/N."""
        method = odd_method(rule.method)
        term, weight, _ = self.pairs(rule)
        starts = np.arange(0, len(term), method.batch_rows)
        above = np.add.reduceat(term, starts)
        if not method.is_scale_free:
            below = np.diff(np.append(starts, len(term))).astype(np.float64)
        elif weight is None:
            return None
        else:
            below = np.add.reduceat(weight, starts)
        return exact_sum(above / below) if np.isfinite(above / below).all() else math.nan, float(len(starts))

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
