"""How a number is written: significant digits for a person, never a cut one; and NaN and ±∞ in JSON."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import Any

from msgspec import Struct

DIGITS = 6
"""Significant digits in tables, sentences and findings unless `--precision` says otherwise."""

ASKED: ContextVar[int] = ContextVar("asked", default=DIGITS)
"""The digits of this answer: of what is told in words while it is computed, where nobody knows how it will look."""

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""JSON has no literal for these: the strings stand for them in documents and in our own reports."""

NUMBER_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, {"enum": list(NON_FINITE)}]}
"""A float in our JSON, as JSON Schema."""

UNITS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""By dtype: half the distance from 1 to its next number, which is how far it rounds a number, relative to that."""


class Written(str):
    """A number as it was written: its digits say how well it is known, which a float forgets."""


def dtype_of(value: Any) -> str:
    """`float32` of a scalar or an array of any framework; empty for plain numbers.

    >>> dtype_of(0.5), dtype_of(type("Scalar", (), {"dtype": "torch.bfloat16"}))
    ('', 'bfloat16')
    """
    dtype = getattr(value, "dtype", "")
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]


def format_number(value: float, digits: int | None = None) -> str:
    """`value` to `digits` significant digits, those asked for unless told otherwise; whole numbers in full; nan, inf
    and -inf as words.

    >>> format_number(0.692278791), format_number(1000000.0), format_number(float("nan"))
    ('0.692279', '1000000', 'nan')
    """
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value % 1 == 0 and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.{ASKED.get() if digits is None else digits}g}"


def format_weight(weight: float, digits: int | None = None) -> str:
    """A weight, with more digits where these would make another, whole number of it: −0.9999999 is not −1.

    >>> format_weight(-0.9999999), format_weight(0.123456789), format_weight(2.0)
    ('-0.9999999', '0.123457', '2')
    """
    digits = ASKED.get() if digits is None else digits
    text = format_number(weight, digits)
    while digits < 17 and math.isfinite(weight) and weight % 1 and float(text) % 1 == 0:
        digits += 1
        text = format_number(weight, digits)
    return text


def rounded_up(value: float, digits: int = 2) -> str:
    """A bound ≥ 0 to `digits` significant digits, never to a smaller one; what float64 adds behind the 12th is none.

    >>> rounded_up(5.51e-05), rounded_up(1.0000000000000002e-4), rounded_up(0.0)
    ('5.6e-05', '0.0001', '0')
    """
    if not math.isfinite(value):
        return format_number(value)
    from decimal import ROUND_UP, Context  # only where inputs are rounded

    return format_number(float(Context(digits, ROUND_UP).create_decimal(f"{value:.12g}")), digits)


def in_full(value: float) -> str:
    """`value` with as many digits as give it back: a refused 1.0000001 must not be shown as 1.

    >>> in_full(1.5), in_full(2.0), in_full(1.0000001), in_full(float("nan"))
    ('1.5', '2', '1.0000001', 'nan')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def to_plain(value: Any) -> Any:
    """Structs → dictionaries, tuples → lists, NaN and ±∞ → the strings that stand for them in JSON."""
    if isinstance(value, Struct):
        return {field: to_plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else next(w for w, number in NON_FINITE.items() if number == value)
    return value


def floats_as_written(schema: Any) -> Any:
    """A JSON Schema in which every number may also be one of the strings of NaN and ±∞, as `to_plain` has it."""
    if isinstance(schema, dict):
        written = {key: floats_as_written(value) for key, value in schema.items()}
        if schema.get("type") == "number":
            del written["type"]
            written |= NUMBER_SCHEMA
        return written
    if isinstance(schema, list):
        return [floats_as_written(value) for value in schema]
    return to_plain(schema)
