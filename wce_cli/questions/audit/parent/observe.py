"""The process boundary: the user's function runs in a process of its own, which may hang, crash or exit.

A worker that dies in a step is replaced by one that goes on after it; that step is what the death is about. This
side loads no framework, so that it stays what it is whatever happens over there.
"""

from __future__ import annotations

import time
from importlib.util import find_spec

import msgspec
from msgspec import Struct, field, structs

from wce_cli.processes.child import Children, children, listen, signal_name
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

RESTARTS = 5
"""Processes that are started anew, after one that died."""
ENDING = 1.0
"""Seconds that a worker has to end, once it has told all."""
AFTER = (MOVED, *(f"[:{n}]" for n in BEGINNINGS))
"""What the names of batches end in that are too near to one which was deadly."""


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
    def has_told_all(self) -> bool:
        """Whether there is no more to come."""
        return self.is_finished or self.refused is not None

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
    with children() as started:
        for _ in range(RESTARTS + 1):
            known = observed.ready.offers if observed.ready else None
            asked = structs.replace(request, skipped=observed.done, offers=known)
            death = _one_worker(started, asked, timeout, observed)
            if death is None:
                break
            observed.deaths.append(death)
            if observed.ready is None:
                break  # nothing more to learn: it dies of the first call
    return observed


def _one_worker(started: Children, request: Request, timeout: float, observed: Observed) -> Death | None:
    """One process, to its end; the step it died in, if it did."""
    defaults = {"OMP_NUM_THREADS": "1"}
    if find_spec("tensorflow") is None:  # what keras takes where it is told nothing
        defaults["KERAS_BACKEND"] = "torch"
    command = ["-m", "wce_cli.questions.audit.child.worker", msgspec.json.encode(request).decode()]
    worker = started.start(command, defaults=defaults, has_terminal=False)
    longest = max(timeout, PATIENCE)
    step, patience = "", longest
    began = busy = time.monotonic()
    worker.until = began + longest
    for _, line in listen([worker]):
        if line is None:
            break
        busy = time.monotonic()
        if decode(line) != Busy():
            began = busy
            name = observed.take(line)
            step = name if name is not None else step
        patience = longest if step in ("", FRAMEWORK) else timeout
        over = min(busy + patience, began + longest)
        worker.until = min(worker.until, busy + ENDING) if observed.has_told_all else over
    observed.printed += worker.printed.count
    observed.print_began = observed.print_began or worker.printed.first_line()
    if observed.has_told_all:
        return None
    waited = patience if busy + patience <= began + longest else longest
    how = f"does not return within {waited:g} s" if worker.is_late else _how(worker.code)
    return Death(step, how, worker.complained.last_line(), worker.is_late)


def _how(code: int) -> str:
    """How a process ended that should have gone on."""
    if code >= 0:
        return f"ends the process with exit code {code}"
    name = signal_name(-code)
    return f"crashes the process with {name}" + (", as a system out of memory does" if name == "SIGKILL" else "")
