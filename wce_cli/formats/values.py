"""The bare numbers, for a script: one a line, by answer and then by method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wce_cli.formats import asked_of
from wce_cli.formats.look import Look


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """Each value in full precision; nan, inf and -inf as words."""
    asked = asked_of(question)
    return "".join(f"{row.value!r}\n" for answer in answers for row in asked(answer, look).methods)


def part(question: str, answers: Sequence[Any], look: Look, several: bool) -> str:
    """The values of some answers of many."""
    return write(question, answers, look)
