"""The process of its own in which the user's function runs: `python -m wce_cli.questions.audit.worker REQUEST`.

It only measures: what every call returned, raised or did besides goes to a file, line by line, so that a call which
ends this process costs no more than its own line. What is printed by the function goes wherever stdout does, and is
no part of the answer.
"""

from __future__ import annotations

import os
import random
import re
import sys
import traceback
from typing import Any, BinaryIO

import msgspec
import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.questions.audit.arrays import DTYPES, FRAMEWORKS, Arrays, changed, handed_over
from wce_cli.questions.audit.call import SCORES, Call, matched, template
from wce_cli.questions.audit.load import frameworks, load, place, source
from wce_cli.questions.audit.probes import IGNORES, PLAIN, SQUARE, Offers, Probe, Search, search_rows, steps
from wce_cli.questions.audit.records import (
    Answered,
    Began,
    Conduct,
    Finished,
    Found,
    Loaded,
    Ready,
    Record,
    Refused,
    Request,
    encode,
)
from wce_cli.questions.audit.worker_steps import FIRST, FRAMEWORK, LOADING

NO_MEMORY = re.compile("can't allocate memory|cannot allocate memory|out of memory", re.IGNORECASE)
HIGHEST = {"float16": 30000.0, "tiny": 60.0}
"""The largest size that a search tries, 1e6 unless it is here."""
STEPS_OF_SEARCH = 40


class Worker:
    """The function, how it is called, and where its answers go."""

    def __init__(self, request: Request, file: BinaryIO) -> None:
        self.request = request
        self.file = file
        self.watch = Watch(self.tell)
        self.call: Call
        self.function: Any
        self.arrays: Arrays
        self.labels = "index"
        self.scores = "logits"

    def tell(self, record: Record) -> None:
        """Write a record, at once."""
        self.file.write(encode(record))
        self.file.flush()

    def load(self) -> None:
        """Import the framework, then the function, and match its parameters."""
        request = self.request
        self.tell(Began(FRAMEWORK))
        if request.arrays is not None:
            self.arrays = _arrays(request.arrays)
        else:
            _prepare("torch" if _mentions_torch(request.target) else None)
        limit_memory(request.memory)
        self.tell(Began(LOADING))
        with self.watch:
            self.function = load(place(request.target))
        if request.arrays is None:
            named = frameworks(self.function)
            self.arrays = _arrays(named[0] if named else "torch")
        is_class = isinstance(self.function, type)
        name = place(request.target).name or getattr(self.function, "__name__", "f")
        if request.template is None:
            self.call = matched(self.function, name, request.constants)
        else:
            self.call = template(request.template, is_class)
        self.scores = next(kind for kind in SCORES if kind in self.call.roles)
        self.labels = request.labels or ("one-hot" if "one_hot" in self.call.roles else "index")
        file, line = source(self.function)
        text = self.call.text(name)
        self.tell(Loaded(file, line, text, self.arrays.name, self.call.guessed))

    def offers(self) -> Offers:
        """What the function takes; asks it once or twice to see which labels."""
        roles, optional = self.call.roles, self.call.optional
        hidden = False
        if self.request.labels is None:
            self.tell(Began(FIRST))
            self.labels, first = self._labels()
            self.tell(first)
        if self.labels == "index" and "ignore_index" not in roles:
            ignored = self.ask(IGNORES)
            hidden = ignored.values is not None and all(np.isfinite(ignored.values))
        return Offers(
            weight=bool(roles & {"weight", "sample_weight"}),
            weight_optional=self.request.template is None and bool(optional & {"weight", "sample_weight"}),
            ignore_index="ignore_index" in roles,
            smoothing="label_smoothing" in roles,
            reduction="reduction" in roles,
            labels=self.labels,
            scores=self.scores,
            dtypes=DTYPES[self.arrays.name],
            tracks=self.arrays.name in ("torch", "jax"),
            hidden_ignore=hidden,
        )

    def _labels(self) -> tuple[str, Answered]:
        """Index labels, or one-hot rows where those give no answer."""
        first = self.ask(PLAIN, FIRST)
        if first.values is not None or self.labels == "one-hot":
            return self.labels, first
        if "labels" in self.call.roles:
            for labels, probe in (("one-hot", PLAIN), ("index", SQUARE)):
                self.labels = labels
                second = self.ask(probe, FIRST)
                if second.values is not None:
                    return labels, second
        self.labels = "index"
        return "index", first

    def ask(self, probe: Probe, name: str | None = None) -> Answered:
        """One call, and everything that can be seen of it."""
        name = name or probe.name
        self._seed()
        try:
            given = handed_over(probe, self.scores, self.call.roles, self.labels, self.arrays)
            before = {role: self.arrays.numbers(value).copy() for role, value in given.items() if hasattr(value, "shape")}
            gradient: tuple[float, ...] | None = None
            no_gradient = ""
            with self.watch:
                if probe.layout == "tracked" and self.arrays.name == "jax":
                    returned, gradient = self._by_jax(given)
                else:
                    returned = _plain(self.call.run(self.function, given))
                if probe.layout == "tracked" and self.arrays.name == "torch":
                    gradient, no_gradient = _backward(returned, given[self.scores])
            values = self.arrays.numbers(returned)
            differs = False
            for _ in range(1, probe.repeat):
                again = self.arrays.numbers(_plain(self.call.run(self.function, given)))
                differs = differs or not np.array_equal(values, again, equal_nan=True)
            now = tuple(changed(given, before, self.arrays))
        except BaseException as error:
            kind, message = self._raised(error)
            return Answered(name, None, error=kind, message=message)
        if values.size > 10_000:
            return Answered(name, None, error="Returned", message=f"an array of shape {values.shape}")
        return Answered(
            name,
            tuple(values.ravel().tolist()),
            tuple(values.shape),
            self.arrays.dtype(returned),
            changed=now,
            differs=differs,
            gradient=gradient,
            no_gradient=no_gradient,
        )

    def _raised(self, error: BaseException) -> tuple[str, str]:
        """An error's name and its first line, with the line of the user's file that it came from."""
        memory = self.request.memory
        if memory is not None and (isinstance(error, MemoryError) or NO_MEMORY.search(str(error))):
            return "MemoryError", f"asks for more than {memory / 2**30:g} GiB"
        file = source(self.function)[0]
        lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if file and at.filename == file]
        return type(error).__name__, _said(error) + (f" (line {lines[-1]})" if lines else "")

    def _by_jax(self, given: dict[str, Any]) -> tuple[Any, tuple[float, ...]]:
        import jax

        def of(scores: Any) -> Any:
            return _plain(self.call.run(self.function, {**given, self.scores: scores})).sum()

        value, gradient = jax.value_and_grad(of)(given[self.scores])
        return value, tuple(self.arrays.numbers(gradient).ravel().tolist())

    def _seed(self) -> None:
        random.seed(self.request.seed)
        np.random.seed(self.request.seed % 2**32)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(self.request.seed)

    def search(self, step: Search) -> Found:
        """The largest size at which the answer is still a number, or not 0 where it is to be tiny."""

        def tried(at: float) -> str:
            rows, labels = search_rows(step.kind, at)
            weight = (1.0, 1.0, 1.0) if self.call.roles & {"weight", "sample_weight"} else None
            answer = self.ask(Probe(step.name, "", rows, labels, weight, dtype=step.dtype))
            if answer.values is None:
                return f"{answer.error}: {answer.message}"
            values = np.array(answer.values)
            if step.kind == "tiny":
                return "" if not len(values) or values[0] != 0 else "0"
            if np.isfinite(values).all():
                return ""
            return "nan" if np.isnan(values).any() else "inf" if (values > 0).any() else "-inf"

        low, high = 1.0, HIGHEST.get(step.kind, HIGHEST.get(step.dtype, 1e6))
        wrong = tried(high)
        if not wrong:
            return Found(step.name, None, "")
        if tried(low):
            return Found(step.name, 0.0, wrong)
        for _ in range(STEPS_OF_SEARCH):
            middle = (low * high) ** 0.5 if high > 2 * low else (low + high) / 2
            if high - low < 1e-4 * high:
                break
            said = tried(middle)
            low, high, wrong = (middle, high, wrong) if not said else (low, middle, said)
        return Found(step.name, low, wrong)

    def run(self) -> None:
        """All steps, each announced before it begins."""
        self.load()
        offers = self.offers()
        self.tell(Ready(offers))
        for step in steps(offers):
            if step.name in self.request.skipped:
                continue
            self.tell(Began(step.name))
            self.tell(self.search(step) if isinstance(step, Search) else self.ask(step))
        self.tell(Finished())


class Watch:
    """Notices files that are written and processes that are started while the user's code runs."""

    def __init__(self, tell: Any) -> None:
        self.tell, self.on, self.seen = tell, 0, set[tuple[str, str]]()
        sys.addaudithook(self.hear)

    def __enter__(self) -> None:
        self.on += 1

    def __exit__(self, *error: object) -> None:
        self.on -= 1

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own account of what happens (PEP 578)."""
        if not self.on:
            return
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            mode, flags = arguments[1], arguments[2] or 0
            writes = set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            path = os.fsdecode(arguments[0])
            if writes and path != os.devnull:
                self.note("writes", path)
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork"):
            self.note("starts", str(arguments[0]) if arguments else "a copy of itself")
        elif event == "socket.connect":
            self.note("connects", str(arguments[1]))
        elif event in ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree"):
            self.note("removes", str(arguments[0]))

    def note(self, what: str, detail: str) -> None:
        """Tell it once."""
        if (what, detail) not in self.seen and len(self.seen) < 20:
            self.seen.add((what, detail))
            self.tell(Conduct(what, detail[:200]))


def _plain(returned: Any) -> Any:
    """What a call returned: of several things, the first; of an output object, its loss."""
    if isinstance(returned, (tuple, list)) and returned and hasattr(returned[0], "shape"):
        return returned[0]
    if not hasattr(returned, "shape") and hasattr(returned, "loss"):
        return returned.loss
    if returned is None:
        raise TypeError("it returned None")
    return returned


def _backward(returned: Any, scores: Any) -> tuple[tuple[float, ...] | None, str]:
    """dL/dx by autograd, of the sum where there are several losses."""
    if not getattr(returned, "requires_grad", False):
        return None, "the result carries no gradient"
    returned.sum().backward()
    if scores.grad is None:
        return None, "no gradient reaches the scores"
    return tuple(scores.grad.double().ravel().tolist()), ""


def _said(error: BaseException) -> str:
    """The first line of an error."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else "")[:300]


def _mentions_torch(target: str) -> bool:
    found = place(target)
    if not found.is_file:
        return False
    with open(found.where, "rb") as file:
        return b"torch" in file.read()


def _prepare(name: str | None) -> None:
    """Load a framework before memory is limited: it maps far more than it uses."""
    if name is not None:
        __import__(name)


def _arrays(name: str) -> Arrays:
    try:
        return Arrays(name)
    except ImportError:
        others = ", ".join(one for one in FRAMEWORKS if one != name)
        raise WceError(Problem(f"{name} is not installed, so it has no arrays", f"--arrays {others}")) from None


def limit_memory(extra: int | None) -> None:
    """Let this process ask for so much more memory than it has, where the system can hold it to that."""
    if extra is None:
        return
    try:
        import resource

        with open("/proc/self/statm", "rb") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = taken + extra if hard == resource.RLIM_INFINITY else min(taken + extra, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (ImportError, OSError, ValueError):  # no such limit here
        return


def main() -> None:
    """Do what the request says, and end without waiting for anything the user's code has left behind."""
    request = msgspec.json.decode(sys.argv[1].encode(), type=Request)
    sys.dont_write_bytecode = True
    sys.path.extend(entry for entry in request.path if entry not in sys.path)
    with open(request.answers, "ab") as file:
        worker = Worker(request, file)
        try:
            worker.run()
        except WceError as error:
            problem = error.problems[0]
            worker.tell(Refused(problem.message, problem.hint))
        except BaseException as error:
            worker.tell(Refused(f"{type(error).__name__}: {_said(error)}" if _said(error) else type(error).__name__, ""))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
