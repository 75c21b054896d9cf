"""GitHub's workflow commands: each failure as an annotation of its file, then a summary.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions; GitHub keeps ten
annotations of a kind for each step, and forgets the others without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from wce_cli.formats import given
from wce_cli.formats.look import Look
from wce_cli.literal import literal

MOST = 10


class Annotation(Struct, frozen=True):
    """What is wrong at a place."""

    kind: Literal["error", "warning"]
    title: str
    message: str
    file: str = ""
    line: str = ""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """One line an annotation, at most ten; how many more there are; the summary."""
    own = given(question, "annotations")
    lines = [_command(one) for answer in answers for one in own.annotated(answer)]
    more = len(lines) - MOST
    if more > 0:
        lines = [*lines[:MOST], f"... and {more} more, not annotated: GitHub shows {MOST} for each step"]
    return "".join(f"{look.text(line)}\n" for line in [*lines, *own.closing(answers)])


def _command(one: Annotation) -> str:
    """`::error file=losses.py,line=7,title=…::message`; a property without a value is left out."""
    properties = {"file": one.file, "line": one.line, "title": one.title}
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{one.kind} {given}::{_data(one.message)}"


def _data(text: str) -> str:
    """A message: % and line ends escaped as GitHub reads them, other control characters spelled out."""
    kept = "".join(c if c in "\r\n" else literal(c) for c in text)
    return kept.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property also ends at a colon or a comma."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
