"""GitHub's workflow commands: each failure as an annotation of its file, then a summary.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions; GitHub keeps ten
annotations of a kind for each step, and forgets the others without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_cli.answers.check import Checked, summary
from wce_cli.formats.check.lines import counts, details, told
from wce_cli.formats.look import Look
from wce_cli.literal import literal

MOST = 10


def to_github(outcomes: Sequence[Checked], look: Look | None = None) -> str:
    """One line an annotation, at most ten; how many more there are; the summary."""
    look = look or Look()
    lines = [line for one in outcomes for line in _annotations(one)]
    more = len(lines) - MOST
    if more > 0:
        lines = [*lines[:MOST], f"... and {more} more, not annotated: GitHub shows {MOST} for each step"]
    return "".join(f"{look.text(line)}\n" for line in [*lines, f"wce check: {counts(summary(outcomes))}"])


def _annotations(one: Checked) -> Iterator[str]:
    """A command for each thing that is wrong, and for each doubt of a batch whose numbers are saved."""
    properties = {"file": one.file or ""}
    if one.place.startswith("line "):
        properties["line"] = one.place.removeprefix("line ")
    name = f"{one.place} {one.name or ''}".strip() or one.where
    for problem in one.problems:
        hint = f"\n{problem.hint}" if problem.hint else ""
        yield command("error", {**properties, "title": f"wce check: {name}"}, f"{problem.message}{hint}")
    for position, comparison in enumerate(one.failures):
        doubts = map(told, one.findings) if position == 0 else ()  # once a batch
        message = "\n".join(filter(None, [comparison.message, details(comparison), *doubts]))
        yield command("error", {**properties, "title": f"wce check: {name}"}, message)
    for doubt in one.findings if one.is_ok else ():
        yield command("warning", {**properties, "title": f"wce check: {name}"}, told(doubt))


def command(kind: str, properties: dict[str, str], message: str) -> str:
    """`::error file=losses.py,line=7::message`; a property without a value is left out."""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{kind} {given}::{_data(message)}"


def _data(text: str) -> str:
    """A message: % and line ends escaped as GitHub reads them, other control characters spelled out."""
    kept = "".join(c if c in "\r\n" else literal(c) for c in text)
    return kept.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property also ends at a colon or a comma."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
