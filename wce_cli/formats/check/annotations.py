"""What `check` found to be wrong, and what there is to doubt, at the line of its batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_cli.answers.check import Checked, summary
from wce_cli.formats.check.words import counts, details, told
from wce_cli.formats.github import Annotation


def annotated(one: Checked) -> Iterator[Annotation]:
    """One for each thing that is wrong, and for each doubt of a batch whose numbers are saved."""
    file, line = one.file or "", one.place.removeprefix("line ") if one.place.startswith("line ") else ""
    name = f"{one.place} {one.name or ''}".strip() or one.where
    title = f"wce check: {name}"
    for problem in one.problems:
        hint = f"\n{problem.hint}" if problem.hint else ""
        yield Annotation("error", title, f"{problem.message}{hint}", file, line)
    for position, comparison in enumerate(one.failures):
        doubts = map(told, one.findings) if position == 0 else ()  # once a batch
        message = "\n".join(filter(None, [comparison.message, details(comparison), *doubts]))
        yield Annotation("error", title, message, file, line)
    for doubt in one.findings if one.is_ok else ():
        yield Annotation("warning", title, told(doubt), file, line)


def closing(outcomes: Sequence[Checked]) -> list[str]:
    """The summary."""
    return [f"wce check: {counts(summary(outcomes))}"]
