"""HTML: a fragment for a notebook, and a complete page around the same fragment for a file.

Styles stand in the elements, there is no script and nothing is fetched, so that a notebook that trusts nobody shows
all of it. No colour of its own is needed to read it: text keeps the colour of what is around it, light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from msgspec import structs

from wce_cli.formats.columns import Column
from wce_cli.formats.look import Look
from wce_cli.formats.shown import TITLE_WIDTH, Shown, shown
from wce_cli.report import Report

LINE = "rgba(128,128,128,.4)"
SEVERITY_COLORS = {"error": "#d1242f", "caution": "#bf8700", "note": "#3f83c7"}
"""Of a bar beside a finding: seen on white and on black."""
BODY = (
    "margin:2rem auto;padding:0 min(1rem,2vw);max-width:60rem;"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
)


def to_html(reports: Sequence[Report], look: Look | None = None) -> str:
    """A page in one file. What is not ASCII is a reference: the page is right in whatever encoding it is written."""
    look = structs.replace(look or Look(), ascii=False)
    title = (reports[0].batch.name or "a batch") if len(reports) == 1 else f"{len(reports)} batches"
    return page(look.name(f"wce: {title}", TITLE_WIDTH), fragment(reports, look))


def page(title: str, body: str) -> str:
    """A page around some elements, in ASCII."""
    whole = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f'<body style="{BODY}">\n{body}</body>\n</html>\n'
    )
    return in_ascii(whole)


def in_ascii(page: str) -> str:
    """HTML or SVG that is right in whatever encoding it is written."""
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def fragment(reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports as one element, to stand in any page."""
    look = look or Look()
    drawn = [_drawn(shown(report, look, titled=len(reports) > 1), look) for report in reports]
    return f'<div style="text-align:left">\n{"".join(drawn)}</div>\n'


def _drawn(parts: Shown, look: Look) -> str:
    blocks = []
    if parts.title:
        blocks.append(f'<h3 style="margin:1.2em 0 .4em;font-size:1.1em">{escape(parts.title)}</h3>')
    if parts.sentence:
        blocks.append(paragraph(parts.sentence))
    if parts.size:
        blocks.append(paragraph(parts.size))
    if parts.classes:
        blocks.append(table(parts.classes, look))
    if parts.classes_note:
        blocks.append(paragraph(parts.classes_note))
    if parts.top_title:
        blocks.append(paragraph(parts.top_title))
    if parts.samples:
        blocks.append(table(parts.samples, look))
    if parts.legend:
        blocks.append(paragraph(parts.legend))
    if parts.weights:
        blocks.append(paragraph(parts.weights))
    if parts.methods:
        blocks.append(table([*parts.methods, *parts.engines], look))
    if parts.calls:
        calls = "".join(f"<li><code>{escape(call)}</code></li>" for call in parts.calls)
        blocks.append(f'<ol style="margin:.4em 0;padding-left:2em;font-size:.9em">{calls}</ol>')
    if parts.measured:
        blocks.append(table(parts.measured, look))
    blocks += [paragraph(remark) for remark in parts.remarks]
    for one in parts.findings:
        style = "margin:.5em 0;max-width:50rem;padding:.1em 0 .1em .7em;"
        style += f"border-left:4px solid {SEVERITY_COLORS[one.severity]}"
        head = f"<b>{one.severity}</b> <code>{escape(one.code)}</code>"
        blocks.append(f'<div style="{style}">{head}: {escape(one.message)}</div>')
    if parts.unshown:
        blocks.append(paragraph(parts.unshown))
    return "".join(f"{block}\n" for block in blocks)


def paragraph(text: str) -> str:
    """A sentence or several."""
    return f'<p style="margin:.7em 0;max-width:50rem">{escape(text)}</p>'


def table(columns: Sequence[Column], look: Look) -> str:
    """A table that scrolls where the page is too narrow: no cell is ever cut, and none wrapped but a sentence."""
    rows = [[look.text(column.head) for column in columns]]
    rows += [[look.text(cell) for cell in row] for row in zip(*(column.cells for column in columns), strict=True)]
    lines = [
        "".join(_cell(text, column, is_head=position == 0) for text, column in zip(row, columns, strict=True))
        for position, row in enumerate(rows)
    ]
    level = ";vertical-align:baseline" * any(column.is_prose for column in columns)
    row_style = f'<tr style="background:none{level}">'
    body = "".join(f"{row_style}{line}</tr>\n" for line in lines[1:])
    # A page without a doctype, as some notebooks show, starts a table anew in black: it is told to inherit.
    table = "border-collapse:collapse;margin:.7em 0;border:none;color:inherit;font:inherit;"
    table += "font-variant-numeric:tabular-nums"
    return (
        f'<div style="overflow-x:auto"><table style="{table}">\n<thead style="border:none">'
        f"{row_style}{lines[0]}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def _cell(text: str, column: Column, is_head: bool) -> str:
    space = "white-space:pre-wrap;min-width:9em" if column.is_prose else "white-space:pre"
    style = f"text-align:{'right' if column.right else 'left'};{space};padding:.15em .5em;color:inherit;"
    style += f"border:none;border-bottom:1px solid {LINE};background:none;"
    style += "font-weight:bold" if column.style == "bold" and not is_head else "font-weight:normal"
    if column.is_picture:
        style += ";opacity:.55;font-size:.7em"
    if is_head:
        return f'<th scope="col" style="{style};opacity:.75">{escape(text)}</th>'
    return f'<td style="{style}">{escape(text)}</td>'
