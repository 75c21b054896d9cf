"""The rows about edges: what a function makes of batches at which others part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from wce_cli.answers.audit import IGNORED, Row, Verdict
from wce_cli.answers.audit_numbers import difference
from wce_cli.digits import format_number
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.parent.values import fields_of
from wce_cli.questions.audit.probes import DEFAULT_SMOOTHING, PLAIN, POSITIONS_IN_ROWS, Offers, Probe, edges
from wce_cli.questions.audit.protocol import Answered, said
from wce_cli.questions.audit.rows import labelled, of_labels, twice
from wce_cli.questions.identify.rules import Rule

Judged = tuple[Verdict, str, str]
"""Verdict, what is said, advice."""
NEAR = 1e-5
ROUNDING = 1e-12
HELD_TO_THE_RULE = ("one", "one-class", "positions", "strided", "masked", "weights-zero")
"""The probes on which a rule has a number; on the others it is the way they are met that counts."""
IN_ROWS = {"strided": PLAIN.name, "positions": POSITIONS_IN_ROWS.name}
"""Batches of another layout, by the same one in rows."""
NOTHING = ("all-ignored", "empty")


def _same(answer: Answered, expected: float | None, advice: str) -> Judged:
    """What must be the rule's number, or at least an error."""
    if answer.values is None:
        return "note", said(answer), advice
    if expected is None or math.isnan(expected):
        odd = [value for value in answer.values if not math.isfinite(value)]
        among = f", {format_number(odd[0])} among its numbers" if odd and len(answer.values) > 1 else ""
        return "note" if odd else "ok", f"{_number(answer)}{among}", ""
    if len(answer.values) != 1 or difference(answer.values[0], expected) <= NEAR:
        return "ok", _number(answer), ""
    return "wrong", f"{_number(answer)}, not {format_number(expected)}", advice


def _number(answer: Answered) -> str:
    """The answer; one that differs from 0 by rounding alone is 0."""
    if answer.values is not None and len(answer.values) == 1 and abs(answer.values[0]) < ROUNDING:
        return "0"
    return said(answer)


def _positions(answer: Answered, expected: float | None) -> Judged:
    """torch's layout of images and sequences, which a function need not take."""
    advice = "for (N, C, d1), move the classes last: logits.movedim(1, -1).flatten(0, -2), labels.flatten()"
    verdict, text, advice = _same(answer, expected, advice)
    return ("note" if verdict == "wrong" else verdict), text, advice


def _strided(answer: Answered, expected: float | None) -> Judged:
    """Scores as a transposed layout leaves them."""
    return _same(answer, expected, "take reshape instead of view" if "view" in answer.message else "")


def _nothing(answer: Answered, expected: float | None) -> Judged:
    """Nothing to average: torch has nan, others 0."""
    if answer.values is None:
        return "note", said(answer), ""
    if not answer.values:
        return "ok", said(answer), ""
    if len(answer.values) != 1:
        return ("ok" if not any(answer.values) else "note"), said(answer), ""
    is_sum = expected == 0
    if math.isnan(answer.values[0]):
        return "note", "nan, where torch's sum gives 0" if is_sum else "nan, as torch", ""
    if answer.values[0] == 0:
        return ("ok", "0", "") if is_sum else ("note", "0, where torch's mean gives nan", "")
    return "wrong", f"{_number(answer)}, of nothing", ""


def _zero_weights(answer: Answered, expected: float | None) -> Judged:
    if answer.values is None:
        return "note", said(answer), ""
    if all(map(math.isfinite, answer.values)):
        return "ok", _number(answer), ""
    is_0_by_0 = expected is not None and math.isnan(expected) and len(answer.values) == 1
    return "note", f"{_number(answer)}{': 0/0' * is_0_by_0}", ""


USELESS = "the class weight changes nothing: multiply each sample's loss by weight[labels]"
_MASK = "where a class's logit is −inf, its log p is −inf: keep it out of products (0·inf is nan) and differences"
_JUDGES: Mapping[str, tuple[str, Callable[[Answered, float | None], Judged]]] = {
    "one": ("batch of one", lambda a, e: _same(a, e, "")),
    "one-class": ("one class", lambda a, e: _same(a, a.values[0] if a.values and abs(a.values[0]) < NEAR else e, "")),
    "all-ignored": ("all ignored", _nothing),
    "weights-zero": ("all weights 0", _zero_weights),
    "empty": ("empty batch", _nothing),
    "positions": ("(N, C, d1)", _positions),
    "strided": ("not contiguous", _strided),
    "masked": ("−inf mask", lambda a, e: _same(a, e, _MASK)),
}


def probes(offers: Offers) -> list[Probe]:
    """The probes that have a row each."""
    return [*labelled.probes(offers), *(probe for probe in edges(offers) if probe.name in _JUDGES)]


def rows(
    observed: Observed, offers: Offers, rule: Rule | None, expected: Callable[[Probe], float | None]
) -> Iterator[Row]:
    """A row an edge; `expected` is what the rule that the function follows gives on a probe.

    Where there is no rule, scores that are laid out in another way are held to the same ones in rows. An error is
    none of an edge's where a batch with nothing special is one, too.
    """
    yield from of_labels.rows(observed, offers)
    is_steady = twice.is_steady(observed)
    plain = observed.answers.get(PLAIN.name)
    ignores = offers.ignore_index or of_labels.leaves_out(observed, IGNORED)
    for probe in edges(offers):
        if probe.name not in _JUDGES:
            continue
        answer = observed.answers.get(probe.name)
        death = next((death for death in observed.deaths if death.step == probe.name), None)
        name, judged = _JUDGES[probe.name]
        fields = fields_of(probe, offers)
        if death is not None:
            yield Row("edges", name, "wrong", death.how, fields)
        elif answer is not None and (ignores or probe.name != "all-ignored"):
            if answer.values is None and (plain is None or plain.values is None):
                continue
            is_held = is_steady and probe.name in HELD_TO_THE_RULE
            wanted = expected(probe) if is_held else None
            if rule is None and is_steady and probe.name in IN_ROWS:
                wanted = _one_number(observed.answers.get(IN_ROWS[probe.name]))
            if probe.name in NOTHING and rule is not None and not rule.divides:
                wanted = 0.0
            verdict, text, advice = judged(answer, wanted)
            yield Row("edges", name, verdict, text, fields, advice)
    yield from _default_smoothing(observed.answers.get(DEFAULT_SMOOTHING.name), plain, is_steady)
    if changes_nothing(observed):
        where = "" if changes_nothing(observed, SQUARES) else " where N is not C"
        text = f"{offers.weight_name} changes nothing{where}: other weights give the same"
        yield Row("edges", "class weight", "wrong", text, advice="" if where else USELESS)
    yield from _conduct_of_calls(observed)


def _default_smoothing(default: Answered | None, plain: Answered | None, is_steady: bool) -> Iterator[Row]:
    """What a function makes of a smoothing that is not given, where that is an error or another number than at 0."""
    if default is None or plain is None or plain.values is None:
        return
    if default.values is None:
        yield Row("edges", "label_smoothing", "wrong", f"where none is given: {said(default)}")
    elif is_steady and default.shape == plain.shape and default.values != plain.values:
        pair = f"{said(default)}, and {said(plain)} at 0" if len(plain.values) == 1 else "other numbers than at 0"
        yield Row("edges", "label_smoothing", "note", f"where none is given: {pair}")


def _one_number(answer: Answered | None) -> float | None:
    return answer.values[0] if answer is not None and answer.values is not None and len(answer.values) == 1 else None


PLAINS, SQUARES = ("plain", "reweighted"), ("square", "square, reweighted")
"""A batch, and the same with other class weights; with as many samples as classes, weights may be one a sample."""


def changes_nothing(observed: Observed, pair: tuple[str, str] = PLAINS) -> bool:
    """Whether another class weight gives the same."""
    plain, other = (observed.answers.get(name) for name in pair)
    if plain is None or other is None or plain.values is None or other.values is None:
        return False
    return twice.is_steady(observed) and plain.values == other.values


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
        yield twice.row(observed, again)
