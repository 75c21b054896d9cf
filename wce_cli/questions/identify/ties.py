"""Why a batch cannot tell two rules apart: said by what of the batch makes them equal."""

from __future__ import annotations

import numpy as np

from wce_cli.digits import format_number
from wce_cli.loss.methods import METHODS
from wce_cli.loss.odd_readings import ODD_READINGS
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.rules import ENTRIES, Rule

_COINCIDENCE = "they are the same number on this batch"
_UNDIVIDED = "dividing each p by the sum of its row changes nothing here"
SAME = 1e-9
"""Relative difference up to which two values are one, told apart by no digits that anybody prints."""


def reasons(evaluation: Evaluation, rules: list[Rule]) -> tuple[str, ...]:
    """Why these rules give one number here, compared with the first of them; each reason once."""
    if len(rules) < 2:
        return ()
    first, *others = rules
    value = evaluation.value(first)
    apart = [other for other in others if not _equal(value, evaluation.value(other))]
    found = dict.fromkeys(_reason(evaluation, first, other) for other in others if other not in apart)
    found.pop("", None)
    if apart:
        rest = f"{apart[0].title} gives {format_number(evaluation.value(apart[0]) or 0.0, 9)}"
        more = f" ({len(apart)} such rules)" if len(apart) > 1 else ""
        found[f"{first.title} gives {format_number(value or 0.0, 9)}, {rest}{more}: more digits would tell"] = None
    return tuple(found)


def denominators(evaluation: Evaluation) -> dict[str, float]:
    """What a sum may be divided by in this batch, by name."""
    totals, w = evaluation.totals(), evaluation.class_weight
    named: dict[str, float] = {}
    asked = [Rule("weighted-mean", placement) for placement in METHODS["weighted-mean"].placements]
    for rule in asked:
        fraction = evaluation.fraction(rule)
        if fraction is not None and fraction[1] not in named.values():
            named[_letters(evaluation, rule)] = fraction[1]
    named["N"] = float(totals.n)
    named["N kept"] = float(totals.n_kept)
    nonzero = evaluation.fraction(Rule("nonzero-mean", "class"))
    if nonzero is not None:
        named["N with w ≠ 0"] = nonzero[1]
    named["Σ_c w[c]"] = float(w.sum())
    named["N · C"] = float(totals.n) * len(w)
    named["C"] = float(len(w))
    named["N − 1"] = totals.n - 1.0
    if totals.n > 1:
        named["N²"] = float(totals.n) ** 2
    named["1"] = 1.0
    names = evaluation.spec.class_names
    taken = set(named.values())
    for c in np.flatnonzero(totals.count)[:20].tolist():
        if float(totals.count[c]) not in taken:
            named[f"N of {names[c] if names else f'class {c}'}"] = float(totals.count[c])
    return named


def _letters(evaluation: Evaluation, rule: Rule) -> str:
    spec = evaluation.spec
    return METHODS["weighted-mean"].formula_for(rule.placement, spec.is_soft, spec.has_sample_weight)


def _reason(evaluation: Evaluation, one: Rule, other: Rule) -> str:
    """Why two rules are equal here."""
    totals = evaluation.totals()
    sums = [fraction[0] for fraction in map(evaluation.fraction, (one, other)) if fraction is not None]
    if len(sums) == 2 and not np.isfinite(sums).any():
        return f"the sum is {format_number(sums[0])}, whatever it is divided by"
    if totals.n == 1 and one.method != other.method:
        return "there is one sample: what it is divided by is 1, or its own weight, which cancels"
    if one.entry != other.entry or one.method != other.method:
        said = _of_weights(evaluation, one, other)
        if said:
            return said
    if one.method != other.method:
        return _of_methods(evaluation, one, other)
    if one.reading != other.reading:
        return _of_readings(one, other)
    if one.placement != other.placement:
        return "the placements agree on this batch"
    return _COINCIDENCE


def _of_readings(one: Rule, other: Rule) -> str:
    """Equal because what one reading does and the other does not changes nothing."""
    odd = [ODD_READINGS[rule.reading] for rule in (one, other) if rule.reading]
    dividing = sum(reading.divides_rows for reading in odd)
    if dividing == 1:
        return _UNDIVIDED
    if all(reading.is_guard for reading in odd) or dividing == 2:
        return "no loss of this batch is large or small enough for the two readings of the scores to differ"
    return _COINCIDENCE


def _of_weights(evaluation: Evaluation, one: Rule, other: Rule) -> str:
    """Equal because of the weights that the labels of this batch have."""
    spec, totals = evaluation.spec, evaluation.totals()
    if spec.weight is None and not spec.has_sample_weight:
        if {one.method, other.method} <= {"weighted-mean", "kept-mean", "nonzero-mean", "unweighted-mean"}:
            return "no weights are given: Σw is N kept"
        return ""
    entries = {one.entry, other.entry}
    present = evaluation.class_weight[totals.count > 0]
    if "by-prediction" in entries:
        labels, predictions = totals.count, evaluation.totals("", "prediction").count
        if (labels == predictions).all():
            return "the predictions are the labels, or as many of each class: looking weights up by either is the same"
    unweighted = "unweighted-mean" in (one.method, other.method) or any(e and ENTRIES[e].is_missing for e in entries)
    if len(set(present.tolist())) == 1 and (unweighted or len(entries) > 1):
        return f"all labels of the batch weigh {format_number(float(present[0]))}, and what is the same for all cancels"
    if len(entries) > 1:
        return "for the labels of this batch the two sets of weights come to the same"
    return ""


def _of_methods(evaluation: Evaluation, one: Rule, other: Rule) -> str:
    """Equal because two denominators are."""
    if "macro" in (one.method, other.method):
        of_one = evaluation.totals().count.max(initial=0) <= 1
        return "each class has one sample, whose loss is the class's mean" if of_one else _COINCIDENCE
    a, b = evaluation.fraction(one), evaluation.fraction(other)
    if a is None or b is None or not _equal(a[1], b[1]):
        return _COINCIDENCE
    names = sorted({_denominator(evaluation, one), _denominator(evaluation, other)}, key=len)
    because = _because(evaluation, {one.method, other.method})
    return f"{' = '.join(names)} = {format_number(a[1])}{because}"


def _because(evaluation: Evaluation, methods: set[str]) -> str:
    totals = evaluation.totals()
    if methods == {"batch-mean", "kept-mean"}:
        return ": no sample is ignored"
    if methods == {"kept-mean", "nonzero-mean"}:
        return ": no kept sample weighs 0"
    if methods == {"batch-mean", "nonzero-mean"}:
        return ": no sample is ignored, and none weighs 0"
    if "over-weight-table" in methods and (totals.count == 1).all():
        return ": each class is the label of one sample"
    if methods == {"sum", "over-n-1"}:
        return ": there are two samples"
    return ""


def divisor(evaluation: Evaluation, rule: Rule) -> str:
    """What a rule divides its sum by, in letters; empty where it divides more than one."""
    spec, totals = evaluation.spec, evaluation.totals()
    if rule.twist or rule.method not in {*METHODS, *_DIVISORS}:
        return ""
    if rule.method == "weighted-mean" and spec.weight is None and not spec.has_sample_weight:
        return "N" if totals.n == totals.n_kept else "N kept"
    return _denominator(evaluation, rule)


def _denominator(evaluation: Evaluation, rule: Rule) -> str:
    if rule.method == "weighted-mean":
        return _letters(evaluation, rule)
    if rule.method in METHODS:
        return METHODS[rule.method].formula.partition(",")[0]
    return _DIVISORS.get(rule.method, rule.method)


_DIVISORS = {
    "over-n-1": "N − 1",
    "over-weight-table": "Σ_c w[c]",
    "over-classes": "C",
    "over-mixed-weight": "Σ w·q",
    "over-label-weight": "Σ w[argmax q]",
}


def _equal(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return a == b or bool(np.isnan(a) and np.isnan(b)) or abs(a - b) <= SAME * max(abs(a), abs(b))
