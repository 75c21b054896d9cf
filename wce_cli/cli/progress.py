"""How far a long pass has come, on stderr: for somebody who waits at a terminal, and for nobody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENT_SECONDS = 1.0
"""Seconds that a pass may take without a word."""


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """Inside, a function to tell how much is done, and of how much; None off a terminal. The bar leaves no trace."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    drawn = None

    def tell(done: int, whole: int) -> None:
        nonlocal drawn
        if drawn is None:
            if time.monotonic() - started < SILENT_SECONDS or done == whole:
                return
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

            columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            drawn = Progress(*columns, console=Console(stderr=True), transient=True)
            drawn.add_task("")
            drawn.start()
        drawn.update(drawn.tasks[0].id, completed=done, total=whole)
        if done == whole:  # what comes next may have the screen to itself
            drawn.stop()
            drawn = None

    try:
        yield tell
    finally:
        if drawn is not None:
            drawn.stop()
