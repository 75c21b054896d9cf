"""An answer as blocks, titles, prose, tables and code, drawn on a screen or written as Markdown from one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from wce_cli.answers.report import Finding, Severity
from wce_cli.formats.columns import Column
from wce_cli.formats.look import GLUE, Look
from wce_cli.formats.markdown import escaped, pipe_table
from wce_cli.formats.screen import Screen


class AnswerBlock(Struct, frozen=True):
    """One piece of an answer."""

    kind: Literal["title", "prose", "table", "code", "finding"]
    text: str = ""
    columns: tuple[Column, ...] = ()
    style: str = ""
    lines: tuple[str, ...] = ()
    """The rows of a table as sentences, for a screen on which its columns do not fit."""
    severity: Severity = "note"
    code: str = ""
    """How grave a finding is, and its name; the note of an answer has none."""
    is_answer: bool = False
    """Whether it is what the reader came for: it stands before everything else, in a page above the picture."""


def title(text: str, style: str = "bold") -> AnswerBlock:
    """A line that begins a part."""
    return AnswerBlock("title", text, style=style)


def name(text: str) -> AnswerBlock:
    """What an answer is about: its first line."""
    return AnswerBlock("title", text, style="bold", is_answer=True)


def prose(text: str) -> AnswerBlock:
    """A sentence or several."""
    return AnswerBlock("prose", text)


def answer(text: str) -> AnswerBlock:
    """A sentence that the reader came for."""
    return AnswerBlock("prose", text, is_answer=True)


def finding(severity: Severity, code: str, message: str) -> AnswerBlock:
    """What the reader must know besides."""
    return AnswerBlock("finding", message, severity=severity, code=code)


def table(*columns: Column, lines: Iterable[str] = ()) -> AnswerBlock:
    """Columns side by side; where those do not fit, the sentences that say the same."""
    return AnswerBlock("table", columns=columns, lines=tuple(lines))


def found(findings: Iterable[Finding]) -> Iterator[AnswerBlock]:
    """The findings, the gravest first."""
    order = ("error", "caution", "note")
    for one in sorted(findings, key=lambda one: order.index(one.severity)):
        yield finding(one.severity, one.code, one.message)


def code(text: str) -> AnswerBlock:
    """Text to be copied as it is."""
    return AnswerBlock("code", text)


def answer_first(blocks: Iterable[AnswerBlock]) -> list[AnswerBlock]:
    """The blocks, what the reader came for before the tables that show it."""
    return sorted(blocks, key=lambda block: not block.is_answer)


def on_screen(blocks: Iterable[AnswerBlock], look: Look) -> str:
    """The blocks as text, the answer first; an empty line behind it, before each title, table and code, and before the
    first finding.
    """
    screen = Screen(look)
    previous, was_answer = "", False
    for block in answer_first(blocks):
        follows = block.kind == "prose" or block.kind == previous == "finding"
        if previous and (not follows or previous in ("table", "code") or (was_answer and not block.is_answer)):
            screen.line()
        if block.kind == "title":
            screen.prose(" ", block.text, block.style, hanging=2)
        elif block.kind == "prose":
            screen.prose(look.message(block.text), hanging=2)
        elif block.kind == "finding":
            screen.finding(block.severity, block.code, look.message(block.text))
        elif block.kind == "table" and (not block.lines or screen.fits(block.columns)):
            screen.columns(block.columns)
        elif block.kind == "table":
            for line in block.lines:
                screen.prose(look.message(line), hanging=2)
        else:
            for line in block.text.splitlines():
                screen.line(line)
        previous, was_answer = block.kind, block.is_answer
    return str(screen)


def in_markdown(blocks: Iterable[AnswerBlock], look: Look) -> str:
    """The blocks as Markdown that pastes into an issue as it is, the answer first."""
    written = []
    for block in answer_first(blocks):
        if block.kind == "title":
            written.append(f"### {escaped(block.text.replace(GLUE, ' '))}")
        elif block.kind == "prose":
            written.append(escaped(look.message(block.text).replace(GLUE, " ")))
        elif block.kind == "finding":
            named = f" `{block.code}`" if block.code else ""
            written.append(f"- **{block.severity}**{named}: {escaped(look.message(block.text).replace(GLUE, ' '))}")
        elif block.kind == "table":
            written.append(pipe_table(block.columns, look))
        else:
            written.append(f"```json\n{block.text}\n```")
    return "\n\n".join(written) + "\n"
