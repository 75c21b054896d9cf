"""What do the frameworks return? The same few batches in each of them, for the table that `wce methods` shows.

    python -m wce_cli.questions.methods [NAME …]

measures the named engines (those that are installed) and writes them into the table; what it holds of others stays.
With `--print` it writes the newly measured to stdout instead.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import date
from importlib import import_module
from typing import Any

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.engines.case import Case
from wce_cli.engines.table import FILE, Entry, MeasuredTable, read_table, written
from wce_cli.frameworks import ENGINES
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.report import agreed


def measure_here(name: str, batches: dict[str, dict[str, Any]]) -> Iterator[Entry]:
    """What an engine returns for each batch, in this process; its methods are those that agree."""
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
        sys.stdout.write(written(MeasuredTable(table.batches, dates, {name: entries[name] for name in names})))
    else:
        FILE.write_text(
            written(MeasuredTable(table.batches, dates, {n: entries[n] for n in ENGINES if n in entries})), "utf-8"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
