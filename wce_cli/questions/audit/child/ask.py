"""One call of the user's function, and everything that can be seen of it."""

from __future__ import annotations

import copy
import inspect
import math
import random
import re
import sys
import traceback
from importlib import import_module
from typing import Any

import numpy as np
from msgspec import Struct, structs

from wce_cli.questions.audit.child.arrays import WIDEST, Arrays, changed, handed_over
from wce_cli.questions.audit.child.bisection import (
    CLASSES,
    COPIES,
    TINY,
    Search,
    highest,
    is_right,
    last_right,
    loss_at,
    search_probe,
)
from wce_cli.questions.audit.child.call import Call
from wce_cli.questions.audit.child.carried import Carried, carried
from wce_cli.questions.audit.child.guard import ConductWatch
from wce_cli.questions.audit.child.load import source
from wce_cli.questions.audit.child.taken import ReturnedNone, taken
from wce_cli.questions.audit.probes import PLAIN, SMOOTHING, Offers, Probe
from wce_cli.questions.audit.protocol import Answered, Found
from wce_cli.questions.audit.steps import COARSE, ENDS, NONE

NO_MEMORY = re.compile("can't allocate memory|cannot allocate memory|out of memory", re.IGNORECASE)
DIFFERENCE = 1e-5
UNSURE = 1e-6
"""How far two differences of one value may part, of the largest, before they are rounding."""


class Asker(Struct):
    """The function, and how it is called."""

    function: Any
    call: Call
    arrays: Arrays
    scores: str
    labels: str
    seed: int
    memory: int | None
    watch: ConductWatch
    shift: int = 0
    narrowed: str = ""
    """What it raises in float64: then it is asked in float32 instead."""
    has_default_smoothing: bool = True
    pick: int | str | None = None
    """Which of several things that are returned is the loss, where that is not the first."""
    has_arrays: bool = False
    """Whether constants that are lists are handed over as arrays: as lists, the first call is an error."""

    def take(self, offers: Offers) -> None:
        """What an earlier worker found out."""
        self.labels, self.shift = offers.labels, offers.shift
        if offers.scores != self.scores:
            self.as_probabilities()
        self.has_default_smoothing, self.has_arrays = offers.has_default_smoothing, offers.has_arrays
        self.pick = offers.pick
        self.narrowed = "" if WIDEST in offers.dtypes else "float64 is an error"

    def carried(self) -> Carried:
        """What the function brings along; of a class, what an object of it does."""
        handed = (*self.call.arguments, *(self.call.make or ()))
        constants = {one.keyword or "": one.constant for one in handed if one.role is None}
        things = [self.function]
        if self.call.make is not None:
            try:
                with self.watch:
                    things = [self.call.made(self.function, self.given(PLAIN))]
            except Exception:  # the first call will say why
                things = []
        return carried(things, constants, self.call.roles)

    def ask(self, probe: Probe, name: str | None = None) -> Answered:
        """One call, and everything that can be seen of it; in float32 where float64 is an error and that is none."""
        if probe.dtype != WIDEST:
            return self._asked(probe, name or probe.name)
        narrow = structs.replace(probe, dtype="float32")
        if self.narrowed:
            return structs.replace(self._asked(narrow, name or probe.name), narrowed=self.narrowed)
        wide = self._asked(probe, name or probe.name)
        if wide.values is not None or wide.error in (*ENDS, NONE):
            return wide
        answer = self._asked(narrow, name or probe.name)
        is_better = answer.values is not None and all(map(math.isfinite, answer.values))
        return structs.replace(answer, narrowed=f"{wide.error}: {wide.message}") if is_better else wide

    def _asked(self, probe: Probe, name: str) -> Answered:
        self._seed()
        try:
            function, given = self.fresh(), self.given(probe)
            leaf = None
            if probe.layout == "tracked":
                leaf, given[self.scores] = self.arrays.tracked(given[self.scores])
            before = {
                role: self.arrays.numbers(value).copy() for role, value in given.items() if hasattr(value, "shape")
            }
            gradient: tuple[float, ...] | None = None
            no_gradient = ""
            with self.watch:
                if probe.layout == "tracked" and self.arrays.name == "jax":
                    (returned, of), gradient = self._by_jax(function, given)
                elif probe.layout == "tracked" and self.arrays.name == "numpy":
                    (returned, of), gradient = self._by_differences(function, given)
                    no_gradient = COARSE if gradient is None else ""
                else:
                    made = self.call.made(function, given)
                    returned, of = taken(self.call.once_made(made, given), len(probe.labels), self.arrays, self.pick)
                if probe.layout == "tracked" and self.arrays.name == "torch":
                    gradient, no_gradient = _backward(returned, leaf)
            values = self.arrays.numbers(returned)
            again = self._again(made, probe) if probe.repeat > 1 else ()
            now = tuple(changed(given, before, self.arrays))
        except ReturnedNone:
            return Answered(name, None, error=NONE)
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
            again=again,
            gradient=gradient,
            no_gradient=no_gradient,
            taken_of=of,
        )

    def as_probabilities(self) -> None:
        """Hand over probabilities for the scores from now on."""
        arguments = [structs.replace(one, role="probs") if one.role == "logits" else one for one in self.call.arguments]
        self.call, self.scores = structs.replace(self.call, arguments=tuple(arguments)), "probs"

    def given(self, probe: Probe) -> dict[str, Any]:
        """What is handed over for the roles of its call, by role."""
        has_choice = "label_smoothing" in self.call.optional and self.has_default_smoothing
        if probe.smoothing is None and not has_choice:
            probe = structs.replace(probe, smoothing=SMOOTHING)
        given = handed_over(probe, self.scores, self.call.roles, self.labels, self.arrays, self.shift)
        if self.has_arrays:
            given |= {f"{name}=": self.arrays.of(numbers, probe.dtype) for name, numbers in self.call.lists.items()}
        return given

    def fresh(self) -> Any:
        """The function; an object that may keep state as it was before any call."""
        is_stateless = isinstance(self.function, type) or inspect.isroutine(self.function)
        if is_stateless or type(self.function).__module__.startswith("torch._dynamo"):  # a copy would be compiled anew
            return self.function
        try:
            return copy.deepcopy(self.function)
        except Exception:  # whatever its own copying raises
            return self.function

    def _again(self, made: Any, probe: Probe) -> tuple[tuple[float, ...], ...]:
        """What the same batch gives a second time, with the random numbers of the first and with the next ones."""
        found = []
        for is_seeded in (True, False):
            if is_seeded:
                self._seed()
            returned = self.call.once_made(made, self.given(probe))
            values = self.arrays.numbers(taken(returned, len(probe.labels), self.arrays, self.pick)[0])
            found.append(tuple(values.ravel().tolist()))
        return tuple(found)

    def _raised(self, error: BaseException) -> tuple[str, str]:
        """An error's name and its first line, with the line of the user's file that it came from."""
        memory = self.memory
        if memory is not None and (isinstance(error, MemoryError) or NO_MEMORY.search(str(error))):
            return "MemoryError", f"asks for more than {memory / 2**30:g} GiB"
        file = source(self.function)[0]
        lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if file and at.filename == file]
        said = (said_in_short(error), f"(line {lines[-1]})" if lines else "")
        return type(error).__name__, " ".join(filter(None, said))

    def _by_jax(self, function: Any, given: dict[str, Any]) -> tuple[tuple[Any, str], tuple[float, ...]]:
        jax = import_module("jax")

        def of(scores: Any) -> Any:
            return self._loss_at(scores, function, given)[0].sum()

        gradient = jax.grad(of)(given[self.scores])
        found = self._loss_at(given[self.scores], function, given)
        return found, tuple(self.arrays.numbers(gradient).ravel().tolist())

    def _loss_at(self, scores: Any, function: Any, given: dict[str, Any]) -> tuple[Any, str]:
        """What other scores give, and of what it was taken."""
        return taken(self.call.run(function, {**given, self.scores: scores}), len(scores), self.arrays, self.pick)

    def _by_differences(self, function: Any, given: dict[str, Any]) -> tuple[tuple[Any, str], tuple[float, ...] | None]:
        """Central differences: what stands in for a gradient where arrays carry none."""

        def differences(size: float) -> list[float]:
            made = []
            for at in np.ndindex(*scores.shape):
                ends = []
                for step in (size, -size):
                    moved = scores.copy()
                    moved[at] += step
                    ends.append(float(np.sum(self._loss_at(moved, function, given)[0])))
                made.append((ends[0] - ends[1]) / (2 * size))
            return made

        scores = given[self.scores]
        found = self._loss_at(scores, function, given)
        if self.arrays.dtype(found[0]) == "float32":
            return found, None
        made, wider = differences(DIFFERENCE), differences(3 * DIFFERENCE)
        if not np.allclose(made, wider, rtol=0, atol=UNSURE * max(map(abs, wider)), equal_nan=True):
            return found, None  # float32 somewhere inside, whatever is returned
        return found, tuple(made)

    def _seed(self) -> None:
        random.seed(self.seed)
        np.random.seed(self.seed % 2**32)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(self.seed)

    def search(self, step: Search, offers: Offers) -> Found:
        """The largest size at which the answer is a number, or not 0 where it is to be tiny; and on the way to the
        size at which it leaves the loss that it began with, what it was."""
        given: dict[float, float] = {}
        low, high = 1.0, highest(step.kind, step.dtype)

        def no_number(at: float) -> str:
            return no_number_of(at, copies)

        def no_number_of(at: float, copies: int) -> str:
            answer = self.ask(search_probe(step.kind, at, copies, offers, step.dtype))
            if answer.values is None:
                return f"{answer.error}: {answer.message}"
            values = np.array(answer.values)
            if step.kind in TINY:
                return "" if not len(values) or values[0] != 0 else "0"
            if np.isfinite(values).all():
                if len(answer.values) == 1:
                    given[at] = answer.values[0]
                return ""
            return "nan" if np.isnan(values).any() else "inf" if (values > 0).any() else "-inf"

        def is_left(at: float) -> str:
            if at not in given and no_number(at):
                return "no number"
            classes = offers.classes or CLASSES
            scale = given[low] / loss_at(step.kind, low, classes)
            value = scale * loss_at(step.kind, at, classes)
            return "" if at in given and is_right(given[at], value, at, step.dtype) else "left"

        copies = next((n for n in COPIES if not no_number_of(low, n)), 1)
        limit, beyond = last_right(no_number, low, high)
        if step.is_of_value and limit != 0 and (low in given or not no_number(low)) and low in given:
            last_right(is_left, low, high if limit is None else limit)
        return Found(step.name, limit, beyond, tuple(sorted(given.items())), copies)


def _backward(returned: Any, scores: Any) -> tuple[tuple[float, ...] | None, str]:
    """dL/dx by autograd, of the sum where there are several losses."""
    if not getattr(returned, "requires_grad", False):
        return None, "the result carries no gradient"
    returned.sum().backward()
    if scores.grad is None:
        return None, "no gradient reaches the scores"
    return tuple(scores.grad.double().ravel().tolist()), ""


def said_in_short(error: BaseException) -> str:
    """The first line of an error."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else "")[:300]
