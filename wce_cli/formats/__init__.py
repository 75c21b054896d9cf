"""An answer as text: one file a format, over the cells that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from wce_cli.formats.look import Look
    from wce_cli.report import Report


class Format(Struct, frozen=True):
    """Where a format is written, and how many samples it lists unless more are asked for."""

    function: str
    """`module:function`, called with reports and a Look; imported when it is used."""
    rows: int


FORMATS = {
    "table": Format("wce_cli.formats.table:to_table", 20),
    "json": Format("wce_cli.formats.json:to_json", 10_000),
}
"""The formats by name."""


def formatted(name: str, reports: Sequence[Report], look: Look) -> str:
    """The reports in the format `name`, ending in a newline."""
    module, _, function = FORMATS[name].function.partition(":")
    render: Callable[[Sequence[Report], Look], str] = getattr(import_module(module), function)
    return render(reports, look)
