"""Programs of ours that run beside us: started, listened to, timed out and ended here and nowhere else.

A child writes its answers to a file of its own, a line each. What it prints is no answer; what it had answered before
it crashed is there; and a grandchild that holds its pipes holds nobody up. It has a process group of its own: Ctrl-C
is for us, and we end the group. The last two words of its command are that file and our process number, with which it
calls `end_with`.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from wce_cli.processes.signals import ends_in_order, held_back

LOOKS = 0.004
"""Seconds between two looks at what children have written."""
KEPT = 1 << 16
"""Bytes of the beginning and of the end of what is printed that are kept."""
PACKAGES = str(Path(__file__).parents[2])


class Child:
    """A program at work, and whatever it has started."""

    def __init__(self, process: subprocess.Popen[bytes], answers: IO[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process, self._answers = process, answers
        self._rest = b""
        self._is_gone = False
        self.printed, self.complained = Printed(process.stdout), Printed(process.stderr)
        self.until = math.inf
        """When its time is over, by `time.monotonic`; whoever listens may put it off."""
        self.is_late = False
        """Whether it was ended because its time was over."""

    @property
    def is_halfway(self) -> bool:
        """Whether it has written a part of an answer."""
        return bool(self._rest)

    @property
    def code(self) -> int:
        """The exit code of one that has ended; minus the number of the signal that ended it."""
        return self._process.wait()

    def news(self) -> list[bytes]:
        """The lines it has finished since the last look."""
        *lines, self._rest = (self._rest + self._answers.read()).split(b"\n")
        return lines

    def has_ended(self) -> bool:
        """Whether the program itself has."""
        if sys.platform == "linux":  # and it is not waited for yet: the number of its group stays its own
            return (
                self._is_gone
                or os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            )
        return self._process.poll() is not None

    def end(self) -> None:
        """Take care that it, and whatever it has started in its group, is gone."""
        if self._is_gone:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._is_gone = True
        for printed in (self.printed, self.complained):
            printed.join()


class Children:
    """What starts children, and the folder in which they have what is theirs."""

    def __init__(self, folder: Path, until_the_end: ExitStack) -> None:
        self.folder, self._until_the_end, self._count = folder, until_the_end, 0

    def start(
        self,
        command: Sequence[str],
        *,
        sent: Path | None = None,
        defaults: Mapping[str, str] | None = None,
        folder: Path | None = None,
        has_terminal: bool = True,
    ) -> Child:
        """Start a module of this package, or a script, in this Python.

        `sent`: the file that it has as its stdin. `defaults`: what stands in its environment, where ours has nothing
        of that name. `folder`: where it runs, if not where we do. `has_terminal`: without, it is in a session of its
        own: whoever asks the terminal there has an error, and is not stopped. (That session makes `nice` void.)
        """
        self._count += 1
        answers = self.folder / f"answers-{self._count}"
        answers.touch()
        paths = [PACKAGES, *filter(None, [os.environ.get("PYTHONPATH")])]
        read = self._until_the_end.enter_context(answers.open("rb"))
        with held_back(), open(os.devnull if sent is None else sent, "rb") as stdin:  # none that nobody knows of
            process = subprocess.Popen(
                [sys.executable, *command, str(answers), str(os.getpid())],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**(defaults or {}), **os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                cwd=folder,
                process_group=0 if has_terminal else None,
                start_new_session=not has_terminal,
            )
            child = Child(process, read)
            self._until_the_end.callback(child.end)
        return child


@contextmanager
def children() -> Iterator[Children]:
    """Inside, children are started; whatever comes, an interrupt or a signal too, all have ended when this ends."""
    with ends_in_order(), tempfile.TemporaryDirectory(prefix="wce-") as folder, ExitStack() as until_the_end:
        yield Children(Path(folder), until_the_end)


def listen(some: Iterable[Child]) -> Iterator[tuple[Child, bytes | None]]:
    """Each line that some children answer, as it comes; None of one that has ended, which is gone then.

    One whose time is over is ended: what it had answered by then has been handed over.
    """
    left = list(some)
    while left:
        is_quiet = True
        for child in tuple(left):
            has_ended = child.has_ended()  # asked first: whatever it has answered is there then
            for line in child.news():
                is_quiet = False
                yield child, line
            child.is_late = not has_ended and child.until <= time.monotonic()
            if has_ended or child.is_late:
                child.end()
                left.remove(child)
                yield child, None
        if is_quiet and left:
            time.sleep(LOOKS)


def signal_name(number: int) -> str:
    """A signal as people write it: SIGSEGV; `signal 35` where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Printed:
    """What a child prints: read to its end by a thread, counted, and kept where it begins and where it ends."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.count = 0
        """Bytes."""
        self._stream, self._head, self._tail = stream, b"", b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream as stream:
            while chunk := os.read(stream.fileno(), KEPT):
                self.count += len(chunk)
                self._head = self._head if len(self._head) >= KEPT else self._head + chunk
                self._tail = (self._tail + chunk)[-KEPT:]

    def join(self) -> None:
        """Wait for the end; a process that has left the group of the child may hold it open."""
        self._thread.join(1)

    def first_line(self) -> str:
        """The first line that is not empty."""
        return next(iter(_lines(self._head)), "")

    def last_line(self) -> str:
        """The last line that is not empty."""
        return next(reversed(_lines(self._tail)), "")


def _lines(text: bytes) -> list[str]:
    """The lines that are not empty, as far as they can be shown."""
    found = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    return ["".join(c if c.isprintable() else " " for c in line)[:200] for line in found if line]
