"""What one slip of the hand makes of a number: a digit wrong, missing, doubled, two swapped, or the sign."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from wce_cli.digits import format_number

DIGITS_TYPED = 8
"""Significant digits up to which a number may have been typed; one that has more came from a machine."""


def keystrokes(given: float) -> set[float]:
    """The numbers one keystroke away from a number that may have been typed, and look different; else none.

    >>> 0.13 in keystrokes(0.31), 3.1 in keystrokes(0.31), keystrokes(0.123456789)
    (True, False, set())
    """
    text = typed(given)
    if not math.isfinite(given) or sum(map(str.isdigit, text.partition("e")[0].lstrip("-0."))) > DIGITS_TYPED:
        return set()
    sign = -1.0 if given < 0 else 1.0
    found = {sign * number for one in _slips(text.lstrip("-")) if (number := _number(one)) is not None}
    found.add(-float(text))
    return {number for number in found if typed(number) != text and number != given}


def of_print(value: float, decimals: int) -> Iterator[tuple[float, float]]:
    """A value as it may have been printed, and what one keystroke makes of that with so many decimals: meant, typed."""
    for printed in range(max(decimals - 1, 0), decimals + 2):
        text = f"{abs(value):.{printed}f}"
        for slip in _slips(text):
            number = _number(slip)
            if number is not None and len(slip.partition(".")[2]) == decimals and number != abs(value):
                yield float(text) * math.copysign(1.0, value), number * math.copysign(1.0, value)


def typed(value: float) -> str:
    """The digits that a number was typed with, as far as anybody can tell: those of a float32 are fewer."""
    short = np.float32(value)
    return format_number(float(str(short)) if float(short) == value else value, 15)


def _slips(text: str) -> set[str]:
    """The texts one keystroke away from some digits and a point."""
    found = set()
    for i, character in enumerate(text):
        if character.isdigit():
            found |= {text[:i] + digit + text[i + 1 :] for digit in "0123456789"}
            found |= {text[:i] + text[i + 1 :], text[:i] + character + text[i:]}
            if text[i + 1 : i + 2].isdigit():
                found.add(text[:i] + text[i + 1] + character + text[i + 2 :])
    return found - {text}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
