"""Which rules give the answers of a function: those that give all of them, and the one that gives the most.

A probe strikes out every rule that gives another number, so that the few which are left cost nothing to ask about
the next one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct, structs

from wce_cli.answers.audit import Own
from wce_cli.answers.audit_numbers import NEXT_TO_ZERO, difference
from wce_cli.loss.sums import Floats
from wce_cli.questions.audit.parent.values import listed_rules, terms_on, values_on
from wce_cli.questions.audit.probe_answers import AskedProbe
from wce_cli.questions.audit.probes import FAR, Offers, Probe
from wce_cli.questions.identify.rules import Rule

CLOSE = {"float64": 1e-6, "float32": 2e-5}
"""How far off a number may be, relative, by the dtype that is returned: room for a small number that is added to what
is divided by, and none for another rule, which is off by 1e-4 and more on some probe."""
DEEPEST = 2


class Fit(Struct, frozen=True):
    """Rules that give some of the answers: all of them, or all but the one where a loss is very large, or the most."""

    rules: tuple[Rule, ...]
    offers: Offers
    """With what the function brings along."""
    agreed: int


def fitting(asked: Sequence[AskedProbe], offers: Offers, owns: Sequence[Own], of_lists: bool) -> Fit | None:
    """The rules with the fewest departures that fit, with the likeliest of what the function may bring along.

    None where not even half of the answers are those of one rule. `of_lists`: a loss is returned for each sample.
    """
    but_far: Fit | None = None
    for depth in range(DEEPEST + 1):
        for own in owns:
            taken = structs.replace(offers, own=own)
            left, before_far = _surviving(asked, taken, _listed(asked, taken, depth, of_lists), of_lists)
            if left:
                return Fit(tuple(left), taken, len(asked))
            if before_far and but_far is None:
                but_far = Fit(tuple(before_far), taken, len(asked) - 1)
        if depth and but_far is not None and len(but_far.rules[0].departures) < depth:
            return but_far  # what caps a loss in a way of its own is no departure that more of them would explain
    if but_far is not None:
        return but_far
    nearest = _nearest(asked, offers, [own for own in owns if not own.is_inferred], of_lists)
    return nearest if nearest is not None and 2 * nearest.agreed >= len(asked) else None


def _listed(asked: Sequence[AskedProbe], offers: Offers, depth: int, of_lists: bool) -> list[Rule]:
    """The rules of just so many departures; for losses of each sample those of their sum."""
    listed = [r for r in listed_rules([one.probe for one in asked], offers, depth) if len(r.departures) == depth]
    return [rule for rule in listed if rule.is_by_sample] if of_lists else listed


def _surviving(
    asked: Sequence[AskedProbe], offers: Offers, listed: Sequence[Rule], of_lists: bool
) -> tuple[list[Rule], list[Rule]]:
    """The rules that are left after every probe, and those that were left before that of a very large loss."""
    left, before_far = list(listed), list[Rule]()
    if listed and len(listed[0].departures) == DEEPEST:
        # of two departures that are told by nan, one may be something else that ends in nan
        left = left if not any(_is_nan(one) for one in asked if not is_far(one.probe)) else []
    for k, one in enumerate(asked):
        if k and k == len(asked) - 1 and is_far(one.probe):
            before_far = left
        offs = offs_of(one, offers, left, of_lists)
        left = [rule for rule, off in zip(left, offs, strict=True) if off <= close(one)]
        if not left:
            break
    return left, before_far


def _nearest(asked: Sequence[AskedProbe], offers: Offers, owns: Sequence[Own], of_lists: bool) -> Fit | None:
    """The rules that give the most answers; a departure more must give one more of them."""
    best: Fit | None = None
    merit = 0.0
    for depth in range(DEEPEST):
        for own in owns:
            taken = structs.replace(offers, own=own)
            listed = _listed(asked, taken, depth, of_lists)
            fits = [[off <= close(one) for off in offs_of(one, taken, listed, of_lists)] for one in asked]
            counts = [sum(given) for given in zip(*fits, strict=True)]
            most = max(counts, default=0)
            if most - depth / 2 > merit:
                rules = tuple(rule for rule, count in zip(listed, counts, strict=True) if count == most)
                best, merit = Fit(rules, taken, most), most - depth / 2
    return best


def offs_of(one: AskedProbe, offers: Offers, rules: Sequence[Rule], of_lists: bool) -> list[float]:
    """How far an answer is from what each of some rules gives."""
    if not rules:
        return []
    if of_lists:
        terms = terms_on(one.probe, offers, rules)
        return [_off_list(one, rule, of_rule) for rule, of_rule in zip(rules, terms, strict=True)]
    return [difference(one.number, value) for value in values_on(one.probe, offers, rules)]


def _off_list(one: AskedProbe, rule: Rule, terms: Floats | None) -> float:
    """How far the losses that are returned for each sample are from those of a rule, at the farthest of them."""
    got = one.answer.values
    if terms is None or got is None or len(got) != len(terms):
        return 0.0 if terms is None and got is None else math.inf
    sign = -1.0 if rule.twist else 1.0
    floor = 1.0 if is_far(one.probe) else NEXT_TO_ZERO
    return max(difference(a, sign * b, floor) for a, b in zip(got, terms.tolist(), strict=True))


def _is_nan(one: AskedProbe) -> bool:
    return any(map(math.isnan, one.answer.values or ()))


def close(one: AskedProbe) -> float:
    """How far off this answer may be, relative."""
    return CLOSE["float32"] if one.answer.narrowed else CLOSE.get(one.answer.dtype, CLOSE["float64"])


def is_far(probe: Probe) -> bool:
    """Whether a loss is very large there; the tiny ones beside it are judged by a search of their own."""
    return probe.name.partition(":")[0] == FAR.name
