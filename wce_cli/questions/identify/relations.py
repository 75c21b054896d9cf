"""What is between two numbers: one factor, and the two rules that it comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wce_cli.answers.identify import SAME, Relation
from wce_cli.digits import format_number
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.rules import Rule


def relations(
    evaluation: Evaluation, numbers: Sequence[PrintedNumber], known: Sequence[Sequence[Rule]]
) -> list[Relation]:
    """Between each number and the first one: the factor, and the pair of rules that it is between.

    `known`: the rules that give each number to its last digit, none where there is no telling.
    """
    found = []
    for number, rules_of in list(zip(numbers, known, strict=True))[1:]:
        first = numbers[0]
        if not (first.value and math.isfinite(first.value) and math.isfinite(number.value)):
            continue
        ratio = number.value / first.value
        found.append(Relation(first.text, number.text, ratio, _between(evaluation, known[0], rules_of)))
    return found


def _between(evaluation: Evaluation, ones: Sequence[Rule], others: Sequence[Rule]) -> str:
    """`batch-mean over weighted-mean: the sum is the same, the denominators are 0.76 / 2 = 0.38`, for the two rules
    that share most; nothing where one rule gives both.
    """
    if not ones or not others or not set(ones).isdisjoint(others):
        return ""
    one, other = min(((one, other) for one in ones for other in others), key=lambda couple: _parts_apart(*couple))
    a, b = evaluation.fraction(one), evaluation.fraction(other)
    head = f"{other.title} over {one.title}"
    if a is None or b is None:
        return head
    if abs(a[0] - b[0]) <= SAME * abs(a[0]) and b[1] and one.twist == other.twist:
        quotient = f"{format_number(a[1])} / {format_number(b[1])} = {format_number(a[1] / b[1])}"
        return f"{head}: the sum is the same, the denominators are {quotient}"
    return head


def _parts_apart(one: Rule, other: Rule) -> int:
    return sum(getattr(one, part) != getattr(other, part) for part in Rule.__struct_fields__)
