"""What a standard numerator must have been divided by to give a number: it needs no rule, and names what it was."""

from __future__ import annotations

import math

from wce_cli.questions.identify import ties
from wce_cli.questions.identify.answer import Denominator, Implied
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.number import Seen
from wce_cli.questions.identify.rules import Rule


def implied(evaluation: Evaluation, number: Seen) -> list[Implied]:
    """What each standard numerator must have been divided by."""
    if not math.isfinite(number.value) or number.value == 0:
        return []
    known = ties.denominators(evaluation)
    found: dict[float, Implied] = {}
    low, high = number.value - number.tolerance, number.value + number.tolerance
    for method, placement in (("sum", "class"), ("sum", "sample"), ("sum", "label-mix"), ("unweighted-mean", "class")):
        fraction = evaluation.fraction(Rule(method, placement))
        if fraction is None or not math.isfinite(fraction[0]) or fraction[0] in found or low * high <= 0:
            continue
        numerator = fraction[0]
        ends = sorted((numerator / low, numerator / high))
        slack = 1e-12 * max(map(abs, ends))
        name, quotient = _numerator_name(evaluation, method, placement), numerator / number.value
        by_nearness = sorted(known.items(), key=lambda item: abs(item[1] - quotient))
        between = [item for item in by_nearness if ends[0] - slack <= item[1] <= ends[1] + slack]
        equal = tuple(Denominator(*item) for item in between)
        nearest = Denominator(*by_nearness[0])
        found[numerator] = Implied(name, numerator, quotient, ends[0], ends[1], equal, nearest)
    return list(found.values())


def _numerator_name(evaluation: Evaluation, method: str, placement: str) -> str:
    spec = evaluation.spec
    if method == "unweighted-mean" or (spec.weight is None and not spec.has_sample_weight):
        return "Σℓ"
    return "Σt" if placement == "class" else f"Σt ({placement})"
