"""A number that somebody saw: its value, and how well its digits say it."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from wce_cli.errors import Problem, WceError

FLOAT32_DIGITS = 2.0**-22
"""A loss is usually computed in float32, two roundings of which are this much of it: digits beyond say nothing."""


class Seen(Struct, frozen=True):
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


def seen(number: str | float, tolerance: float | None = None) -> Seen:
    """A number as it was printed; a float is taken for its shortest digits, so pass text to keep trailing zeros.

    >>> seen("0.6662").tolerance, seen("1.50").unit
    (5e-05, 0.01)
    """
    text = number.strip() if isinstance(number, str) else repr(float(number))
    plain = text.replace("−", "-").replace("_", "x")
    try:
        decimal = Decimal(plain)
    except InvalidOperation:
        raise WceError(Problem(f"{text} is not a number")) from None
    value = float(decimal)
    if not decimal.is_finite() or not math.isfinite(value):
        return Seen(text, value, 0.0, 0.0, "", tolerance is not None)
    exponent = decimal.as_tuple().exponent
    assert isinstance(exponent, int)
    unit = float(Decimal(1).scaleb(exponent))
    if tolerance is not None:
        return Seen(text, value, unit, tolerance, "--tolerance", True)
    half, float32 = unit / 2, abs(value) * FLOAT32_DIGITS
    if float32 > half:
        return Seen(text, value, unit, float32, "what float32 holds of it")
    return Seen(text, value, unit, half, "half a unit of its last digit")
