"""How likely a number that means nothing would have been explained as well.

Prior: a number u whose logarithm is uniform from half the smallest to twice the largest standard value, written
with as many decimals as the number that was seen. It is explained where a rule is within its tolerance of what is
written. So the written numbers are multiples k·u of one unit of the last digit; a rule with value r and window T
explains those with |k·unit − r| ≤ T; and the chance is the measure, under the prior, of all that is rounded to one
of them: of the union of the rules' windows, each moved onto the grid of what can be written.
"""

from __future__ import annotations

import math

import numpy as np

from wce_cli.loss.sums import Floats


def prior_of(standard: Floats) -> tuple[float, float] | None:
    """(lo, hi): half the smallest and twice the largest standard value, by size; None if all are 0 or not finite."""
    sizes = np.abs(standard[np.isfinite(standard) & (standard != 0)])
    return (float(sizes.min()) / 2, 2 * float(sizes.max())) if len(sizes) else None


def chance(values: Floats, windows: Floats, slack: Floats, unit: float, prior: tuple[float, float]) -> float:
    """The probability that a number of the prior, rounded to multiples of `unit`, is explained by some rule.

    `values`, `windows`, `slack` (R,): what the rules give, how far from it a number may be, and how much further
    where it has digits enough for the last one to be rounded wrongly. All on one side of 0, as the prior is.
    """
    lo, hi = prior
    first, last = written(values, windows, unit)
    first_off, last_off = written(values, windows + slack, unit)
    first_off = np.maximum(first_off, ENOUGH)
    first, last = np.concatenate([first, first_off]), np.concatenate([last, last_off])
    explained = last >= first
    first, last = first[explained], last[explained]
    order = np.argsort(first)
    measure, reached = 0.0, -math.inf
    for start, stop in zip(((first[order] - 0.5) * unit).tolist(), ((last[order] + 0.5) * unit).tolist(), strict=True):
        low, high = max(start, reached, lo), min(stop, hi)
        if high > low:
            measure += math.log(high / low)
            reached = high
    return measure / math.log(hi / lo)


def written(values: Floats, windows: Floats, unit: float) -> tuple[Floats, Floats]:
    """The first and the last multiple of `unit` within each window, counted in units."""
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.ceil((values - windows) / unit - EDGE)
        last = np.floor((values + windows) / unit + EDGE)
    usable = np.isfinite(first) & np.isfinite(last)
    return np.where(usable, first, 1.0), np.where(usable, last, 0.0)


ENOUGH = 100.0
"""Units of the last digit from which on a number can be one off in it: two digits are too few to tell a rounding."""
EDGE = 1e-9
"""Units of the last digit by which the edge of a window may miss: what float64 makes of 0.66665 ± 0.00005."""
