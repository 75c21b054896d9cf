"""From what a process told to what is said: the rule, the rows, and what to change."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from wce_cli.answers.audit import IGNORED, SCHEMA, Audit, Computed, Limit, Row
from wce_cli.answers.audit_numbers import is_capped
from wce_cli.answers.pairs import reduction_hint
from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.inputs.guard import reads
from wce_cli.questions.audit import advice
from wce_cli.questions.audit.child.template import check_template
from wce_cli.questions.audit.parent.no_answer import no_answer
from wce_cli.questions.audit.parent.observe import Observed, observe
from wce_cli.questions.audit.parent.own import owns_of
from wce_cli.questions.audit.parent.showcase import compared
from wce_cli.questions.audit.parent.values import values_on
from wce_cli.questions.audit.parent.verdict import Verdict, is_expected, known_pairs, unguarded, verdict_of
from wce_cli.questions.audit.probe_answers import AskedProbe
from wce_cli.questions.audit.probes import REDUCTIONS, SKIPPING, Offers, Probe, of_rules
from wce_cli.questions.audit.protocol import Answered, Request
from wce_cli.questions.audit.rows import conduct, edges, gradient, numbers, of_labels
from wce_cli.questions.audit.steps import ENDS
from wce_cli.questions.audit.target import of_object, place
from wce_cli.questions.identify.rules import Rule

GIB = 1 << 30
ASKED_FOR = ("ignore_index", "tiny losses")
"""Notes whose advice is given with that of what is wrong: without it, others train differently."""


class Asking(Struct, frozen=True):
    """How a function is to be asked."""

    arrays: str | None = None
    call: str | None = None
    kwargs: dict[str, Any] = {}
    expect: str | None = None
    timeout: float = 20.0
    memory: float = 4.0
    seed: int = 0


def judged(target: Any, asking: Asking) -> Audit:
    """The audit of a function, which is run for it in a process of its own."""
    name = target if isinstance(target, str) else of_object(target)
    place(name)
    if asking.expect is not None and asking.expect not in known_pairs():
        hint = reduction_hint(asking.expect) or did_you_mean(asking.expect, known_pairs())
        raise WceError(Problem(f'"{asking.expect}" is no METHOD to expect', hint))
    if asking.call is not None:
        check_template(asking.call)
    request = Request(
        target=name,
        arrays=asking.arrays,
        template=asking.call,
        constants=asking.kwargs,
        seed=asking.seed,
        memory=int(asking.memory * GIB),
        path=tuple(sys.path),
    )
    observed = observe(request, asking.timeout)
    for file in sorted(observed.imported):
        if os.path.isfile(file):
            reads(shown_file(file) or file, os.stat(file))
    return answer_of(name, asking, observed)


def answer_of(name: str, asking: Asking, observed: Observed) -> Audit:
    """The audit of a function of which so much was observed."""
    if observed.refused is not None:
        raise WceError(Problem(_of(name, observed.refused.message), observed.refused.hint))
    loaded, ready = observed.loaded, observed.ready
    if ready is None or not observed.is_answered:
        first = observed.first
        if first is not None and not observed.deaths and first.error not in ENDS:
            raise WceError(no_answer(name, observed, asking.kwargs))
        return Audit(
            schema=SCHEMA,
            target=name,
            file=shown_file(loaded.file) if loaded else None,
            line=loaded.line if loaded else None,
            call=loaded.call if loaded else "",
            arrays=loaded.arrays if loaded else "",
            is_answered=False,
            computed=(),
            rows=tuple(conduct.rows(observed)),
            advice=(),
            expected=asking.expect,
            is_expected=None if asking.expect is None else False,
        )
    assert loaded is not None
    found = _verdicts(observed, ready.offers)
    own = found[0].computed if found else None
    offers = found[0].offers if found else ready.offers
    nearest = found[0].rule if found else None
    asked = _asked(observed, of_rules(offers), offers)
    rule = nearest if own is not None and (own.is_followed or own.leaves_far) else None
    plain = None if rule is None else unguarded(rule)
    limits = numbers.limits(observed, offers, plain)
    rows = tuple(_rows(observed, offers, rule, own.titled if own is not None else "", limits))
    expected = None
    if asking.expect is not None:
        slope = next((row for row in rows if row.name.startswith("dL/d")), None)
        expected = is_expected(own, asking.expect) and (slope is None or slope.verdict != "wrong")
        expected = expected and not is_capped(limits)
        again = next((row for row in rows if row.name == "called twice"), None)
        expected = expected and (again is None or again.verdict == "ok")
        expected = expected and observed.is_finished and not _died_of(observed, offers)
    return Audit(
        schema=SCHEMA,
        target=name,
        file=shown_file(loaded.file),
        line=loaded.line,
        call=loaded.call,
        arrays=loaded.arrays,
        is_answered=True,
        computed=tuple(one.computed for one in found),
        rows=rows,
        advice=_advice(own, offers, rows),
        expected=asking.expect,
        is_expected=expected,
        compared=compared(asked, observed, offers, own, nearest, asking.expect),
        limits=limits,
        guessed=loaded.guessed,
        taken_of=next((one.answer.taken_of for one in asked if not one.answer.error), ""),
        labels=of_labels.own_way(observed, offers),
    )


def _died_of(observed: Observed, offers: Offers) -> bool:
    """Whether it did not outlive a batch that tells rules apart, and that it should answer."""
    needed = _needed(offers)
    return any(death.step in needed for death in observed.deaths)


def _needed(offers: Offers, reduction: str | None = None) -> list[str]:
    """The probes that any function which takes so much should answer."""
    return [one.name for one in of_rules(offers, reduction) if offers.is_told or IGNORED not in one.labels]


def shown_file(file: str | None) -> str | None:
    """A path from where we are, if the file is below it: what a reader and GitHub can open."""
    if file is None or not Path(file).is_relative_to(Path.cwd()):
        return file
    return Path(file).relative_to(Path.cwd()).as_posix()


def _of(name: str, message: str) -> str:
    is_said = message.startswith("--") or name in message or name.rpartition(":")[0] in message
    return message if is_said else f"{name}: {message}"


def _asked(observed: Observed, probes: list[Probe], offers: Offers) -> list[AskedProbe]:
    """The probes that were answered; those with ignored labels only of a function that has some number for them."""
    assert observed.ready is not None
    if offers.skipped != observed.ready.offers.skipped:  # it was asked with another label there
        probes = [probe for probe in probes if not _skips(probe)]
    asked = [AskedProbe(probe, observed.answers[probe.name]) for probe in probes if probe.name in observed.answers]
    if offers.is_told:
        return asked
    return [one for one in asked if IGNORED not in one.probe.labels or _is_number(one.answer)]


def _skips(probe: Probe) -> bool:
    return probe.name.partition(":")[0] in SKIPPING


def _is_number(answer: Answered) -> bool:
    return answer.values is not None and all(map(math.isfinite, answer.values))


def _verdicts(observed: Observed, offers: Offers) -> list[Verdict]:
    """The verdict on what it computes by default, then on each reduction."""
    found: list[Verdict] = []
    for reduction in (None, *(REDUCTIONS if offers.reduction else ())):
        asked = _asked(observed, of_rules(offers, reduction), offers)
        owns = [found[0].offers.own] if found and found[0].computed.is_followed else owns_of(observed, offers)
        made = verdict_of(asked, offers, owns, reduction, observed.answers)
        if made is not None and not made.computed.is_followed and not offers.ignore_index:
            # nobody told it of ignored labels: that it has some number for −100 is another matter
            untold = structs.replace(offers, own=structs.replace(offers.own, ignore_index=None))
            others = [one for one in asked if not _skips(one.probe)]
            again = verdict_of(others, untold, owns_of(observed, untold), reduction, observed.answers)
            made = again if again is not None and (again.computed.is_followed or again.computed.leaves_far) else made
        if made is not None:
            died = [name for name in _needed(offers, reduction) if any(name == d.step for d in observed.deaths)]
            computed = structs.replace(made.computed, probes=made.computed.probes + len(died))
            found.append(structs.replace(made, computed=computed))
    return found


def _rows(observed: Observed, offers: Offers, rule: Rule | None, title: str, limits: Sequence[Limit]) -> list[Row]:
    def expected(probe: Probe) -> float | None:
        return None if rule is None else values_on(probe, offers, [rule])[0]

    first = _asked(observed, of_rules(offers)[:1], offers)
    found: list[Row] = []
    if first and first[0].answer.values is not None:
        plain = None if rule is None else unguarded(rule)
        found += numbers.rows(observed, offers, first[0].answer, limits, plain)
    found += edges.rows(observed, offers, rule, expected)
    if first and first[0].answer.values is not None:
        found += gradient.rows(observed, offers, rule, title)
    return [*found, *conduct.rows(observed, {probe.name for probe in edges.probes(offers)})]


def _advice(own: Computed | None, offers: Offers, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """What to change, the rule's own first, each once."""
    found = list(advice.of_rule(own, offers)) if own is not None else []
    by_text: dict[str, list[str]] = {}
    for row in rows:
        if row.advice and (row.verdict == "wrong" or row.name in ASKED_FOR):
            by_text.setdefault(row.advice, []).append(row.name)
    others = {text: names for text, names in by_text.items() if text not in found}
    return tuple(found + [f"{', '.join(names)}: {text}" for text, names in others.items()])
