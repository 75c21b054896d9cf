"""One call of the user's function, and everything that can be seen of it."""

from __future__ import annotations

import copy
import inspect
import math
import traceback
from typing import Any

from msgspec import Struct, structs

from wce_cli.questions.audit.child.arrays import WIDEST, Arrays, changed, handed_over
from wce_cli.questions.audit.child.call import Call
from wce_cli.questions.audit.child.carried import Carried, carried
from wce_cli.questions.audit.child.memory import is_of_memory
from wce_cli.questions.audit.child.seeds import Seeds
from wce_cli.questions.audit.child.slopes import Gradient, by_autograd, by_differences, by_jax
from wce_cli.questions.audit.child.taken import ReturnedNone, taken
from wce_cli.questions.audit.child.watch import ConductWatch
from wce_cli.questions.audit.probes import PLAIN, SMOOTHING, Offers, Probe
from wce_cli.questions.audit.protocol import Answered
from wce_cli.questions.audit.steps import COARSE, ENDS, NONE


class Asker(Struct):
    """The function, and how it is called."""

    function: Any
    call: Call
    arrays: Arrays
    scores: str
    labels: str
    seeds: Seeds
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
    file: str | None = None
    """Where the function is written."""

    def take(self, offers: Offers) -> None:
        """Take over what an earlier worker found out."""
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
        self.seeds.sow()
        try:
            function, given = self.fresh(), self.given(probe)
            leaf = None
            if probe.layout == "tracked":
                leaf, given[self.scores] = self.arrays.tracked(given[self.scores])
            before = {
                role: self.arrays.numbers(value).copy() for role, value in given.items() if hasattr(value, "shape")
            }
            gradient: Gradient | None = None
            no_gradient = ""
            with self.watch:
                if probe.layout == "tracked" and self.arrays.name != "torch":
                    (returned, of), gradient = self._sloped(function, given)
                    no_gradient = COARSE if gradient is None else ""
                else:
                    made = self.call.made(function, given)
                    returned, of = taken(self.call.once_made(made, given), len(probe.labels), self.arrays, self.pick)
                if probe.layout == "tracked" and self.arrays.name == "torch":
                    gradient, no_gradient = by_autograd(returned, leaf)
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

    def _sloped(self, function: Any, given: dict[str, Any]) -> tuple[tuple[Any, str], Gradient | None]:
        """What is returned and of what it was taken, and the gradient, where arrays carry none of their own."""

        def loss_of(scores: Any) -> tuple[Any, str]:
            returned = self.call.run(function, {**given, self.scores: scores})
            return taken(returned, len(scores), self.arrays, self.pick)

        scores = given[self.scores]
        if self.arrays.name == "jax":
            gradient = by_jax(loss_of, scores, self.arrays)  # first: what the function keeps is as it was
            return loss_of(scores), gradient
        found = loss_of(scores)
        return found, None if self.arrays.dtype(found[0]) == "float32" else by_differences(loss_of, scores)

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
        """The function, or a copy of it where it may keep state: as it was before any call."""
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
                self.seeds.sow()
            returned = self.call.once_made(made, self.given(probe))
            values = self.arrays.numbers(taken(returned, len(probe.labels), self.arrays, self.pick)[0])
            found.append(tuple(values.ravel().tolist()))
        return tuple(found)

    def _raised(self, error: BaseException) -> tuple[str, str]:
        """An error's name and its first line, with the line of the user's file that it came from."""
        memory = self.memory
        if memory is not None and is_of_memory(error):
            return "MemoryError", f"asks for more than {memory / 2**30:g} GiB"
        stack = traceback.walk_tb(error.__traceback__)
        lines = [line for frame, line in stack if frame.f_code.co_filename == self.file]
        said = (said_in_short(error), f"(line {lines[-1]})" if lines else "")
        return type(error).__name__, " ".join(filter(None, said))


def said_in_short(error: BaseException) -> str:
    """The first line of an error."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else "")[:300]
