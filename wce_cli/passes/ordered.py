"""Work on a row of items of which nobody knows how many will come, done by forked workers, handed on in order.

A worker has one item at a time and is asked for the next when its answer is here: what is in memory is an item and
an answer for each worker, however long the row is. Where forking is not safe one item is done after the other.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, TypeVar

from wce_cli.errors import WceError
from wce_cli.passes.forked import FAILED, as_worker, ended, raised
from wce_cli.passes.messages import receive, send
from wce_cli.passes.workers import cores, may_fork
from wce_cli.processes import held_back

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Answers a worker that may wait for an earlier one."""


def in_order(
    work: Callable[[T], R],
    items: Iterator[T],
    workers: int | None = None,
    comes_at_once: Callable[[], bool] = lambda: True,
) -> Iterator[R]:
    """`work` of every item, in their order.

    `comes_at_once`: whether the next item can be had without waiting for it; an item that is alone is done here, so
    that somebody who types line by line has each answer at once.
    """
    workers = cores() if workers is None else workers
    for item in items:
        if workers > 1 and may_fork() and comes_at_once():
            second = next(items, None)
            if second is not None:
                yield from _forked(work, chain((item, second), items), workers, comes_at_once)
                return
        yield work(item)


def _forked(work: Callable[[T], R], items: Iterator[T], workers: int, comes_at_once: Callable[[], bool]) -> Iterator[R]:
    processes: dict[int, tuple[int, int]] = {}  # where answers come from: the process, and where its items go
    try:
        with held_back():  # none is started that nobody knows of
            for _ in range(workers):
                (todo, feed), (out, into) = os.pipe(), os.pipe()
                child = os.fork()
                if child == 0:
                    for other in (feed, out, *processes, *(fed for _, fed in processes.values())):
                        os.close(other)
                    _serve(work, todo, into)
                os.close(todo)
                os.close(into)
                processes[out] = child, feed
        yield from _handed_on(processes, items, comes_at_once)
    finally:
        for out, (child, feed) in processes.items():
            os.close(out)
            os.close(feed)
            os.kill(child, signal.SIGKILL)  # one that has ended stays until it is waited for: no other can be hit
        for child, _ in processes.values():
            os.waitpid(child, 0)


def _handed_on(
    processes: dict[int, tuple[int, int]], items: Iterator[Any], comes_at_once: Callable[[], bool]
) -> Iterator[Any]:
    poll, idle = select.poll(), list(processes)
    for out in processes:
        poll.register(out, select.POLLIN)
    waiting: dict[int, Any] = {}
    given = handed = 0
    more = True
    while more or handed < given:
        while more and idle and given - handed < AHEAD * len(processes) and (handed == given or comes_at_once()):
            try:
                item = next(items)
            except StopIteration:
                more = False
                break
            worker = idle.pop()
            try:
                send(processes[worker][1], (given, item))
            except BrokenPipeError:
                raise _gone(processes, worker) from None
            given += 1
        if handed == given:
            continue
        for out, _ in poll.poll(20 if more and idle else None):
            message = receive(out)
            if message is None:  # it went without a word
                raise _gone(processes, out)
            k, value = message
            if k == FAILED:
                raise raised(value)
            waiting[k] = value
            idle.append(out)
        while handed in waiting:
            yield waiting.pop(handed)
            handed += 1


def _gone(processes: dict[int, tuple[int, int]], out: int) -> WceError:
    """The error of a worker that has ended before its time."""
    child, feed = processes.pop(out)
    os.close(feed)
    return WceError(ended(os.waitpid(child, 0)[1], out))


def _serve(work: Callable[[Any], Any], todo: int, into: int) -> None:
    def worked() -> None:
        os.environ["OMP_NUM_THREADS"] = "1"  # of a framework that is imported from here on: the cores are shared out
        while (asked := receive(todo)) is not None:
            k, item = asked
            send(into, (k, work(item)))

    as_worker(worked, into)
