"""A picture and the numbers below it, as one SVG or one HTML page that fetches nothing; and as a notebook shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from msgspec import structs

from wce_cli.errors import WceError
from wce_cli.formats import html
from wce_cli.formats.look import GLUE, Look

if TYPE_CHECKING:
    from wce_cli.formats.blocks import Block

LINE = 14.0
"""Units from one line of the numbers to the next."""
COLUMNS = 66
"""Characters of such a line: as many as fit the width of the drawing."""
MONOSPACE = "ui-monospace,Consolas,Menlo,'DejaVu Sans Mono',monospace"
WIDEST = 640
"""Pixels of a picture, at most."""
CSS = (
    f".wce-figure{{max-width:{WIDEST}px;border-radius:6px;padding:8px;box-sizing:border-box}}"
    ".wce-figure svg{display:block;width:100%;height:auto}"
)

Picture = Callable[[Any, Look], str]


def _pictures() -> dict[str, Picture]:
    from wce_cli.formats import pictures

    return {"sweep": pictures.sweep_picture, "split": pictures.split_picture, "explain": pictures.explain_picture}


def _blocks(kind: str, answer: Any, look: Look) -> Iterable[Block]:
    from wce_cli.formats import gradient, identified, split, sweep

    if kind == "sweep":
        return (block for block in sweep.answer_blocks(answer, look, False) if block.kind != "code")
    found: dict[str, Callable[[Any, Look, bool], Iterable[Block]]] = {
        "split": split.answer_blocks,
        "gradient": gradient.answer_blocks,
        "identify": identified.answer_blocks,
    }
    return found[kind](answer, look, False)


def svg_of(kind: str, answers: Sequence[Any], look: Look | None) -> str:
    """One SVG: the pictures below each other, each with its numbers as text."""
    from wce_cli.formats.figure import FONT, STYLE, WIDTH
    from wce_cli.formats.table import to_table

    look = structs.replace(look or Look(), ascii=False, color=False, width=COLUMNS)
    y, parts = 0.0, []
    for answer in answers:
        picture = _pictures()[kind](answer, look)
        height = float(picture.partition('viewBox="0 0 ')[2].partition('"')[0].split()[1])
        parts.append(picture.replace("<svg ", f'<svg y="{y:g}" width="{WIDTH}" height="{height:g}" ', 1))
        y += height + LINE
        text = to_table([answer], look) if kind == "explain" else _without_pictures(kind, answer, look)
        lines = text.rstrip("\n").split("\n")
        rows = "".join(
            f'<text x="12" y="{y + k * LINE:g}" xml:space="preserve">{escape(line, quote=False)}</text>\n'
            for k, line in enumerate(lines)
            if line
        )
        parts.append(f'<g font-family="{MONOSPACE}" font-size="10" fill="currentColor">\n{rows}</g>')
        y += (len(lines) + 1) * LINE
    title = escape(f"wce {kind}: {'; '.join(answer.batch.name or 'a batch' for answer in answers)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="wce-figure" '
        f'viewBox="0 0 {WIDTH} {y:g}" width="{WIDEST}" height="{WIDEST * y / WIDTH:.0f}" '
        f'style="max-width:100%;height:auto" font-family="{FONT}">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{y:g}" fill="var(--wce-paper)"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _without_pictures(kind: str, answer: Any, look: Look) -> str:
    from wce_cli.formats import blocks

    return blocks.on_screen(_blocks(kind, answer, look), look)


def in_html(found: Iterable[Block], look: Look) -> str:
    """Blocks as HTML."""
    written = []
    for block in found:
        if block.kind == "title":
            written.append(f'<h3 style="margin:1.2em 0 .4em;font-size:1.05em">{escape(_spaced(block.text))}</h3>')
        elif block.kind == "prose":
            written.append(html.paragraph(_spaced(look.message(block.text))))
        elif block.kind == "table":
            written.append(html.table(block.columns, look))
        else:
            written.append(f"<pre>{escape(block.text)}</pre>")
    return "\n".join(written)


def _spaced(text: str) -> str:
    return text.replace(GLUE, "\N{NO-BREAK SPACE}")


def html_of(kind: str, answers: Sequence[Any], look: Look | None) -> str:
    """A page in one file: each picture, and its numbers in tables below."""
    look = structs.replace(look or Look(), ascii=False)
    title = (answers[0].batch.name or "a batch") if len(answers) == 1 else f"{len(answers)} batches"
    body = "\n".join(fragment(kind, answer, look, needs_picture=kind in _pictures()) for answer in answers)
    return html.page(look.name(f"wce {kind}: {title}", 100), body)


def fragment(kind: str, answer: Any, look: Look | None = None, *, needs_picture: bool = False) -> str:
    """An answer as an element that stands in any page; without its picture where matplotlib is not there, unless
    that is what was asked for.
    """
    look = structs.replace(look or Look(), ascii=False)
    figure = ""
    try:
        if kind in _pictures():
            figure = drawing(kind, answer, look)
    except WceError:
        if needs_picture:
            raise
    numbers = html.fragment([answer], look) if kind == "explain" else in_html(_blocks(kind, answer, look), look)
    return f'<div style="text-align:left">\n{figure}{numbers}\n</div>\n'


def drawing(kind: str, answer: Any, look: Look) -> str:
    """A picture as an element of a page, with the style that it needs. Raises WceError without matplotlib."""
    from wce_cli.formats.figure import STYLE

    picture = _pictures()[kind](answer, look)
    return f'<style>{STYLE}{CSS}</style>\n<div class="wce-figure">{picture}</div>\n'


def sweep_svg(answers: Sequence[Any], look: Look | None = None) -> str:
    """The curves of `sweep`."""
    return svg_of("sweep", answers, look)


def sweep_html(answers: Sequence[Any], look: Look | None = None) -> str:
    """The page of `sweep`."""
    return html_of("sweep", answers, look)


def split_svg(answers: Sequence[Any], look: Look | None = None) -> str:
    """The parts of `explain --split`."""
    return svg_of("split", answers, look)


def split_html(answers: Sequence[Any], look: Look | None = None) -> str:
    """The page of `explain --split`."""
    return html_of("split", answers, look)


def explain_svg(answers: Sequence[Any], look: Look | None = None) -> str:
    """The waterfall of `explain`."""
    return svg_of("explain", answers, look)


def explain_html(answers: Sequence[Any], look: Look | None = None) -> str:
    """The page of `explain`: of one batch with its picture, where matplotlib is there."""
    page = html.to_html(answers, look)
    if len(answers) != 1 or not _can_draw():
        return page
    head, body, rest = page.partition(f'<body style="{html.BODY}">\n')
    figure = drawing("explain", answers[0], structs.replace(look or Look(), ascii=False))
    return head + body + html.in_ascii(figure) + rest


def _can_draw() -> bool:
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def identify_html(answers: Sequence[Any], look: Look | None = None) -> str:
    """The page of `identify`, which has no picture."""
    return html_of("identify", answers, look)


def gradient_html(answers: Sequence[Any], look: Look | None = None) -> str:
    """The page of `explain --gradient`, which has no picture."""
    return html_of("gradient", answers, look)
