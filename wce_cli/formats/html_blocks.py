"""An answer's blocks in HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from wce_cli.formats import html
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.look import Look


def in_html(found: Iterable[AnswerBlock], look: Look) -> tuple[str, str]:
    """What stands above the picture, the answer, and what stands below it."""
    above: list[str] = []
    below: list[str] = []
    for block in found:
        (above if block.is_answer else below).append(_block(block, look))
    return "".join(above), "".join(below)


def _block(block: AnswerBlock, look: Look) -> str:
    if block.kind == "title":
        written = html.heading(block.text)
    elif block.kind == "prose":
        written = html.paragraph(look.message(block.text))
    elif block.kind == "finding":
        written = html.finding(block.severity, block.code, look.message(block.text))
    elif block.kind == "table":
        written = html.table(block.columns, look)
    else:
        written = f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(block.text)}</pre>'
    return f"{written}\n"
