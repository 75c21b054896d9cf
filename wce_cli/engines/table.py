"""What each framework returned for the same few batches, kept in `measured.json`: measured, dated, reproducible.

    python -m wce_cli.engines.table [NAME …]

measures the named engines (those that are installed) and writes them into the table; what it holds of others stays.
With `--print` it writes the newly measured to stdout instead.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.engines.calls import line_of, read_line
from wce_cli.engines.case import Case
from wce_cli.engines.names import ENGINES
from wce_cli.loss.batch import Batch
from wce_cli.report import Measured

FILE = Path(__file__).with_name("measured.json")


class Entry(Struct, frozen=True):
    """What a framework returned for one batch."""

    batch: str
    measured: Measured


class Table(Struct, frozen=True):
    """All that was measured."""

    batches: dict[str, dict[str, Any]]
    """The batches by name, as `wce explain` reads them."""
    dates: dict[str, str]
    """By engine: the day it was measured."""
    entries: dict[str, tuple[Entry, ...]]
    """By engine, batch after batch."""


@cache
def read_table() -> Table:
    """The table that is kept in the package."""
    plain = json.loads(FILE.read_text("utf-8"))
    entries = {
        engine: tuple(
            Entry(batch, read_line(json.dumps(row).encode())) for batch, rows in found.items() for row in rows
        )
        for engine, found in plain["entries"].items()
    }
    return Table(plain["batches"], plain["dates"], entries)


def measure_here(name: str, batches: dict[str, dict[str, Any]]) -> Iterator[Entry]:
    """What an engine returns for each batch, in this process; its methods are those that agree."""
    from wce_cli.loss.methods import loss_values
    from wce_cli.loss.stream import one_pass
    from wce_cli.questions.explain import agreed

    module = import_module(ENGINES[name].module)
    for title, given in batches.items():
        batch = Batch.build(**given)
        totals, facts = one_pass(batch)
        values = loss_values(totals, batch.spec.class_weight, batch.spec.label_smoothing)
        measured = module.measure(batch, every=True) if name == "torch" else module.measure(Case.of(batch))
        for one in measured:
            yield Entry(title, agreed(one, values, facts.reach))


def main(arguments: Sequence[str]) -> None:
    """Measure, and write or print."""
    warnings.simplefilter("ignore")
    names = [name for name in arguments if name != "--print"] or [n for n, one in ENGINES.items() if one.is_installed]
    table = read_table()
    dates, entries = dict(table.dates), dict(table.entries)
    with np.errstate(all="ignore"):
        for name in names:
            entries[name], dates[name] = tuple(measure_here(name, table.batches)), date.today().isoformat()
    if "--print" in arguments:
        sys.stdout.write(_written(Table(table.batches, dates, {name: entries[name] for name in names})))
    else:
        FILE.write_text(
            _written(Table(table.batches, dates, {n: entries[n] for n in ENGINES if n in entries})), "utf-8"
        )


def _written(table: Table) -> str:
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


if __name__ == "__main__":
    main(sys.argv[1:])
