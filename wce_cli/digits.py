"""How a number is written for a person: significant digits, never a cut one."""

from __future__ import annotations

import math

DIGITS = 6
"""Significant digits in tables, sentences and findings unless `--precision` says otherwise."""


def format_number(value: float, digits: int = DIGITS) -> str:
    """`value` to `digits` significant digits; whole numbers in full; nan, inf and -inf as words.

    >>> format_number(0.692278791), format_number(1000000.0), format_number(float("nan"))
    ('0.692279', '1000000', 'nan')
    """
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.{digits}g}"
