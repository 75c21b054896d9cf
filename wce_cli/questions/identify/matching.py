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

from wce_cli.loss.batch import Batch
from wce_cli.loss.odd_readings import ODD_READINGS
from wce_cli.questions.explain import batch_part
from wce_cli.questions.identify import ties
from wce_cli.questions.identify.answer import ROUNDED, SCHEMA, Identification, Identified, Match, Nearest
from wce_cli.questions.identify.chance import EDGE
from wce_cli.questions.identify.implied import implied
from wce_cli.questions.identify.lists import identify_gradients, identify_losses
from wce_cli.questions.identify.number import Seen
from wce_cli.questions.identify.relations import relations
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.separate import separating
from wce_cli.questions.identify.slips import changes
from wce_cli.questions.identify.space import Space

NEAREST = 3


class Asked(Struct, frozen=True):
    """What is to be identified: single numbers, a list of losses, and gradients of the logits."""

    numbers: tuple[Seen, ...] = ()
    losses: tuple[Seen, ...] = ()
    gradients: tuple[Seen, ...] = ()


@np.errstate(all="ignore")
def identify_batch(batch: Batch, asked: Asked, depth: int = 1, *, separate: bool = False) -> Identification:
    """Which rules give each number, with their odds, and what is between two of them."""
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
        tuple(relations(space.evaluation, numbers, [_simplest_of(found) for found in matches])),
        tuple(
            of(batch, values, depth)
            for of, values in ((identify_losses, asked.losses), (identify_gradients, asked.gradients))
            if values
        ),
        apart,
    )


def _identified(space: Space, batch: Batch, number: Seen, matches: list[tuple[Rule, Match]]) -> Identified:
    tied = [rule for position, (rule, match) in enumerate(matches) if not match.is_guard or position == 0]
    return Identified(
        number.text,
        number.value,
        number.tolerance,
        number.why,
        float(space.widening[space.departures == 0].max(initial=0.0)),
        tuple(implied(space.evaluation, number)),
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


@np.errstate(all="ignore")
def simplest(space: Space, number: Seen) -> tuple[list[tuple[Rule, Match]], float | None]:
    """The rules with the fewest departures that give a number, for who asks nothing else; and the chance that a
    number which means nothing would have been explained within so many."""
    matches = [pair for pair in _matches(space, number) if not pair[1].is_guard]
    fewest = min((len(match.departures) for _, match in matches), default=0)
    odds = space.odds(number, fewest) if fewest <= space.depth else None
    return [pair for pair in matches if len(pair[1].departures) == fewest], odds
