"""`assert_loss`: an assertion for somebody's own test, which says whose number it is instead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wce_cli.digits import UNITS, Written, format_number
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.loss.batch import Batch
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.questions.check.answer import Comparison
from wce_cli.questions.check.compare import beside, compared
from wce_cli.questions.check.expected import ASKED, Expected, computed, read_expect
from wce_cli.questions.check.given import Given

__tracebackhide__ = True  # pytest then shows the line that asserts, not this file


def assert_loss(
    value: Any,
    method: str = "weighted-mean",
    *,
    tolerance: float | None = None,
    logits: Any = None,
    log_probs: Any = None,
    probs: Any = None,
    labels: Any = None,
    weight: Any = None,
    sample_weight: Any = None,
    classes: Sequence[str] | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    label_base: int = 0,
) -> None:
    """Assert that `value` is the loss of a batch by METHOD or METHOD/PLACEMENT.

    `value`: a number, or anything with one number and a dtype (a torch tensor with its graph, a numpy scalar); text is
    held to its digits. `tolerance`: how far it may be off; without it, as far as its dtype rounds, float32's for a
    Python number. The batch is given as to `explain`; tensors that require a gradient are read as they are.

    Raises AssertionError with the rule that does give `value`, WceError if the batch or `value` cannot be read.
    """
    batch = Batch.build(
        logits=logits,
        log_probs=log_probs,
        probs=probs,
        labels=labels,
        weight=weight,
        sample_weight=sample_weight,
        classes=classes,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        label_base=label_base,
    )
    given = Given(batch)
    if method.partition("/")[0] in ("loss", "term"):
        raise WceError(Problem(f"{method} is one number a sample, assert_loss compares one", "check(expect=…) does"))
    if isinstance(value, str):
        (asked,) = read_expect({method: Written(value)}, tolerance)
    else:
        number, dtype = _number(value)
        (plain,) = read_expect({method: number}, tolerance)
        held = dtype if dtype in UNITS else "float32"
        text = dtype or ("float32" if float(np.float32(number)) == number else "")
        asked = Expected(plain.what, tuple(computed(one, text) for one in plain.numbers if one is not None), held)
    (one,) = compared(given, [asked])
    if one.verdict != "agrees":
        is_bare = not isinstance(value, str) and dtype not in UNITS and tolerance is None
        own = "" if not is_bare else ", which a Python number may have gone through"
        raise AssertionError(_told(given, asked, one, own))


@np.errstate(all="ignore")
def _told(given: Given, asked: Expected, one: Comparison, own: str) -> str:
    """What is wrong, from the side of the number that is tested: wce's is the right one."""
    (number,) = asked.numbers
    assert number is not None
    assert one.got is not None
    said = f"{number.text} is not {one.what}: that is {beside(number, one.got)}"
    value = given.value(one.what)
    if one.difference is None:
        return said if math.isfinite(one.got) else f"{said}, as {given.why_not_finite(value)}"
    named = given.namer(1).named(one.what, number, given.allowed(one.what, asked.dtype))
    said += f"; {named.sentence}" if named.sentence else ""
    off = abs(one.difference)
    allowed = _below(one.tolerance, off, 6 if one.tolerance_why == ASKED else 2)
    return f"{said}. Off by {format_number(off)}, allowed {allowed} ({one.tolerance_why}{own})"


def _below(tolerance: float, off: float, least: int) -> str:
    """A tolerance in `least` digits, or in as many as show that it is smaller than what it did not allow."""
    texts = (format_number(tolerance, digits) for digits in range(least, 17))
    return next((text for text in texts if float(text) < off), format_number(tolerance, 17))


def _number(value: Any) -> tuple[float, str]:
    """A value and the dtype it came in."""
    own = getattr(value, "dtype", None)
    dtype = "" if own is None else str(own).rpartition(".")[2]
    if isinstance(value, bool) or dtype == "bool":
        raise WceError(Problem(f"value is {as_written(value)}, expected a number"))
    try:
        bare = value.detach() if hasattr(value, "detach") else value
        return float(bare.item() if hasattr(bare, "item") else bare), dtype
    except (TypeError, ValueError, RuntimeError):  # several numbers, or none: each library has its own exception
        shape = getattr(value, "shape", None)
        what = f"value has shape {tuple(shape)}" if shape else f"value is {as_written(value)}"
        raise WceError(Problem(f"{what}, expected one number")) from None
