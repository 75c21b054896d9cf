"""How likely a number that means nothing would have been explained as well.

Prior: a number u, uniform around the one that was seen, written with as many decimals. It is explained where a rule
is within its tolerance of what is written. So the written numbers are multiples k·unit of one unit of the last digit;
a rule with value r explains those from r − below to r + above; and the chance is the measure, under the prior, of all
that is rounded to one of them: of the union of the rules' windows, each moved onto the grid of what can be written.

The prior is narrow, because a loss that no rule gives is not any number: it is a mean of the same losses by some
other way, and lies where the rules lie close. What other people's losses find by accident is what this prior says;
one that reaches as far as the rules do says a third of it (`python -m tests.benchmarks.identify others`).
"""

from __future__ import annotations

import math

import numpy as np

from wce_cli.loss.sums import Floats

PRIOR_REACH = 0.05
"""How far the prior reaches, as a part of the number."""
FEWEST_WRITTEN = 10
"""Units of the last digit that it reaches at least, so that 0.04 stands among others."""
UNITS_ENOUGH = 100.0
"""Units of the last digit from which on a number can be one off in it: two digits are too few to tell a rounding."""
EDGE = 1e-9
"""Units of the last digit by which the edge of a window may miss: what float64 makes of 0.66665 ± 0.00005."""


def prior_of(value: float, unit: float) -> tuple[float, float] | None:
    """(lo, hi) around a number, by size and on its own side of 0; None of 0 and of what is not finite."""
    if not math.isfinite(value) or value == 0:
        return None
    reach = max(PRIOR_REACH * abs(value), FEWEST_WRITTEN * unit)
    return max(abs(value) - reach, 0.0), abs(value) + reach


def chance(values: Floats, below: Floats, above: Floats, unit: float, prior: tuple[float, float]) -> float:
    """The probability that a number of the prior, rounded to multiples of `unit`, is explained by some rule.

    `values`, `below`, `above` (R,): what the rules give, and how far under and over it a number may be. All on one
    side of 0, as the prior is.
    """
    lo, hi = prior
    first, last = written(values, below, above, unit)
    explained = (last >= first) & ((last + 0.5) * unit > lo) & ((first - 0.5) * unit < hi)
    first, last = first[explained], last[explained]
    order = np.argsort(first)
    stop = np.minimum((last[order] + 0.5) * unit, hi)
    reached = np.maximum.accumulate(np.append(lo, stop))[:-1]
    start = np.maximum((first[order] - 0.5) * unit, reached)
    return float(np.maximum(stop - start, 0.0).sum()) / (hi - lo)


def written(values: Floats, below: Floats, above: Floats, unit: float) -> tuple[Floats, Floats]:
    """The first and the last multiple of `unit` within each window, counted in units."""
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.ceil((values - below) / unit - EDGE)
        last = np.floor((values + above) / unit + EDGE)
    usable = np.isfinite(first) & np.isfinite(last)
    return np.where(usable, first, 1.0), np.where(usable, last, 0.0)
