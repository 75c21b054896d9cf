"""The odd ways to compute a cross-entropy, as data: where the weight enters, smoothing, divisors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from wce_cli.loss.methods import Counts
from wce_cli.loss.placements import PLACEMENTS, Placement, Weighting, smoothed_sums
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals
from wce_cli.questions.identify.parts import WEIGHTS, PartMethod, part_method, part_methods
from wce_cli.questions.identify.scope import RuleScope
from wce_cli.questions.identify.twists import FACTORS

LABELS, POSITIONS = "labels", "positions"
"""What is counted before a shift: the labels that are not ignored, or every position."""
STANDARD = ""
"""The part of a rule that is as it should be."""


def _weighted(and_so: Callable[[RuleScope], bool] = lambda case: True) -> Callable[[RuleScope], bool]:
    """Whether there are class weights, and something more."""
    return lambda case: case.weight is not None and and_so(case)


class WeightEntry(Struct, frozen=True):
    """An odd way for the weight to enter."""

    name: str
    title: str
    vectors: Callable[[Floats, int], tuple[Floats, Floats] | None]
    """(class weight (C,), N) → the weights of the numerator and of the denominator; None where there are none."""
    enters: Callable[[RuleScope], bool] = _weighted()
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
        WeightEntry("weight-missing", "without class weights", _both(np.ones_like), is_missing=True),
        WeightEntry(
            "by-prediction", "weights looked up by the prediction, w[argmax x]", _both(lambda w: w), rows="prediction"
        ),
        WeightEntry("reversed", "weights in reversed order, w[C−1−y]", _both(lambda w: w[::-1])),
        WeightEntry("squared", "weights squared", _both(np.square)),
        WeightEntry(
            "squared-above", "weights squared, divided by the plain ones", lambda w, n: (w * w, w), is_apart=True
        ),
        WeightEntry("inverse", "one over the weights", _both(lambda w: 1 / w)),
        WeightEntry("sum-1", "weights normalised to sum 1", _both(lambda w: w / w.sum()), total=lambda n, c: 1),
        WeightEntry(
            "sum-c", "weights normalised to sum C", _both(lambda w: w * len(w) / w.sum()), total=lambda n, c: c
        ),
        WeightEntry(
            "sum-n",
            "weights normalised to sum N",
            lambda w, n: (w * n / w.sum(),) * 2,
            _weighted(lambda case: case.n != case.n_classes),
            total=lambda n, c: n,
        ),
        WeightEntry("shifted-down", "weights one class too early, w[y−1]", _both(lambda w: np.roll(w, 1))),
        WeightEntry("shifted-up", "weights one class too late, w[y+1]", _both(lambda w: np.roll(w, -1))),
        WeightEntry(
            "per-sample",
            "the weight vector read as one weight a sample",
            _both(np.ones_like),
            _weighted(lambda case: case.n == case.n_classes and not case.has_sample_weight),
            rows="row",
        ),
        WeightEntry(
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
    """(totals, above, below, placement) → numerator, denominator. None: of parts of the batch."""
    divisor: str = ""
    """What it divides Σt by, in letters; empty where it does not divide that sum by one number."""
    count: Callable[[Counts], int] | None = None
    """Counts → that number, where it is a count."""
    is_scale_free: bool = False
    """Weights times one number change nothing."""
    needs_weight: bool = False
    """Without class weights another rule says it."""
    takes_losses: bool = False
    """It weighs whole losses, so that there is one placement."""
    part: PartMethod | None = None
    """Not None: a mean over parts of the batch."""
    below: str = ""
    """Not empty: it divides by the weights as that placement has them, and not the terms' own."""
    before_shift: str = ""
    """Not empty: it divides by what there was before a shift, POSITIONS or LABELS."""
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
            "over-labels-before-shift",
            "Σt / N kept of the labels before the shift, num_items_in_batch of transformers 4.46.2 to 5.10.0",
            divisor="N kept before the shift",
            before_shift=LABELS,
        ),
        OddMethod(
            "over-positions-before-shift",
            "Σt / (B · T), all positions before the shift",
            divisor="B · T before the shift",
            before_shift=POSITIONS,
        ),
        OddMethod(
            "over-n-1",
            "Σt / (N − 1)",
            lambda t, a, b, p: (p.numerator(t, a), t.n - 1.0),
            "N − 1",
            lambda counts: counts.n - 1,
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
            lambda counts: counts.classes,
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


def odd_method(name: str) -> OddMethod:
    """The odd method of that name; those over parts are made as they are asked for."""
    if name in ODD_METHODS:
        return ODD_METHODS[name]
    part = part_method(name)
    return OddMethod(name, part.title, is_scale_free=part.divisor == WEIGHTS, part=part)


def methods_of_parts(case: RuleScope) -> list[str]:
    """The methods over parts of this batch: of its rows where they are at hand, and of its items."""
    return part_methods(case.n, case.parted, FACTORS, has_rows=case.fits_memory, has_weight=case.is_weighted)
