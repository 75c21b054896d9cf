"""Which rule a function follows: the one that gives its number on every probe, else the one it stays with longest.

The rules are those of `identify`. A probe strikes out every rule that gives another number, so that the few which
are left cost nothing to ask about the next one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from wce_cli.digits import format_number
from wce_cli.loss.methods import METHODS
from wce_cli.loss.odd_readings import ODD_READINGS
from wce_cli.questions.audit.answer import Computed, Departure
from wce_cli.questions.audit.probes import FAR, Offers, Probe, beginnings
from wce_cli.questions.audit.records import Answered, said
from wce_cli.questions.audit.values import NEXT_TO_ZERO, difference, fields_of, listed_rules, terms_on, values_on
from wce_cli.questions.identify.rules import Rule

CLOSE = {"float64": 1e-6, "float32": 2e-5}
"""How far off a number may be, relative, by the dtype that is returned: room for a small number that is added to what
is divided by, and none for another rule, which is off by 1e-4 and more on some probe."""
DEEPEST = 2
BY_ITSELF, UNWEIGHTED = "w·ℓ of each sample", "ℓ of each sample"


class Asked(Struct, frozen=True):
    """A probe, and what the function answered."""

    probe: Probe
    answer: Answered

    @property
    def number(self) -> float | None:
        """The one number that was returned; None for an error, or for several."""
        values = self.answer.values
        return None if values is None or len(values) != 1 or self.is_list else values[0]

    @property
    def is_list(self) -> bool:
        """Whether a loss was returned for each sample."""
        return self.answer.values is not None and self.answer.shape == (len(self.probe.labels),)


def computed(
    asked: Sequence[Asked], offers: Offers, reduction: str | None, answers: Mapping[str, Answered]
) -> Computed | None:
    """The rule behind the answers to the probes of one reduction; None where no probe was answered.

    Among all `answers` there may be those to the beginnings of a probe: the shortest that departs is shown.
    """
    if not any(one.answer.values is not None for one in asked):
        return None
    of_lists = sum(one.is_list for one in asked) > len(asked) / 2
    nearest: Computed | None = None
    for depth in range(DEEPEST + 1):
        listed = [r for r in listed_rules([one.probe for one in asked], offers, depth) if len(r.departures) == depth]
        if of_lists:
            listed = [rule for rule in listed if rule.method == "sum" and rule.twist in ("", "negated")]
        made = _struck_out(asked, offers, listed, reduction, of_lists, answers)
        if made is None:
            continue
        if made.is_followed and made.agreed == made.probes:
            return made
        if nearest is None or (made.agreed > nearest.agreed + depth - 1 and not nearest.is_followed):
            nearest = made
        if depth and (nearest.is_followed or (nearest.leaves_far and depth > len(nearest.departures))):
            return nearest  # what caps a loss in a way of its own is no departure that more of them would explain
    return nearest


def _struck_out(
    asked: Sequence[Asked],
    offers: Offers,
    listed: Sequence[Rule],
    reduction: str | None,
    of_lists: bool,
    answers: Mapping[str, Answered],
) -> Computed | None:
    """The rules that are left after each probe, or the last that were left and where they went."""
    left, agreed, largest = list(listed), 0, 0.0
    departs: Departure | None = None
    for one in asked:
        if not left:
            break
        fit, off, values = _fitting(one, offers, left, of_lists)
        if fit:
            left, agreed, largest = fit, agreed + 1, max(largest, off)
        else:
            if not agreed and not of_lists:  # the nearest is the one whose number is nearest
                offs = [difference(one.number, value) for value in values]
                at = min(range(len(left)), key=offs.__getitem__)
                left, values = [left[at]], [values[at]]
            departs = _shortest(one, offers, left[0], answers) or _departure(one, offers, values[0])
            break
    if not left:
        return None
    rule = _first(left, offers)
    is_followed = departs is None and agreed > 0
    if is_followed and unguarded(rule) != rule:
        departs = _without_guard(asked, offers, rule, answers)
    is_pair = not rule.departures and not of_lists and departs is None
    return Computed(
        reduction=reduction,
        title=_title(rule, offers, of_lists),
        summary=METHODS[rule.method].summary if rule.method in METHODS and not of_lists else "",
        pairs=tuple(dict.fromkeys([rule.pair, *(one.pair for one in left)])) if is_pair else (),
        departures=rule.departures,
        is_followed=is_followed,
        probes=len(asked),
        agreed=agreed,
        largest_difference=largest,
        departs=departs,
    )


def _fitting(
    one: Asked, offers: Offers, left: Sequence[Rule], of_lists: bool
) -> tuple[list[Rule], float, list[float | None]]:
    """The rules that give this answer, how far off the best is, and what all of them give."""
    if of_lists:
        return _fitting_lists(one, offers, left)
    values = values_on(one.probe, offers, left)
    offs = [difference(one.number, value) for value in values]
    fit = [rule for rule, off in zip(left, offs, strict=True) if off <= _close(one)]
    return fit, min(offs), values


def _fitting_lists(one: Asked, offers: Offers, left: Sequence[Rule]) -> tuple[list[Rule], float, list[float | None]]:
    """The same where a loss is returned for each sample: every one must fit."""
    got = one.answer.values
    fit, offs, sums = [], [math.inf], list[float | None]()
    for rule in left:
        terms = terms_on(one.probe, offers, rule)
        sums.append(None if terms is None else float(terms.sum()))
        if terms is None or got is None or len(got) != len(terms):
            off = 0.0 if terms is None and got is None else math.inf
        else:
            sign = -1.0 if rule.twist else 1.0
            floor = 1.0 if _is_far(one.probe) else NEXT_TO_ZERO
            off = max(difference(a, sign * b, floor) for a, b in zip(got, terms.tolist(), strict=True))
        if off <= _close(one):
            fit.append(rule)
            offs.append(off)
    return fit, min(offs), sums


def _close(one: Asked) -> float:
    return CLOSE.get(one.answer.dtype, CLOSE["float64"])


def _title(rule: Rule, offers: Offers, of_lists: bool) -> str:
    if not of_lists:
        return rule.title
    head = BY_ITSELF if offers.weight else UNWEIGHTED
    return "; ".join([head, *rule.title.split("; ")[1:]])


def _first(left: Sequence[Rule], offers: Offers) -> Rule:
    """The one that stands for all that are the same here: without class weights, the one that has none."""
    if not offers.weight:
        return next((rule for rule in left if rule.method == "unweighted-mean"), left[0])
    return left[0]


def _shortest(one: Asked, offers: Offers, rule: Rule, answers: Mapping[str, Answered]) -> Departure | None:
    """The beginning of a probe that shows a departure already."""
    for probe in beginnings(one.probe):
        if probe.name in answers and not one.is_list:
            short = Asked(probe, answers[probe.name])
            expected = values_on(probe, offers, [rule])[0]
            if difference(short.number, expected) > _close(short):
                return _departure(short, offers, expected)
    return None


def unguarded(rule: Rule) -> Rule:
    """The rule without what keeps p from 0 and 1."""
    is_guarded = rule.reading in ODD_READINGS and ODD_READINGS[rule.reading].is_guard
    return structs.replace(rule, reading="") if is_guarded else rule


def _without_guard(
    asked: Sequence[Asked], offers: Offers, rule: Rule, answers: Mapping[str, Answered]
) -> Departure | None:
    """Where a rule that keeps p from 0 leaves the one that does not."""
    far = next((one for one in asked if _is_far(one.probe)), None)
    if far is None or far.is_list:
        return None
    plain = unguarded(rule)
    return _shortest(far, offers, plain, answers) or _departure(far, offers, values_on(far.probe, offers, [plain])[0])


def _departure(one: Asked, offers: Offers, expected: float | None) -> Departure:
    return Departure(
        when=one.probe.about,
        got=one.number,
        expected=expected,
        said=f"gives {said(one.answer)}, not {'an error' if expected is None else format_number(expected)}",
        probe=fields_of(one.probe, offers),
    )


def _is_far(probe: Probe) -> bool:
    """Whether a loss is very large there; the tiny ones beside it are judged by a search of their own."""
    return probe.name.partition(":")[0] == FAR.name


def rule_of(made: Computed, offers: Offers, asked: Sequence[Asked]) -> Rule | None:
    """The rule of a title, to compute with; where a loss is returned for each sample, that of their sum."""
    of_lists = made.title.startswith((BY_ITSELF, UNWEIGHTED))
    for depth in range(DEEPEST + 1):
        for rule in listed_rules([one.probe for one in asked], offers, depth):
            if _title(rule, offers, of_lists) == made.title and (rule.method == "sum" or not of_lists):
                return rule
    return None


def is_expected(made: Computed | None, pair: str) -> bool:
    """Whether the function follows the METHOD or METHOD/PLACEMENT that it should."""
    return made is not None and made.is_followed and pair.removesuffix("/class") in made.pairs


def known_pairs() -> list[str]:
    """What may be expected."""
    found = list(METHODS)
    return found + [f"{name}/{placement}" for name in METHODS for placement in METHODS[name].placements]
