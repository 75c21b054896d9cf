"""The rows about labels that are no class, and about what a function does with labels of its own accord."""

from __future__ import annotations

from collections.abc import Iterator

from wce_cli.answers.audit import IGNORED, Row, Verdict
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.parent.values import fields_of
from wce_cli.questions.audit.probes import PLAIN, SMOOTHING, Offers
from wce_cli.questions.audit.protocol import said
from wce_cli.questions.audit.rows import twice
from wce_cli.questions.audit.rows.labelled import ASKED, CLASSES, SMOOTHED, Effect, effect, is_told_by_rows, probes

Judged = tuple[Verdict, str, str]
"""Verdict, what is said, advice."""
NAMES = {IGNORED: "ignore_index", CLASSES: "label C", -1: "label −1", 255: "label 255"}
LEAVE_OUT = (
    "take ignore_index: keep = labels != ignore_index, and leave the other rows out of the sum and of what it is "
    "divided by"
)
COUNT_KEPT = "divide by the number of labels that are not −100, or by their weights, not by N"
REFUSE = "refuse labels outside 0..C−1"
REFUSE_MINUS = f"{REFUSE}: an index of −1 is the last class, and no error"


def leaves_out(observed: Observed, label: int) -> bool:
    """Whether rows of a label are left out, as far as that can be told."""
    found = effect(observed.answers, label)
    return found is not None and found.kind == "left out" and twice.is_steady(observed)


def own_way(observed: Observed, offers: Offers) -> str:
    """How it takes its labels where that is a way of its own: `labels shifted by one; class 0 is ignored`."""
    own = None if offers.ignored is None else effect(observed.answers, offers.ignored)
    is_ignored = own is not None and own.kind in ADDS_NOTHING and twice.is_steady(observed)
    said_ = ["labels shifted by one"] * bool(offers.shift) + [f"class {offers.ignored} is ignored"] * is_ignored
    return "; ".join(said_)


def rows(observed: Observed, offers: Offers) -> Iterator[Row]:
    """A row a label; none where nothing is sure."""
    steps = {probe.name: probe for probe in probes(offers)}
    plain = observed.answers.get(PLAIN.name)
    is_told = twice.is_steady(observed) and is_told_by_rows(observed.answers, offers)
    for label in ASKED:
        probe = steps.get(f"label {label}")
        death = next((death for death in observed.deaths if death.step == f"label {label}"), None)
        if probe is None:
            continue
        if death is not None:
            yield Row("edges", NAMES[label], "wrong", death.how, fields_of(probe, offers))
            continue
        found = effect(observed.answers, label)
        is_of_label = plain is not None and plain.values is not None
        if found is None or not (is_of_label if found.kind == "error" else is_told):
            continue
        if label == IGNORED:
            judged = _ignored(found, effect(observed.answers, label, SMOOTHED), offers)
        elif label == 255 or label == offers.own.ignore_index:
            judged = ("note", "is left out", "") if found.kind == "left out" else None
        else:
            judged = _no_class(found, label)
        if judged is not None:
            verdict, text, advice = judged
            yield Row("edges", NAMES[label], verdict, text, fields_of(probe, offers), advice)
    if offers.shift:
        yield Row("edges", "labels", "note", "shifted by one: each row is judged by the label of the next")
    own = None if offers.ignored is None else effect(observed.answers, offers.ignored)
    if own is not None and own.kind in ADDS_NOTHING and twice.is_steady(observed):
        yield Row("edges", f"class {offers.ignored}", "note", f"is ignored: its rows {ADDS_NOTHING[own.kind]}")


ADDS_NOTHING = {
    "left out": "are left out",
    "counted": "add nothing, but are counted in N",
    "nothing": "add nothing, but the value is another without them",
}


def _ignored(found: Effect, smoothed: Effect | None, offers: Offers) -> Judged | None:
    """Label −100, of any function."""
    label, number = "label −100", _number(found)
    if found.kind == "error":
        has_own = offers.ignored is not None or offers.own.ignore_index not in (None, IGNORED)
        none = "" if has_own or offers.ignore_index else "none: "
        return "note", f"{none}{label} is an error ({found.answer.error})", LEAVE_OUT if none else ""
    if found.kind == "nan":
        return "note", f"none: {label} gives nan, no error", LEAVE_OUT
    if not found.kind or found.without is None:
        return None
    if found.kind == "class":
        return "wrong", f"none: {label} counts as class {found.taken_for}: {number}no error", LEAVE_OUT
    without = said(found.without)
    if found.kind == "counts" and not number:
        return "wrong", f"{label} is not left out: other logits in its rows give other numbers", LEAVE_OUT
    if found.kind == "counts":
        return "wrong", f"{label} is not left out: {number}and {without} without its rows", LEAVE_OUT
    if found.kind == "nothing":
        return "note", f"{label} adds nothing, but counts: {number}and {without} without its rows", LEAVE_OUT
    if found.kind == "counted":
        return "note", f"{label} adds nothing, but is counted in N", COUNT_KEPT
    if smoothed is not None and smoothed.kind == "counts" and smoothed.without is not None:
        pair = f"{said(smoothed.answer)}, and {said(smoothed.without)} without its rows"
        return "wrong", f"{label} is left out, but not with label_smoothing {SMOOTHING}: {pair}", LEAVE_OUT
    return "ok", f"{label} is left out", ""


def _no_class(found: Effect, label: int) -> Judged | None:
    """A label that is none should be an error; −1 is also Python's own word for the last."""
    if found.kind == "error":
        return "ok", f"an error ({found.answer.error})", ""
    if found.kind == "nan":
        return "note", "nan, no error", ""
    if not found.kind:
        return None
    if found.kind not in ("class", "counts"):
        return "note", f"{'is left out' if found.kind == 'left out' else 'adds nothing'}, no error", ""
    verdict: Verdict = "note" if label == -1 else "wrong"
    number = _number(found)
    if found.kind == "class":
        is_last = label == -1 and found.taken_for == CLASSES - 1
        text = f"counts as class {found.taken_for}: {number}no error"
        return verdict, text, REFUSE_MINUS if is_last else REFUSE
    return verdict, f"counts: {number}no error", REFUSE


def _number(found: Effect) -> str:
    """The number before what is said of it, `1.31307, `; nothing of an array, whose shape tells nothing."""
    return "" if found.answer.shape and len(found.answer.values or ()) != 1 else f"{said(found.answer)}, "
