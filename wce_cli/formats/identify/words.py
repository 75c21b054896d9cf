"""The sentences about one identified number: what it is, what else it may be, and what that is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wce_cli.answers.identify import (
    CUT,
    LITTLE,
    ROUNDED,
    SAME,
    Change,
    Denominator,
    Identification,
    Identified,
    Implied,
    Match,
    Relation,
)
from wce_cli.answers.report import BatchPart
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.look import Look
from wce_cli.loss.methods import METHODS

DENOMINATORS = 3
"""Values of denominators that are named of those within a number's tolerance."""
NAMED = 5
"""Rules that are named of those that cannot be told apart."""
FEW = 2
"""The same, without reasons, where the number is so short that it may be any of them by accident."""
REASONS = 2
"""Reasons why they cannot; more are told where everything is."""
VALUE_DIGITS = 7
"""Significant digits of what a rule gives, at least: one more than a float32 prints."""

ANY_SIZES = "batches of any size"
OFF = {CUT: "with its digits cut off, not rounded", ROUNDED: "with its last digit one off"}
"""What is said of a number that is a rule's but for its last digit."""


def known_as(match: Match, batch: BatchPart) -> str:
    """The name under which a user may know a standard rule; empty where it has none."""
    if set(match.departures) - set(OFF):
        return ""
    known = METHODS[match.method].known
    is_soft = batch.labels == "probability"
    separate = is_soft or batch.label_smoothing > 0
    if batch.has_sample_weight:
        return known.sampled if not separate or match.placement == "sample" else ""
    if separate:
        return (is_soft and match.placement == "class" and known.soft) or known.placed.get(match.placement, "")
    also = known.unignored if batch.n == batch.n_kept else ""
    return ", ".join(filter(None, [known.index, also]))


def chance_of(number: Identified) -> float | None:
    """How likely a number that means nothing has a rule as simple as the answer; without one, any rule."""
    return number.of_the_answer.chance


def may_be_accident(number: Identified) -> bool:
    """Whether so many numbers have such a rule that this one may have it by accident."""
    return (chance_of(number) or 0.0) >= LITTLE


def is_unsure(number: Identified) -> bool:
    """Whether a rule may be told as one that it may be, no more: by its chance, or where that is not known."""
    return may_be_accident(number) or chance_of(number) is None or number.prior is None


def verdict(number: Identified, batch: BatchPart, look: Look) -> str:
    """What the reader came for."""
    if not number.matches:
        return _nothing(number, look)
    match = number.simplest[0]
    head, *odd = match.title.split("; ")
    said = f"{number.text} {'may be' if is_unsure(number) else 'is'} {head}"
    said += f", but {', and '.join(odd)}" if odd else ""
    if match.is_off:
        said += f", {OFF[match.departures[-1]]} ({format_number(match.value, max(look.digits, VALUE_DIGITS))})"
    told = ", ".join(filter(None, [known_as(match, batch), _fraction(match, look) if not odd else ""]))
    return f"{said}: {told}." if told else f"{said}."


def is_of_the_answer(implied: Implied, number: Identified) -> bool:
    """Whether a denominator was found from the sum that the answer divides; of no answer it is whatever it is."""
    own = number.simplest[0].numerator if number.matches else None
    return own is None or not math.isfinite(own) or math.isclose(own, implied.numerator, rel_tol=SAME)


def then(number: Identified, look: Look) -> str:
    """What is divided by what, where something is odd about it."""
    match = number.simplest[0]
    said = _fraction(match, look) if "; " in match.title else ""
    return f"It is {said}." if said else ""


def _fraction(match: Match, look: Look) -> str:
    """`the sum 0.761507 divided by Σ w[y] = 1.1`"""
    if match.numerator is None or match.denominator is None or not math.isfinite(match.value):
        return ""
    numerator, denominator = (format_number(value, look.digits) for value in (match.numerator, match.denominator))
    if match.divisor == "1":
        return f"the sum {numerator}, not divided"
    by = denominator if match.divisor == denominator else f"{match.divisor} = {denominator}"
    return f"the sum {numerator} divided by {by}"


def _nothing(number: Identified, look: Look) -> str:
    telling = next((one for one in number.implied if one.is_telling), None)
    said = f"no rule gives {number.text}"
    if telling is not None:
        numerator = format_number(telling.numerator, look.digits)
        return f"{said}, but {telling.numerator_name} = {numerator} divided by {_alike(telling.equals, look)} does."
    if not number.implied:
        return f"{said}."
    first = next((one for one in number.implied if one.equals), number.implied[0])
    numerator, quotient = (format_number(value, look.digits) for value in (first.numerator, first.denominator))
    found = f"{said}: {first.numerator_name} / {number.text} = {numerator} / {number.text} = {quotient}"
    if first.equals:
        return f"{found} ≈ {_alike(first.equals, look)}, which may be an accident."
    return f"{found} is no quantity of this batch; the nearest is {_alike([first.nearest], look)}."


def implied_line(text: str, implied: Implied, look: Look) -> str:
    """`implied denominator: Σt / 1.7529 = 1.33221 / 1.7529 = 0.760003 ≈ Σ w[y] = Σ_c w[c] = 0.76`"""
    numerator, quotient = (format_number(value, look.digits) for value in (implied.numerator, implied.denominator))
    head = f"implied denominator: {implied.numerator_name} / {text} = {numerator} / {text} = {quotient}"
    if implied.equals:
        return f"{head} ≈ {_alike(implied.equals, look)}"
    between = f"{format_number(implied.lowest, look.digits)} to {format_number(implied.highest, look.digits)}"
    return f"{head} (from {between}); the nearest of this batch is {_alike([implied.nearest], look)}"


def _alike(found: Sequence[Denominator], look: Look) -> str:
    """`N = N kept = 5, or Σ_c w[c] = 4.9`: those of one value together, the nearest first, and how many are left."""
    groups: list[list[Denominator]] = []
    for one in found:
        same = next((group for group in groups if math.isclose(group[0].value, one.value, rel_tol=SAME)), None)
        if same is None:
            groups.append([one])
        else:
            same.append(one)
    said = []
    for group in groups[:DENOMINATORS]:
        value = format_number(group[0].value, look.digits)
        names = dict.fromkeys(one.name for one in group)
        said.append(" = ".join([*(name for name in names if name != value), value]))  # no 1 = 1
    left = len(groups) - len(said)
    return ", or ".join(said) + (f", or {counted(left, 'other value', 'other values')}" if left else "")


def tied_line(number: Identified) -> str:
    """The rules as simple as the answer, and why this batch does not tell them apart; empty where there are none."""
    if not number.matches:
        return ""
    first, *others = number.simplest
    names = names_beside(first.title, [match.title for match in others])
    if not names:
        return ""
    most, reasons = (FEW, 0) if may_be_accident(number) else (NAMED, REASONS)
    shown, left = names[:most], len(names) - most
    shown += [f"{left} more"] if left > 0 else []
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
    why = f": {'; '.join(number.ties)}" if 0 < len(number.ties) <= reasons else ""
    return f"not to be told apart on this batch from {listed}{why}"


def names_beside(first: str, others: Sequence[str]) -> list[str]:
    """Rules that give what the first gives; odd parts that they share with it are not told again."""
    head, _, odd = first.partition("; ")
    names = dict.fromkeys(_in_brackets(title.removesuffix(f"; {odd}")) for title in others)
    names.pop(head, None)
    return list(names)


def _in_brackets(title: str) -> str:
    """`batch-mean (the log has base 2)`: a rule among others, its odd parts told from the next rule."""
    head, *odd = title.split("; ")
    return f"{head} ({', '.join(odd)})" if odd else head


def ratio_line(relation: Relation, look: Look) -> str:
    """`0.380753 / 0.692279 = 0.549999: batch-mean over weighted-mean: …`"""
    said = f": {relation.sentence}" if relation.sentence else ""
    return f"{relation.second} / {relation.first} = {format_number(relation.ratio, look.digits)}{said}"


def chance_line(number: Identified, depth: int) -> str:
    """What a match is worth, or how much was tried for none."""
    odds = chance_of(number)
    tried = tried_line(number, depth)
    if odds is None or number.prior is None:
        return f"how likely an accident is cannot be told of {number.text}" if number.matches else tried
    ends = sorted(0.0 - end for end in number.prior) if number.value < 0 else number.prior
    low, high = (format_number(end, 3) for end in ends)
    like = f"of numbers as long, from {low} to {high}"
    if not number.matches:
        return f"{tried}: {like}, {_percent(odds)} have one"
    said = f"chance of an accident: {_percent(odds)} {like}"
    return said + ("; more digits would tell" if may_be_accident(number) else "")


def tried_line(number: Identified, depth: int) -> str:
    """`tried 240 rules of up to 1 departure, and 8100 of batches of any size`"""
    rules = [one.rules for one in number.chances if not one.any_size]
    said = f"tried {counted(rules[-1], 'rule', 'rules')} of up to {counted(depth, 'departure', 'departures')}"
    others = number.chances[-1].rules - rules[-1]
    return f"{said}, and {others} of {ANY_SIZES}" if others else said


def change_line(change: Change) -> str:
    """`weight[1] = 1.35 instead of 1.85, one keystroke away, would make it batch-mean; …`"""
    slip = ", one keystroke away," if change.is_slip and not change.place.startswith("labels") else ""
    given, changed = format_number(change.given, 9), format_number(change.changed, 9)
    said = f"{change.place} = {changed} instead of {given}{slip} would make it {change.rule}"
    return f"{said}; of numbers as long, {_percent(change.chance)} find such a change"


def _percent(chance: float) -> str:
    return f"{format_number(100 * chance, 2)} %" if chance else "none"


def criterions_numbers(answer: Identification) -> str:
    """`, which 0.6749 is, and 0.38 is not`: whether each number is the one that the criterion returns."""
    one = answer.criterion
    if one is None or one.loss is None:
        return ""
    told = [f"{number.text} {_is_the(number, one.loss)}" for number in answer.numbers]
    return f", which {' and '.join(told)}" if told else ""


def _is_the(number: Identified, loss: float) -> str:
    same = [match for match in number.matches if math.isclose(match.value, loss, rel_tol=SAME)]
    if any(not match.departures for match in same):
        return "is"
    return "is but for its last digit" if any(match.departures in ((CUT,), (ROUNDED,)) for match in same) else "is not"
