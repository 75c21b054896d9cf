"""The pool of workers: items in, answers out in the order of the items, on all cores.

A worker has one item at a time, and has the next as soon as it has done one, so a core that is slow or stolen holds
nobody up; what waits in memory is bounded, however many items there are. Workers are processes that are forked off
this one; where that is not safe they are threads, if the work lets other threads run, else there are none. No worker
outlives the call, whatever ends it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain

from wce_cli.processes.work import R, S, T, Work

AHEAD = 2
"""Answers a worker that may wait for an earlier one, unless the caller has room for more."""
THREADED = ("torch", "tensorflow", "jax", "paddle", "mindspore", "cupy")
"""Packages that start threads of their own, after which a fork may inherit a lock that nobody will open."""


def in_order(
    make: Callable[[], Work[T, R, S]],
    items: Iterable[T],
    workers: int | None = None,
    *,
    seen: Callable[[S], object] = lambda each: None,
    comes_at_once: Callable[[], bool] = lambda: True,
    in_threads: bool = False,
    ahead: int = AHEAD,
) -> Generator[R, None, None]:
    """The answers to all items, in their order; then `seen` is handed what each worker has seen.

    `make`: called once by each worker. `comes_at_once`: whether the next item can be had without waiting for it; an
    item that is alone is done here, so that somebody who types line by line has each answer at once. `in_threads`:
    whether threads are of use where forking is not safe. Raises what a worker raised, and WceError for one that ended.
    """
    workers = cores() if workers is None else workers
    items, here = iter(items), None
    for item in items:
        if workers > 1 and (may_fork() or in_threads) and comes_at_once():
            second = next(items, None)
            if second is not None:
                rest = chain((item, second), items)
                if not may_fork():
                    yield from _threaded(make, rest, workers, seen, ahead)
                else:
                    from wce_cli.processes.forked import forked

                    yield from forked(make, rest, workers, seen, comes_at_once, ahead)
                break
        here = here or make()
        yield here.answer(item)
    if here is not None:
        seen(here.seen())


def _threaded(
    make: Callable[[], Work[T, R, S]], items: Iterator[T], workers: int, seen: Callable[[S], object], ahead: int
) -> Iterator[R]:
    """Answers of threads of this process: as many as there is work for."""
    from concurrent.futures import Future, ThreadPoolExecutor

    mine, works, waiting = threading.local(), list[Work[T, R, S]](), deque[Future[R]]()

    def answer(item: T) -> R:
        if not hasattr(mine, "work"):
            mine.work = make()
            works.append(mine.work)
        answered: R = mine.work.answer(item)
        return answered

    threads = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(threads.submit(answer, item))
            if len(waiting) == ahead * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
    for work in works:
        seen(work.seen())


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_fork() -> bool:
    """Whether a fork of this process is safe: on Linux, as long as nothing runs beside us."""
    return (
        sys.platform == "linux" and threading.active_count() == 1 and not any(name in sys.modules for name in THREADED)
    )
