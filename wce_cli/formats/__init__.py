"""An answer as text: one file a format, over the cells that all of them share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.formats.look import ROWS

if TYPE_CHECKING:
    from wce_cli.formats.look import Look


class Format(Struct, frozen=True):
    """Where a format is written, and what it holds."""

    function: str
    """`module:function`, called with reports and a Look; imported when it is used."""
    rows: int
    """Samples it lists unless more are asked for."""
    parts: tuple[str, ...] = ()
    """What it can show alone."""
    has_measured: bool = True
    """Whether it shows what a framework returned."""


PARTS = ("terms", "methods")

FORMATS = {
    "table": Format("wce_cli.formats.table:to_table", ROWS, PARTS),
    "json": Format("wce_cli.formats.json:to_json", 10_000),
    "ndjson": Format("wce_cli.formats.ndjson:to_ndjson", 10_000),
    "csv": Format("wce_cli.formats.csv:to_csv", sys.maxsize, PARTS, has_measured=False),
    "markdown": Format("wce_cli.formats.markdown:to_markdown", ROWS, PARTS),
    "html": Format("wce_cli.formats.html:to_html", ROWS, PARTS),
}
"""The formats by name."""

IDENTIFIED = {
    "table": Format("wce_cli.formats.identified:to_table", 0),
    "json": Format("wce_cli.formats.identified:to_json", 0),
    "markdown": Format("wce_cli.formats.identified:to_markdown", 0),
}
"""Those of `identify`."""

CHECKED = {
    "table": Format("wce_cli.formats.checked_pages:to_table", 0),
    "json": Format("wce_cli.formats.checked:to_json", 0),
    "ndjson": Format("wce_cli.formats.checked:to_ndjson", 0),
    "junit": Format("wce_cli.formats.junit:to_junit", 0),
    "github": Format("wce_cli.formats.github:to_github", 0),
    "markdown": Format("wce_cli.formats.checked_pages:to_markdown", 0),
}
"""Those of `check`."""

VALUE = Format("wce_cli.formats.value:to_values", 0, has_measured=False)
"""`--only value`: bare numbers, which no format dresses."""


def formatted(format: Format, reports: Sequence[Any], look: Look) -> str:
    """The reports, or the answers of another question, in one of its formats; ending in a newline."""
    module, _, function = format.function.partition(":")
    render: Callable[[Sequence[Any], Look], str] = getattr(import_module(module), function)
    return render(reports, look)
