"""Groups of rows, shared among workers: processes where forking is safe, threads where it is not.

A worker takes the next group as soon as it has done one, so a core that is slow or stolen holds nobody up. What a
group leaves is handed over in the order of the groups. No worker outlives the call, whatever ends it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

P = TypeVar("P")
S = TypeVar("S")

WORTH_WORKERS = 20_000_000
"""Scores from which more than one worker pays: starting processes takes some milliseconds."""
THREADED = ("torch", "tensorflow", "jax", "paddle", "mindspore", "cupy")
"""Packages that start threads of their own, after which a fork may inherit a lock that nobody will open."""


class Walk(Generic[P, S]):
    """What one worker does: a part for each group it takes, and at the end what it has seen in all of them."""

    def __init__(self, group: Callable[[int], P], seen: Callable[[], S]) -> None:
        self.group, self.seen = group, seen


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
    from wce_cli.loss.processes import forked

    return forked(make, n_groups, workers, folded)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_fork() -> bool:
    """Whether a fork of this process is safe: on Linux, as long as nothing runs beside us."""
    return (
        sys.platform == "linux" and threading.active_count() == 1 and not any(name in sys.modules for name in THREADED)
    )


class InOrder(Generic[P]):
    """Hands parts on in the order of their groups."""

    def __init__(self, fold: Callable[[P], None]) -> None:
        self.fold, self.next, self.waiting = fold, 0, dict[int, P]()

    def put(self, k: int, part: P) -> None:
        """Take the part of group k, and hand on what is next."""
        self.waiting[k] = part
        while self.next in self.waiting:
            self.fold(self.waiting.pop(self.next))
            self.next += 1


def threaded(make: Callable[[], Walk[P, S]], n_groups: int, workers: int, fold: Callable[[P], None]) -> list[S]:
    """The groups, walked by threads of this process."""
    news, order = threading.Condition(), InOrder(fold)
    todo, parts, seen, failed = iter(range(n_groups)), dict[int, P](), list[S](), list[BaseException]()

    def work() -> None:
        try:
            walk = make()
            while True:
                with news:
                    k = None if failed else next(todo, None)
                if k is None:
                    break
                part = walk.group(k)
                with news:
                    parts[k] = part
                    news.notify()
            with news:
                seen.append(walk.seen())
                news.notify()
        except BaseException as error:  # raised again where the caller can see it
            with news:
                failed.append(error)
                news.notify()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while True:
            with news:
                news.wait_for(lambda: parts or failed or len(seen) == workers)
                ready, ended = dict(parts), len(seen) == workers
                parts.clear()
            for k, part in sorted(ready.items()):
                order.put(k, part)
            if failed:
                raise failed[0]
            if ended and not ready:
                return seen
    except BaseException as error:
        failed.append(error)
        raise
    finally:
        for thread in threads:
            thread.join()
