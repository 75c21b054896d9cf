"""What the first calls of a function tell: the classes and the labels that it takes, which of several things that it
returns is the loss, and whether it was meant for probabilities."""

from __future__ import annotations

import math

from msgspec import structs

from wce_cli.questions.audit.child.arrays import WIDEST
from wce_cli.questions.audit.child.ask import Asker
from wce_cli.questions.audit.child.carried import Carried
from wce_cli.questions.audit.child.roles import WEIGHTS
from wce_cli.questions.audit.child.taken import Returned, carriers
from wce_cli.questions.audit.probes import PLAIN, SQUARE, Offers, Probe, fitted
from wce_cli.questions.audit.protocol import Answered
from wce_cli.questions.audit.steps import ENDS, FIRST, FIRST_OF_ANOTHER

TRIED = (2, 4, 5, 6, 7, 8, 9, 10, 19, 21, 100)
"""Numbers of classes for a function that does not take those of the first probe, and does not say which it takes."""
NEAR = 1e-5
"""Relative: numbers nearer than this are one."""


def first_call(asker: Asker, found: Carried) -> tuple[Answered, int]:
    """The first answer, and the number of classes that the function took; 0: that of the first probe.

    Sets the labels to one-hot rows where index labels give no number, and what float64 must be asked in.
    """
    width = len(PLAIN.logits[0])
    lengths = [len(weight) for weight in found.weights if len(weight) != width]
    first: Answered | None = None
    for classes in dict.fromkeys([*found.classes, 0, *lengths, *TRIED]):
        answer = _first_of(asker, classes)
        first = first or answer
        if answer.error in ENDS:
            break
        if answer.values is not None:
            return answer, classes
    assert first is not None
    return first, 0


def _first_of(asker: Asker, classes: int) -> Answered:
    """The first answer for a number of classes, with index labels or one-hot rows."""
    offers = Offers(weight=bool(asker.call.roles & set(WEIGHTS)), classes=classes)
    first = asker.ask(fitted(PLAIN, offers), FIRST)
    if first.values is None and first.error not in ENDS and "labels" in asker.call.roles:
        for labels, probe in (("one-hot", PLAIN), ("index", SQUARE)):
            asker.labels = labels
            second = asker.ask(fitted(probe, offers), FIRST if probe is PLAIN else FIRST_OF_ANOTHER)
            if second.values is not None:
                first = second
                break
    asker.narrowed = first.narrowed
    return first


def chooses(asker: Asker, first: Answered) -> bool:
    """Whether another of several returned things is taken for the loss from now on: what carries a gradient, where
    the first of them does not; of a dictionary that which alone does."""
    if asker.arrays.name != "torch" or not (first.taken_of.startswith("the first") or first.error == Returned.__name__):
        return False
    try:
        given = asker.given(structs.replace(PLAIN, layout="tracked", dtype="float32" if asker.narrowed else WIDEST))
        _, given[asker.scores] = asker.arrays.tracked(given[asker.scores])
        with asker.watch:
            found = carriers(asker.call.run(asker.fresh(), given))
    except Exception:  # the first answer says what there is to say
        return False
    if found and (isinstance(found[0], int) or len(found) == 1):
        asker.pick = found[0] or None
    return asker.pick is not None


def taken_for_probabilities(asker: Asker) -> str:
    """Hand over probabilities from now on where it gives k·(−log p[y]) of what it is handed, and keeps that from 0:
    then what is said of it; else an empty text.

    Of what it takes the log of as it is, with no clip, a rule tells; and a parameter that is called logits is.
    """
    name = asker.call.scores_name
    if asker.scores != "logits" or not name or name.endswith(("logits", "logit", "scores")):
        return ""
    found = []
    for row in ((0.5, 0.2, 0.3), (0.5, 0.3, 0.2), (0.25, 0.5, 0.25), (-1.0, 1.5, 0.5)):
        probe = Probe("one row", "", ((0.0,) * len(row),), (0,), (1.0,) * len(row), scores=(row,))
        answer = asker.ask(probe if "weight" in asker.call.roles else structs.replace(probe, weight=None))
        if answer.values is None or len(answer.values) != 1 or not math.isfinite(answer.values[0]):
            return ""
        found.append(answer.values[0])
    half, other, quarter, _ = found
    is_log = math.isclose(half, other, rel_tol=NEAR) and math.isclose(quarter, 2 * half, rel_tol=NEAR)
    if not half or not is_log:
        return ""
    asker.as_probabilities()
    return f"{name} was taken for probabilities: it takes their log, clipped, and no softmax"
