"""What a function makes of the rows of one label, judged by no rule: against the same batch with other logits in those
rows, and against the batch without them.

A row whose logits change nothing adds nothing; if the batch without it gives the same, it is left out altogether.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, structs

from wce_cli.answers.audit import IGNORED
from wce_cli.answers.audit_numbers import difference
from wce_cli.questions.audit.probes import PLAIN, SMOOTHING, Offers, Probe
from wce_cli.questions.audit.protocol import Answered

CLASSES = len(PLAIN.logits[0])
ASKED = (IGNORED, -1, CLASSES, 255)
"""Labels that are no class."""
PLACES = (1, 4)
"""Where the rows of the label are."""
KEPT = tuple(n for n in range(len(PLAIN.labels)) if n not in PLACES)
LOW, HIGH = -2.5, 4.5
"""What the label's own logit is moved to, in the one row and in the other: at one of them its loss is the largest of
the batch, at the other the smallest, so that no choice among the losses overlooks both."""
WITHOUT, MOVED, RAISED, SMOOTHED = "without the rows", ", moved", ", raised", ", smoothed"
NEAR = 1e-5


def _with(label: int) -> Probe:
    labels = tuple(label if n in PLACES else own for n, own in enumerate(PLAIN.labels))
    about = f"a label is {str(label).replace('-', '−')}"
    return structs.replace(PLAIN, name=f"label {label}", about=about, labels=labels, smoothing=None, unlabelled=1.0)


def _moved(probe: Probe, label: int, scores: tuple[float, float] = (LOW, HIGH), name: str = MOVED) -> Probe:
    c = label if 0 <= label < CLASSES else CLASSES - 1
    rows = [list(row) for row in probe.logits]
    for n, score in zip(PLACES, scores, strict=True):
        rows[n][c] = score
    return structs.replace(probe, name=probe.name + name, logits=tuple(map(tuple, rows)))


def _raised(probe: Probe, label: int) -> Probe:
    """Both rows predict the label: the share of right predictions may be the same in the other batch, by chance."""
    return _moved(probe, label, (HIGH, HIGH), RAISED)


def _kept(probe: Probe) -> Probe:
    logits, labels = (tuple(rows[n] for n in KEPT) for rows in (probe.logits, probe.labels))
    return structs.replace(probe, name=WITHOUT, about="rows are left out", logits=logits, labels=labels)


def of_classes(offers: Offers) -> list[Probe]:
    """The probes that tell which class a function ignores, if it does."""
    made = [probe for c in range(CLASSES) for probe in (_with(c), _moved(_with(c), c), _raised(_with(c), c))]
    return made if offers.weight else [structs.replace(probe, weight=None) for probe in made]


def probes(offers: Offers) -> list[Probe]:
    """All others, at the function's own smoothing and, where it takes one, at another."""
    if offers.labels != "index" or offers.classes not in (0, CLASSES):
        return []
    made = [probe for label in ASKED for probe in (_with(label), _moved(_with(label), label))]
    made.append(_kept(_with(IGNORED)))
    if offers.smoothing:
        ignored = _with(IGNORED)
        some = (ignored, _moved(ignored, IGNORED), _kept(ignored))
        made += [structs.replace(probe, name=probe.name + SMOOTHED, smoothing=SMOOTHING) for probe in some]
    return made if offers.weight else [structs.replace(probe, weight=None) for probe in made]


def probe_of(label: int, offers: Offers) -> Probe:
    """The batch with two rows of a label."""
    probe = _with(label)
    return probe if offers.weight else structs.replace(probe, weight=None)


class Effect(Struct, frozen=True):
    """What rows of a label do to the value."""

    kind: str
    """`left out`; `nothing`: they add nothing, but the value is another without them; `counted`: the same, and it is
    the number of rows that they count in; `class`: they are taken for rows of a class; `counts`; `error`; `nan`;
    an empty text: not known"""
    answer: Answered
    without: Answered | None = None
    taken_for: int | None = None


def effect(answers: Mapping[str, Answered], label: int, after: str = "") -> Effect | None:
    """What rows of a label do, among all `answers`; None where it was not asked."""
    found = answers.get(f"label {label}{after}")
    if found is None:
        return None
    moved, without = answers.get(f"label {label}{MOVED}{after}"), answers.get(WITHOUT + after)
    if found.values is None:
        return Effect("error", found)
    if any(value != value for value in found.values):
        return Effect("nan", found)
    if moved is None or without is None or moved.values is None or without.values is None:
        return Effect("", found)
    raised = answers.get(f"label {label}{RAISED}{after}")
    if not _same(found.values, moved.values) or (raised is not None and not _same(found.values, raised.values)):
        classes = () if 0 <= label < CLASSES else range(CLASSES)
        others = ((c, answers.get(f"label {c}")) for c in classes) if not after else ()
        taken = next((c for c, one in others if one is not None and _same(found.values, one.values)), None)
        return Effect("counts" if taken is None else "class", found, without, taken)
    kept = found.values
    if len(kept) == len(PLAIN.labels) and len(without.values) == len(KEPT):
        kept = tuple(kept[n] for n in KEPT) if all(found.values[n] == 0 for n in PLACES) else kept
    if len(kept) != len(without.values):
        return Effect("", found)  # arrays of two sizes, which cannot be compared
    if _same(kept, without.values):
        return Effect("left out", found, without)
    in_n = [value * len(PLAIN.labels) / len(KEPT) for value in found.values]
    return Effect("counted" if _same(tuple(in_n), without.values) else "nothing", found, without)


def _same(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> bool:
    """Whether two answers are the same numbers."""
    if one is None or other is None or len(one) != len(other):
        return False
    return all(difference(a, b) <= NEAR and a == a for a, b in zip(one, other, strict=True))


def ignored_class(answers: Mapping[str, Answered]) -> int | None:
    """The one class whose rows add nothing; None where there is none, or no row of any class adds something."""
    found = idle_classes(answers)
    return found[0] if len(found) == 1 else None


def idle_classes(answers: Mapping[str, Answered]) -> list[int]:
    """The classes whose rows add nothing, as far as all of them were asked."""
    found = []
    for c in range(CLASSES):
        with_, *others = (answers.get(f"label {c}{after}") for after in ("", MOVED, RAISED))
        if with_ is None or not with_.values:
            return []
        if all(other is not None and _same(with_.values, other.values) for other in others):
            found.append(c)
    return found


def skipped_label(answers: Mapping[str, Answered], offers: Offers) -> int | None:
    """The label that is no class and whose rows are left out; None where −100 is, or no such label is."""
    if not is_told_by_rows(answers, offers):
        return None
    found = [label for label in ASKED if (own := effect(answers, label)) is not None and own.kind == "left out"]
    return found[0] if found and found[0] not in (IGNORED, CLASSES) else None


def is_told_by_rows(answers: Mapping[str, Answered], offers: Offers) -> bool:
    """Whether what the rows of a label add can be told: where some rows add something, and each is judged by its own
    label, so that their order is nothing. Of labels that are shifted by one, the batches are made to fit."""
    if len(idle_classes(answers)) == CLASSES:
        return False
    plain, other = (answers.get(probe.name) for probe in (PLAIN, REVERSED))
    if offers.shift or plain is None or other is None or plain.values is None or other.values is None:
        return bool(offers.shift)
    return _same(tuple(sorted(plain.values)), tuple(sorted(other.values)))


REVERSED = structs.replace(
    PLAIN, name="reversed", about="rows are in another order", logits=PLAIN.logits[::-1], labels=PLAIN.labels[::-1]
)
SHIFTED = structs.replace(
    PLAIN,
    name="shifted",
    about="each row is judged by the next label",
    logits=(*PLAIN.logits[-2::-1], (-1.0, 2.0, 0.5)),
    labels=(1, *PLAIN.labels[:0:-1]),
)
"""PLAIN's rows, each with the label of the next, in another order; its first label and last row are others."""


def shift(answers: Mapping[str, Answered]) -> int:
    """1 where a function judges each row by the label of the next one, else 0."""
    found = [answers.get(probe.name) for probe in (PLAIN, SHIFTED, REVERSED)]
    plain, shifted, other = (None if one is None or one.values is None else tuple(sorted(one.values)) for one in found)
    return int(other is not None and _same(plain, shifted) and not _same(plain, other))


def of_shift(offers: Offers) -> list[Probe]:
    """The probes that tell whether labels are shifted."""
    made = [PLAIN, SHIFTED, REVERSED]
    return made if offers.weight else [structs.replace(probe, weight=None) for probe in made]
