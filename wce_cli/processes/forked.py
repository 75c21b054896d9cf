"""Workers that are processes, forked off this one: they have all that it has, and are sent no more than an item.

`concurrent.futures` and `multiprocessing` are not used: they take 10 to 20 ms to import, where a file of 1 GB takes
200, say nothing of how a worker ended, and have no way to end one that is at work.
"""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable, Iterator
from itertools import chain
from struct import Struct
from typing import Any, NoReturn

from wce_cli.errors import Problem, WceError
from wce_cli.processes.messages import receive, send, widened
from wce_cli.processes.signals import end_at_once, end_with, held_back
from wce_cli.processes.work import R, S, T, Work

DONE, FAILED = -1, -2
"""In the place of an item's number: what the worker has seen, when there are no more; what it raised."""
NUMBER = Struct("<qq")
"""An item that is a number, behind its own number."""
LOOKS = 20
"""Milliseconds between two looks at whether an item has come, while workers are idle."""


class ForkedWorker:
    """A worker process, and where its items and its answers come and go."""

    def __init__(
        self, make: Callable[[], Work[Any, Any, Any]], todo: int, feed: int, has_numbers: bool, others: list[int]
    ) -> None:
        self.feed, self.has_numbers = feed, has_numbers
        self.out, into = os.pipe()
        widened(into)
        parent = os.getpid()
        self.process = os.fork()
        if self.process == 0:
            for pipe in (self.out, *others):
                os.close(pipe)
            _be_worker(make, todo, into, has_numbers, parent)
        os.close(into)

    def give(self, k: int, item: Any) -> None:
        """Send it item number k, or whoever shares its pipe."""
        try:
            if self.has_numbers:
                os.write(self.feed, NUMBER.pack(k, item))
            else:
                send(self.feed, (k, item))
        except BrokenPipeError:  # it has ended, and may have said why
            while True:
                self.take()

    def take(self) -> tuple[int, Any]:
        """The number of an item and its answer, waited for; raises what the worker raised."""
        message: tuple[int, Any] | None = receive(self.out)
        if message is None:
            raise self.lost()
        if message[0] == FAILED:
            raise _raised(message[1])
        return message

    def lost(self) -> WceError:
        """The error of a worker that went without a word."""
        status = os.waitid(os.P_PID, self.process, os.WEXITED | os.WNOWAIT)  # `end` waits for it
        assert status is not None
        how = f"{'with code' if status.si_code == os.CLD_EXITED else 'by signal'} {status.si_status}"
        return WceError(
            Problem(
                f"a worker process was ended {how} before its rows were done",
                "if memory ran out, fewer workers need less of it",
            )
        )

    def end(self) -> None:
        """End it, whatever it does. One that has ended stays until it is waited for: no other can be hit."""
        os.close(self.out)
        os.kill(self.process, signal.SIGKILL)


def forked(
    make: Callable[[], Work[T, R, S]],
    items: Iterator[T],
    count: int,
    seen: Callable[[S], object],
    comes_at_once: Callable[[], bool],
    ahead: int,
) -> Iterator[R]:
    """The answers of `count` workers to all items, in their order.

    Numbers are taken out of one pipe by whoever is free; any other item is sent to a worker that has none.
    """
    first = next(items)
    has_numbers = isinstance(first, int)
    workers, feeds, todo = list[ForkedWorker](), list[int](), -1
    try:
        with held_back():  # none is started that nobody knows of
            for k in range(count):
                if k == 0 or not has_numbers:
                    todo, feed = os.pipe()
                    feeds.append(feed)
                others = [*feeds, *(worker.out for worker in workers)]
                workers.append(ForkedWorker(make, todo, feeds[-1], has_numbers, others))
                if k == count - 1 or not has_numbers:
                    os.close(todo)
        yield from _answers(workers, chain((first,), items), comes_at_once, ahead)
        while feeds:
            os.close(feeds.pop())
        for worker in workers:
            seen(worker.take()[1])
    finally:
        for feed in feeds:
            os.close(feed)
        for worker in workers:
            worker.end()
        for worker in workers:
            os.waitpid(worker.process, 0)


def _answers(
    workers: list[ForkedWorker], items: Iterator[Any], comes_at_once: Callable[[], bool], ahead: int
) -> Iterator[Any]:
    """Give items to whoever can take one, and hand on the answer that is next."""
    poll, by_pipe = select.poll(), {worker.out: worker for worker in workers}
    idle = workers * (ahead if workers[0].has_numbers else 1)
    for pipe in by_pipe:
        poll.register(pipe, select.POLLIN)
    waiting: dict[int, Any] = {}
    given = handed = 0
    more = True
    while more or handed < given:
        while more and idle and given - handed < ahead * len(workers) and (handed == given or comes_at_once()):
            try:
                item = next(items)
            except StopIteration:
                more = False
                break
            idle.pop().give(given, item)
            given += 1
        if handed in waiting:
            yield waiting.pop(handed)
            handed += 1
        elif handed < given:
            for pipe, _ in poll.poll(LOOKS if more and idle else None):
                k, answer = by_pipe[pipe].take()
                waiting[k] = answer
                idle.append(by_pipe[pipe])


def _be_worker(
    make: Callable[[], Work[Any, Any, Any]], todo: int, into: int, has_numbers: bool, parent: int
) -> NoReturn:
    """Be a worker process from its first to its last moment: answer items until there are no more."""
    try:
        end_at_once()
        end_with(parent)
        os.environ["OMP_NUM_THREADS"] = "1"  # of a framework that is imported from here on: the cores are shared out
        try:
            work = make()
            while asked := _number(todo) if has_numbers else receive(todo):
                send(into, (asked[0], work.answer(asked[1])))
            send(into, (DONE, work.seen()))
        except WceError as error:
            send(into, (FAILED, (error.problems, error.context)))
        except MemoryError:
            send(into, (FAILED, None))
        except Exception:
            send(into, (FAILED, traceback.format_exc()))
    finally:
        os._exit(0)


def _number(todo: int) -> tuple[int, int] | None:
    """The next item that is a number, None if there are no more: read whole or not at all, whoever else reads there."""
    words = os.read(todo, NUMBER.size)
    return NUMBER.unpack(words) if words else None


def _raised(value: Any) -> BaseException:
    """What a worker raised."""
    if value is None:
        return MemoryError()
    if isinstance(value, str):
        return RuntimeError(f"a worker process failed:\n{value}")
    return WceError(*value)
