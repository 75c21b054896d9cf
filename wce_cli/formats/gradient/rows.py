"""A gradient as rows of numbers: a kept sample in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.answers.gradient import Gradients
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import Look

PULLED = ("class", "sample", "label-mix")
"""The placements, in the order of their columns."""
OF_SAMPLE = ["n", "label", "norm", *(f"{kind} {what}" for kind in PULLED for what in ("norm", "cosine"))]


def columns(answers: Sequence[Gradients], look: Look) -> list[str]:
    """Those of a sample, and the pairs."""
    return OF_SAMPLE + list(dict.fromkeys(row.pair for one in answers for row in asked_rows(one, look) or one.methods))


def rows(answers: Sequence[Gradients], look: Look, columns: Sequence[str]) -> Iterator[tuple[Gradients, list[Any]]]:
    """The unweighted norm of each sample, by each placement what it pulls at, and by each pair its factor w / D, None
    where there is none."""
    for answer in answers:
        of_pair = {row.pair: row for row in answer.methods}
        for one in answer.samples[: look.rows]:
            pulls = [number for kind in PULLED for number in (one.pulls[kind].norm, one.pulls[kind].cosine)]
            pairs = columns[len(OF_SAMPLE) :]
            factors = [answer.factor(one, of_pair[pair]) if pair in of_pair else None for pair in pairs]
            yield answer, [one.n, one.label, one.norm, *pulls, *factors]
