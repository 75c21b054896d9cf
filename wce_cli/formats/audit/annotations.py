"""What an audit found to be wrong, at the function's own line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_cli.answers.audit import Audit, verdict
from wce_cli.formats.audit.words import expectation, probe_text
from wce_cli.formats.github import Annotation
from wce_cli.literal import literal


def annotated(answer: Audit) -> Iterator[Annotation]:
    """One where the function is not what it should be, and one for each thing that is wrong with it."""
    file, line, own = answer.file or "", str(answer.line or ""), answer.own
    if not answer.is_answered or answer.is_expected is False:
        message = expectation(answer) or verdict(answer)
        if own is not None and own.departs is not None:
            message += f"\nwhere {own.departs.when}, it {own.departs.said}\n{probe_text(own.departs.probe)}"
        yield Annotation("error", "wce audit", message, file, line)
    for row in answer.rows:
        if row.verdict == "wrong":
            shown = f"\n{probe_text(row.probe)}" if row.probe is not None else ""
            advice = f"\n{row.advice}" if row.advice else ""
            yield Annotation("warning", f"wce audit: {row.name}", f"{row.said}{shown}{advice}", file, line)


def closing(answers: Sequence[Audit]) -> list[str]:
    """The verdicts."""
    return [literal(f"wce audit: {answer.target} {verdict(answer)}") for answer in answers]
