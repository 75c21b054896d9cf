"""The real frameworks, measured: one file each, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.report import Measured

if TYPE_CHECKING:
    from wce_cli.loss.batch import Batch

ENGINES = {"torch": "wce_cli.engines.torch"}
"""The engines by name, and the module that measures each."""

AUTO = "auto"
AUTO_ENGINE = "torch"
AUTO_LIMIT = 10_000_000
"""Scores (N·C) up to which `auto` measures: a larger batch is copied into the framework only on request."""


def measure(name: str, batch: Batch) -> tuple[Measured, ...]:
    """What the framework `name` returns for a batch; a reason instead of a value where it cannot.

    `auto` is PyTorch, unless the batch is large. Raises WceError for a name that is none of ENGINES.
    """
    if name == AUTO:
        scores = batch.n_samples * batch.spec.n_classes
        if scores > AUTO_LIMIT:
            reason = f"N·C = {scores} is above {AUTO_LIMIT}; --engine {AUTO_ENGINE} measures it anyway"
            return (Measured("PyTorch", "", "", "", None, (), reason=reason),)
        name = AUTO_ENGINE
    if name not in ENGINES:
        raise WceError(Problem(f"there is no engine {name!r}", did_you_mean(name, ENGINES)))
    answer: tuple[Measured, ...] = import_module(ENGINES[name]).measure(batch)
    return answer
