"""Groups of rows, walked by as many workers as pay: what they leave is handed over in the order of the groups."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from wce_cli.processes.pool import cores, in_order
from wce_cli.processes.work import R, S, Work

WORTH_WORKERS = 20_000_000
"""Scores from which more than one worker pays: starting processes takes some milliseconds."""
AHEAD = 8
"""Parts a worker that may wait for an earlier one: sums, which are small beside the rows."""


def walk_groups(
    make: Callable[[], Work[int, R, S]],
    n_groups: int,
    n_scores: int,
    workers: int | None,
    fold: Callable[[R], None],
    progress: Callable[[int, int], None] | None = None,
) -> list[S]:
    """Let `workers` walk all groups, `fold` their parts in order, and return what each worker has seen."""
    if workers is None:
        workers = cores() if n_scores >= WORTH_WORKERS else 1
    seen: list[S] = []
    parts = in_order(make, range(n_groups), min(workers, n_groups), seen=seen.append, in_threads=True, ahead=AHEAD)
    with closing(parts):
        for done, part in enumerate(parts, 1):
            fold(part)
            if progress is not None:
                progress(done, n_groups)
    return seen
