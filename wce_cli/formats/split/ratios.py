"""What becomes of the gradients of the parts, and when two numbers are one."""

from __future__ import annotations

import math

from wce_cli.answers.split import SplitMethod

NEAR = 1e-12
"""Up to here two numbers are one: roundings."""


def same(a: float, b: float) -> bool:
    """Equal but for roundings; nan is nan."""
    return math.isclose(a, b, rel_tol=NEAR) or (math.isnan(a) and math.isnan(b))


def ratio_ends(row: SplitMethod) -> tuple[float | None, float | None, bool]:
    """The least and the most of the parts' finite ratios, and whether there are others; parts without a kept sample
    have none.
    """
    ratios = [ratio for ratio in row.ratios if ratio is not None]
    finite = [ratio for ratio in ratios if math.isfinite(ratio)]
    broken = len(finite) < len(ratios)
    return (min(finite), max(finite), broken) if finite else (None, None, broken)
