"""The real frameworks, measured: one file each, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wce_cli.loss.batch import Batch
    from wce_cli.report import Measured

ENGINES = {"torch": "wce_cli.engines.torch"}
"""The engines by name, and the module that measures each."""


def measure(name: str, batch: Batch) -> tuple[Measured, ...]:
    """What the framework `name` returns for a batch; a reason instead of a value where it cannot."""
    answer: tuple[Measured, ...] = import_module(ENGINES[name]).measure(batch)
    return answer
