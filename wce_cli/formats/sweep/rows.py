"""A sweep as rows of numbers: a place in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.answers.sweep import Sweep
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import Look


def columns(answers: Sequence[Sweep], look: Look) -> list[str]:
    """What is swept, and the pairs."""
    kind = answers[0].axis.kind if answers else "class"
    pairs = dict.fromkeys(row.pair for one in answers for row in asked_rows(one, look) or one.methods)
    return ["weight" if kind == "class" else kind, *pairs]


def rows(answers: Sequence[Sweep], look: Look, columns: Sequence[str]) -> Iterator[tuple[Sweep, list[Any]]]:
    """The value of each pair at each place, None where there is none."""
    for answer in answers:
        of_pair = {row.pair: row.values for row in answer.methods}
        for k, place in enumerate(answer.places):
            yield answer, [place, *(of_pair[pair][k] if pair in of_pair else None for pair in columns[1:])]
