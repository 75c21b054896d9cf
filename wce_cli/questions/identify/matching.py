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
from wce_cli.answers.identify import ANY_SIZE, CUT, LITTLE, ROUNDED, SCHEMA, Identification, Identified, Match, Nearest
from wce_cli.answers.report import CriterionPart
from wce_cli.batches.batch import Batch
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import loss_values
from wce_cli.loss.sums import Ints
from wce_cli.loss.totals import Totals
from wce_cli.passes.one_pass import cut_pass, one_pass
from wce_cli.questions.explain.doubts import doubts_of
from wce_cli.questions.explain.report import batch_part, criterion_part
from wce_cli.questions.identify import ties
from wce_cli.questions.identify.chance import EDGE, prior_of
from wce_cli.questions.identify.evaluation import by_item
from wce_cli.questions.identify.implied import implied
from wce_cli.questions.identify.lists import identify_gradients, identify_losses
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.pairings import untried
from wce_cli.questions.identify.parts import is_mean_of_parts
from wce_cli.questions.identify.relations import relations
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.separate import separating
from wce_cli.questions.identify.slips import changes
from wce_cli.questions.identify.space import Space
from wce_cli.questions.identify.twists import TWISTS

NEAREST = 3
ANY_SIZES_TOLD = 20
"""Parts of other sizes than the usual ones that are told, the closest: short numbers are given by thousands."""


class NumbersAsked(Struct, frozen=True):
    """What is to be identified: single numbers, a list of losses, and gradients of the logits."""

    numbers: tuple[PrintedNumber, ...] = ()
    losses: tuple[PrintedNumber, ...] = ()
    gradients: tuple[PrintedNumber, ...] = ()


@np.errstate(all="ignore")
def identify_batch(batch: Batch, asked: NumbersAsked, depth: int = 1, *, separate: bool = False) -> Identification:
    """Which rules give each number, with their odds, and what is between two of them."""
    cut = by_item(batch) if depth else None
    totals, facts, items = (*one_pass(batch, top=0), None) if cut is None else cut_pass(batch, cut)
    space, numbers = Space(batch, depth, items), asked.numbers
    matches = [_matches(space, number) for number in numbers]
    identified = [_identified(space, batch, *both) for both in zip(numbers, matches, strict=True)]
    sure = [_sure(space, *both) for both in zip(numbers, matches, strict=True)]
    apart = None
    if separate:
        tied = dict.fromkeys(rule for found in matches for rule, _ in found)
        apart = separating(batch, list(tied))
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
        untried(batch, space.evaluation.case.pairings) if depth else (),
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
    fewest = matches[0][1].oddness if matches else (0, False)
    simple = [rule for rule, match in matches if match.oddness == fewest]
    return simple, [rule for rule, match in matches if match.oddness > fewest and not match.is_guard]


def _matches(space: Space, number: PrintedNumber) -> list[tuple[Rule, Match]]:
    """The rules that give the number: fewest departures first, then those that need no slack, then the closest.

    A last digit that was cut off beside as many odd parts as are tried counts only where nothing simpler fits; parts of
    any size, where nothing else does to the last digit.
    """
    fits = space.fits(number)
    found = _made(space, number, np.flatnonzero(fits & ~space.any_size))
    simple = [pair for pair in found if len(pair[1].departures) <= space.depth]
    found = simple or found
    if all(match.is_off for _, match in found):
        found += _made(space, number, _closest(space, number, np.flatnonzero(fits & space.any_size)))
    return sorted(found, key=lambda pair: _rank(*pair))


def _made(space: Space, number: PrintedNumber, positions: Ints) -> list[tuple[Rule, Match]]:
    return [(space.rule(position), _match(space, number, position)) for position in positions.tolist()]


def _closest(space: Space, number: PrintedNumber, positions: Ints) -> Ints:
    """The first of some rules, the closest first."""
    off = np.abs(space.values[positions] - number.value)
    return positions[np.argsort(off, kind="stable")[:ANY_SIZES_TOLD]]


def _match(space: Space, number: PrintedNumber, position: int) -> Match:
    """A rule beside the number that it gives."""
    rule, value = space.rule(position), float(space.values[position])
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
        (*rule.departures, *filter(None, [off, ANY_SIZE if space.any_size[position] else ""])),
        value,
        difference,
        within + number.unit * bool(off),
        rule.reading != "" and ODD_READINGS[rule.reading].is_guard,
        numerator,
        denominator,
        divisor,
    )


def _rank(rule: Rule, match: Match) -> tuple[tuple[int, bool], bool, bool, bool, bool, int]:
    """A standard rule whose last digit is off is simpler than another rule, but for a mean of parts that fits; a number
    of processes that nobody has told of comes last; then the closest come first."""
    nearness = round(20 * (abs(match.difference) / match.within)) if match.within else 0
    is_standard = match.departures in ((CUT,), (ROUNDED,))
    of_parts = not match.is_off and len(match.departures) == 1 and is_mean_of_parts(match.method)
    return match.oddness, not of_parts, not is_standard, match.is_off, _is_of_steps(rule), nearness


def _is_of_steps(rule: Rule) -> bool:
    """Whether it is a standard loss times or over a number that nobody has told of."""
    return rule.twist != "" and TWISTS[rule.twist].steps > 0


def _sure(space: Space, number: PrintedNumber, matches: Sequence[tuple[Rule, Match]]) -> list[Rule]:
    """The simplest rules that give a number to its last digit, of which more can be said; none where it may be an
    accident."""
    first = matches[0][1].oddness if matches else (0, False)
    if first > (0, False) and (_odds(space, number, matches) or 0.0) >= LITTLE:
        return []
    return [rule for rule, match in matches if match.oddness == first and not match.is_off]


def _odds(space: Space, number: PrintedNumber, matches: Sequence[tuple[Rule, Match]]) -> float | None:
    """The chance that a number which means nothing would have had a rule as simple."""
    is_any_size = bool(matches) and matches[0][1].is_any_size
    fewest = len(matches[0][1].departures) if matches else 0
    return space.odds(number, space.most if is_any_size else fewest, is_any_size)


def _nearest(space: Space, number: PrintedNumber) -> list[Nearest]:
    """The closest rules, the simplest of those that give one number."""
    if not math.isfinite(number.value):
        return []
    distance = np.abs(space.values - number.value)
    distance[np.isnan(distance) | space.any_size] = np.inf
    found: list[Nearest] = []
    reach = max(number.tolerance, 1e-3 * abs(number.value))  # a simpler rule is preferred to one so much closer
    for position in np.argsort(distance + reach * space.departures, kind="stable").tolist():
        value = float(space.values[position])
        if not math.isfinite(value) or space.any_size[position] or len(found) == NEAREST:
            break
        if not _is_of_steps(space.rule(position)) and all(abs(value - one.value) > number.tolerance for one in found):
            rule = space.rule(position)
            found.append(Nearest(rule.title, rule.departures, value, value - number.value))
    return found


@np.errstate(all="ignore")
def simplest(space: Space, number: PrintedNumber) -> tuple[list[tuple[Rule, Match]], float | None]:
    """The rules with the fewest departures that give a number, for who asks nothing else; and the chance that a
    number which means nothing would have been explained within so many."""
    matches = _matches(space, number)
    return [pair for pair in matches if pair[1].oddness == matches[0][1].oddness], _odds(space, number, matches)
