"""A number that somebody saw: its value, and how well its digits say it."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

import numpy as np
from msgspec import Struct, structs

from wce_cli.digits import UNITS
from wce_cli.errors import Problem, WceError

FLOAT32_DIGITS = 2.0**-22
"""A loss is usually computed in float32, two roundings of which are this much of it: digits beyond say nothing."""


class PrintedNumber(Struct, frozen=True):
    """A number as it was printed."""

    text: str
    value: float
    unit: float
    """One unit of its last digit; 0 for nan and ±∞."""
    tolerance: float
    """How far a rule may be from it: half a unit, if nothing else was asked."""
    why: str
    """Where the tolerance comes from, in words."""
    is_asked: bool = False
    """The tolerance was given, so a last digit that is one off is no excuse."""


def printed_number(number: str | float, tolerance: float | None = None) -> PrintedNumber:
    """A number as it was printed; a float is taken for its shortest digits, so pass text to keep trailing zeros.

    >>> printed_number("0.6662").tolerance, printed_number("1.50").unit
    (5e-05, 0.01)
    """
    text = number.strip() if isinstance(number, str) else _shortest(number)
    plain = text.replace("−", "-").replace("_", "x")
    try:
        decimal = Decimal(plain)
    except InvalidOperation:
        raise WceError(Problem(f"{text} is not a number")) from None
    value = float(decimal)
    if not decimal.is_finite() or not math.isfinite(value):
        return PrintedNumber(text, value, 0.0, 0.0, "", tolerance is not None)
    exponent = decimal.as_tuple().exponent
    assert isinstance(exponent, int)
    unit = float(Decimal(1).scaleb(exponent))
    if tolerance is not None:
        return PrintedNumber(text, value, unit, tolerance, "--tolerance", True)
    if not value and unit >= 0.1:  # 0, 0. and 0.0 are nothing, and not what is left of 0.04
        return PrintedNumber(text, value, unit, FLOAT32_DIGITS, "as float32 holds 0")
    half, float32 = unit / 2, abs(value) * FLOAT32_DIGITS
    if float32 > half:
        return PrintedNumber(text, value, unit, float32, "what float32 holds of it")
    return PrintedNumber(text, value, unit, half, "half a unit of its last digit")


def held_to(number: PrintedNumber, dtype: str) -> PrintedNumber:
    """A number that was in a 16-bit dtype, whose print has more digits than that holds."""
    holds = abs(number.value) * UNITS.get(dtype, 0.0)
    if number.is_asked or not math.isfinite(number.value) or holds <= number.tolerance:
        return number
    return structs.replace(number, tolerance=holds, why=f"what {dtype} holds of it")


def _shortest(number: float) -> str:
    """The digits of a Python number; of one that is a float32's, those which that has."""
    value = float(number)
    with np.errstate(over="ignore"):
        short = np.float32(value)
    return str(short) if float(short) == value and math.isfinite(value) else repr(value)
