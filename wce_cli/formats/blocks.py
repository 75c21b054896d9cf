"""An answer as blocks, titles, prose, tables, lists and code: what every writer for people walks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from wce_cli.answers.report import Finding, Severity
from wce_cli.formats.columns import Column
from wce_cli.formats.look import Look

SEVERITIES = ("error", "caution", "note")
"""The gravest first."""


class AnswerBlock(Struct, frozen=True):
    """One piece of an answer."""

    kind: Literal[
        "name", "title", "prose", "caption", "table", "note", "list", "code", "chart", "finding", "findings", "entry"
    ]
    text: str = ""
    columns: tuple[Column, ...] = ()
    beside: tuple[Column, ...] = ()
    """More columns of the table, for a screen on which all of them fit, and for every page."""
    style: str = ""
    lines: tuple[str, ...] = ()
    """The rows of a table as sentences, for a screen on which its columns do not fit; the items of a list."""
    severity: Severity = "note"
    code: str = ""
    """How grave a finding is, and its name; the note of an answer has none."""
    findings: tuple[Finding, ...] = ()
    is_answer: bool = False
    """Whether it is what the reader came for: it stands before everything else, in a page above the picture."""
    is_ready: bool = False
    """Whether its text is in the symbols that the reader has; any other may quote what a user wrote."""
    hanging: int = 2
    """How far in the lines below the first stand, where it is broken into several."""


def title(text: str, style: str = "bold") -> AnswerBlock:
    """A line that begins a part."""
    return AnswerBlock("title", text, style=style)


def name(text: str) -> AnswerBlock:
    """What an answer is about: its first line."""
    return AnswerBlock("title", text, style="bold", is_answer=True)


def batch_name(text: str) -> AnswerBlock:
    """The name of the batch that an answer is about, which may be of any length."""
    return AnswerBlock("name", text, is_answer=True)


def prose(text: str, hanging: int = 2) -> AnswerBlock:
    """A sentence or several."""
    return AnswerBlock("prose", text, hanging=hanging)


def answer(text: str) -> AnswerBlock:
    """A sentence that the reader came for."""
    return AnswerBlock("prose", text, is_answer=True)


def formulas(text: str) -> AnswerBlock:
    """Sentences that the reader came for, whose formulas are held together."""
    return AnswerBlock("prose", text, is_answer=True, is_ready=True, hanging=0)


def finding(severity: Severity, code: str, message: str) -> AnswerBlock:
    """What the reader must know besides."""
    return AnswerBlock("finding", message, severity=severity, code=code)


def findings(shown: Iterable[Finding], more: str) -> AnswerBlock:
    """All that the reader must know besides, and what is said of that which is left out."""
    return AnswerBlock("findings", more, findings=tuple(shown))


def table(*columns: Column, lines: Iterable[str] = (), beside: Iterable[Column] = ()) -> AnswerBlock:
    """Columns side by side; where those do not fit, the sentences that say the same."""
    return AnswerBlock("table", columns=columns, lines=tuple(lines), beside=tuple(beside))


def caption(text: str) -> AnswerBlock:
    """What the table right below shows."""
    return AnswerBlock("caption", text, is_ready=True, hanging=0)


def note(text: str, hanging: int = 0) -> AnswerBlock:
    """A line that belongs to the table above it."""
    return AnswerBlock("note", text, is_ready=True, hanging=hanging)


def numbered(items: Iterable[str]) -> AnswerBlock:
    """Pieces of code that the table above refers to by their number, from 1."""
    return AnswerBlock("list", lines=tuple(items))


def found(findings: Iterable[Finding]) -> Iterator[AnswerBlock]:
    """The findings, the gravest first."""
    for one in gravest_first(findings):
        yield finding(one.severity, one.code, one.message)


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by how grave they are."""
    return sorted(findings, key=lambda one: SEVERITIES.index(one.severity))


def code(text: str) -> AnswerBlock:
    """Text to be copied as it is."""
    return AnswerBlock("code", text)


def chart(text: str) -> AnswerBlock:
    """A picture in characters, for a screen that has no other."""
    return AnswerBlock("chart", text)


def entry(text: str, style: str = "") -> AnswerBlock:
    """A line that stands for an answer of many: no empty line parts it from the others."""
    return AnswerBlock("entry", text, style=style)


def text_of(block: AnswerBlock, look: Look) -> str:
    """The sentences of a block in the symbols that the reader has."""
    return block.text if block.is_ready else look.message(block.text)


def answer_first(blocks: Iterable[AnswerBlock]) -> list[AnswerBlock]:
    """The blocks, what the reader came for before the tables that show it."""
    return sorted(blocks, key=lambda block: not block.is_answer)
