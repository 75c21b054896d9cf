"""The rows about edges: what a function makes of batches at which others part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from wce_cli.digits import format_number
from wce_cli.questions.audit import twice
from wce_cli.questions.audit.answer import Row, Verdict
from wce_cli.questions.audit.probes import Offers, Probe, edges, of_rules
from wce_cli.questions.audit.records import Answered, said
from wce_cli.questions.audit.run import Observed
from wce_cli.questions.audit.values import difference, fields_of

Judged = tuple[Verdict, str, str]
"""Verdict, what is said, advice."""
NEAR = 1e-5
ROUNDING = 1e-12
HELD_TO_THE_RULE = ("ignored", "one", "one-class", "positions", "strided", "masked")
"""The probes on which a rule has a number; on the others it is the way they are met that counts."""


def _same(answer: Answered, expected: float | None, advice: str) -> Judged:
    """What must be the rule's number, or at least an error."""
    if answer.values is None:
        return "note", said(answer), advice
    if expected is not None and math.isnan(expected):
        return "ok", _number(answer) + (", as 0·inf" if any(map(math.isnan, answer.values)) else ""), ""
    if expected is None or len(answer.values) != 1 or difference(answer.values[0], expected) <= NEAR:
        return "ok", _number(answer), ""
    return "wrong", f"{_number(answer)}, not {format_number(expected)}", advice


def _number(answer: Answered) -> str:
    """The answer; one that differs from 0 by rounding alone is 0."""
    if answer.values is not None and len(answer.values) == 1 and abs(answer.values[0]) < ROUNDING:
        return "0"
    return said(answer)


def _raises(answer: Answered, expected: float | None) -> Judged:
    """A label that is none should be an error."""
    if answer.values is None:
        return "ok", f"an error ({answer.error})", ""
    if any(math.isnan(value) for value in answer.values):
        return "note", "nan, no error", ""
    advice = "refuse labels outside 0..C−1"
    return "wrong", f"{_number(answer)}, as if it were a class: no error", advice


def _last_class(answer: Answered, expected: float | None) -> Judged:
    """Python's own meaning of an index of −1, which is seldom that of a label."""
    verdict, text, _ = _raises(answer, expected)
    advice = "refuse labels outside 0..C−1: an index of −1 is the last class, and no error"
    return ("note", text, advice) if verdict == "wrong" else (verdict, text, "")


def _positions(answer: Answered, expected: float | None) -> Judged:
    """torch's layout of images and sequences, which a function need not take."""
    advice = "for (N, C, d1), move the classes last: logits.movedim(1, -1).flatten(0, -2), labels.flatten()"
    verdict, text, advice = _same(answer, expected, advice)
    return ("note" if verdict == "wrong" else verdict), text, advice


def _nothing(answer: Answered, expected: float | None) -> Judged:
    """Nothing to average: torch has nan, others 0."""
    if answer.values is None:
        return "note", said(answer), ""
    if len(answer.values) != 1 or math.isnan(answer.values[0]):
        return "ok", f"{_number(answer)}, as torch", ""
    if answer.values[0] == 0:
        return "note", "0, where torch gives nan", ""
    return "wrong", f"{_number(answer)}, of nothing", ""


def _zero_weights(answer: Answered, expected: float | None) -> Judged:
    if answer.values is not None and len(answer.values) == 1 and not math.isfinite(answer.values[0]):
        return "note", f"{_number(answer)}: 0/0", ""
    return ("ok", _number(answer), "") if answer.values is not None else ("note", said(answer), "")


def _ignored(answer: Answered, expected: float | None) -> Judged:
    """Label −100, of a function that has no parameter for it."""
    advice = (
        "take ignore_index: keep = labels != ignore_index, and leave the other rows out of the sum and of what it is "
        "divided by"
    )
    if answer.values is None:
        return "note", f"none: label −100 is an error ({answer.error})", advice
    if len(answer.values) != 1 or (expected is not None and difference(answer.values[0], expected) <= NEAR):
        return "ok", "label −100 is left out", ""
    verdict: Verdict = "note" if expected is None or math.isnan(answer.values[0]) else "wrong"
    return verdict, f"none: label −100 gives {_number(answer)}, no error", advice


_JUDGES: Mapping[str, tuple[str, Callable[[Answered, float | None], Judged]]] = {
    "one": ("batch of one", lambda a, e: _same(a, e, "")),
    "one-class": ("one class", lambda a, e: _same(a, a.values[0] if a.values and abs(a.values[0]) < NEAR else e, "")),
    "ignored": ("ignore_index", _ignored),
    "all-ignored": ("all ignored", _nothing),
    "weights-zero": ("all weights 0", _zero_weights),
    "label-c": ("label C", _raises),
    "label-minus-1": ("label −1", _last_class),
    "empty": ("empty batch", _nothing),
    "positions": ("(N, C, d1)", _positions),
    "strided": ("not contiguous", lambda a, e: _same(a, e, "take reshape instead of view")),
    "masked": (
        "−inf mask",
        lambda a, e: _same(
            a, e, "pick the label's log p (gather) instead of a product with a one-hot row: 0·inf is nan"
        ),
    ),
}


def probes(offers: Offers) -> list[Probe]:
    """The probes that have a row each."""
    told = offers.ignore_index or offers.labels != "index"
    untold = [] if told else [probe for probe in of_rules(offers) if probe.name == "ignored"]
    return [*untold, *(probe for probe in edges(offers) if probe.name in _JUDGES)]


def rows(observed: Observed, offers: Offers, expected: Callable[[Probe], float | None]) -> Iterator[Row]:
    """A row an edge; `expected` is what the rule that the function follows gives on a probe."""
    ignores = offers.ignore_index
    for probe in probes(offers):
        answer = observed.answers.get(probe.name)
        death = next((death for death in observed.deaths if death.step == probe.name), None)
        name, judged = _JUDGES[probe.name]
        fields = fields_of(probe, offers)
        if death is not None:
            yield Row("edges", name, "wrong", death.how, fields)
        elif answer is not None and (ignores or probe.name != "all-ignored"):
            verdict, text, advice = judged(answer, expected(probe) if probe.name in HELD_TO_THE_RULE else None)
            ignores = ignores or (probe.name == "ignored" and verdict == "ok")
            yield Row("edges", name, verdict, text, fields, advice)
    yield from _conduct_of_calls(observed)


def _conduct_of_calls(observed: Observed) -> Iterator[Row]:
    """Whether it changes what it is given, and whether it gives the same twice."""
    changed = sorted({role for answer in observed.answers.values() for role in answer.changed})
    if changed:
        text = f"changes {', '.join(changed)} in place"
        yield Row("edges", "inputs", "wrong", text, advice="work on a copy: the caller sees what is changed here")
    else:
        yield Row("edges", "inputs", "ok", "left as they are")
    again = observed.answers.get("again")
    if again is not None and again.values is not None:
        yield twice.row(again)
