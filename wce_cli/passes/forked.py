"""Workers that are processes, forked off this one: they have all that it has, and send back what they found."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from wce_cli.errors import Problem, WceError
from wce_cli.passes.messages import receive, send, widened
from wce_cli.passes.walks import InOrder, P, S, Walk
from wce_cli.processes import end_at_once, held_back

DONE, FAILED = -1, -2
HEAD = 8
"""Bytes of the number of a group."""


def forked(make: Callable[[], Walk[P, S]], n_groups: int, workers: int, fold: Callable[[P], None]) -> list[S]:
    """The groups, walked by processes that are forked off this one."""
    todo, feed = os.pipe()
    os.write(feed, b"".join(k.to_bytes(HEAD, "little") for k in range(n_groups)))  # GROUPS of them fit into a pipe
    os.close(feed)
    processes: dict[int, int] = {}  # where each one's messages come from: its number
    try:
        with held_back():  # none is started that nobody knows of
            try:
                for _ in range(workers):
                    out, into = os.pipe()
                    widened(into)
                    child = os.fork()
                    if child == 0:
                        for other in (out, *processes):
                            os.close(other)
                        _serve(make, todo, into)
                    os.close(into)
                    processes[out] = child
            finally:
                os.close(todo)
        order, seen, poll, left = InOrder(fold), list[S](), select.poll(), set(processes)
        for pipe in left:
            poll.register(pipe, select.POLLIN)
        while left:
            for pipe, _ in poll.poll():
                message = receive(pipe)
                if message is None:
                    poll.unregister(pipe)
                    left.remove(pipe)
                    if len(seen) + len(left) < workers:  # it went without a word
                        raise WceError(ended(os.waitpid(processes.pop(pipe), 0)[1], pipe))
                    continue
                k, value = message
                if k == FAILED:
                    raise raised(value)
                if k == DONE:
                    seen.append(value)
                else:
                    order.put(k, value)
        return seen
    finally:
        for out, child in processes.items():
            os.close(out)
            os.kill(child, signal.SIGKILL)  # one that has ended stays until it is waited for: no other can be hit
        for child in processes.values():
            os.waitpid(child, 0)


def _serve(make: Callable[[], Walk[Any, Any]], todo: int, into: int) -> None:
    def walked() -> None:
        walk = make()
        while number := os.read(todo, HEAD):
            k = int.from_bytes(number, "little")
            send(into, (k, walk.group(k)))
        send(into, (DONE, walk.seen()))

    as_worker(walked, into)


def as_worker(work: Callable[[], None], into: int) -> NoReturn:
    """Be a worker process from its first to its last moment: do the work, and send what it raises."""
    try:
        end_at_once()
        try:
            work()
        except WceError as error:
            send(into, (FAILED, (error.problems, error.context)))
        except MemoryError:
            send(into, (FAILED, None))
        except Exception:
            send(into, (FAILED, traceback.format_exc()))
    finally:
        os._exit(0)


def raised(value: Any) -> BaseException:
    """What a worker raised."""
    if value is None:
        return MemoryError()
    if isinstance(value, str):
        return RuntimeError(f"a worker process failed:\n{value}")
    return WceError(*value)


def ended(status: int, pipe: int) -> Problem:
    """What is said of a worker that went without a word."""
    os.close(pipe)
    how = f"by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"with code {os.WEXITSTATUS(status)}"
    return Problem(
        f"a worker process was ended {how} before its rows were done",
        "if memory ran out, fewer workers need less of it",
    )
