"""What the kept table says of a method, a placement or a framework: each call once, on the batch that tells most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from wce_cli.answers.report import Measured
from wce_cli.digits import format_number
from wce_cli.engines.table import Entry, read_table
from wce_cli.frameworks import ENGINES

TELLING = ("c", "c_noign", "d3", "f2", "d2", "fs", "e2")
"""The batches to show, the first that a call answers: unequal weights, one of them 0, N ≠ C, ignored labels in c."""


class MeasuredRow(Struct, frozen=True):
    """A call, as a page shows it."""

    framework: str
    """With its version."""
    batch: str
    returned: str
    call: str


def rows_of(name: str) -> list[MeasuredRow]:
    """The calls that give METHOD, PLACEMENT, METHOD/PLACEMENT, or everything that an engine was asked."""
    entries = read_table().entries
    if name in ENGINES:
        return _shown(entries.get(name, ()))
    return _shown(one for found in entries.values() for one in found if _is_about(one.measured, name))


def batches_of(rows: Iterable[MeasuredRow]) -> dict[str, str]:
    """The batches of some rows in words; what all of them share is said once."""
    batches = {name: read_table().batches[name] for name in dict.fromkeys(row.batch for row in rows)}
    first = next(iter(batches.values()))
    shared = {key for key in first if all(batch.get(key) == first[key] for batch in batches.values())}
    told = {
        "all batches" if len(batches) > 1 else "the batch": _in_words(
            {key: first[key] for key in first if key in shared}
        )
    }
    for name, batch in batches.items():
        own = {key: value for key, value in batch.items() if key not in shared}
        told |= {f"batch {name}": _in_words(own)} if own else {}
    return told


def _in_words(fields: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in fields.items())


def days_of(name: str) -> list[str]:
    """The days on which they were measured."""
    table = read_table()
    about = (
        [name]
        if name in ENGINES
        else [n for n, found in table.entries.items() if any(_is_about(one.measured, name) for one in found)]
    )
    return sorted({table.dates[engine] for engine in about})


def _is_about(one: Measured, name: str) -> bool:
    method, _, placement = name.partition("/")
    for pair in one.expresses:
        its_method, _, its_placement = pair.partition("/")
        its_placement = its_placement or "class"
        if pair in one.methods and (
            (method, placement or its_placement) == (its_method, its_placement) or name == its_placement
        ):
            return True
    return False


def _shown(entries: Iterable[Entry]) -> list[MeasuredRow]:
    """Each call once, on the first of the telling batches; float64 before the same in another dtype."""
    found: dict[tuple[str, str], tuple[int, Entry]] = {}
    for entry in entries:
        one = entry.measured
        if entry.batch not in TELLING or one.value is None:
            continue
        rank = TELLING.index(entry.batch)
        key = (one.engine, one.call)
        if key not in found or rank < found[key][0]:
            found[key] = (rank, entry)
    return [
        MeasuredRow(
            f"{entry.measured.engine} {entry.measured.version}",
            entry.batch,
            format_number(entry.measured.value or 0.0),
            entry.measured.call,
        )
        for _, entry in found.values()
    ]
