"""The rules, as data: every way to get a number out of a batch, as far from the standard as its odd parts count.

    rule = reading of the scores × how the weight enters × smoothing × (method, placement) × what happens afterwards

A standard (method, placement) pair has 0 departures; each odd part is one. A part that changes nothing beside
another one (weights normalised under a method that divides by them) is no rule of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from msgspec import Struct

from wce_cli.loss.methods import METHODS, SOME_COUNTS, Counts
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.odd_ways import (
    ENTRIES,
    ODD_METHODS,
    SMOOTHINGS,
    STANDARD,
    methods_of_parts,
    odd_method,
)
from wce_cli.questions.identify.pairings import PAIRINGS
from wce_cli.questions.identify.parts import part_method
from wce_cli.questions.identify.scope import RuleScope
from wce_cli.questions.identify.twists import TWISTS, Twist


class Rule(Struct, frozen=True):
    """One way to get a number; an empty part is the standard one."""

    method: str
    placement: str
    reading: str = STANDARD
    entry: str = STANDARD
    smoothing: str = STANDARD
    twist: str = STANDARD
    pairing: str = STANDARD

    @property
    def departures(self) -> tuple[str, ...]:
        """Its odd parts, by name."""
        odd = () if self.method in METHODS else (self.method,)
        return tuple(filter(None, (self.pairing, self.reading, self.entry, self.smoothing, *odd, self.twist)))

    @property
    def pair(self) -> str:
        """`METHOD`, or `METHOD/PLACEMENT` where the placement is not `class`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"

    @property
    def divides(self) -> bool:
        """Whether it divides the sum of its terms by anything."""
        return self.method not in METHODS or METHODS[self.method].divides

    @property
    def is_by_sample(self) -> bool:
        """Whether it does nothing to a sum of terms, so that it has a number for each sample, too."""
        return not (self.divides or self.pairing) and (not self.twist or TWISTS[self.twist].is_by_term)

    @property
    def title(self) -> str:
        """The rule in words: the pair, then its odd parts."""
        odd = (
            PAIRINGS[self.pairing].title if self.pairing else "",
            ODD_READINGS[self.reading].title if self.reading else "",
            ENTRIES[self.entry].title if self.entry else "",
            SMOOTHINGS[self.smoothing].title if self.smoothing else "",
            TWISTS[self.twist].title if self.twist else "",
        )
        head = self.pair
        if self.method not in METHODS:
            head = odd_method(self.method).title + ("" if self.placement == "class" else f" ({self.placement})")
        return "; ".join(filter(None, (head, *odd)))


def rules(case: RuleScope, depth: int) -> Iterator[Rule]:
    """Every rule of this case with at most `depth` departures, in the order of their departures.

    Placements are told apart only where they are: with smoothing or probability labels.
    """
    for count in range(depth + 1):
        yield from (rule for rule in _within(case, count) if len(rule.departures) == count)


def _within(case: RuleScope, depth: int) -> Iterator[Rule]:
    readings = [STANDARD] + [name for name in ODD_READINGS if _reads(case, name)] * (depth > 0)
    entries = [STANDARD] + [name for name in ENTRIES if _enters(case, name)] * (depth > 0)
    smoothings = [STANDARD] + list(SMOOTHINGS) * (depth > 0 and case.smoothing > 0 and case.n_classes > 1)
    twists = [STANDARD] + [name for name, twist in TWISTS.items() if twist.steps != case.n] * (depth > 0)
    methods = [name for name, method in METHODS.items() if not method.by_item or case.items != case.n]
    standard = tuple(methods)
    if depth > 0:
        methods += [name for name, odd in ODD_METHODS.items() if case.shift or not odd.before_shift]
        methods += methods_of_parts(case)
    alone = {method for method in methods if method not in METHODS and _is_alone(case, method)}
    for reading in readings:
        for entry in entries:
            for smoothing in smoothings:
                odd = (reading != "") + (entry != "") + (smoothing != "")
                if odd > depth:
                    continue
                for method in methods:
                    is_odd = method not in METHODS
                    if odd + is_odd > depth or (odd and method in alone):
                        continue
                    for placement in placements(case, method, entry, smoothing):
                        for twist in twists[:1] if method in alone else twists:
                            rule = Rule(method, placement, reading, entry, smoothing, twist)
                            if odd + is_odd + (twist != "") <= depth and _changes(case, rule):
                                yield rule
    for pairing in case.pairings * (depth > 0):
        for method in standard:
            for placement in placements(case, method):
                for twist in twists[: None if depth > 1 else 1]:
                    rule = Rule(method, placement, twist=twist, pairing=pairing)
                    if _changes(case, rule):
                        yield rule


def _is_alone(case: RuleScope, method: str) -> bool:
    """Whether an odd method is tried with nothing else that is odd: of rows that are not at hand, the sums of each item
    are."""
    return method not in ODD_METHODS and (not case.fits_memory or part_method(method).is_alone)


def _reads(case: RuleScope, name: str) -> bool:
    reading = ODD_READINGS[name]
    return (
        case.kind in reading.kinds
        and (case.weight is not None or not reading.takes_weight)
        and (case.fits_memory or not reading.whole_batch)
    )


def _enters(case: RuleScope, name: str) -> bool:
    entry = ENTRIES[name]
    if not entry.enters(case):
        return False
    return case.weight is None or entry.vectors(case.weight, case.n) is not None


def placements(case: RuleScope, method: str, entry: str = STANDARD, smoothing: str = STANDARD) -> tuple[str, ...]:
    """The placements that a method is told apart by in this case."""
    if method in METHODS and METHODS[method].placements == ("class",):
        return ("class",)
    odd = ODD_METHODS.get(method)
    if odd is not None and odd.takes_losses:
        return ("sample",) if case.is_soft or case.smoothing else ("class",)
    separate = case.is_soft or (case.smoothing > 0 and smoothing != "not-smoothed")
    if odd is not None and odd.below:
        if not separate or case.weight is None or (entry and ENTRIES[entry].rows in ("prediction", "row")):
            return ()
        others = ("class", "label-mix") if case.is_soft else ("label-mix",)  # of a hard label, class has that weight
        return ("class", "sample") if odd.below == "label-mix" else others
    if not separate or (case.weight is None or (entry and ENTRIES[entry].is_missing)):
        # without class weights the placements are one pair, but torch's of probability labels has no Σw
        takes_weights = method in METHODS and METHODS[method].kind != "count"
        return ("class", "sample") if case.is_soft and takes_weights else ("class",)
    if entry and ENTRIES[entry].rows == "prediction":
        return ("sample",)
    return ("class", "sample", "label-mix")


def _changes(case: RuleScope, rule: Rule) -> bool:
    """Whether no simpler rule is the same by algebra."""
    entry, method = ENTRIES.get(rule.entry), METHODS.get(rule.method)
    takes_weight = rule.reading != "" and ODD_READINGS[rule.reading].takes_weight
    if method is not None and not method.is_weighted and (entry is not None or takes_weight):
        return False
    if takes_weight and entry is not None:
        return False
    is_missing = (entry is not None and entry.is_missing) or takes_weight or case.weight is None
    if method is None and is_missing and odd_method(rule.method).needs_weight:
        return False
    if method is not None and not case.has_sample_weight:
        if entry is not None and entry.is_missing and method.is_count_of_kept:
            return False  # unweighted-mean says it
        if takes_weight and method.kind != "count" and method.is_count_of_kept:
            return False  # kept-mean says it
    if rule.twist and method is not None and _is_said_without(case, TWISTS[rule.twist], rule.method):
        return False
    if entry is not None and entry.total is not None and _is_said_by_another(case, entry.total, rule.method):
        return False
    return entry is None or not entry.is_apart or _divides_by_weights(rule.method)


def _divides_by_weights(name: str) -> bool:
    """Whether a method divides by numbers that grow as the class weights do."""
    return METHODS[name].adds_weights if name in METHODS else odd_method(name).is_scale_free


def _is_said_without(case: RuleScope, twist: Twist, name: str) -> bool:
    """Whether a standard method is what another one becomes by a twist, always or in this case: Σt / N is Σt divided by
    N, and by 8 where there are 8 rows."""
    here = Counts(case.n, math.pi * case.n, case.n_classes, case.items)  # how many are kept is not known
    return any(_is_said_of(counts, twist, name) for counts in (SOME_COUNTS, here))


def _is_said_of(counts: Counts, twist: Twist, name: str) -> bool:
    count, factor = _count(name, counts), twist.factor
    if count is None or factor is None or not counts.n:
        return False
    divided = count / factor(counts.n)
    return any(math.isclose(divided, other) for other in _standard_counts(counts))


def _is_said_by_another(case: RuleScope, total: Callable[[int, int], int], name: str) -> bool:
    """Whether weights that are made to sum to a total are another rule: Σ_c w[c] alone is left below the line, or that
    times what a standard method divides by, which is the method with weights that sum to 1."""
    if _divides_by_weights(name):
        is_bent = name in METHODS and METHODS[name].kind == "bent"
        return not is_bent or (case.weight is not None and float(case.weight.sum()) > 0)  # |w| loses the sign
    count, made = _count(name), total(SOME_COUNTS.n, SOME_COUNTS.classes)
    return count is not None and (count == made or (made != 1 and count in [made * n for n in _standard_counts()]))


def _count(name: str, counts: Counts = SOME_COUNTS) -> float | None:
    """What a method counts, of no batch in particular; None where it divides by something else."""
    of = ODD_METHODS[name].count if name in ODD_METHODS else None
    if name in METHODS and METHODS[name].kind == "count":
        of = METHODS[name].of
    return None if of is None else of(counts)


def _standard_counts(counts: Counts = SOME_COUNTS) -> list[float]:
    return [one.of(counts) for one in METHODS.values() if one.kind == "count" and one.is_weighted]
