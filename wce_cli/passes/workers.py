"""Groups of rows, shared among workers: processes where forking is safe, threads where it is not.

A worker takes the next group as soon as it has done one, so a core that is slow or stolen holds nobody up. What a
group leaves is handed over in the order of the groups. No worker outlives the call, whatever ends it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

from wce_cli.passes.threaded import threaded
from wce_cli.passes.walks import P, S, Walk

WORTH_WORKERS = 20_000_000
"""Scores from which more than one worker pays: starting processes takes some milliseconds."""
THREADED = ("torch", "tensorflow", "jax", "paddle", "mindspore", "cupy")
"""Packages that start threads of their own, after which a fork may inherit a lock that nobody will open."""


def walk_groups(
    make: Callable[[], Walk[P, S]],
    n_groups: int,
    n_scores: int,
    workers: int | None,
    fold: Callable[[P], None],
    progress: Callable[[int, int], None] | None = None,
) -> list[S]:
    """Let `workers` walk all groups, `fold` their parts in order, and return what each worker has seen."""
    if workers is None:
        workers = cores() if n_scores >= WORTH_WORKERS else 1
    workers = min(workers, n_groups)

    done = 0

    def folded(part: P) -> None:
        nonlocal done
        fold(part)
        done += 1
        if progress is not None:
            progress(done, n_groups)

    if workers <= 1:
        walk = make()
        for k in range(n_groups):
            folded(walk.group(k))
        return [walk.seen()]
    if not may_fork():
        return threaded(make, n_groups, workers, folded)
    from wce_cli.passes.forked import forked

    return forked(make, n_groups, workers, folded)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_fork() -> bool:
    """Whether a fork of this process is safe: on Linux, as long as nothing runs beside us."""
    return (
        sys.platform == "linux" and threading.active_count() == 1 and not any(name in sys.modules for name in THREADED)
    )
