"""SVG: pictures below each other, each with its numbers as text; it fetches nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape
from typing import Any

from msgspec import structs

from wce_cli.formats import given
from wce_cli.formats.html import WIDEST, blocks_of_page, in_ascii, subject_of
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import FONT, STYLE, WIDTH
from wce_cli.formats.table import on_screen

LINE = 14.0
"""Units from one line of the numbers to the next."""
COLUMNS = 66
"""Characters of such a line: as many as fit the width of the drawing."""
MONOSPACE = "ui-monospace,Consolas,Menlo,'DejaVu Sans Mono',monospace"


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """One SVG. Raises WceError without matplotlib."""
    look = structs.replace(look, ascii=False, color=False, width=COLUMNS)
    picture = given(question, "picture").picture
    y, parts = 0.0, []
    for answer in answers:
        drawn = picture(answer, look)
        if drawn is not None:
            placed = f'<svg y="{y:g}" width="{WIDTH}" height="{drawn.height:g}" '
            parts.append(drawn.svg.replace("<svg ", placed, 1))
            y += drawn.height
        y += LINE
        text = on_screen(blocks_of_page(question, answer, look, len(answers) > 1), look).rstrip("\n")
        lines = [piece for line in text.split("\n") for piece in _pieces(line)]
        rows = "".join(
            f'<text x="12" y="{y + k * LINE:g}" xml:space="preserve">{escape(line, quote=False)}</text>\n'
            for k, line in enumerate(lines)
            if line
        )
        parts.append(f'<g font-family="{MONOSPACE}" font-size="10" fill="currentColor">\n{rows}</g>')
        y += (len(lines) + 1) * LINE
    about = "; ".join(subject_of(question, answer) for answer in answers)
    title = escape(look.message(f"wce {question}: {about}"))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="wce-figure" '
        f'viewBox="0 0 {WIDTH} {y:g}" width="{WIDEST}" height="{WIDEST * y / WIDTH:.0f}" '
        f'style="max-width:100%;height:auto" font-family="{FONT}">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{y:g}" fill="var(--wce-paper)"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
    return in_ascii(svg)


def _pieces(line: str) -> list[str]:
    """A line in as many as it takes: code is as long as it is, and the drawing has an edge."""
    return textwrap.wrap(line, COLUMNS, subsequent_indent="  ") if len(line) > COLUMNS else [line]
