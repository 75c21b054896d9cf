"""What each framework returned for the same few batches, kept in `measured.json`: measured, dated, reproducible.

`python -m wce_cli.questions.methods` makes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import line_of, read_line

FILE = Path(__file__).with_name("measured.json")


class Entry(Struct, frozen=True):
    """What a framework returned for one batch."""

    batch: str
    measured: Measured


class MeasuredTable(Struct, frozen=True):
    """All that was measured."""

    batches: dict[str, dict[str, Any]]
    """The batches by name, as `wce explain` reads them."""
    dates: dict[str, str]
    """By engine: the day it was measured."""
    entries: dict[str, tuple[Entry, ...]]
    """By engine, batch after batch."""


@cache
def read_table() -> MeasuredTable:
    """The table that is kept in the package."""
    plain = json.loads(FILE.read_text("utf-8"))
    entries = {
        engine: tuple(
            Entry(batch, read_line(json.dumps(row).encode())) for batch, rows in found.items() for row in rows
        )
        for engine, found in plain["entries"].items()
    }
    return MeasuredTable(plain["batches"], plain["dates"], entries)


def written(table: MeasuredTable) -> str:
    """JSON, a line for each batch and each answer, so that a difference can be read."""
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(given)}" for name, given in table.batches.items())
    engines = []
    for name, entries in table.entries.items():
        found: dict[str, list[str]] = {}
        for entry in entries:
            found.setdefault(entry.batch, []).append(line_of(entry.measured).strip())
        batches = ",\n".join(
            f"   {json.dumps(batch)}: [\n    " + ",\n    ".join(lines) + "\n   ]" for batch, lines in found.items()
        )
        engines.append(f"  {json.dumps(name)}: {{\n{batches}\n  }}")
    dates = json.dumps({name: table.dates[name] for name in table.entries})
    joined = ",\n".join(engines)
    return f'{{\n "batches": {{\n{rows}\n }},\n "dates": {dates},\n "entries": {{\n{joined}\n }}\n}}\n'
