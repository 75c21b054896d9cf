"""What came of a batch in a line of many."""

from __future__ import annotations

import math

from wce_cli.answers.check import Checked


def is_finite(one: Checked) -> bool:
    """Whether no number is NaN or ±∞."""
    numbers = (number for each in one.comparisons for number in (each.got, each.difference, each.tolerance))
    return all(number is None or math.isfinite(number) for number in numbers)
