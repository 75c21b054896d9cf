"""Why a batch cannot tell two rules apart: said by what of the batch makes them equal."""

from __future__ import annotations

import numpy as np

from wce_cli.answers.identify import SAME
from wce_cli.digits import format_number
from wce_cli.loss.methods import METHODS
from wce_cli.questions.identify.evaluation import Evaluation, part_of
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.odd_ways import ENTRIES, ODD_METHODS, odd_method
from wce_cli.questions.identify.parts import DIVISORS, KEPT, WEIGHTS, PartMethod
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.twists import TWISTS

_COINCIDENCE = "they are the same number on this batch"
_UNDIVIDED = "dividing each p by the sum of its row changes nothing here"


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
    totals = evaluation.totals()
    named: dict[str, float] = {}
    for method in filter(lambda method: method.divides, METHODS.values()):
        for placement in method.placements if method.adds_weights else ("class",):
            rule = Rule(method.name, placement)
            fraction, letters = evaluation.fraction(rule), _denominator(evaluation, rule)
            if fraction is not None and not (method.adds_weights and fraction[1] in named.values()):
                named.setdefault(letters, fraction[1])
    for odd in ODD_METHODS.values():
        if odd.divisor and not odd.below:
            fraction = evaluation.fraction(Rule(odd.name, "class"))
            if fraction is not None:
                named[odd.divisor] = fraction[1]
    if totals.n > 1:
        named["N²"] = float(totals.n) ** 2
    named |= {method.formula: 1.0 for method in METHODS.values() if not method.divides}  # what is equal says more
    names = evaluation.spec.class_names
    taken = set(named.values())
    for c in np.flatnonzero(totals.count)[:20].tolist():
        if float(totals.count[c]) not in taken:
            named[f"N of {names[c] if names else f'class {c}'}"] = float(totals.count[c])
    return named


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
        if all(rule.method in METHODS and METHODS[rule.method].is_count_of_kept for rule in (one, other)):
            return "no weights are given: Σw is N kept"
        return ""
    entries = {one.entry, other.entry}
    present = evaluation.class_weight[totals.count > 0]
    if "by-prediction" in entries:
        labels, predictions = totals.count, evaluation.totals("", "prediction").count
        if (labels == predictions).all():
            return "the predictions are the labels, or as many of each class: looking weights up by either is the same"
    unweighted = any(rule.method in METHODS and not METHODS[rule.method].is_weighted for rule in (one, other))
    unweighted = unweighted or any(e and ENTRIES[e].is_missing for e in entries)
    if len(set(present.tolist())) == 1 and (unweighted or len(entries) > 1):
        return f"all labels of the batch weigh {format_number(float(present[0]))}, and what is the same for all cancels"
    if len(entries) > 1:
        return "for the labels of this batch the two sets of weights come to the same"
    return ""


def _of_methods(evaluation: Evaluation, one: Rule, other: Rule) -> str:
    """Equal because two denominators are."""
    for rule in (one, other):
        if (part := part_of(rule)) is not None:
            return _of_parts(evaluation, rule, part)
        odd = ODD_METHODS.get(rule.method)
        if odd is not None and not odd.divisor:
            return (odd.ties(evaluation.totals()) if odd.ties is not None else "") or _COINCIDENCE
    a, b = evaluation.fraction(one), evaluation.fraction(other)
    if a is None or b is None or not _equal(a[1] / _factor(evaluation, one), b[1] / _factor(evaluation, other)):
        return _COINCIDENCE
    value = format_number(a[1] / _factor(evaluation, one))
    named = dict.fromkeys([_denominator(evaluation, one), _denominator(evaluation, other)])
    named.pop(value, None)
    because = _because(evaluation, one, other)
    return f"{' = '.join(sorted(named, key=len))} = {value}{because}"


def _factor(evaluation: Evaluation, rule: Rule) -> float:
    """What a rule multiplies its quotient by, where it does no more than that."""
    factor = TWISTS[rule.twist].factor if rule.twist else None
    return 1.0 if factor is None else factor(evaluation.case.n)


def _of_parts(evaluation: Evaluation, rule: Rule, part: PartMethod) -> str:
    """Equal because every part of a batch is divided by the same."""
    found = evaluation.parts(rule, part)
    if found is None or not len(found[1]) or not np.allclose(found[1], found[1][0], rtol=SAME, atol=0.0):
        return _COINCIDENCE
    divisor = DIVISORS[KEPT if part.divisor == WEIGHTS and not evaluation.case.is_weighted else part.divisor]
    return f"all {part.parts} {divisor.alike}: {format_number(float(found[1][0]))}"


def _because(evaluation: Evaluation, one: Rule, other: Rule) -> str:
    totals = evaluation.totals()
    counted = {_counted(one), _counted(other)}
    if counted == {"N", "N kept"}:
        return ": no sample is ignored"
    if counted == {"N kept", "N with w ≠ 0"}:
        return ": no kept sample weighs 0"
    if counted == {"N", "N with w ≠ 0"}:
        return ": no sample is ignored, and none weighs 0"
    for rule in (one, other):
        odd = ODD_METHODS.get(rule.method)
        why = odd.ties(totals) if odd is not None and odd.ties is not None else ""
        if why:
            return why
    return ": there are two samples" if counted == {"1", "N − 1"} else ""


def _counted(rule: Rule) -> str:
    """What a rule counts, in letters; empty where it divides by something else."""
    if rule.twist:
        return ""
    if rule.method in METHODS:
        method = METHODS[rule.method]
        return method.formula if method.is_weighted and not method.adds_weights else ""
    return ODD_METHODS[rule.method].divisor if rule.method in ODD_METHODS else ""


def divisor(evaluation: Evaluation, rule: Rule) -> str:
    """What a rule divides its sum by, in letters; empty where it divides more than one."""
    spec, totals = evaluation.spec, evaluation.totals()
    if rule.twist or not (rule.method in METHODS or odd_method(rule.method).divisor):
        return ""
    is_sum = rule.method in METHODS and METHODS[rule.method].kind == "weights"
    if is_sum and spec.weight is None and not spec.has_sample_weight:
        return "N" if totals.n == totals.n_kept else "N kept"
    return _denominator(evaluation, rule)


def _denominator(evaluation: Evaluation, rule: Rule) -> str:
    spec = evaluation.spec
    if rule.method in METHODS:
        method = METHODS[rule.method]
        divisor = method.formula_for(rule.placement, spec.is_soft, spec.has_sample_weight).partition(",")[0]
    else:
        divisor = odd_method(rule.method).divisor or rule.method
    return TWISTS[rule.twist].divides(divisor) if rule.twist else divisor


def _equal(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return a == b or bool(np.isnan(a) and np.isnan(b)) or abs(a - b) <= SAME * max(abs(a), abs(b))
