"""One batch on which the methods part: the number that the function gave there, beside that of each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct

from wce_cli.answers.audit import Compared, Computed, MethodValue
from wce_cli.answers.audit_numbers import SAME, difference, groups
from wce_cli.loss.methods import METHODS
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.parent.values import fields_of, values_on
from wce_cli.questions.audit.probe_answers import AskedProbe
from wce_cli.questions.audit.probes import FAR, Offers, Probe, beginnings
from wce_cli.questions.audit.protocol import said
from wce_cli.questions.identify.rules import Rule

NEAR = 2e-5
"""Relative: room for a function that computes in float32."""
SEEN = 0.3
"""Relative: a difference that leaps to the eye."""


class _Shown(Struct, frozen=True):
    """A batch that could be shown."""

    one: AskedProbe
    rule: float | None
    methods: tuple[MethodValue, ...]
    merit: tuple[float, bool, bool, int, int, int]


def compared(
    asked: Sequence[AskedProbe],
    observed: Observed,
    offers: Offers,
    own: Computed | None,
    rule: Rule | None,
    expect: str | None,
) -> Compared | None:
    """The batch that tells most, among those that were `asked` and their beginnings.

    That is one where the function is not the expected method, or leaves the rule that it is nearest to; of several
    the one on which the fewest methods give what the rule does, then the one on which most of them differ, and of
    those the one with the fewest samples. None where an array was returned.
    """
    if own is None or own.shape:
        return None
    best: _Shown | None = None
    for one in _candidates(asked, observed, own):
        is_number = one.number is not None and math.isfinite(one.number)
        value, methods = _values(one.probe, offers, rule, expect)
        wanted = next((method.value for method in methods if method.pair == _short(expect)), one.number)
        merit = (
            min(round(difference(one.number, wanted), 1), SEEN),
            not own.is_followed and difference(one.number, value) > NEAR,
            is_number,
            -sum(difference(method.value, value) <= SAME for method in methods),
            len(groups([value, *(method.value for method in methods)])),
            -len(one.probe.labels),
        )
        if best is None or merit > best.merit:
            best = _Shown(one, value, methods, merit)
    if best is None:
        return None
    probe = best.one.probe
    return Compared(
        probe.about, best.one.number, said(best.one.answer), best.rule, best.methods, fields_of(probe, offers)
    )


def _values(
    probe: Probe, offers: Offers, rule: Rule | None, expect: str | None
) -> tuple[float | None, tuple[MethodValue, ...]]:
    """What the rule gives, and what every method does, by the first placement that these labels have; the expected
    one with its placement."""
    listed = [Rule(method.name, placement) for method in METHODS.values() for placement in method.placements]
    own, *values = values_on(probe, offers, [rule or listed[0], *listed])
    found: dict[str, MethodValue] = {}
    for one, value in zip(listed, values, strict=True):
        key = one.pair if one.pair == _short(expect) else one.method
        if value is not None and key not in found:
            found[key] = MethodValue(one.pair, float(value))
    return None if own is None or rule is None else float(own), tuple(found.values())


def _short(pair: str | None) -> str | None:
    return None if pair is None else pair.removesuffix("/class")


def _candidates(asked: Sequence[AskedProbe], observed: Observed, own: Computed) -> Iterator[AskedProbe]:
    """The probes that were answered, and after each its beginnings; far ones only where they are what tells."""
    is_far = own.departs is not None and own.departs.when == FAR.about
    for one in asked:
        if is_far or one.probe.about != FAR.about:
            short = [probe for probe in beginnings(one.probe) if probe.name in observed.answers]
            yield from (one, *(AskedProbe(probe, observed.answers[probe.name]) for probe in short))
