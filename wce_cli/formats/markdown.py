"""Markdown that pastes into a GitHub issue as it is: the answer, tables, findings; user text prints literally."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from wce_cli.formats import given
from wce_cli.formats.blocks import AnswerBlock, answer_first, text_of
from wce_cli.formats.columns import Column
from wce_cli.formats.look import GLUE, Look

MARKUP = re.compile(r"[\\`*_\[<|~&#]")
DOLLAR = "<span>$</span>"
"""GitHub's own way to write a dollar that begins no formula: a backslash does not help there."""
# What GitHub links, pings or draws after Markdown has been read, so that no backslash holds it back: @name and a@b.c,
# #12, GH-12, :name: and https:, and www.
LINKED = re.compile(r"@(?=\w)|#(?=\d)|\bGH(?=-\d)|:(?=[\w+/-])|\bwww(?=\.)", re.IGNORECASE)
HASH = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{7,40}\b(?![+-]\d)")
"""What may name a commit, which takes seven digits; not 1.2345678e+09."""
APART = "<!-- -->"
"""Parts two characters without being seen."""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """The answers, one below the other. Lines are not wrapped: GitHub would keep the breaks."""
    own = given(question, "blocks")
    if hasattr(own, "all_blocks"):
        return _in_markdown(own.all_blocks(answers, look), look)
    return "\n".join(_in_markdown(own.answer_blocks(answer, look, len(answers) > 1), look) for answer in answers)


def _in_markdown(blocks: Iterable[AnswerBlock], look: Look) -> str:
    written = (_written(block, look) for block in answer_first(blocks) if block.kind != "chart")
    return "\n\n".join(filter(None, written)) + "\n"


def _written(block: AnswerBlock, look: Look) -> str:
    match block.kind:
        case "name" | "title":
            return f"### {_line(block.text)}"
        case "prose" | "caption" | "note":
            return _line(text_of(block, look))
        case "finding":
            return _item(block.severity, block.code, look.message(block.text))
        case "findings":
            items = [_item(one.severity, one.code, look.message(one.message)) for one in block.findings]
            return "\n".join([*items, *([f"- {escaped(block.text)}"] if block.text else [])])
        case "table":
            return pipe_table([*block.columns, *block.beside], look)
        case "list":  # which numbers them as the table does
            return "\n".join(f"{mark}. `{text}`" for mark, text in enumerate(block.lines, 1))  # ours hold no backtick
        case "code":
            return f"```json\n{block.text}\n```"
        case _:
            return _line(block.text)


def _item(severity: str, code: str, message: str) -> str:
    named = f" `{code}`" if code else ""
    return f"- **{severity}**{named}: {_line(message)}"


def _line(text: str) -> str:
    return escaped(text.replace(GLUE, " "))


def pipe_table(columns: Sequence[Column], look: Look) -> str:
    """A pipe table, padded so that it can also be read as it is."""
    columns = [column for column in columns if not column.is_picture]
    cells = [[escaped(look.text(cell)) for cell in (column.head, *column.cells)] for column in columns]
    lines = []
    for column, texts in zip(columns, cells, strict=True):
        width = max(3, *map(len, texts))
        head, *below = [text.rjust(width) if column.right else text.ljust(width) for text in texts]
        rule = "-" * (width - 1) + (":" if column.right else "-")
        lines.append([head, rule, *below])
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*lines, strict=True))


def escaped(text: str) -> str:
    """`text` so that it is read as it stands, on GitHub too: no markup, no link, no ping."""
    cuts = [match.end() for match in LINKED.finditer(text)]
    cuts += [cut for match in HASH.finditer(text) for cut in range(match.start() + 6, match.end(), 6)]
    ends = [0, *sorted(set(cuts)), len(text)]
    whole = APART.join(_escaped(text[start:end]) for start, end in pairwise(ends))
    return f"\\{whole}" if whole.startswith(":") else whole  # what begins a line may be a command of the CI


def _escaped(text: str) -> str:
    text = MARKUP.sub(lambda match: "\\" + match[0], text).replace("$", DOLLAR)
    return re.sub("^ | $|(?<= ) ", "&nbsp;", text)
