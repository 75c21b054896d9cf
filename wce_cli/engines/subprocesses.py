"""Engines in processes of their own, side by side: one that hangs, crashes or prints harms no other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import read_line
from wce_cli.engines.case import Case
from wce_cli.frameworks import ENGINES
from wce_cli.processes.child import Child, children, listen, signal_name
from wce_cli.surroundings import has_folder

TIME_LIMIT = 120.0
"""Seconds that an engine may take, all of its imports included."""
COMMAND = ("-P", "-m", "wce_cli.engines.worker")
"""-P: a file `keras.py` in the folder of the user is not Keras."""


@contextmanager
def measured_apart(
    names: Sequence[str], case: Case, seconds: float | None = None
) -> Iterator[Iterator[tuple[str, tuple[Measured, ...]]]]:
    """Start all engines; inside, what each of them found, those first that end first."""
    seconds = TIME_LIMIT if seconds is None else seconds
    with children() as started:
        batch = started.folder / "batch.npz"
        case.save(batch)
        running = {}
        for name in names:
            nice = ENGINES[name].nice if len(names) > 1 else 0
            folder = None if has_folder() else started.folder
            child = started.start([*COMMAND, name, str(nice)], sent=batch, folder=folder)
            child.until = time.monotonic() + seconds
            running[child] = name
        yield _as_they_end(running, seconds)


def _as_they_end(running: dict[Child, str], seconds: float) -> Iterator[tuple[str, tuple[Measured, ...]]]:
    found: dict[Child, list[Measured]] = {child: [] for child in running}
    for child, line in listen(running):
        if line is not None:
            found[child].append(read_line(line))
            continue
        name, rows = running[child], found[child]
        reason = (
            f"no answer within {seconds:g} s" if child.is_late else _how(child) or ("" if rows else "returned nothing")
        )
        if reason:
            version = rows[-1].version if rows else ""
            rows.append(Measured(ENGINES[name].title, version, "", "", None, (), reason=reason))
        yield name, tuple(rows)


def _how(child: Child) -> str:
    """Why an engine has ended before its time; empty if it has not."""
    if child.code == 0:
        return "stopped in the middle of an answer" if child.is_halfway else ""
    how = f"was ended by {signal_name(-child.code)}" if child.code < 0 else f"ended with exit code {child.code}"
    said = child.complained.last_line()
    return f"{how}: {said}" if said else how
