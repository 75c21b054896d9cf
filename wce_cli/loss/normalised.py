"""Whether the probabilities of a row sum to 1, as far as the digits that they came with can tell.

A sum is held to LOOKS_NORMALISED first. Only a row that fails is asked what its numbers were rounded to: decimals,
half precision, or the half-units of a print. Who rounds x by up to δ moves log Σ exp(x) by up to δ, and who rounds p
by up to δ moves Σ p by up to C·δ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wce_cli.loss.sums import Floats

LOOKS_NORMALISED = 1e-3
"""How far a row may be from summing to 1 and still look like probabilities, whatever its digits."""
DECIMALS = range(1, 8)
"""Those that people print; whole numbers count as exact."""
WHOLE = 1e-9
"""How far a number of so many decimals is from a whole one, times 10 to their power, relative."""


FLOAT16, BFLOAT16 = 2.0**-11, 2.0**-8
"""What half precision rounds, relative."""
NEAR_ZERO = 2.0**-25
"""What float16 rounds near 0."""


def sum_to_one(sums: Floats) -> NDArray[np.bool_]:
    """Which sums of rows are 1, or nearly. (m,)"""
    near: NDArray[np.bool_] = np.abs(sums - 1) <= LOOKS_NORMALISED
    return near


def log_totals(scores: Floats, is_log: bool) -> Floats:
    """log Σ p of each row (m, C) of probabilities or their logs; −∞ where it is 0, NaN where a number is. (m,)"""
    if not is_log:
        return np.asarray(np.log(scores.sum(axis=1)))
    top = scores.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(shift + np.log(np.exp(scores - shift[:, None]).sum(axis=1)))


def not_one(scores: Floats, log_total: Floats, is_log: bool) -> NDArray[np.bool_]:
    """Which rows (m, C) sum to something else than 1, more than their digits leave open. (m,)"""
    distance = distance_from_one(log_total, is_log)
    off: NDArray[np.bool_] = distance > LOOKS_NORMALISED  # NaN is not
    which = np.flatnonzero(off)
    if len(which):
        off[which] = distance[which] > LOOKS_NORMALISED + _left_open(scores[which], is_log)
    return off


def distance_from_one(log_total: Floats, is_log: bool) -> Floats:
    """How far rows are from summing to 1: in log Σ exp(x), or in Σ p. (m,)"""
    return np.asarray(np.abs(log_total if is_log else np.exp(log_total) - 1))


def _left_open(scores: Floats, is_log: bool) -> Floats:
    """How far that may be by what the numbers of the rows look rounded to. (m,)"""
    x = np.where(np.isfinite(scores), scores, 0.0)
    half, done = np.zeros(len(x)), (x == np.rint(x)).all(axis=1)
    for decimals in DECIMALS:
        scaled = x * 10.0**decimals
        found = (np.abs(scaled - np.rint(scaled)) <= WHOLE * np.maximum(1.0, np.abs(scaled))).all(axis=1) & ~done
        half[found] = 0.5 * 10.0**-decimals
        done |= found
    unit = np.zeros(len(x))
    single = x.astype(np.float32)
    unit[(x.astype(np.float16) == x).all(axis=1)] = FLOAT16
    unit[((single == x) & (single.view(np.uint32) & 0xFFFF == 0)).all(axis=1)] = BFLOAT16
    if not is_log:
        return np.asarray(x.shape[1] * (half + NEAR_ZERO * (unit > 0)) + unit * x.sum(axis=1))
    p = np.exp(x - x.max(axis=1, keepdims=True)) * np.isfinite(scores)
    size = (p * np.abs(x)).sum(axis=1) / np.maximum(p.sum(axis=1), 1.0)  # what is rounded, as far as it counts
    return np.asarray(half + unit * (1 + size))
