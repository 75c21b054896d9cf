"""A picture and the numbers below it, as one SVG or one HTML page that fetches nothing; and as a notebook shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from wce_cli.errors import WceError
from wce_cli.formats import html
from wce_cli.formats.look import Look
from wce_cli.formats.picture.svg import FONT, MISSING, STYLE, WIDTH, Drawn

if TYPE_CHECKING:
    from wce_cli.formats.blocks import AnswerBlock

LINE = 14.0
"""Units from one line of the numbers to the next."""
COLUMNS = 66
"""Characters of such a line: as many as fit the width of the drawing."""
MONOSPACE = "ui-monospace,Consolas,Menlo,'DejaVu Sans Mono',monospace"
WIDEST = 640
"""Pixels of a picture, at most."""
CSS = (
    f".wce-figure{{max-width:{WIDEST}px;border-radius:6px;padding:min(8px,1vw);box-sizing:border-box}}"
    ".wce-figure svg{display:block;width:100%;height:auto}"
)


class PicturePage(Struct, frozen=True):
    """How one kind of answer is shown: its picture, and its numbers on a screen and in a page."""

    kind: str
    picture: Callable[[Any, Look], Drawn | None]
    """None where an answer has nothing to draw."""
    as_text: Callable[[Any, Look], str]
    as_html: Callable[[Any, Look], tuple[str, str]]
    """What stands above its picture, the answer, and what stands below it."""
    named: Callable[[Any], str]
    """What an answer is about: its batch, its function."""

    @classmethod
    def of_blocks(
        cls,
        kind: str,
        picture: Callable[[Any, Look], Drawn | None],
        answer_blocks: Callable[[Any, Look, bool], Iterable[AnswerBlock]],
        named: Callable[[Any], str] = lambda answer: answer.batch.name or "a batch",
    ) -> PicturePage:
        """The page of an answer that is told in blocks."""

        def as_text(answer: Any, look: Look) -> str:
            from wce_cli.formats.blocks import on_screen

            return on_screen(answer_blocks(answer, look, False), look)

        def as_html(answer: Any, look: Look) -> tuple[str, str]:
            from wce_cli.formats.html_blocks import in_html

            return in_html(answer_blocks(answer, look, False), look)

        return cls(kind, picture, as_text, as_html, named)

    def to_svg(self, answers: Sequence[Any], look: Look | None = None) -> str:
        """One SVG: the pictures below each other, each with its numbers as text. Raises WceError without matplotlib."""
        look = structs.replace(look or Look(), ascii=False, color=False, width=COLUMNS)
        y, parts = 0.0, []
        for answer in answers:
            drawn = self.picture(answer, look)
            if drawn is not None:
                placed = f'<svg y="{y:g}" width="{WIDTH}" height="{drawn.height:g}" '
                parts.append(drawn.svg.replace("<svg ", placed, 1))
                y += drawn.height
            y += LINE
            text = self.as_text(answer, look).rstrip("\n")
            lines = [piece for line in text.split("\n") for piece in _pieces(line)]
            rows = "".join(
                f'<text x="12" y="{y + k * LINE:g}" xml:space="preserve">{escape(line, quote=False)}</text>\n'
                for k, line in enumerate(lines)
                if line
            )
            parts.append(f'<g font-family="{MONOSPACE}" font-size="10" fill="currentColor">\n{rows}</g>')
            y += (len(lines) + 1) * LINE
        title = escape(look.message(f"wce {self.kind}: {'; '.join(map(self.named, answers))}"))
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="wce-figure" '
            f'viewBox="0 0 {WIDTH} {y:g}" width="{WIDEST}" height="{WIDEST * y / WIDTH:.0f}" '
            f'style="max-width:100%;height:auto" font-family="{FONT}">\n<title>{title}</title>\n'
            f"<style>{STYLE}</style>\n"
            f'<rect width="{WIDTH}" height="{y:g}" fill="var(--wce-paper)"/>\n' + "\n".join(parts) + "\n</svg>\n"
        )
        return html.in_ascii(svg)

    def to_html(self, answers: Sequence[Any], look: Look | None = None) -> str:
        """A page in one file: each picture, and its numbers below in tables."""
        look = structs.replace(look or Look(), ascii=False)
        title = self.named(answers[0]) if len(answers) == 1 else f"{len(answers)} batches"
        missing = html.paragraph(f"without a picture: {MISSING.message}: {MISSING.hint}") + "\n"
        body = "".join(self._drawn(answer, look, missing) for answer in answers)
        return html.page(look.name(f"wce {self.kind}: {title}", 100), self._element(body, look))

    def fragment(self, answer: Any, look: Look | None = None) -> str:
        """An answer as an element that stands in any page; without its picture where matplotlib is not there."""
        look = structs.replace(look or Look(), ascii=False)
        return self._element(self._drawn(answer, look, ""), look)

    def _drawn(self, answer: Any, look: Look, missing: str) -> str:
        """The answer, its picture, and the numbers."""
        above, below = self.as_html(answer, look)
        try:
            drawn = self.picture(answer, look)
            figure = "" if drawn is None else f'<div class="wce-figure">{drawn.svg}</div>\n'
        except WceError:
            figure = missing
        return f"{above}{figure}{below}"

    def _element(self, body: str, look: Look) -> str:
        return html.element(body, look, self.kind, f"{STYLE}{CSS}" if "wce-figure" in body else "")


def _pieces(line: str) -> list[str]:
    """A line in as many as it takes: code is as long as it is, and the drawing has an edge."""
    return textwrap.wrap(line, COLUMNS, subsequent_indent="  ") if len(line) > COLUMNS else [line]
