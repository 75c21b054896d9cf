"""Whether a function gives the same for the same batch: where it does not, no two of its answers can be compared."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from wce_cli.questions.audit.answer import Row
from wce_cli.questions.audit.records import Answered, said
from wce_cli.questions.audit.run import Observed
from wce_cli.questions.audit.values import difference

ROUNDING = 1e-12
"""How far two answers may be apart, relative, that differ by the order of a sum."""


def is_steady(observed: Observed) -> bool:
    """Whether the same batch gives the same, whatever came between and whatever the random numbers are."""
    answer = observed.answers.get("again")
    return answer is not None and all(_is_same(answer.values, numbers) for numbers in answer.again)


def row(answer: Answered) -> Row:
    """What the same object makes of the same batch a second time."""
    seeded, other = (_is_same(answer.values, numbers) for numbers in answer.again)
    if not seeded:
        pair = f"{said(answer)}, then {said(structs.replace(answer, values=answer.again[0]))}"
        return Row("edges", "called twice", "note", f"gives another number: {pair}, from the same random numbers")
    if not other:
        return Row("edges", "called twice", "note", "is random: gives two different numbers")
    return Row("edges", "called twice", "ok", "gives the same")


def _is_same(first: Sequence[float] | None, second: Sequence[float]) -> bool:
    return first is not None and len(first) == len(second) and all(map(_is_near, first, second))


def _is_near(a: float, b: float) -> bool:
    return difference(a, b) <= ROUNDING
