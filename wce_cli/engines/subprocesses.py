"""Engines in processes of their own, side by side: one that hangs, crashes or prints harms no other.

Each is sent the batch on its stdin and has its answers read line by line, until it has ended or its time is over.
Nothing is left behind: whatever comes, an interrupt or a signal too, all of them have ended when this ends.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import read_line
from wce_cli.engines.case import Case
from wce_cli.frameworks import ENGINES
from wce_cli.processes.signals import ends_in_order
from wce_cli.surroundings import has_folder

TIME_LIMIT = 120.0
"""Seconds that an engine may take, all of its imports included."""
GROUP = None if sys.platform == "win32" else 0
"""Each has a group of its own: Ctrl-C is for us, and we end them. (A session of its own would make `nice` void.)"""
UNREAD = 5.0
"""Seconds in which an answer that is there counts, though its time is over."""
COMMAND = (sys.executable, "-P", "-m", "wce_cli.engines.worker")
"""-P: a file `keras.py` in the folder of the user is not Keras."""


class _Running:
    """An engine at work."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], said: IO[bytes], until: float) -> None:
        self.name, self.process, self.said, self.until = name, process, said, until
        assert process.stdout is not None
        self.answers = process.stdout
        self.rest = b""
        self.found: list[Measured] = []

    def hear(self, news: bytes) -> None:
        """Answers as they come."""
        *lines, self.rest = (self.rest + news).split(b"\n")
        self.found += [read_line(line) for line in lines]

    def all_found(self, why: str) -> tuple[Measured, ...]:
        """Everything it answered, and why it answered no more, unless it ended well."""
        if why or not self.found:
            version = self.found[-1].version if self.found else ""
            reason = why or "returned nothing"
            return (*self.found, Measured(ENGINES[self.name].title, version, "", "", None, (), reason=reason))
        return tuple(self.found)

    def end(self) -> None:
        """Take care that it, and whatever it has started, is gone."""
        if self.process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()
        self.answers.close()


@contextmanager
def measured_apart(
    names: Sequence[str], case: Case, seconds: float | None = None
) -> Iterator[Iterator[tuple[str, tuple[Measured, ...]]]]:
    """Start all engines; inside, what each of them found, those first that end first."""
    seconds = TIME_LIMIT if seconds is None else seconds
    with ends_in_order(), ExitStack() as stack:
        batch = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "batch.npz"
        case.save(batch)
        running = []
        for name in names:
            said = stack.enter_context(tempfile.TemporaryFile())
            with batch.open("rb") as sent:
                process = subprocess.Popen(
                    [*COMMAND, name, str(ENGINES[name].nice if len(names) > 1 else 0), str(os.getpid())],
                    stdin=sent,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=_environment(),
                    cwd=None if has_folder() else batch.parent,
                    process_group=GROUP,
                )
            one = _Running(name, process, said, time.monotonic() + seconds)
            stack.callback(one.end)
            running.append(one)
        yield _as_they_end(running, seconds)


def _as_they_end(running: list[_Running], seconds: float) -> Iterator[tuple[str, tuple[Measured, ...]]]:
    with selectors.DefaultSelector() as ready:
        for one in running:
            ready.register(one.answers, selectors.EVENT_READ, one)
        while running:
            for key, _ in ready.select(max(0.0, min(one.until for one in running) - time.monotonic())):
                one = key.data
                if news := os.read(key.fd, 1 << 16):
                    one.hear(news)
                    continue
                ready.unregister(one.answers)
                running.remove(one)
                yield one.name, one.all_found(_how(one))
            late = [one for one in running if one.until <= time.monotonic()]
            unread = {key.data for key, _ in ready.select(0)} if late else set()
            for one in late:
                if one in unread and time.monotonic() < one.until + UNREAD:
                    continue  # it was in time: we were waiting for another one to end
                ready.unregister(one.answers)
                running.remove(one)
                one.end()
                yield one.name, one.all_found(f"no answer within {seconds:g} s")


def _how(one: _Running) -> str:
    """Why an engine has ended before its time; empty if it has not."""
    try:
        code = one.process.wait(max(0.1, one.until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return "closed its answers and did not end"
    if code == 0:
        return "" if not one.rest else "stopped in the middle of an answer"
    one.said.seek(0)
    lines = [line for line in one.said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    shown = "".join(c if c.isprintable() else " " for c in last.strip())[:200]
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{how}: {shown}" if shown else how


def _environment() -> dict[str, str]:
    """Ours, and where this package is: the folder of the user is not looked into."""
    here = str(Path(__file__).parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
