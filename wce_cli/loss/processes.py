"""Workers that are processes, forked off this one: they have all that it has, and send back what they found."""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
from collections.abc import Callable
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.loss.workers import InOrder, P, S, Walk

DONE, FAILED = -1, -2
HEAD = 8
"""Bytes of the length that goes before a message, and of the number of a group."""


def forked(make: Callable[[], Walk[P, S]], n_groups: int, workers: int, fold: Callable[[P], None]) -> list[S]:
    """The groups, walked by processes that are forked off this one."""
    todo, feed = os.pipe()
    os.write(feed, b"".join(k.to_bytes(HEAD, "little") for k in range(n_groups)))  # GROUPS of them fit into a pipe
    os.close(feed)
    processes: dict[int, int] = {}  # where each one's messages come from: its number
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # none is started that nobody knows of
    try:
        try:
            for _ in range(workers):
                receive, send = os.pipe()
                child = os.fork()
                if child == 0:
                    for other in (receive, *processes):
                        os.close(other)
                    _serve(make, todo, send, before)
                os.close(send)
                processes[receive] = child
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(todo)
        order, seen, poll = InOrder(fold), list[S](), select.poll()
        buffers = {receive: bytearray() for receive in processes}
        for receive in processes:
            poll.register(receive, select.POLLIN)
        while buffers:
            for receive, _ in poll.poll():
                news = os.read(receive, 1 << 20)
                buffers[receive] += news
                for message in whole_messages(buffers[receive]):
                    k, value = pickle.loads(message)
                    if k == FAILED:
                        raise raised(value)
                    if k == DONE:
                        seen.append(value)
                    else:
                        order.put(k, value)
                if not news:
                    poll.unregister(receive)
                    del buffers[receive]
                    if len(seen) + len(buffers) < workers:  # it went without a word
                        raise WceError(ended(os.waitpid(processes.pop(receive), 0)[1], receive))
        return seen
    finally:
        for receive, child in processes.items():
            os.close(receive)
            os.kill(child, signal.SIGKILL)  # one that has ended stays until it is waited for: no other can be hit
        for child in processes.values():
            os.waitpid(child, 0)


def _serve(make: Callable[[], Walk[Any, Any]], todo: int, send: int, mask: Any) -> None:
    """A worker process from its first to its last moment."""

    def say(k: int, value: Any) -> None:
        message = pickle.dumps((k, value), protocol=5)
        rest = memoryview(len(message).to_bytes(HEAD, "little") + message)
        while rest:
            rest = rest[os.write(send, rest) :]

    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            walk = make()
            while number := os.read(todo, HEAD):
                k = int.from_bytes(number, "little")
                say(k, walk.group(k))
            say(DONE, walk.seen())
        except WceError as error:
            say(FAILED, (error.problems, error.context))
        except MemoryError:
            say(FAILED, None)
        except Exception:
            say(FAILED, traceback.format_exc())
    finally:
        os._exit(0)


def whole_messages(buffer: bytearray) -> list[bytes]:
    """Take the messages out of a buffer that have come in full."""
    messages = []
    while len(buffer) >= HEAD and len(buffer) >= HEAD + (length := int.from_bytes(buffer[:HEAD], "little")):
        messages.append(bytes(buffer[HEAD : HEAD + length]))
        del buffer[: HEAD + length]
    return messages


def raised(value: Any) -> BaseException:
    """What a worker raised."""
    if value is None:
        return MemoryError()
    if isinstance(value, str):
        return RuntimeError(f"a worker process failed:\n{value}")
    return WceError(*value)


def ended(status: int, receive: int) -> Problem:
    """What is said of a worker that went without a word."""
    os.close(receive)
    how = f"by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"with code {os.WEXITSTATUS(status)}"
    return Problem(
        f"a worker process was ended {how} before its rows were done",
        "if memory ran out, fewer workers need less of it",
    )
