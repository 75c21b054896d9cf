"""An audit as GitHub's workflow commands: what is wrong, at the function's own line, then the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_cli.answers.audit import Audit, verdict
from wce_cli.formats.audit.blocks import expectation, probe_text
from wce_cli.formats.github import MOST, command
from wce_cli.formats.look import Look
from wce_cli.literal import literal


def to_github(answers: Sequence[Audit], look: Look | None = None) -> str:
    """One line an annotation, at most ten; then the verdict."""
    look = look or Look()
    lines = [line for answer in answers for line in _annotations(answer)]
    if len(lines) > MOST:
        lines = [*lines[:MOST], f"... and {len(lines) - MOST} more, not annotated: GitHub shows {MOST} for each step"]
    said = [literal(f"wce audit: {answer.target} {verdict(answer)}") for answer in answers]
    return "".join(f"{look.text(line)}\n" for line in [*lines, *said])


def _annotations(answer: Audit) -> Iterator[str]:
    place = {"file": answer.file or "", "line": str(answer.line or "")}
    own = answer.own
    if not answer.is_answered or answer.is_expected is False:
        message = expectation(answer) or verdict(answer)
        if own is not None and own.departs is not None:
            message += f"\nwhere {own.departs.when}, it {own.departs.said}\n{probe_text(own.departs.probe)}"
        yield command("error", {**place, "title": "wce audit"}, message)
    for row in answer.rows:
        if row.verdict == "wrong":
            shown = f"\n{probe_text(row.probe)}" if row.probe is not None else ""
            advice = f"\n{row.advice}" if row.advice else ""
            yield command("warning", {**place, "title": f"wce audit: {row.name}"}, f"{row.said}{shown}{advice}")
