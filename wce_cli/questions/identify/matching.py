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

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.identify import CUT, LITTLE, ROUNDED, SCHEMA, Identification, Identified, Match, Nearest
from wce_cli.answers.report import CriterionPart
from wce_cli.batches.batch import Batch
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import loss_values
from wce_cli.loss.totals import Totals
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.doubts import doubts_of
from wce_cli.questions.explain.report import batch_part, criterion_part
from wce_cli.questions.identify import ties
from wce_cli.questions.identify.chance import EDGE, prior_of
from wce_cli.questions.identify.implied import implied
from wce_cli.questions.identify.lists import identify_gradients, identify_losses
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.relations import relations
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.separate import separating
from wce_cli.questions.identify.slips import changes
from wce_cli.questions.identify.space import Space

NEAREST = 3


class NumbersAsked(Struct, frozen=True):
    """What is to be identified: single numbers, a list of losses, and gradients of the logits."""

    numbers: tuple[PrintedNumber, ...] = ()
    losses: tuple[PrintedNumber, ...] = ()
    gradients: tuple[PrintedNumber, ...] = ()


@np.errstate(all="ignore")
def identify_batch(batch: Batch, asked: NumbersAsked, depth: int = 1, *, separate: bool = False) -> Identification:
    """Which rules give each number, with their odds, and what is between two of them."""
    totals, facts = one_pass(batch, top=0)
    space, numbers = Space(batch, depth), asked.numbers
    matches = [_matches(space, number) for number in numbers]
    identified = [_identified(space, batch, *both) for both in zip(numbers, matches, strict=True)]
    sure = [_sure(space, *both) for both in zip(numbers, matches, strict=True)]
    apart = None
    if separate:
        tied = dict.fromkeys(rule for found in matches for rule, _ in found)
        apart = separating(batch, list(tied)) if len(tied) > 1 else None
    return Identification(
        SCHEMA,
        batch_part(batch.spec, batch.scores.shape, batch.n_samples, space.evaluation.totals().n_kept),
        depth,
        tuple(identified),
        tuple(relations(space.evaluation, numbers, sure)),
        tuple(
            of(batch, values, depth)
            for of, values in ((identify_losses, asked.losses), (identify_gradients, asked.gradients))
            if values
        ),
        apart,
        doubts_of(batch.spec, totals, facts),
        _criterion_part(batch, totals, facts),
    )


def _criterion_part(batch: Batch, totals: Totals, facts: Facts) -> CriterionPart | None:
    spec = batch.spec
    values = () if spec.criterion is None else loss_values(totals, spec.class_weight, spec.label_smoothing)
    return criterion_part(Analysis(spec, totals, facts, values, ()), batch)


def _identified(space: Space, batch: Batch, number: PrintedNumber, matches: list[tuple[Rule, Match]]) -> Identified:
    widening = float(space.widening[space.departures == 0].max(initial=0.0))
    divided = tuple(implied(space.evaluation, number))
    is_open = not matches and not any(one.is_telling for one in divided)
    simple, odder = _tied(matches)
    reasons = ties.reasons(space.evaluation, simple)
    return Identified(
        number.text,
        number.value,
        number.tolerance,
        number.why,
        widening,
        divided,
        tuple(match for _, match in matches),
        reasons,
        tuple(reason for reason in ties.reasons(space.evaluation, [*simple[:1], *odder]) if reason not in reasons),
        space.chances(number),
        prior_of(number.value, number.unit),
        () if matches else tuple(_nearest(space, number)),
        changes(batch, number, widening) if is_open else (),
    )


def _tied(matches: Sequence[tuple[Rule, Match]]) -> tuple[list[Rule], list[Rule]]:
    """The simplest rules, and those with more departures; clipping that changes nothing is none."""
    fewest = len(matches[0][1].departures) if matches else 0
    simple = [rule for rule, match in matches if len(match.departures) == fewest]
    return simple, [rule for rule, match in matches if len(match.departures) > fewest and not match.is_guard]


def _matches(space: Space, number: PrintedNumber) -> list[tuple[Rule, Match]]:
    """The rules that give the number: fewest departures first, then those that need no slack, then the closest.

    A last digit that was cut off beside as many odd parts as are tried counts only where nothing simpler fits.
    """
    fitting = np.flatnonzero(space.fits(number)).tolist()
    found = [(space.rules[position], _match(space, number, position)) for position in fitting]
    simple = [pair for pair in found if len(pair[1].departures) <= space.depth]
    return sorted(simple or found, key=lambda pair: _rank(pair[1]))


def _match(space: Space, number: PrintedNumber, position: int) -> Match:
    """A rule beside the number that it gives."""
    rule, value = space.rules[position], float(space.values[position])
    widening = float(space.widening[position])
    within = number.tolerance + widening
    difference = value - number.value if math.isfinite(value) else 0.0
    divisor = ties.divisor(space.evaluation, rule)
    numerator, denominator = (space.evaluation.fraction(rule) if divisor else None) or (None, None)
    off = ""
    if abs(difference) > within + number.unit * EDGE:
        off = CUT if 0 <= abs(value) - abs(number.value) < number.unit + widening else ROUNDED
    return Match(
        rule.title,
        rule.method,
        rule.placement,
        (*rule.departures, off) if off else rule.departures,
        value,
        difference,
        within + number.unit * bool(off),
        rule.reading != "" and ODD_READINGS[rule.reading].is_guard,
        numerator,
        denominator,
        divisor,
    )


def _rank(match: Match) -> tuple[int, bool, bool, int]:
    """A standard rule whose last digit is off is simpler than another rule; then the closest come first."""
    nearness = round(20 * (abs(match.difference) / match.within)) if match.within else 0
    return len(match.departures), match.departures not in ((CUT,), (ROUNDED,)), match.is_off, nearness


def _sure(space: Space, number: PrintedNumber, matches: Sequence[tuple[Rule, Match]]) -> list[Rule]:
    """The simplest rules that give a number to its last digit, of which more can be said; none where it may be an
    accident."""
    fewest = len(matches[0][1].departures) if matches else 0
    if fewest and (space.odds(number, fewest) or 0.0) >= LITTLE:
        return []
    return [rule for rule, match in matches if len(match.departures) == fewest and not match.is_off]


def _nearest(space: Space, number: PrintedNumber) -> list[Nearest]:
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


@np.errstate(all="ignore")
def simplest(space: Space, number: PrintedNumber) -> tuple[list[tuple[Rule, Match]], float | None]:
    """The rules with the fewest departures that give a number, for who asks nothing else; and the chance that a
    number which means nothing would have been explained within so many."""
    matches = _matches(space, number)
    fewest = len(matches[0][1].departures) if matches else 0
    return [pair for pair in matches if len(pair[1].departures) == fewest], space.odds(number, fewest)
