"""How a process ends: what it has begun is undone, and what it has started ends with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
SECONDS_BETWEEN_LOOKS = 0.5
"""Seconds between two looks at whether the process that started us is still there."""
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What people and systems end a process with."""


class _Ended(BaseException):
    """A signal that ends this process has come."""


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP unwind what is under way, as Ctrl-C does, and end this process only then.

    Whoever handles them himself is left to do so, and so is a thread other than the main one, which cannot.
    """
    came: list[int] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        if not came:
            came.append(number)
            raise _Ended

    # SIGINT is none of them: Python has it raise KeyboardInterrupt.
    taken = [number for number in ENDING if _is_main() and signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, unwind)
    try:
        yield
    except _Ended:
        if not came:  # one further out took the signal: it unwinds that too, and nothing after this is reached
            raise
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
        for number in came:
            os.kill(os.getpid(), number)


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, what would end this process waits until all of it is done. (A mask would be its own thread's alone: any
    other of the process would take the signal.)"""
    came: list[int] = []
    before: dict[int, Any] = {}
    try:
        for number in ENDING if _is_main() else ():
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, frame: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


@contextmanager
def told_of_stops(then: Callable[[], None]) -> Iterator[None]:
    """Inside, `then` is called when this process goes on after it was stopped, as Ctrl-Z does and a shell's fg."""
    if sys.platform == "win32" or not _is_main():
        yield
        return
    before = signal.signal(signal.SIGCONT, lambda number, frame: then())
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, before)


def end_at_once() -> None:
    """Have signals end this process at once: one that was forked off has nothing to undo, though its parent has."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _is_main() -> bool:
    """Whether this thread is the one that may handle signals."""
    return threading.current_thread() is threading.main_thread()


def end_with(parent: int) -> None:
    """End this process when the one that started it has ended, even by SIGKILL: Linux sees to that, elsewhere a thread
    looks."""
    if sys.platform == "win32":
        return
    if not _by_the_kernel():
        threading.Thread(target=_look, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _by_the_kernel() -> bool:
    """Whether Linux was told to end this process with its parent, also where it hangs in C."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        code: int = ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False
    return code == 0


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)
