"""`assert_loss`: an assertion for somebody's own test, which says whose number it is instead."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from wce_cli.answers.check import Comparison
from wce_cli.digits import UNITS, Written, dtype_of, format_number
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.fields import BatchFields
from wce_cli.loss.methods import WEIGHTED
from wce_cli.precision.dtype import HALF, rounded_to
from wce_cli.questions.called import apart, given_batch, own_one, shows_fields, with_criterion
from wce_cli.questions.check.batch_losses import BatchLosses
from wce_cli.questions.check.compare import beside, compared
from wce_cli.questions.check.expected import AS_ASKED, Expected, computed, read_expect

BARE = "float32"
"""The dtype that a Python number is held to: it may be the .item() of one."""

__tracebackhide__ = True  # pytest then shows the line that asserts, not this file


@shows_fields
def assert_loss(
    value: Any,
    *given: Any,
    method: str | None = None,
    tolerance: float | None = None,
    **batch: Unpack[BatchFields],
) -> None:
    """Assert that `value` is the loss of a batch by METHOD or METHOD/PLACEMENT.

    `assert_loss(value, batch)`, `assert_loss(value, "sum", x, y)`: a method stands behind the value, or is `method`;
    without one it is what the settings of a criterion say, else weighted-mean. `assert_loss(criterion, x, y)` calls the
    criterion, and its number is the value.

    `value`: a number, or anything with one number and a dtype (a torch tensor with its graph, a numpy scalar); text is
    held to its digits. `tolerance`: how far it may be off; without it, as far as its dtype rounds, float32's for a
    Python number. The batch is given as to `explain`; tensors that require a gradient are read as they are.

    Raises AssertionError with the rule that does give `value`, WceError if the batch or `value` cannot be read.
    """
    is_called = callable(value) and not hasattr(value, "shape")
    if is_called:
        behind = 1 if given and isinstance(given[0], str) else 0
        given = (*given[:behind], value, *given[behind:])
    given, named = with_criterion("assert_loss", given, batch)
    own, arrays = apart(given, 1 if given and isinstance(given[0], str) else 0)
    method = own_one("assert_loss", "method", own, method)
    whole = given_batch("assert_loss", arrays, named)
    loss = BatchLosses(whole.batch)
    if whole.call is not None:
        from wce_cli.questions.criterion_number import number_of, own_pair

        method, value = method or own_pair(loss), number_of(whole.call) if is_called else value
    method = method or WEIGHTED
    if method.partition("/")[0] in ("loss", "term"):
        raise WceError(Problem(f"{method} is one number a sample, assert_loss compares one", "check(expect=…) does"))
    asked, is_bare = _asked(method, value, tolerance)
    (one,) = compared(loss, [asked])
    if one.verdict != "agrees":
        doubts = (f"{found.severity} {found.code}: {found.message}" for found in loss.doubts())
        raise AssertionError("\n".join([_told(loss, asked, one, is_bare and tolerance is None), *doubts]))


@np.errstate(over="ignore")
def _asked(method: str, value: Any, tolerance: float | None) -> tuple[Expected, bool]:
    """The value as what it is held to, and whether it is a bare number, which has no dtype of its own."""
    if isinstance(value, str):
        return read_expect({method: Written(value)}, tolerance)[0], False
    number, dtype = _number(value)
    is_bare = dtype not in UNITS
    shown = "float32" if is_bare and float(np.float32(number)) == number else dtype
    (plain,) = read_expect({method: number}, tolerance)
    numbers = tuple(computed(one, shown) for one in plain.numbers if one is not None)
    return Expected(plain.what, numbers, BARE if is_bare else dtype), is_bare


@np.errstate(all="ignore")
def _told(losses: BatchLosses, asked: Expected, one: Comparison, is_bare: bool) -> str:
    """What is wrong, from the side of the number that is tested: wce's is the right one."""
    (number,) = asked.numbers
    assert number is not None
    assert one.got is not None
    said = f"{number.text} is not {one.what}: that is {beside(number, one.got)}"
    if one.difference is None:
        return said if math.isfinite(one.got) else f"{said}, as {losses.why_not_finite(losses.value(one.what))}"
    named = losses.namer(1).named(one.what, number, losses.allowed(one.what, asked.dtype))
    said += f"; {named.sentence}" if named.sentence else ""
    off = abs(one.difference)
    allowed = _below(one.tolerance, off, 6 if one.tolerance_why == AS_ASKED else 2)
    own = ", which a Python number may have gone through" if is_bare else ""
    said += f". Off by {format_number(off)}, allowed {allowed} ({one.tolerance_why}{own})"
    for dtype in HALF if is_bare else ():
        if rounded_to(dtype, np.array([number.value]))[0] == number.value and off <= losses.allowed(one.what, dtype):
            return f"{said}. If it is the .item() of a {dtype}, assert the {dtype} itself, which is allowed more"
    return said


def _below(tolerance: float, off: float, least: int) -> str:
    """A tolerance in `least` digits, or in as many as show that it is smaller than what it did not allow."""
    texts = (format_number(tolerance, digits) for digits in range(least, 17))
    return next((text for text in texts if float(text) < off), format_number(tolerance, 17))


def _number(value: Any) -> tuple[float, str]:
    """A value and the dtype it came in."""
    dtype = dtype_of(value)
    if isinstance(value, bool) or dtype == "bool":
        raise WceError(Problem(f"value is {as_written(value)}, expected a number"))
    try:
        bare = value.detach() if hasattr(value, "detach") else value
        return float(bare.item() if hasattr(bare, "item") else bare), dtype
    except (TypeError, ValueError, RuntimeError):  # several numbers, or none: each library has its own exception
        shape = getattr(value, "shape", None)
        what = f"value has shape {tuple(shape)}" if shape else f"value is {as_written(value)}"
        raise WceError(Problem(f"{what}, expected one number")) from None
