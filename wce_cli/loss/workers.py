"""Groups of rows, shared among workers: processes where forking is safe, threads where it is not.

A worker takes the next group as soon as it has done one, so a core that is slow or stolen holds nobody up. What a
group leaves is handed over in the order of the groups. No worker outlives the call, whatever ends it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wce_cli.errors import Problem, WceError

P = TypeVar("P")
S = TypeVar("S")

WORTH_WORKERS = 20_000_000
"""Scores from which more than one worker pays: starting processes takes some milliseconds."""
THREADED = ("torch", "tensorflow", "jax", "paddle", "mindspore", "cupy")
"""Packages that start threads of their own, after which a fork may inherit a lock that nobody will open."""
DONE, FAILED = -1, -2
HEAD = 8
"""Bytes of the length that goes before a message, and of the number of a group."""


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
    return (forked if may_fork() else threaded)(make, n_groups, workers, folded)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_fork() -> bool:
    """Whether a fork of this process is safe: on Linux, as long as nothing runs beside us."""
    return (
        sys.platform == "linux" and threading.active_count() == 1 and not any(name in sys.modules for name in THREADED)
    )


class _InOrder(Generic[P]):
    """Hands parts on in the order of their groups."""

    def __init__(self, fold: Callable[[P], None]) -> None:
        self.fold, self.next, self.waiting = fold, 0, dict[int, P]()

    def put(self, k: int, part: P) -> None:
        self.waiting[k] = part
        while self.next in self.waiting:
            self.fold(self.waiting.pop(self.next))
            self.next += 1


def threaded(make: Callable[[], Walk[P, S]], n_groups: int, workers: int, fold: Callable[[P], None]) -> list[S]:
    """The groups, walked by threads of this process."""
    news, order = threading.Condition(), _InOrder(fold)
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


def forked(make: Callable[[], Walk[P, S]], n_groups: int, workers: int, fold: Callable[[P], None]) -> list[S]:
    """The groups, walked by processes that are forked off this one."""
    import pickle
    import select
    import signal

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
        order, seen, poll = _InOrder(fold), list[S](), select.poll()
        buffers = {receive: bytearray() for receive in processes}
        for receive in processes:
            poll.register(receive, select.POLLIN)
        while buffers:
            for receive, _ in poll.poll():
                news = os.read(receive, 1 << 20)
                buffers[receive] += news
                for message in _whole_messages(buffers[receive]):
                    k, value = pickle.loads(message)
                    if k == FAILED:
                        raise _raised(value)
                    if k == DONE:
                        seen.append(value)
                    else:
                        order.put(k, value)
                if not news:
                    poll.unregister(receive)
                    del buffers[receive]
                    if len(seen) + len(buffers) < workers:  # it went without a word
                        raise WceError(_ended(os.waitpid(processes.pop(receive), 0)[1], receive))
        return seen
    finally:
        for receive, child in processes.items():
            os.close(receive)
            os.kill(child, signal.SIGKILL)  # one that has ended stays until it is waited for: no other can be hit
        for child in processes.values():
            os.waitpid(child, 0)


def _serve(make: Callable[[], Walk[Any, Any]], todo: int, send: int, mask: Any) -> None:
    """A worker process from its first to its last moment."""
    import pickle
    import signal
    import traceback

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


def _whole_messages(buffer: bytearray) -> list[bytes]:
    """Take the messages out of a buffer that have come in full."""
    messages = []
    while len(buffer) >= HEAD and len(buffer) >= HEAD + (length := int.from_bytes(buffer[:HEAD], "little")):
        messages.append(bytes(buffer[HEAD : HEAD + length]))
        del buffer[: HEAD + length]
    return messages


def _raised(value: Any) -> BaseException:
    """What a worker raised."""
    if value is None:
        return MemoryError()
    if isinstance(value, str):
        return RuntimeError(f"a worker process failed:\n{value}")
    return WceError(*value)


def _ended(status: int, receive: int) -> Problem:
    os.close(receive)
    how = f"by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"with code {os.WEXITSTATUS(status)}"
    return Problem(
        f"a worker process was ended {how} before its rows were done",
        "if memory ran out, fewer workers need less of it",
    )
