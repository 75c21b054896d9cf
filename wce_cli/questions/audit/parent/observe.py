"""The process boundary: the user's function runs in a process of its own, which may hang, crash or exit.

A worker that dies in a step is replaced by one that goes on after it; that step is what the death is about. This
side loads no framework, so that it stays what it is whatever happens over there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct, field, structs

from wce_cli.processes.signals import ends_in_order
from wce_cli.questions.audit.probes import BEGINNINGS
from wce_cli.questions.audit.protocol import (
    Answered,
    Began,
    Busy,
    Conduct,
    Finished,
    Found,
    Imported,
    Loaded,
    Ready,
    Refused,
    Request,
    decode,
)
from wce_cli.questions.audit.rows.labelled import MOVED
from wce_cli.questions.audit.steps import FRAMEWORK, PATIENCE

PACKAGES = Path(__file__).parents[3]
RESTARTS = 5
LOOKS = 0.004
"""Seconds between two looks at what a worker has written."""
AFTER = (MOVED, *(f"[:{n}]" for n in BEGINNINGS))
"""What the names of batches end in that are too near to one which was deadly."""
HEARD = 1 << 16
"""Bytes of what a function prints that are kept."""


class Death(Struct, frozen=True):
    """A step that the process did not outlive."""

    step: str
    how: str
    """`does not return within 20 s`, `exits with code 3`, `crashes with SIGSEGV`"""
    last_words: str
    """The last line it wrote to stderr."""
    is_hanging: bool = False


class Observed(Struct):
    """All that the workers told."""

    loaded: Loaded | None = None
    refused: Refused | None = None
    first: Answered | None = None
    ready: Ready | None = None
    answers: dict[str, Answered] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    conduct: list[Conduct] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    printed: int = 0
    """Bytes it wrote to stdout."""
    print_began: str = ""
    imported: set[str] = field(default_factory=set)
    """Files of modules."""
    is_finished: bool = False

    def take(self, line: bytes) -> str | None:
        """Remember a record; the step that began with it, an empty text where one ended, else None."""
        record = decode(line)
        if isinstance(record, Began):
            return record.name
        if isinstance(record, Loaded):
            self.loaded = record
        elif isinstance(record, Imported):
            self.imported.update(record.files)
        elif isinstance(record, Refused):
            self.refused = record
        elif isinstance(record, Ready):
            self.ready = record
        elif isinstance(record, Answered) and self.ready is None:
            self.first = record
        elif isinstance(record, Answered):
            self.answers[record.name] = record
        elif isinstance(record, Found):
            self.found[record.name] = record
        elif isinstance(record, Conduct):
            if record not in self.conduct:
                self.conduct.append(record)
        elif isinstance(record, Finished):
            self.is_finished = True
        return None

    @property
    def is_answered(self) -> bool:
        """Whether any probe got a number."""
        return any(answer.values is not None for answer in self.answers.values())

    @property
    def done(self) -> tuple[str, ...]:
        """The steps that need not be taken again, nor what is too near to a batch that was deadly."""
        died = [death.step for death in self.deaths]
        return (*self.answers, *self.found, *died, *(f"{step}{end}" for step in died for end in AFTER))


def observe(request: Request, timeout: float) -> Observed:
    """Run the function through all steps, in as many processes as it takes; `timeout` seconds for each step."""
    observed = Observed()
    with ends_in_order(), tempfile.TemporaryDirectory(prefix="wce-audit-") as folder:
        for attempt in range(RESTARTS + 1):
            answers = os.path.join(folder, f"answers-{attempt}")
            known = observed.ready.offers if observed.ready else None
            asked = structs.replace(request, answers=answers, skipped=observed.done, offers=known, parent=os.getpid())
            death = _one_worker(asked, timeout, observed)
            if death is None:
                break
            observed.deaths.append(death)
            if observed.ready is None:
                break  # nothing more to learn: it dies of the first call
    return observed


def _one_worker(request: Request, timeout: float, observed: Observed) -> Death | None:
    """One process, to its end; the step it died in, if it did."""
    Path(request.answers).touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGES), _python_path()]))}
    environment.setdefault("OMP_NUM_THREADS", "1")
    if find_spec("tensorflow") is None:  # what keras takes where it is told nothing
        environment.setdefault("KERAS_BACKEND", "torch")
    worker = subprocess.Popen(
        [sys.executable, "-m", "wce_cli.questions.audit.child.worker", msgspec.json.encode(request).decode()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    out, err = Listener(worker.stdout), Listener(worker.stderr)
    step, hung, waited = "", False, timeout
    try:
        with open(request.answers, "rb") as file:
            last = busy = time.monotonic()
            rest = b""
            while True:
                is_over = worker.poll() is not None
                news = file.read()
                *lines, rest = (rest + news).split(b"\n")
                for line in lines:
                    busy = time.monotonic()
                    if decode(line) == Busy():
                        continue
                    last = busy
                    began = observed.take(line)
                    step = began if began is not None else step
                if is_over or observed.is_finished or observed.refused is not None:
                    break
                longest = max(timeout, PATIENCE)
                patience = longest if step in ("", FRAMEWORK) else timeout
                hung = _longer(patience, busy) or _longer(longest, last)
                if hung:
                    waited = patience if _longer(patience, busy) else longest
                    break
                if not news:
                    time.sleep(LOOKS)
        if observed.is_finished or observed.refused is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(1)
    finally:
        _end(worker)
    out.join()
    err.join()
    observed.printed += out.count
    observed.print_began = observed.print_began or out.first_line()
    if observed.is_finished or observed.refused is not None:
        return None
    how = f"does not return within {waited:g} s" if hung else _how(worker.returncode)
    return Death(step, how, err.last_line(), hung)


def _longer(seconds: float, since: float) -> bool:
    return time.monotonic() - since > seconds


def _python_path() -> str:
    return os.environ.get("PYTHONPATH", "")


def _end(worker: subprocess.Popen[bytes]) -> None:
    """End it, and whatever it has started in its own group."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
    elif worker.poll() is None:
        worker.kill()
    worker.wait()


def _how(code: int) -> str:
    """How a process ended that should have gone on."""
    if code >= 0:
        return f"ends the process with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"crashes the process with {name}" + (", as a system out of memory does" if name == "SIGKILL" else "")


class Listener:
    """Reads a stream to its end, counts it, and keeps its beginning and its end."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None
        self.stream, self.count, self.head, self.tail = stream, 0, b"", b""
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        while chunk := self.stream.read1(HEARD):  # type: ignore[attr-defined]
            self.count += len(chunk)
            self.head = self.head if len(self.head) >= HEARD else self.head + chunk
            self.tail = (self.tail + chunk)[-HEARD:]
        self.stream.close()

    def join(self) -> None:
        """Wait for the end; a process that was left behind may hold it open."""
        self.thread.join(1)

    def first_line(self) -> str:
        """The first line that is not empty."""
        return next(iter(self._lines(self.head)), "")

    def last_line(self) -> str:
        """The last line that is not empty."""
        return next(reversed(self._lines(self.tail)), "")

    @staticmethod
    def _lines(text: bytes) -> list[str]:
        return [line.strip()[:200] for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
