"""The rules, as data: every way to get a number out of a batch, as far from the standard as its odd parts count.

    rule = reading of the scores × how the weight enters × smoothing × (method, placement) × what happens afterwards

A standard (method, placement) pair has 0 departures; each odd part is one. A part that changes nothing beside
another one (weights normalised under a method that divides by them) is no rule of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct

from wce_cli.loss.methods import METHODS, SOME_COUNTS
from wce_cli.loss.odd_readings import ODD_READINGS
from wce_cli.loss.placements import PLACEMENTS, Placement, Weighting, smoothed_sums
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals

STANDARD = ""
"""The part of a rule that is as it should be."""


class Case(Struct, frozen=True):
    """What of a batch decides which rules there are: parts that could not change anything are left out."""

    kind: str
    is_soft: bool
    n: int
    n_classes: int
    weight: Floats | None
    has_sample_weight: bool
    smoothing: float
    fits_memory: bool
    """All rows are at hand: for what needs the batch as a whole."""


def _weighted(and_so: Callable[[Case], bool] = lambda case: True) -> Callable[[Case], bool]:
    """Whether there are class weights, and something more."""
    return lambda case: case.weight is not None and and_so(case)


class Entry(Struct, frozen=True):
    """An odd way for the weight to enter."""

    name: str
    title: str
    vectors: Callable[[Floats, int], tuple[Floats, Floats] | None]
    """(class weight (C,), N) → the weights of the numerator and of the denominator; None where there are none."""
    enters: Callable[[Case], bool] = _weighted()
    """Whether it is another way than the right one, and than those above it."""
    rows: str = "label"
    """Which rows are summed together: by label, by prediction, with the class weight as sample weight (`row`), or
    without sample weights (`plain`)."""
    total: Callable[[int, int], int] | None = None
    """(N, C) → what the weights sum to, if all are multiplied by one number for it: no rule where the method divides by
    the weights."""
    is_missing: bool = False
    """Nothing is weighted by class."""
    is_apart: bool = False
    """Numerator and denominator have other weights: no rule where the method does not divide by the weights."""


def _both(of: Callable[[Floats], Floats]) -> Callable[[Floats, int], tuple[Floats, Floats] | None]:
    def vectors(w: Floats, n: int) -> tuple[Floats, Floats] | None:
        with np.errstate(all="ignore"):
            made = of(w)
        return (made, made) if np.isfinite(made).all() else None

    return vectors


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("weight-missing", "without class weights", _both(np.ones_like), is_missing=True),
        Entry(
            "by-prediction", "weights looked up by the prediction, w[argmax x]", _both(lambda w: w), rows="prediction"
        ),
        Entry("reversed", "weights in reversed order, w[C−1−y]", _both(lambda w: w[::-1])),
        Entry("squared", "weights squared", _both(np.square)),
        Entry("squared-above", "weights squared, divided by the plain ones", lambda w, n: (w * w, w), is_apart=True),
        Entry("inverse", "one over the weights", _both(lambda w: 1 / w)),
        Entry("sum-1", "weights normalised to sum 1", _both(lambda w: w / w.sum()), total=lambda n, c: 1),
        Entry("sum-c", "weights normalised to sum C", _both(lambda w: w * len(w) / w.sum()), total=lambda n, c: c),
        Entry(
            "sum-n",
            "weights normalised to sum N",
            lambda w, n: (w * n / w.sum(),) * 2,
            _weighted(lambda case: case.n != case.n_classes),
            total=lambda n, c: n,
        ),
        Entry("shifted-down", "weights one class too early, w[y−1]", _both(lambda w: np.roll(w, 1))),
        Entry("shifted-up", "weights one class too late, w[y+1]", _both(lambda w: np.roll(w, -1))),
        Entry(
            "per-sample",
            "the weight vector read as one weight a sample",
            _both(np.ones_like),
            _weighted(lambda case: case.n == case.n_classes and not case.has_sample_weight),
            rows="row",
        ),
        Entry(
            "sample-weight-missing",
            "without sample weights",
            _both(lambda w: w),
            lambda case: case.has_sample_weight,
            rows="plain",
        ),
    )
}


class Smoothing(Struct, frozen=True):
    """Another way to smooth a label row: factor · ((1 − ε')·y + ε'/C)."""

    name: str
    title: str
    mix: Callable[[float, int], tuple[float, float]]
    """(ε, C) → own, spread of a row own·y + spread·1."""

    def asked(self, eps: float, c: int) -> tuple[float, float]:
        """(ε', factor)"""
        own, spread = self.mix(eps, c)
        factor = own + c * spread
        return c * spread / factor, factor


SMOOTHINGS = {
    smoothing.name: smoothing
    for smoothing in (
        Smoothing("not-smoothed", "without label smoothing", lambda eps, c: (1.0, 0.0)),
        Smoothing(
            "eps-over-c-1",
            "ε/(C−1) on the other classes",
            lambda eps, c: (1 - eps - eps / (c - 1), eps / (c - 1)),
        ),
        Smoothing("eps-kept", "y·(1 − ε/C) + ε/C", lambda eps, c: (1 - eps / c, eps / c)),
        Smoothing("one-over-c", "y·(1 − ε) + 1/C", lambda eps, c: (1 - eps, 1 / c)),
        Smoothing(
            "not-own", "ε/C on the other classes, 1 − ε on the label", lambda eps, c: (1 - eps - eps / c, eps / c)
        ),
        Smoothing(
            "one-minus-eps-over-c",
            "1 − ε on the label and (1 − ε)/C on every class",
            lambda eps, c: (1 - eps, (1 - eps) / c),
        ),
    )
}


class OddMethod(Struct, frozen=True):
    """Another thing to divide by, or another way to average."""

    name: str
    title: str
    ratio: Callable[[Totals, Weighting, Weighting, Placement], tuple[float, float]] | None = None
    """(totals, above, below, placement) → numerator, denominator. None: needs the rows (batches of so many)."""
    divisor: str = ""
    """What it divides Σt by, in letters; empty where it does not divide that sum by one number."""
    count: Callable[[int, int, int], int] | None = None
    """(N, N kept, C) → that number, where it is a count."""
    is_scale_free: bool = False
    """Weights times one number change nothing."""
    needs_weight: bool = False
    """Without class weights another rule says it."""
    takes_losses: bool = False
    """It weighs whole losses, so that there is one placement."""
    batch_rows: int = 0
    """Not 0: the mean over batches of so many rows, each divided by its weights if `is_scale_free`, else by its N."""
    below: str = ""
    """Not empty: it divides by the weights as that placement has them, and not the terms' own."""
    ties: Callable[[Totals], str] | None = None
    """Why it is the same as another rule on a batch; empty where it is not known."""


def _over(placement: str) -> Callable[[Totals, Weighting, Weighting, Placement], tuple[float, float]]:
    """Σt over the Σw of another placement than the one that the terms are weighted by."""

    def ratio(totals: Totals, above: Weighting, below: Weighting, own: Placement) -> tuple[float, float]:
        divisor = PLACEMENTS[placement].weight_sum(totals, below)
        assert divisor is not None  # only class has none
        return own.numerator(totals, above), divisor

    return ratio


def _macro(totals: Totals, above: Weighting, below: Weighting, placement: Placement) -> tuple[float, float]:
    present = totals.count > 0
    _, s_loss = smoothed_sums(totals, above)
    means = s_loss[present] / totals.s.values()[present]
    w = above.weight[present]
    return float((w * means).sum()), float(w.sum())


ODD_METHODS = {
    method.name: method
    for method in (
        OddMethod(
            "over-n-1",
            "Σt / (N − 1)",
            lambda t, a, b, p: (p.numerator(t, a), t.n - 1.0),
            "N − 1",
            lambda n, kept, c: n - 1,
        ),
        OddMethod(
            "over-weight-table",
            "Σt / Σ_c w[c], the weights of all classes",
            lambda t, a, b, p: (p.numerator(t, a), float(b.weight.sum())),
            "Σ_c w[c]",
            is_scale_free=True,
            needs_weight=True,
            ties=lambda t: ": each class is the label of one sample" if (t.count == 1).all() else "",
        ),
        OddMethod(
            "over-classes",
            "Σt / C",
            lambda t, a, b, p: (p.numerator(t, a), float(len(b.weight))),
            "C",
            lambda n, kept, c: c,
        ),
        OddMethod(
            "macro",
            "Σ_c w[c]·(mean ℓ of class c) / Σ_c w[c] of the classes present",
            _macro,
            is_scale_free=True,
            takes_losses=True,
            ties=lambda t: (
                "each class has one sample, whose loss is the class's mean" if t.count.max(initial=0) <= 1 else ""
            ),
        ),
        OddMethod(
            "over-mixed-weight",
            "Σt / Σ w·q, the weights of the label rows",
            _over("label-mix"),
            "Σ w·q",
            is_scale_free=True,
            needs_weight=True,
            below="label-mix",
        ),
        OddMethod(
            "over-label-weight",
            "Σt / Σ w[argmax q], the weight of each row's label",
            _over("sample"),
            "Σ w[argmax q]",
            is_scale_free=True,
            needs_weight=True,
            below="sample",
        ),
    )
}


WEIGHTED_BATCHES, PLAIN_BATCHES = "batches-of-", "means-of-"


def batch_methods(n: int) -> list[str]:
    """The means of the means of batches of 1, 2, 4, … rows, and of halves and quarters."""
    sizes = sorted({size for size in (1, 2, 4, 8, 16, 32, 64, 128, -(-n // 2), -(-n // 4)) if 1 <= size < n})
    return [f"{WEIGHTED_BATCHES}{size}" for size in sizes] + [f"{PLAIN_BATCHES}{size}" for size in sizes if n % size]


def odd_method(name: str) -> OddMethod:
    """The odd method of that name; those over batches are made as they are asked for."""
    if name in ODD_METHODS:
        return ODD_METHODS[name]
    size = int(name.rpartition("-")[2])
    if name.startswith(PLAIN_BATCHES):
        return OddMethod(name, f"the mean of the means Σt/N of batches of {size}", batch_rows=size)
    own = "the mean of every sample's own weighted mean"
    title = own if size == 1 else f"the mean of the weighted means of batches of {size}"
    return OddMethod(name, title, is_scale_free=True, batch_rows=size)


class Twist(Struct, frozen=True):
    """What is done to the loss afterwards."""

    name: str
    title: str
    of: Callable[[float, int], float]
    """(value, N) → value"""
    factor: Callable[[int], float] | None = None
    """N → what it multiplies a value by, if it does no more than that."""
    is_by_term: bool = False
    """It multiplies every term by that too, whatever N is."""


TWISTS = {
    twist.name: twist
    for twist in (
        Twist(
            "averaged-again", "divided by N once more", lambda value, n: value / n if n else math.nan, lambda n: 1 / n
        ),
        Twist("negated", "with the sign turned", lambda value, n: -value, lambda n: -1.0, is_by_term=True),
        Twist("perplexity", "exp of it, the perplexity", lambda value, n: float(np.exp(value))),
    )
}


class Rule(Struct, frozen=True):
    """One way to get a number; an empty part is the standard one."""

    method: str
    placement: str
    reading: str = STANDARD
    entry: str = STANDARD
    smoothing: str = STANDARD
    twist: str = STANDARD

    @property
    def departures(self) -> tuple[str, ...]:
        """Its odd parts, by name."""
        odd = () if self.method in METHODS else (self.method,)
        return tuple(filter(None, (self.reading, self.entry, self.smoothing, *odd, self.twist)))

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
        return not self.divides and (not self.twist or TWISTS[self.twist].is_by_term)

    @property
    def title(self) -> str:
        """The rule in words: the pair, then its odd parts."""
        odd = (
            ODD_READINGS[self.reading].title if self.reading else "",
            ENTRIES[self.entry].title if self.entry else "",
            SMOOTHINGS[self.smoothing].title if self.smoothing else "",
            TWISTS[self.twist].title if self.twist else "",
        )
        head = self.pair
        if self.method not in METHODS:
            head = odd_method(self.method).title + ("" if self.placement == "class" else f" ({self.placement})")
        return "; ".join(filter(None, (head, *odd)))


def rules(case: Case, depth: int) -> Iterator[Rule]:
    """Every rule of this case with at most `depth` departures, in the order of their departures.

    Placements are told apart only where they are: with smoothing or probability labels.
    """
    for count in range(depth + 1):
        yield from (rule for rule in _within(case, count) if len(rule.departures) == count)


def _within(case: Case, depth: int) -> Iterator[Rule]:
    readings = [STANDARD] + [name for name in ODD_READINGS if _reads(case, name)] * (depth > 0)
    entries = [STANDARD] + [name for name in ENTRIES if _enters(case, name)] * (depth > 0)
    smoothings = [STANDARD] + list(SMOOTHINGS) * (depth > 0 and case.smoothing > 0 and case.n_classes > 1)
    twists = [STANDARD] + list(TWISTS) * (depth > 0)
    methods = list(METHODS) + (list(ODD_METHODS) if depth > 0 else [])
    if depth > 0 and case.fits_memory:
        methods += batch_methods(case.n)
    for reading in readings:
        for entry in entries:
            for smoothing in smoothings:
                odd = (reading != "") + (entry != "") + (smoothing != "")
                if odd > depth:
                    continue
                for method in methods:
                    odd_method = method not in METHODS
                    if odd + odd_method > depth:
                        continue
                    for placement in _placements(case, method, entry, smoothing):
                        for twist in twists:
                            rule = Rule(method, placement, reading, entry, smoothing, twist)
                            if odd + odd_method + (twist != "") <= depth and _changes(case, rule):
                                yield rule


def _reads(case: Case, name: str) -> bool:
    reading = ODD_READINGS[name]
    return (
        case.kind in reading.kinds
        and (case.weight is not None or not reading.takes_weight)
        and (case.fits_memory or not reading.whole_batch)
    )


def _enters(case: Case, name: str) -> bool:
    entry = ENTRIES[name]
    if not entry.enters(case):
        return False
    return case.weight is None or entry.vectors(case.weight, case.n) is not None


def _placements(case: Case, method: str, entry: str, smoothing: str) -> tuple[str, ...]:
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


def _changes(case: Case, rule: Rule) -> bool:
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
    if rule.twist and method is not None and _is_said_without(TWISTS[rule.twist], rule.method):
        return False
    if entry is not None and entry.total is not None and _is_said_by_another(case, entry.total, rule.method):
        return False
    return entry is None or not entry.is_apart or _divides_by_weights(rule.method)


def _divides_by_weights(name: str) -> bool:
    """Whether a method divides by numbers that grow as the class weights do."""
    return METHODS[name].adds_weights if name in METHODS else odd_method(name).is_scale_free


def _is_said_without(twist: Twist, name: str) -> bool:
    """Whether a standard method is what another one becomes by a twist: Σt / N is Σt divided by N."""
    count, factor = _count(name), twist.factor
    if count is None or factor is None:
        return False
    divided = count / factor(SOME_COUNTS[0])
    return any(math.isclose(divided, other) for other in _standard_counts())


def _is_said_by_another(case: Case, total: Callable[[int, int], int], name: str) -> bool:
    """Whether weights that are made to sum to a total are another rule: Σ_c w[c] alone is left below the line, or that
    times what a standard method divides by, which is the method with weights that sum to 1."""
    if _divides_by_weights(name):
        is_bent = name in METHODS and METHODS[name].kind == "bent"
        return not is_bent or (case.weight is not None and float(case.weight.sum()) > 0)  # |w| loses the sign
    count, made = _count(name), total(SOME_COUNTS[0], SOME_COUNTS[2])
    return count is not None and (count == made or (made != 1 and count in [made * n for n in _standard_counts()]))


def _count(name: str) -> int | None:
    """What a method counts, of no batch in particular; None where it divides by something else."""
    of = ODD_METHODS[name].count if name in ODD_METHODS else None
    if name in METHODS and METHODS[name].kind == "count":
        of = METHODS[name].of
    return None if of is None else of(*SOME_COUNTS)


def _standard_counts() -> list[int]:
    return [one.of(*SOME_COUNTS) for one in METHODS.values() if one.kind == "count" and one.is_weighted]
