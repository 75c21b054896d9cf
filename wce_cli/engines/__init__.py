"""The real frameworks, measured: one file each, imported when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from wce_cli.answers.report import AWAITED, Measured
from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.frameworks import ENGINES as ENGINES
from wce_cli.frameworks import engine_called
from wce_cli.surroundings import TORCH, has_folder, has_room

if TYPE_CHECKING:
    from wce_cli.batches.batch import Batch

AUTO, NONE, ALL = "auto", "none", "all"
CHOICES = (AUTO, NONE, ALL, *ENGINES)
AUTO_ENGINE = "torch"
AUTO_LIMIT = 10_000_000
"""Scores (N·C) up to which `auto` measures: a larger batch is copied into the framework only on request."""
NO_MEMORY_FOR_TORCH = "there is not enough memory for torch"


def engines_of(names: Sequence[str], spelled: str = "--engine") -> tuple[str, ...]:
    """The engines that are asked for, each once, in the order of ENGINES: `all` are those that are installed.
    A name alone is a list of one.

    Raises WceError for a name that is none, and for `none` beside others.
    """
    names = [engine_called(name) for name in ([names] if isinstance(names, str) else names)]
    for name in names:
        if name not in CHOICES:
            expected = f"expected {', '.join(CHOICES[:-1])} or {CHOICES[-1]}"
            raise WceError(Problem(f'{spelled} is "{name}", {expected}', did_you_mean(name, CHOICES, 0)))
    if NONE in names:
        if set(names) != {NONE}:
            raise WceError(Problem(f"{spelled} has none beside others", "leave one of them out"))
        return ()
    found = {name for name in ENGINES if name in names or (ALL in names and ENGINES[name].is_installed)}
    auto = [AUTO] if AUTO in names and AUTO_ENGINE not in found else []
    return (*auto, *(name for name in ENGINES if name in found))


def measure(name: str, batch: Batch) -> tuple[Measured, ...]:
    """What the framework `name` returns for a batch; a reason instead of a value where it cannot.

    `auto` is PyTorch, unless the batch is large. Raises WceError for a name that is none.
    """
    return measure_all((name,), batch)


def measure_all(
    names: Sequence[str], batch: Batch, told: Callable[[tuple[Measured, ...]], None] | None = None
) -> tuple[Measured, ...]:
    """What several frameworks return, one after the other as `names` has them.

    PyTorch is measured here, the others in processes of their own, all at the same time. `told` is handed whatever
    there is when they begin, and each time one of them has ended; a row for each that has not says that it is awaited.
    Where PyTorch is alone, and has yet to be imported, it is handed the calls that are going to be made.
    """
    found: dict[str, tuple[Measured, ...]] = {}

    def add(name: str, measured: tuple[Measured, ...]) -> None:
        found[name] = measured
        tell()

    def tell() -> None:
        if told is not None:
            told(tuple(one for name in names for one in found.get(name, (_nothing(name, AWAITED),))))

    in_processes = []
    for name in names:
        if name not in (AUTO, *ENGINES):
            raise WceError(Problem(f"there is no engine {name!r}", did_you_mean(name, ENGINES)))
        if name not in (AUTO, AUTO_ENGINE):
            if ENGINES[name].is_installed:
                in_processes.append(name)
            else:
                found[name] = (_nothing(name, f"not installed: pip install {ENGINES[name].install}"),)
    if in_processes:
        from wce_cli.engines.case import Case
        from wce_cli.engines.subprocesses import measured_apart

        with measured_apart(in_processes, Case.of(batch)) as running:
            tell()
            for name in names:
                if name in (AUTO, AUTO_ENGINE):
                    add(name, _here(name, batch))
            for name, measured in running:
                add(name, measured)
    else:
        for name in names:
            if name not in found:
                found[name] = _here(name, batch, None if told is None else partial(add, name))
    return tuple(one for name in names for one in found[name])


def _here(name: str, batch: Batch, told: Callable[[tuple[Measured, ...]], None] | None = None) -> tuple[Measured, ...]:
    """What PyTorch returns, measured in this process: a small run has no time for a second one.

    `told` is handed what it will be asked.
    """
    scores = batch.n_samples * batch.spec.n_classes
    if name == AUTO and scores > AUTO_LIMIT:
        reason = f"N·C = {scores} is above {AUTO_LIMIT}; --engine {AUTO_ENGINE} measures it anyway"
        return (_nothing(AUTO_ENGINE, reason),)
    if not has_folder():
        return (_nothing(AUTO_ENGINE, "the working directory is gone, and torch would end this process there"),)
    if not has_room(TORCH):
        return (_nothing(AUTO_ENGINE, NO_MEMORY_FOR_TORCH),)
    from wce_cli.engines import torch

    try:
        if told is not None and "torch" not in sys.modules and ENGINES[AUTO_ENGINE].is_installed:
            told(torch.awaited(batch))
        return torch.measure(batch, every=name != AUTO)
    except MemoryError:
        return (_nothing(AUTO_ENGINE, NO_MEMORY_FOR_TORCH),)


def _nothing(name: str, reason: str) -> Measured:
    return Measured(ENGINES[AUTO_ENGINE if name == AUTO else name].title, "", "", "", None, (), reason=reason)
