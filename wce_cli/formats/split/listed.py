"""Which parts of a batch are listed where there are too many: the first, and those that differ from the others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from wce_cli.answers.split import Split, SplitMethod


def listed_parts(answer: Split, row: SplitMethod, most: int) -> list[int]:
    """The numbers of the parts to list for a method, at most `most`, in their order.

    Half of them are kept for the ends: a last part that is smaller than the others has the largest gradients.
    """
    k = len(answer.parts)
    if most >= k:
        return list(range(k))
    ends = list(dict.fromkeys(_ends(answer, row)))[: most // 2]
    first = [part for part in range(most) if part not in ends]
    return sorted([*ends, *first[: most - len(ends)]])


def not_listed(answer: Split, count: int) -> str:
    """`20 of 32 parts are listed: …`; nothing where all are."""
    k = len(answer.parts)
    if count >= k:
        return ""
    if count < 2:
        return f"{count} of {k} parts are listed; --rows all lists every one"
    return (
        f"{count} of {k} parts are listed, the first and those that differ most (in gradient ×, samples, D, loss); "
        "--rows all lists every one"
    )


def _ends(answer: Split, row: SplitMethod) -> Iterator[int]:
    """The parts that differ most, the more telling ends first; each number's first part where several are alike."""
    ratios = row.ratios
    broken = (part for part, value in enumerate(row.values) if ratios[part] is None or not math.isfinite(value))
    first = next(broken, None)
    if first is not None:
        yield first
    sizes = [float(one.n) for one in answer.parts]
    for numbers in (ratios, sizes, row.denominators, row.values):
        yield from _least_and_most(numbers)


def _least_and_most(numbers: Sequence[float | None]) -> Iterator[int]:
    """The places of the largest and of the smallest finite number; none where all are one."""
    finite = [(number, place) for place, number in enumerate(numbers) if number is not None and math.isfinite(number)]
    if finite and min(finite)[0] < max(finite)[0]:
        yield max(finite, key=lambda one: one[0])[1]
        yield min(finite, key=lambda one: one[0])[1]
