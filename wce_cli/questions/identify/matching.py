"""Which rule gave this number?

Every rule of the space is evaluated, and the ones within the number's own tolerance are its explanations, the
fewest departures first. How much an explanation is worth is said by the chance that a number which means nothing
would have found one as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.digits import format_number
from wce_cli.loss.batch import Batch
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.loss.odd_readings import ODD_READINGS
from wce_cli.loss.rounding import rounding_errors
from wce_cli.loss.stream import one_pass
from wce_cli.loss.sums import Floats
from wce_cli.questions.doubts import doubts_of
from wce_cli.questions.explain import batch_part
from wce_cli.questions.identify import ties
from wce_cli.questions.identify.answer import (
    ROUNDED,
    SCHEMA,
    Chance,
    Denominator,
    Identification,
    Identified,
    Implied,
    Match,
    Nearest,
    Relation,
)
from wce_cli.questions.identify.chance import EDGE, ENOUGH, chance, prior_of
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.lists import identify_gradients, identify_losses
from wce_cli.questions.identify.number import Seen
from wce_cli.questions.identify.rules import Rule, rules
from wce_cli.questions.identify.separate import separating
from wce_cli.questions.identify.slips import changes

NEAREST = 3


class Space:
    """Every rule of a batch up to a depth, with what it gives; shared by all numbers that are asked about it."""

    @np.errstate(all="ignore")  # a rule may overflow or be NaN: then it gives no number
    def __init__(self, batch: Batch, depth: int) -> None:
        self.depth = depth
        listed = list(rules(case_of(batch), depth))
        self.evaluation = Evaluation(batch, listed)
        pairs = [(rule, self.evaluation.value(rule)) for rule in listed]
        self.rules = [rule for rule, value in pairs if value is not None]
        self.values = np.array([value for _, value in pairs if value is not None])
        self.departures = np.array([len(rule.departures) for rule in self.rules])
        self.prior = prior_of(self.values[self.departures == 0])
        self.widening = self._widening(batch)
        """How far each rule may be off because the batch's own numbers were printed rounded (R,)."""

    def _widening(self, batch: Batch) -> Floats:
        """The bound of a standard rule is its pair's; that of an odd one is taken for as much, by its size.

        Where a bound is ∞, nothing is known: the rule is then held to the number's own digits.
        """
        spec = batch.spec
        if not spec.half_units:
            return np.zeros(len(self.rules))
        values = loss_values(self.evaluation.totals(), spec.class_weight, spec.label_smoothing)
        errors = rounding_errors(batch, values)
        known = {value.pair: (errors.get(value.pair, 0.0), abs(value.value)) for value in values}
        found = np.zeros(len(self.rules))
        for position, rule in enumerate(self.rules):
            method = rule.method if rule.method in METHODS else "batch-mean"
            error, size = known.get(f"{method}/{rule.placement}", (0.0, 0.0))
            grown = abs(float(self.values[position])) / size if size else 1.0
            found[position] = error * (max(grown, 1.0) if rule.method in METHODS else grown)
        return np.where(np.isfinite(found), found, 0.0)

    def slack(self, number: Seen, depth: int) -> Floats:
        """How much further a number may be from each rule because its last digit was rounded wrongly (R,)."""
        one_off = 0.0 if number.is_asked else number.unit
        return np.where(self.departures < depth, one_off, 0.0)

    def fits(self, number: Seen) -> NDArray[np.bool_]:
        """Which rules give the number (R,)."""
        if not math.isfinite(number.value):
            alike: NDArray[np.bool_] = (
                np.isnan(self.values) if math.isnan(number.value) else self.values == number.value
            )
            return alike
        windows = number.tolerance + self.widening
        if abs(number.value) >= ENOUGH * number.unit:
            windows = windows + self.slack(number, self.depth)
        found: NDArray[np.bool_] = np.abs(self.values - number.value) <= windows + number.unit * EDGE
        return found

    def chances(self, number: Seen) -> tuple[Chance, ...]:
        """The chance that a number of as many decimals is explained, by departures allowed; of a loss below 0 none is
        told, which no number of the prior is.
        """
        found = []
        for depth in range(self.depth + 1):
            within = self.departures <= depth
            odds = self.odds(number, depth) if number.value > 0 else None
            found.append(Chance(depth, int(within.sum()), _distinct(self.values[within]), odds))
        return tuple(found)

    def odds(self, number: Seen, depth: int) -> float | None:
        """The same for one depth; a number below 0 among those of its own side."""
        if self.prior is None or not math.isfinite(number.value) or number.value == 0:
            return None
        within = self.departures <= depth
        values, windows = self.values[within], number.tolerance + self.widening[within]
        slack = self.slack(number, depth)[within]
        return chance(math.copysign(1.0, number.value) * values, windows, slack, number.unit, self.prior)


def is_explained(space: Space, number: Seen) -> bool:
    """Whether any rule gives the number."""
    return bool(space.fits(number).any())


class Asked(Struct, frozen=True):
    """What is to be identified: single numbers, a list of losses, and gradients of the logits."""

    numbers: tuple[Seen, ...] = ()
    losses: tuple[Seen, ...] = ()
    gradients: tuple[Seen, ...] = ()


@np.errstate(all="ignore")
def identify_batch(batch: Batch, asked: Asked, depth: int = 1, *, separate: bool = False) -> Identification:
    """Which rules give each number, with their odds, and what is between two of them."""
    found = doubts_of(batch.spec, *one_pass(batch, top=0))
    space, numbers = Space(batch, depth), asked.numbers
    matches = [_matches(space, number) for number in numbers]
    identified = [_identified(space, batch, *both) for both in zip(numbers, matches, strict=True)]
    apart = None
    if separate:
        tied = dict.fromkeys(rule for found in matches for rule, _ in found)
        apart = separating(batch, list(tied)) if len(tied) > 1 else None
    return Identification(
        SCHEMA,
        batch_part(batch.spec, batch.scores.shape, batch.n_samples, space.evaluation.totals().n_kept),
        depth,
        tuple(identified),
        tuple(_relations(space, numbers, [_simplest_of(found) for found in matches])),
        tuple(
            of(batch, values, depth)
            for of, values in ((identify_losses, asked.losses), (identify_gradients, asked.gradients))
            if values
        ),
        apart,
        found,
    )


def _identified(space: Space, batch: Batch, number: Seen, matches: list[tuple[Rule, Match]]) -> Identified:
    tied = [rule for position, (rule, match) in enumerate(matches) if not match.is_guard or position == 0]
    return Identified(
        number.text,
        number.value,
        number.tolerance,
        number.why,
        float(space.widening[space.departures == 0].max(initial=0.0)),
        tuple(_implied(space, number)),
        tuple(match for _, match in matches),
        ties.reasons(space.evaluation, tied) if len(tied) > 1 else (),
        space.chances(number),
        space.prior,
        () if matches else tuple(_nearest(space, number)),
        () if matches else changes(batch, number),
    )


def _matches(space: Space, number: Seen) -> list[tuple[Rule, Match]]:
    """The rules that give the number: fewest departures first, then those that need no slack, then the closest."""
    found = []
    distance = np.abs(space.values - number.value)
    for position in np.flatnonzero(space.fits(number)).tolist():
        rule, within = space.rules[position], number.tolerance + float(space.widening[position])
        is_rounded = bool(distance[position] > within + number.unit * EDGE)  # False of nan
        value = float(space.values[position])
        found.append(
            (
                rule,
                Match(
                    rule.title,
                    rule.method,
                    rule.placement,
                    (*rule.departures, ROUNDED) if is_rounded else rule.departures,
                    value,
                    value - number.value if math.isfinite(value) else 0.0,
                    within + number.unit * is_rounded,
                    rule.reading != "" and ODD_READINGS[rule.reading].is_guard,
                ),
            )
        )
    return sorted(found, key=lambda pair: _rank(pair[1]))


def _rank(match: Match) -> tuple[int, bool, bool, int]:
    """A standard rule with one digit rounded is simpler than another rule; then the closest come first."""
    is_rounded = ROUNDED in match.departures
    nearness = round(20 * abs(match.difference) / match.within) if match.within else 0
    return len(match.departures), match.departures != (ROUNDED,), is_rounded, nearness


def _simplest_of(matches: Sequence[tuple[Rule, Match]]) -> list[Rule]:
    fewest = min((len(match.departures) for _, match in matches), default=0)
    return [rule for rule, match in matches if len(match.departures) == fewest]


def _implied(space: Space, number: Seen) -> list[Implied]:
    """What each standard numerator must have been divided by."""
    evaluation = space.evaluation
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


def _distinct(values: Floats) -> int:
    """How many different numbers: those 1e-9 apart are one."""
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return 0
    return 1 + int((np.diff(finite) > ties.SAME * np.maximum(np.abs(finite[1:]), np.abs(finite[:-1]))).sum())


def _nearest(space: Space, number: Seen) -> list[Nearest]:
    """The closest rules, the simplest of those that give one number."""
    if not math.isfinite(number.value):
        return []
    distance = np.abs(space.values - number.value)
    distance[np.isnan(distance)] = np.inf
    found: list[Nearest] = []
    reach = max(number.tolerance, 1e-3 * abs(number.value))  # a simpler rule is preferred to one so much closer
    for position in np.argsort(distance + reach * space.departures, kind="stable").tolist():
        value = float(space.values[position])
        if not math.isfinite(value) or len(found) == NEAREST:
            break
        if all(abs(value - one.value) > number.tolerance for one in found):
            rule = space.rules[position]
            found.append(Nearest(rule.title, rule.departures, value, value - number.value))
    return found


def _relations(space: Space, numbers: Sequence[Seen], tied: Sequence[list[Rule]]) -> list[Relation]:
    """Between each number and the first one: the factor, and the pair of rules that it is between."""
    found = []
    for number, rules_of in list(zip(numbers, tied, strict=True))[1:]:
        first = numbers[0]
        if not (first.value and math.isfinite(first.value) and math.isfinite(number.value)):
            continue
        ratio = number.value / first.value
        found.append(Relation(first.text, number.text, ratio, _between(space, tied[0], rules_of)))
    return found


def _between(space: Space, ones: list[Rule], others: list[Rule]) -> str:
    """`batch-mean over weighted-mean = Σ w[y] / N = 0.76 / 2 = 0.38`, for the two rules that share most."""
    couples = [(one, other) for one in ones for other in others if one != other]
    if not couples:
        return ""
    one, other = min(couples, key=lambda couple: _parts_apart(*couple))
    a, b = space.evaluation.fraction(one), space.evaluation.fraction(other)
    head = f"{other.title} over {one.title}"
    if a is None or b is None:
        return head
    if abs(a[0] - b[0]) <= ties.SAME * abs(a[0]) and b[1] and one.twist == other.twist:
        quotient = f"{format_number(a[1])} / {format_number(b[1])} = {format_number(a[1] / b[1])}"
        return f"{head}: the sum is the same, the denominators are {quotient}"
    return head


def _parts_apart(one: Rule, other: Rule) -> int:
    return sum(getattr(one, part) != getattr(other, part) for part in Rule.__struct_fields__)


@np.errstate(all="ignore")
def simplest(space: Space, number: Seen) -> tuple[list[tuple[Rule, Match]], float | None]:
    """The rules with the fewest departures that give a number, for who asks nothing else; and the chance that a
    number which means nothing would have been explained within so many."""
    matches = [pair for pair in _matches(space, number) if not pair[1].is_guard]
    fewest = min((len(match.departures) for _, match in matches), default=0)
    odds = space.odds(number, fewest) if fewest <= space.depth else None
    return [pair for pair in matches if len(pair[1].departures) == fewest], odds
