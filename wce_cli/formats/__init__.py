"""An answer as text: one file a format, over the cells that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from wce_cli.formats.look import Look
from wce_cli.report import Report

FORMATS = {"table": "wce_cli.formats.table:to_table", "json": "wce_cli.formats.json:to_json"}
"""The formats by name, each `reports, look → str`, imported when it is used."""


def formatted(name: str, reports: Sequence[Report], look: Look) -> str:
    """The reports in the format `name`, ending in a newline."""
    module, _, function = FORMATS[name].partition(":")
    render: Callable[[Sequence[Report], Look], str] = getattr(import_module(module), function)
    return render(reports, look)
