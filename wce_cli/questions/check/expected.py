"""What a batch is expected to give: a mapping of METHOD[/PLACEMENT] to a number, `loss` and `term` to a list.

How far a number may be off is in its digits: 0.69 leaves half a unit of its last one open, ±0.005. A whole number
is taken for itself (0 is not 0.4), and nothing is held to more than float32 has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from msgspec import Struct, structs

from wce_cli.answers.pairs import reduction_hint
from wce_cli.digits import NON_FINITE, UNITS, Written, dtype_of
from wce_cli.errors import MOST, Problem, WceError, as_written, did_you_mean
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS
from wce_cli.questions.identify.number import FLOAT32_DIGITS, PrintedNumber, printed_number

LISTS = ("loss", "term")
"""What has one number a sample: ℓ, unweighted, and t, which is what torch returns with `reduction='none'`."""
AS_ASKED = "as asked"
SHORTER_DTYPES = {"float32": np.float32, "float16": np.float16}
"""The dtypes whose numbers have shorter digits than a float64: 0.69227886, not 0.6922788619995117."""


class Expected(Struct, frozen=True):
    """One entry of `expect`."""

    what: str
    numbers: tuple[PrintedNumber | None, ...]
    """One number, or one a sample, row by row; None (null) for a sample that is ignored, or not compared."""
    dtype: str = ""
    """Of a number that numpy or torch computed: it is held to the rounding of that, and not to its digits."""

    @property
    def is_list(self) -> bool:
        """Whether there is one number a sample."""
        return self.what.partition("/")[0] in LISTS


def read_expect(expect: Mapping[str, Any], tolerance: float | None = None) -> tuple[Expected, ...]:
    """The entries of `expect`. `tolerance`: how far every number may be off, if not as far as its digits leave open.

    Raises WceError with everything that is wrong with it.
    """
    problems: list[Problem] = []
    found: dict[str, Expected] = {}
    if tolerance is not None and not 0 <= tolerance < math.inf:
        problems.append(Problem(f"tolerance is {tolerance:g}, expected a number of 0 or more"))
        tolerance = None
    for key, value in expect.items():
        problem = _unknown(key, has_hint=len(problems) < MOST)
        if problem is None:
            try:
                dtype = dtype_of(value) if dtype_of(value) in UNITS else ""
                read = _numbers(key, value, tolerance)
                numbers = [computed(one, dtype) if dtype and one is not None else one for one in read]
                entry = Expected(key.removesuffix("/class"), tuple(numbers), dtype)
                problem = _misfit(key, value, entry)
                found[entry.what] = entry
            except WceError as error:
                problems.extend(error.problems)
        if problem is not None:
            problems.append(problem)
    if problems:
        raise WceError(problems)
    return tuple(found.values())


def held(number: str | float, tolerance: float | None = None) -> PrintedNumber:
    """An expected number, and how far what there is may be from it.

    >>> held("0.69").tolerance, held("0.6900").tolerance, held("0").tolerance < 1e-6
    (0.005, 5e-05, True)
    """
    found = printed_number(number, tolerance)
    if tolerance is not None:
        return structs.replace(found, why=AS_ASKED)
    if math.isfinite(found.value) and found.value == math.floor(found.value) and _last_place(found.text) >= -1:
        most = FLOAT32_DIGITS * max(1.0, abs(found.value))
        return structs.replace(found, tolerance=most, why="a whole number, as float32 holds it")
    return found


def _last_place(text: str) -> int:
    exponent = Decimal(text.replace("−", "-")).as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _unknown(key: str, has_hint: bool) -> Problem | None:
    """What is wrong with a key."""
    method, slash, placement = key.partition("/")
    if method not in METHODS and method not in LISTS:
        hint = (reduction_hint(method) or did_you_mean(method, (*METHODS, *LISTS))) if has_hint else ""
        return Problem(f'expect has no method "{method}"', hint)
    known = ("class",) if method == "loss" else METHODS[method].placements if method in METHODS else tuple(PLACEMENTS)
    if slash and placement not in known:
        return Problem(f'{method} has no placement "{placement}"', did_you_mean(placement, known))
    return None


def _misfit(key: str, value: Any, entry: Expected) -> Problem | None:
    """A list where there is one number, or null."""
    if entry.is_list:
        return None
    if isinstance(value, (list, tuple)) or _is_array(value):
        return Problem(f"expect.{key} is {as_written(value)}, expected one number")
    return Problem(f"expect.{key} is null, expected a number") if value is None else None


def computed(number: PrintedNumber, dtype: str) -> PrintedNumber:
    """A number of a dtype in the digits which that has. They leave nothing open: a computed 0.5 is not 0.45."""
    text = str(SHORTER_DTYPES[dtype](number.value)) if dtype in SHORTER_DTYPES else number.text
    if number.why == AS_ASKED:
        return structs.replace(number, text=text)
    return structs.replace(number, text=text, tolerance=0.0, why="")


def _is_array(value: Any) -> bool:
    """An array or a tensor of at least one axis."""
    return hasattr(value, "tolist") and bool(getattr(value, "ndim", None))


def _numbers(key: str, value: Any, tolerance: float | None) -> list[PrintedNumber | None]:
    """Every number of a value, in the order of the rows."""
    if _is_array(value):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(key, item, tolerance)]
    if value is None:
        return [None]
    number = _one(key, value)
    try:
        return [held(number, tolerance)]
    except WceError:  # text from Python
        raise WceError(Problem(f"expect.{key} is {as_written(number)}, expected a number")) from None


def _one(key: str, value: Any) -> str | float:
    if isinstance(value, Written) or (isinstance(value, str) and value in NON_FINITE):
        return value
    try:
        if isinstance(value, (str, bool, Mapping)):
            raise TypeError
        return float(value.item() if hasattr(value, "item") else value)  # torch warns of float() with a graph
    except (TypeError, ValueError):
        raise WceError(Problem(f"expect.{key} is {as_written(value)}, expected a number")) from None
