"""What a function computes, by the rules that give its answers: in words, and where it leaves them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from wce_cli.answers.audit import CLASSES, COLUMN, SAMPLES, Computed, Departure, Own
from wce_cli.answers.audit_numbers import difference
from wce_cli.digits import format_number
from wce_cli.loss.methods import METHODS
from wce_cli.questions.audit.elements import titled
from wce_cli.questions.audit.parent.values import PER_SAMPLE, fields_of, values_on
from wce_cli.questions.audit.parent.which_rule import Fit, close, fitting, is_far, offs_of
from wce_cli.questions.audit.probe_answers import AskedProbe, shape_of
from wce_cli.questions.audit.probes import Offers, beginnings
from wce_cli.questions.audit.protocol import Answered, said
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.odd_ways import ENTRIES
from wce_cli.questions.identify.rules import Rule

BY_ITSELF, UNWEIGHTED = "w·ℓ of each sample", "ℓ of each sample"


class Verdict(Struct, frozen=True):
    """What a function computes under one reduction, and what that can be computed with."""

    computed: Computed
    rule: Rule | None
    """The rule that is followed or near; where a loss is returned for each sample, that of their sum."""
    offers: Offers
    """What the function takes, with what it brings along."""


def verdict_of(
    asked: Sequence[AskedProbe],
    offers: Offers,
    owns: Sequence[Own],
    reduction: str | None,
    answers: Mapping[str, Answered],
) -> Verdict | None:
    """The rule behind the answers to the probes of one reduction; None where no probe was answered.

    `owns` is what the function may bring along, the likeliest first. Among all `answers` there may be those to the
    beginnings of a probe: the shortest that departs is shown.
    """
    if all(one.is_error for one in asked):
        return None
    shape = shape_of(asked)
    if shape not in ("", SAMPLES, COLUMN):
        return Verdict(_of_array(asked, offers, shape, reduction), None, offers)
    fit = fitting(asked, offers, owns, of_lists=bool(shape))
    if fit is None:
        return Verdict(_of_none(asked, offers, shape, reduction, answers), None, offers)
    return _of_rule(asked, fit, shape, reduction, answers)


def _of_rule(
    asked: Sequence[AskedProbe], fit: Fit, shape: str, reduction: str | None, answers: Mapping[str, Answered]
) -> Verdict:
    """What a function computes that follows some rules, or leaves the one that it is nearest to."""
    offers, rule = fit.offers, _first(fit.rules, fit.offers)
    offs = [offs_of(one, offers, [rule], bool(shape))[0] for one in asked]
    fits = [off <= close(one) for one, off in zip(asked, offs, strict=True)]
    departs = None
    if not all(fits):
        departs = _shortest(asked[fits.index(False)], offers, rule, answers)
    elif unguarded(rule) != rule:
        far = [one for one in asked if is_far(one.probe) and not shape]
        departs = _shortest(far[0], offers, unguarded(rule), answers) if far else None
    is_pair = all(fits) and not rule.departures and not shape
    made = Computed(
        reduction=reduction,
        title=_title(rule, offers, bool(shape)),
        summary=METHODS[rule.method].summary if rule.method in METHODS and not (shape or rule.entry) else "",
        pairs=tuple(dict.fromkeys([rule.pair, *(one.pair for one in fit.rules)])) if is_pair else (),
        departures=rule.departures,
        is_followed=all(fits),
        probes=len(asked),
        agreed=sum(fits),
        largest_difference=max(off for off, is_fit in zip(offs, fits, strict=True) if is_fit),
        departs=departs,
        shape=shape,
        brings=None if offers.own == Own() else offers.own,
    )
    return Verdict(made, rule, offers)


def _of_none(
    asked: Sequence[AskedProbe], offers: Offers, shape: str, reduction: str | None, answers: Mapping[str, Answered]
) -> Computed:
    """What is said of a function that no rule is near to: the shortest batch on which no method gives its number."""
    first = next(one for one in asked if not one.is_error)
    methods = [Rule(method.name, placement) for method in METHODS.values() for placement in method.placements]
    shown = first
    for probe in () if shape else beginnings(first.probe):
        one = AskedProbe(probe, answers[probe.name]) if probe.name in answers else first
        if one.is_error or (_is_nan(one) and not _is_nan(first)):
            continue  # it needs more samples
        if min(difference(one.number, value) for value in values_on(one.probe, offers, methods)) > close(one):
            shown = one
            break
    departs = Departure(
        when=shown.probe.about,
        got=shown.number,
        expected=None,
        said=f"gives {said(shown.answer)}" + ("" if shape else ", as none of the methods does"),
        probe=fields_of(shown.probe, offers),
    )
    return Computed(reduction, "", "", (), (), False, len(asked), 0, 0.0, departs, shape)


def _is_nan(one: AskedProbe) -> bool:
    return one.number is not None and math.isnan(one.number)


def _of_array(asked: Sequence[AskedProbe], offers: Offers, shape: str, reduction: str | None) -> Computed:
    """What is said of a function that returns an array: what its elements are, where that is known."""
    title, agreed, largest = titled(asked, offers, close) if shape == CLASSES else ("", 0, 0.0)
    if not agreed or agreed < len(asked):
        return Computed(reduction, "", "", (), (), False, len(asked), 0, 0.0, None, shape)
    return Computed(reduction, title, "", (), (), True, len(asked), agreed, largest, None, shape)


def _title(rule: Rule, offers: Offers, of_lists: bool) -> str:
    if not of_lists:
        return rule.title
    is_missing = rule.entry in ENTRIES and ENTRIES[rule.entry].is_missing
    head = BY_ITSELF if offers.is_weighted and not is_missing else UNWEIGHTED
    odd = rule.title.split("; ")[1:]
    return "; ".join([head, *(part for part in odd if not is_missing or part != ENTRIES[rule.entry].title)])


def _first(left: Sequence[Rule], offers: Offers) -> Rule:
    """The one that stands for all that are the same here: without class weights, the one that has none."""
    if not offers.is_weighted:
        return next((rule for rule in left if rule.method in METHODS and not METHODS[rule.method].is_weighted), left[0])
    return left[0]


def _shortest(one: AskedProbe, offers: Offers, rule: Rule, answers: Mapping[str, Answered]) -> Departure:
    """The departure that a probe shows, on its shortest beginning that shows one already."""
    for probe in [] if one.is_list else beginnings(one.probe):
        if probe.name in answers:
            short = AskedProbe(probe, answers[probe.name])
            expected = values_on(probe, offers, [rule])[0]
            if difference(short.number, expected) > close(short):
                return _departure(short, offers, rule, expected)
    return _departure(one, offers, rule, values_on(one.probe, offers, [rule])[0])


def unguarded(rule: Rule) -> Rule:
    """The rule without what keeps p from 0 and 1."""
    is_guarded = rule.reading in ODD_READINGS and ODD_READINGS[rule.reading].is_guard
    return structs.replace(rule, reading="") if is_guarded else rule


def _departure(one: AskedProbe, offers: Offers, rule: Rule, expected: float | None) -> Departure:
    wanted = f", not {format_number(expected)}" if expected is not None else ""
    if expected is None:
        wanted = ", not an error" if rule.entry == PER_SAMPLE else ", and the rule is not defined there"
    return Departure(
        when=one.probe.about,
        got=one.number,
        expected=expected,
        said=f"gives {said(one.answer)}{wanted}",
        probe=fields_of(one.probe, offers),
    )


def is_expected(made: Computed | None, pair: str) -> bool:
    """Whether the function follows the METHOD or METHOD/PLACEMENT that it should."""
    return made is not None and made.is_followed and pair.removesuffix("/class") in made.pairs


def known_pairs() -> list[str]:
    """What may be expected."""
    found = list(METHODS)
    return found + [f"{name}/{placement}" for name in METHODS for placement in METHODS[name].placements]
