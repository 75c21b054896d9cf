"""Work on a row of items of which nobody knows how many will come, done by forked workers, handed on in order.

A worker has one item at a time and is asked for the next when its answer is here: what is in memory is an item and
an answer for each worker, however long the row is. Where forking is not safe one item is done after the other.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, TypeVar

from wce_cli.errors import WceError
from wce_cli.loss.processes import FAILED, HEAD, ended, raised, whole_messages
from wce_cli.loss.workers import cores, may_fork

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Answers a worker that may wait for an earlier one."""

AT_ONCE = 1 << 16
"""Bytes that are read at once: what a pipe holds. Room for more would be made, and given back, each time."""


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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # none is started that nobody knows of
    try:
        try:
            for _ in range(workers):
                (todo, feed), (receive, send) = os.pipe(), os.pipe()
                child = os.fork()
                if child == 0:
                    for other in (feed, receive, *processes, *(fed for _, fed in processes.values())):
                        os.close(other)
                    _serve(work, todo, send, before)
                os.close(todo)
                os.close(send)
                processes[receive] = child, feed
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield from _handed_on(processes, items, comes_at_once)
    finally:
        for receive, (child, feed) in processes.items():
            os.close(receive)
            os.close(feed)
            os.kill(child, signal.SIGKILL)  # one that has ended stays until it is waited for: no other can be hit
        for child, _ in processes.values():
            os.waitpid(child, 0)


def _handed_on(
    processes: dict[int, tuple[int, int]], items: Iterator[Any], comes_at_once: Callable[[], bool]
) -> Iterator[Any]:
    poll, buffers, idle = select.poll(), {receive: bytearray() for receive in processes}, list(processes)
    for receive in processes:
        poll.register(receive, select.POLLIN)
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
                _send(processes[worker][1], (given, item))
            except BrokenPipeError:
                raise _gone(processes, worker) from None
            given += 1
        if handed == given:
            continue
        for receive, _ in poll.poll(20 if more and idle else None):
            news = os.read(receive, AT_ONCE)
            buffers[receive] += news
            for message in whole_messages(buffers[receive]):
                k, value = pickle.loads(message)
                if k == FAILED:
                    raise raised(value)
                waiting[k] = value
                idle.append(receive)
            if not news:  # it went without a word
                raise _gone(processes, receive)
        while handed in waiting:
            yield waiting.pop(handed)
            handed += 1


def _gone(processes: dict[int, tuple[int, int]], receive: int) -> WceError:
    """The error of a worker that has ended before its time."""
    child, feed = processes.pop(receive)
    os.close(feed)
    return WceError(ended(os.waitpid(child, 0)[1], receive))


def _send(pipe: int, value: Any) -> None:
    message = pickle.dumps(value, protocol=5)
    for part in (len(message).to_bytes(HEAD, "little"), message):  # not joined: an answer may be large
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(pipe, rest) :]


def _serve(work: Callable[[Any], Any], todo: int, send: int, mask: Any) -> None:
    """A worker process from its first to its last moment."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            with os.fdopen(todo, "rb", closefd=False) as items:
                while head := items.read(HEAD):
                    k, item = pickle.loads(items.read(int.from_bytes(head, "little")))
                    _send(send, (k, work(item)))
        except WceError as error:
            _send(send, (FAILED, (error.problems, error.context)))
        except MemoryError:
            _send(send, (FAILED, None))
        except Exception:
            _send(send, (FAILED, traceback.format_exc()))
    finally:
        os._exit(0)
