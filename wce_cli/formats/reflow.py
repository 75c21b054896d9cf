"""How a table is drawn where its page is too narrow for it: each row as a line of its names and numbers, nothing cut.

A table says by its class how wide it is; where the page has less, its cells flow, each behind the head of its column,
and the first and the one that the table is about stay together on top.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wce_cli.formats.columns import Column
from wce_cli.formats.picture.text import text_width

BREAKS = (12, 16, 20, 24, 28, 32, 36, 42, 48, 56, 64, 76, 90, 110, 140)
"""Widths, in em, from which tables are drawn as tables: the first that holds one is its own."""
PADDING = 1.0
"""Em between two columns."""
PROSE = 16.0
"""Em that a column of sentences is given before its table flows."""
NARROWEST, WIDEST = 60, 110
"""Em of a page: as wide as its widest table within these."""
_TABLE = re.compile(r'class="wce-table wce-t(\d+)"')
_FLOW = (
    ".wce-tN,.wce-tN tbody{display:block}"
    ".wce-tN thead,.wce-tN td:empty,.wce-tN .wce-bar{display:none}"
    ".wce-tN tr{display:flex;flex-wrap:wrap;column-gap:1em;padding:.35em 0;"
    "border-bottom:1px solid rgba(128,128,128,.4)}"
    ".wce-tN tr::after{content:'';flex-basis:100%;order:2}"
    ".wce-tN td{order:3;border:none!important;padding:0!important;min-width:0!important;"
    "white-space:pre-wrap!important;overflow-wrap:anywhere}"
    ".wce-tN td:first-child{order:1;flex:1 1 8em;text-align:left!important}"
    ".wce-tN .wce-main{order:1}"
    ".wce-tN td[data-head]::before{content:attr(data-head)' ';font-weight:normal;opacity:.75}"
)


def width_class(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """What a table with these cells, its head among them, says of its width."""
    width = 0.0
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        widest = max(text_width(cell, 1.0) for cell in cells)
        width += PADDING + (min(widest, PROSE) if column.is_prose else widest)
    return f"wce-t{next((at for at in BREAKS if width <= at), BREAKS[-1])}"


def reflow(body: str) -> str:
    """The style of the tables in a page."""
    rules = (
        f"@container wce (width<{at}em){{{_FLOW.replace('wce-tN', f'wce-t{at}')}}}" for at in sorted(_widths(body))
    )
    return "".join(rules)


def page_width(body: str) -> int:
    """Em that a page with these tables is wide, where there is room."""
    return min(max(NARROWEST, *_widths(body), 0), WIDEST)


def _widths(body: str) -> set[int]:
    return {int(found) for found in _TABLE.findall(body)}
