"""How far scores may go before an answer is no number, or not the right one: searches by bisection, as data.

The worker knows no rule. It looks for the size at which the answer is no number, then for the one at which it no
longer grows as the loss does, and tells all it was given on the way: what is right is judged by the rule, later.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from wce_cli.answers.audit_numbers import WIDE
from wce_cli.questions.audit.probes import Offers, Probe, alive
from wce_cli.questions.audit.protocol import Answered, Found
from wce_cli.questions.audit.widths import Rows

HIGH = 50.0
"""Where logits are when a small loss is looked for: high enough to cancel, and below what overflows in float32."""
CLASSES = 3
"""Of the batch of a search, where a function takes any number of them."""
RIGHT = {"float32": 1e-5, "float64": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}
"""How far an answer may be off, relative, by the dtype of the scores: as far as a right one is when it computes in
float32, or in the narrow dtype."""
ROOM = 4 * 2.0**-23
"""The same for what cancels: logsumexp(x) − x[y] is off by the steps of float32 at the size of x."""
STEPS = 40
TINY = ("tiny", "small")
KINDS = ("high", "low", "gap", *TINY)
COPIES = (1, 3)
"""How often the sample of a search is in its batch: once, if that gives a number."""


class Search(Struct, frozen=True):
    """A number to be searched for by bisection: how large a score may be before the answer is no longer right."""

    name: str
    dtype: str
    kind: str
    """`high`: all scores of a row are large; `low`: all are far below 0; `gap`: the label's score is far below the
    others; `tiny`: the label's score is far above the others, which are large; `small`: the same, and it is 0."""

    @property
    def is_of_value(self) -> bool:
        """Whether the number itself can be held to a rule: a narrow float rounds scores that are large."""
        return self.kind == "gap" or (self.kind in ("high", "low") and self.dtype in WIDE)


def searches(dtypes: tuple[str, ...]) -> list[Search]:
    """All that there are."""
    return [Search(f"{kind}:{dtype}", dtype, kind) for dtype in dtypes for kind in KINDS]


def highest(kind: str, dtype: str) -> float:
    """The largest size that a search tries."""
    return 37.5 if kind in TINY else 30000.0 if dtype == "float16" else 1e6


def search_rows(kind: str, at: float, classes: int = CLASSES) -> tuple[Rows, tuple[int, ...]]:
    """The sample of a search, for one size of score."""
    others = classes - 1
    if kind == "high":
        return ((at, *(at - 10,) * others),), (0,)
    if kind == "low":
        return ((-at, *(-at - 10,) * others),), (0,)
    if kind == "gap":
        return ((0.0, -at, *(-1.0,) * (others - 1)),), (1,)
    top = HIGH + at if kind == "tiny" else 0.0
    return ((top, *(top - at,) * others),), (0,)


def search_probe(kind: str, at: float, copies: int, offers: Offers, dtype: str = "float64") -> Probe:
    """The batch of a search: its sample so often, of a class that is not ignored."""
    classes = offers.classes or CLASSES
    rows, labels = search_rows(kind, at, classes)
    weight = (1.0,) * classes if offers.weight else None
    return alive(Probe(f"{kind}:{dtype}", "", rows * copies, labels * copies, weight, dtype=dtype), offers.ignored)


def loss_at(kind: str, at: float, classes: int = CLASSES) -> float:
    """The loss of its sample: that of a gap grows with it, the others stay as they are."""
    if kind == "gap":
        return at + math.log1p((classes - 2) * math.exp(-1) + math.exp(-at))
    return math.log1p((classes - 1) * math.exp(-10))


def is_right(got: float, value: float, at: float, dtype: str) -> bool:
    """Whether an answer is a value up to rounding, at that size of score."""
    return abs(got - value) <= RIGHT[dtype] * abs(value) + ROOM * at


def last_right(wrong: Callable[[float], str], low: float, high: float) -> tuple[float | None, str]:
    """The largest size up to `high` with nothing `wrong` at it, and what is wrong above; None where nothing is, 0
    where something is at `low`."""
    said = wrong(high)
    if not said:
        return None, ""
    if wrong(low):
        return 0.0, said
    for _ in range(STEPS):
        if high - low < 1e-4 * high:
            break
        middle = (low * high) ** 0.5 if high > 2 * low else (low + high) / 2
        here = wrong(middle)
        low, high, said = (low, middle, here) if here else (middle, high, said)
    return low, said


def searched(ask: Callable[[Probe], Answered], step: Search, offers: Offers) -> Found:
    """The largest size at which the answer is a number, or not 0 where it is to be tiny; and on the way to the
    size at which it leaves the loss that it began with, what it was."""
    given: dict[float, float] = {}
    low, high = 1.0, highest(step.kind, step.dtype)

    def no_number(at: float) -> str:
        return no_number_of(at, copies)

    def no_number_of(at: float, copies: int) -> str:
        answer = ask(search_probe(step.kind, at, copies, offers, step.dtype))
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
