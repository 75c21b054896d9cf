"""What a standard numerator must have been divided by to give a number: it needs no rule, and names what it was."""

from __future__ import annotations

import math

import numpy as np

from wce_cli.answers.identify import Denominator, Implied
from wce_cli.loss.methods import METHODS, SUM, UNWEIGHTED
from wce_cli.questions.identify import ties
from wce_cli.questions.identify.chance import chance, prior_of
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.rules import Rule


def implied(evaluation: Evaluation, number: PrintedNumber) -> list[Implied]:
    """What each standard numerator must have been divided by."""
    prior = prior_of(number.value, number.unit)
    if prior is None:
        return []
    known = ties.denominators(evaluation)
    divided = [
        numerator / denominator
        for numerator in _numerators(evaluation)
        for denominator in known.values()
        if denominator
    ]
    values = np.array(divided) * math.copysign(1.0, number.value)
    window = np.full(len(values), number.tolerance)
    odds = chance(values, window, window, number.unit, prior)
    low, high = number.value - number.tolerance, number.value + number.tolerance
    if low * high <= 0:
        return []
    found = []
    for numerator, name in _numerators(evaluation).items():
        ends = sorted((numerator / low, numerator / high))
        slack = 1e-12 * max(map(abs, ends))
        quotient = numerator / number.value
        by_nearness = sorted(known.items(), key=lambda item: abs(item[1] - quotient))
        between = [item for item in by_nearness if ends[0] - slack <= item[1] <= ends[1] + slack]
        equal = tuple(Denominator(*item) for item in between)
        found.append(Implied(name, numerator, quotient, ends[0], ends[1], equal, Denominator(*by_nearness[0]), odds))
    return found


def _numerators(evaluation: Evaluation) -> dict[float, str]:
    """The different sums that a standard rule divides, and how they are written."""
    found: dict[float, str] = {}
    for method, placement in [*((SUM, placement) for placement in METHODS[SUM].placements), (UNWEIGHTED, "class")]:
        fraction = evaluation.fraction(Rule(method, placement))
        if fraction is not None and math.isfinite(fraction[0]):
            found.setdefault(fraction[0], _numerator_name(evaluation, method, placement))
    return found


def _numerator_name(evaluation: Evaluation, method: str, placement: str) -> str:
    spec = evaluation.spec
    if not METHODS[method].is_weighted or (spec.weight is None and not spec.has_sample_weight):
        return "Σℓ"
    return "Σt" if placement == "class" else f"Σt ({placement})"
