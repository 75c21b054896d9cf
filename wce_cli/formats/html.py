"""HTML: a fragment for a notebook, and a complete page around the same fragment for a file.

Styles stand in the elements, there is no script and nothing is fetched, so that a notebook that trusts nobody shows
all of it; one style sheet says what a narrow page does. No colour of its own is needed to read it: text keeps the
colour of what is around it, light or dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from msgspec import structs

from wce_cli.answers.report import Severity
from wce_cli.errors import WceError
from wce_cli.formats import given, gives
from wce_cli.formats.blocks import AnswerBlock, text_of
from wce_cli.formats.columns import Column
from wce_cli.formats.foot import made_by
from wce_cli.formats.look import Look, glued
from wce_cli.formats.picture.drawing import MISSING, STYLE
from wce_cli.formats.reflow import page_width, reflow, width_class
from wce_cli.literal import literal

TITLE_WIDTH = 100
WIDEST = 640
"""Pixels of a picture, at most."""
CSS = (
    f".wce-figure{{max-width:{WIDEST}px;border-radius:6px;padding:min(8px,1vw);box-sizing:border-box}}"
    ".wce-figure svg{display:block;width:100%;height:auto}"
)
LINE = "rgba(128,128,128,.4)"
SEVERITY_COLORS = {"error": "#d1242f", "caution": "#bf8700", "note": "#3f83c7"}
"""Of a bar beside a finding: seen on white and on black."""
FONT = "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
TEXT = "max-width:50rem;overflow-wrap:anywhere"
"""Of sentences: lines that are easily read, and no name that widens the page."""

_NAME = re.compile(r"(?<![\w-])(?:\(= )?[a-z]+(?:-[a-z]+)+(?:/[a-z]+(?:-[a-z]+)*)?(?![\w-])")
LONGEST = 32
"""Characters of a name with hyphens that stays on one line."""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """A page in one file: each answer, its picture, and its numbers below in tables. What is not ASCII is a reference:
    the page is right in whatever encoding it is written.
    """
    look, own = structs.replace(look, ascii=False), given(question, "blocks")
    if hasattr(own, "page_title"):
        title = own.page_title(answers, look)
    else:
        about = subject_of(question, answers[0]) if len(answers) == 1 else f"{len(answers)} batches"
        title = look.name(f"wce {question}: {about}", TITLE_WIDTH)
    if hasattr(own, "all_blocks"):
        body = "".join(_parted(own.all_blocks(answers, look), look))
    else:
        missing = paragraph(f"without a picture: {MISSING.message}: {MISSING.hint}") + "\n"
        is_drawn = len(answers) <= getattr(own, "MOST_PICTURES", len(answers))
        parts = (_answer(question, one, look, len(answers) > 1, missing, is_drawn) for one in answers)
        body = "".join(parts)
    return page(title, element(body, look, question))


def fragment(question: str, answer: Any) -> str | None:
    """An answer as an element that stands in any page; without its picture where matplotlib is not there. None of one
    that is told only beside others.
    """
    look = Look()
    if not hasattr(given(question, "blocks"), "answer_blocks"):
        return None
    return element(_answer(question, answer, look, False, "", True), look, question)


def subject_of(question: str, answer: Any) -> str:
    """What an answer is about: its batch, unless the question says otherwise."""
    own = given(question, "blocks")
    subject: str = own.named(answer) if hasattr(own, "named") else answer.batch.name or "a batch"
    return subject


def blocks_of_page(question: str, answer: Any, look: Look, titled: bool) -> Iterable[AnswerBlock]:
    """An answer as it is told beside its picture."""
    own = given(question, "blocks")
    blocks: Iterable[AnswerBlock] = getattr(own, "page_blocks", own.answer_blocks)(answer, look, titled)
    return (block for block in blocks if block.kind != "chart")


def _answer(question: str, answer: Any, look: Look, titled: bool, missing: str, is_drawn: bool) -> str:
    """What the reader came for, the picture, and the numbers."""
    above, below = _parted(blocks_of_page(question, answer, look, titled), look)
    if not is_drawn or "picture" not in gives(question):
        return f"{above}{below}"
    try:
        drawn = given(question, "picture").picture(answer, look)
        figure = "" if drawn is None else f'<div class="wce-figure">{drawn.svg}</div>\n'
    except WceError:
        figure = missing
    return f"{above}{figure}{below}"


def _parted(blocks: Iterable[AnswerBlock], look: Look) -> tuple[str, str]:
    """What stands above the picture, the answer, and what stands below it."""
    above: list[str] = []
    below: list[str] = []
    for block in blocks:
        (above if block.is_answer else below).append(f"{_block(block, look)}\n")
    return "".join(above), "".join(below)


def _block(block: AnswerBlock, look: Look) -> str:
    match block.kind:
        case "name" | "title":
            return heading(block.text)
        case "prose" | "caption" | "note":
            return paragraph(text_of(block, look))
        case "finding":
            return finding(block.severity, block.code, look.message(block.text))
        case "findings":
            told = [finding(one.severity, one.code, look.message(one.message)) for one in block.findings]
            return "\n".join([*told, *([paragraph(block.text)] if block.text else [])])
        case "table":
            return table([*block.columns, *block.beside], look)
        case "list":
            items = "".join(f"<li><code>{escape(text)}</code></li>" for text in block.lines)
            return f'<ol style="margin:.4em 0;padding-left:2em;font-size:.9em;overflow-wrap:anywhere">{items}</ol>'
        case "code":
            return f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(block.text)}</pre>'
        case _:
            return paragraph(block.text)


def page(title: str, element: str) -> str:
    """A page around an element, in ASCII."""
    body = f"margin:2rem auto;padding:0 min(1rem,2vw);max-width:{page_width(element)}rem;{FONT}"
    whole = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f'<body style="{body}">\n{element}</body>\n</html>\n'
    )
    return in_ascii(whole)


def in_ascii(page: str) -> str:
    """HTML or SVG that is right in whatever encoding it is written."""
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def element(body: str, look: Look, function: str) -> str:
    """Answers with their style and their foot as one element; `function` is what Python calls the question."""
    call, version = made_by(look.call, function)
    said = f"<code>{escape(literal(call))}</code><br>{version}"
    foot = f'<footer class="wce-foot" style="margin:2em 0 0;font-size:.85em;overflow-wrap:anywhere">{said}</footer>\n'
    root = f"text-align:left;max-width:{page_width(body)}rem"
    drawn = f"{STYLE}{CSS}" if "wce-figure" in body else ""
    style = f"<style>{drawn}.wce{{container:wce/inline-size}}{reflow(body)}</style>"
    return f'<div class="wce" style="{root}">\n{style}\n{body}{foot}</div>\n'


def words(text: str) -> str:
    """Text in HTML, its formulas and the names of methods each on one line."""
    return _NAME.sub(_held, escape(glued(text)))


def _held(name: re.Match[str]) -> str:
    return name[0] if len(name[0]) > LONGEST else f'<span style="white-space:nowrap">{name[0]}</span>'


def heading(text: str) -> str:
    """A line that begins a part."""
    return f'<h3 style="margin:1.2em 0 .4em;font-size:1.1em;overflow-wrap:anywhere">{words(text)}</h3>'


def paragraph(text: str) -> str:
    """A sentence or several."""
    return f'<p style="margin:.7em 0;{TEXT}">{words(text)}</p>'


def finding(severity: Severity, code: str, message: str) -> str:
    """What a reader must know, in the one look that it has in every answer."""
    style = f"margin:.5em 0;padding:.1em 0 .1em .7em;{TEXT};{mark(severity)}"
    named = f" <code>{escape(code)}</code>" if code else ""
    return f'<div class="wce-finding wce-{severity}" style="{style}"><b>{severity}</b>{named}: {words(message)}</div>'


def mark(severity: Severity) -> str:
    """The bar beside a finding."""
    return f"border-left:4px solid {SEVERITY_COLORS[severity]}"


def table(columns: Sequence[Column], look: Look) -> str:
    """A table as wide as its page; where that is too narrow its cells flow: none is ever cut."""
    rows = [[look.text(column.head) for column in columns]]
    rows += [[look.text(cell) for cell in row] for row in zip(*(column.cells for column in columns), strict=True)]
    lines = [
        "".join(
            _cell(text, head, column, position - 1) for text, head, column in zip(row, rows[0], columns, strict=True)
        )
        for position, row in enumerate(rows)
    ]
    level = ";vertical-align:baseline" * any(column.is_prose for column in columns)
    row_style = f'<tr style="background:none{level}">'
    body = "".join(f"{row_style}{line}</tr>\n" for line in lines[1:])
    # A page without a doctype, as some notebooks show, starts a table anew in black: it is told to inherit.
    style = "border-collapse:collapse;width:100%;margin:.7em 0;border:none;color:inherit;font:inherit;"
    style += "font-variant-numeric:tabular-nums"
    return (
        f'<div style="overflow-x:auto"><table class="wce-table {width_class(columns, rows)}" style="{style}">\n'
        f'<thead style="border:none">{row_style}{lines[0]}</tr></thead>\n<tbody>\n{body}</tbody></table></div>'
    )


def _cell(text: str, head: str, column: Column, row: int) -> str:
    """A cell of a row, or its head where `row` is −1."""
    is_head, is_main = row < 0, column.style == "bold"
    space = "white-space:pre-wrap;min-width:9em" if column.is_prose else "white-space:pre"
    style = f"text-align:{'right' if column.right else 'left'};{space};padding:.15em .5em;color:inherit;"
    style += f"border:none;border-bottom:1px solid {LINE};background:none;"
    style += f"font-weight:{'bold' if is_main and not is_head else 'normal'}"
    if column.is_picture:
        style += ";opacity:.55;font-size:.7em"
    if is_head:
        return f'<th scope="col" style="{style};opacity:.75">{escape(text)}</th>'
    severity = column.severities[row] if column.severities else None
    classes = " ".join(["wce-main"] * (is_main or bool(column.severities)) + ["wce-bar"] * column.is_picture)
    named = f' class="{classes}"' * bool(classes) + f' data-head="{escape(head)}"' * bool(head)
    if severity is not None:
        said = f"padding-left:.4em;{mark(severity)}"
        return f'<td{named} style="{style}"><b class="wce-{severity}" style="{said}">{escape(text)}</b></td>'
    return f'<td{named} style="{style}">{_NAME.sub(_held, escape(text))}</td>'
