"""A split as rows of numbers: a part by a pair in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.answers.split import Split
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import Look
from wce_cli.formats.split.listed import listed_parts

COLUMNS = [
    *("method", "placement", "part", "rank", "step", "n", "n_kept"),
    *("numerator", "denominator", "value", "gradient", "gradient_of_whole"),
]


def columns(answers: Sequence[Split], look: Look) -> list[str]:
    """The same for all splits."""
    return COLUMNS


def rows(answers: Sequence[Split], look: Look, columns: Sequence[str]) -> Iterator[tuple[Split, list[Any]]]:
    """Each part by each pair: its numerator, its D, its value, and what its gradient is multiplied by."""
    for answer in answers:
        for row in asked_rows(answer, look) or answer.methods:
            numbers = list(zip(answer.parts, row.numerators, row.denominators, row.values, row.gradients, strict=True))
            most = len(numbers) if look.rows is None else look.rows
            for listed in listed_parts(answer, row, most):
                part, *own = numbers[listed]
                place = [part.part, part.rank, part.step, part.n, part.n_kept]
                yield answer, [row.method, row.placement, *place, *own, row.gradient]
