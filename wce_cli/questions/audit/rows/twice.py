"""Whether a function gives the same for the same batch: where it does not, no two of its answers can be compared."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from wce_cli.answers.audit import Row
from wce_cli.answers.audit_numbers import difference
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.probes import PLAIN
from wce_cli.questions.audit.protocol import Answered, said
from wce_cli.questions.audit.steps import FIRST

ROUNDING = 1e-12
"""How far two answers may be apart, relative, that differ by the order of a sum."""


def is_steady(observed: Observed) -> bool:
    """Whether the same batch gives the same, whatever came between and whatever the random numbers are."""
    answer = observed.answers.get("again")
    is_same = answer is not None and all(_is_same(answer.values, numbers) for numbers in answer.again)
    return is_same and not _changed(observed)


def _changed(observed: Observed) -> str:
    """What the first call of all gave, and the same batch later; empty where that is the same, or none was asked: of
    labels that are found to be shifted, it is another batch later."""
    first, later = observed.first, observed.answers.get(PLAIN.name)
    if observed.ready is not None and observed.ready.offers.shift:
        return ""
    if first is None or first.name != FIRST or first.values is None or later is None or later.values is None:
        return ""
    return "" if _is_same(first.values, later.values) else f"{said(first)}, then {said(later)}"


def row(observed: Observed, answer: Answered) -> Row:
    """What the same object makes of the same batch a second time, and an object made anew some calls later."""
    seeded, other = (_is_same(answer.values, numbers) for numbers in answer.again)
    if not seeded:
        pair = f"{said(answer)}, then {said(structs.replace(answer, values=answer.again[0]))}"
        return Row("edges", "called twice", "note", f"gives another number: {pair}, from the same random numbers")
    if not other:
        return Row("edges", "called twice", "note", "is random: gives two different numbers")
    if changed := _changed(observed):
        return Row("edges", "called twice", "note", f"gives another number some calls later: {changed}")
    return Row("edges", "called twice", "ok", "gives the same")


def _is_same(first: Sequence[float] | None, second: Sequence[float]) -> bool:
    return first is not None and len(first) == len(second) and all(map(_is_near, first, second))


def _is_near(a: float, b: float) -> bool:
    return difference(a, b) <= ROUNDING
