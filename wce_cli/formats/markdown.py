"""Markdown that pastes into a GitHub issue as it is: the answer, tables, findings; user text prints literally."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from wce_cli.answers.report import Report
from wce_cli.formats.columns import Column
from wce_cli.formats.explain.blocks import Shown, shown
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


def to_markdown(reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports, one below the other. Lines are not wrapped: GitHub would keep the breaks."""
    look = look or Look()
    return "\n".join(_written(shown(report, look, titled=len(reports) > 1), look) for report in reports)


def _written(parts: Shown, look: Look) -> str:
    blocks = []
    if parts.title:
        blocks.append(f"### {escaped(parts.title)}")
    if parts.sentence:
        blocks.append(escaped(parts.sentence.replace(GLUE, " ")))
    if parts.size:
        blocks.append(escaped(parts.size))
    if parts.classes:
        blocks.append(pipe_table(parts.classes, look))
    if parts.classes_note:
        blocks.append(escaped(parts.classes_note))
    if parts.top_title:
        blocks.append(escaped(parts.top_title))
    if parts.samples:
        blocks.append(pipe_table(parts.samples, look))
    if parts.legend:
        blocks.append(escaped(parts.legend.replace(GLUE, " ")))
    if parts.weights:
        blocks.append(escaped(parts.weights))
    if parts.methods:
        blocks.append(pipe_table([*parts.methods, *parts.engines], look))
    if parts.calls:  # a list numbers them as the table does
        blocks.append("\n".join(f"{mark}. {_code(call)}" for mark, call in enumerate(parts.calls, 1)))
    if parts.measured:
        blocks.append(pipe_table(parts.measured, look))
    blocks += [escaped(remark) for remark in parts.remarks]
    findings = [f"- **{one.severity}** `{one.code}`: {escaped(one.message)}" for one in parts.findings]
    if parts.unshown:
        findings.append(f"- {escaped(parts.unshown)}")
    if findings:
        blocks.append("\n".join(findings))
    return "\n\n".join(blocks) + "\n"


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


def _code(text: str) -> str:
    """A call as code. Ours hold no backtick."""
    return f"`{text}`"
