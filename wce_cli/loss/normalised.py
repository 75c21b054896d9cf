"""Whether the probabilities of a row sum to 1, as far as the digits that they came with can tell.

A sum is held to LOOKS_NORMALISED first. Only a row that fails is asked what its numbers were rounded to: decimals,
half precision, or the half-units of a print. Who rounds x by up to δ moves log Σ exp(x) by up to δ, and who rounds p
by up to δ moves Σ p by up to C·δ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch
from wce_cli.loss.clipped import SUMMED
from wce_cli.loss.facts import Rows, RowSums, Unnormalised
from wce_cli.loss.half_units import half_units_of
from wce_cli.loss.rows import floats
from wce_cli.loss.sums import Floats, Sums
from wce_cli.loss.totals import KeptRows

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


def row_sums(batch: Batch, kept: KeptRows, stop: int) -> tuple[RowSums, Sums | None]:
    """What the probabilities of the kept rows of a block sum to, which ends at `stop`, and Σs·log of it by y (for
    probability labels Σs·q·log by class), None where not all were looked at; of logits nothing.

    Only rows within the first SUMMED scores are looked at: an index label needs one score a row, not all of them.
    """
    spec, c = batch.spec, batch.spec.n_classes
    if spec.scores == "logits" or c == 1:
        return RowSums(), None
    first = stop - kept.n
    m = int(np.searchsorted(kept.row, SUMMED // c))
    if m == 0:
        return RowSums(), None if len(kept.row) else Sums.zeros(c)
    row = kept.row[:m]
    scores = np.ascontiguousarray(floats(batch.scores.rows(first, int(row[-1]) + 1)[row - first], batch.scores.dtype))
    log_total = log_totals(scores, spec.scores == "log_probs")
    off = not_one(scores, log_total, spec.scores == "log_probs")
    half = spec.half_units.get(spec.scores)
    if off.any() and half is not None:
        halves = half_units_of(half, int(row[0]), int(row[-1]) + 1 - int(row[0]), c)[row - row[0]]
        printed = halves.max(axis=1) if spec.scores == "log_probs" else halves.sum(axis=1)
        off &= ~(_distance(log_total, spec.scores == "log_probs") <= LOOKS_NORMALISED + printed)
    found = np.flatnonzero(off)
    unnormalised = Unnormalised()
    if len(found):
        unnormalised = Unnormalised(Rows(len(found), int(row[found[0]])), float(np.exp(log_total[found[0]])))
    return RowSums(m, unnormalised), _summed(batch, kept, log_total) if m == len(kept.row) else None


def log_totals(scores: Floats, is_log: bool) -> Floats:
    """log Σ p of each row (m, C) of probabilities or their logs; −∞ where it is 0, NaN where a number is. (m,)"""
    if not is_log:
        return np.asarray(np.log(scores.sum(axis=1)))
    top = scores.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(shift + np.log(np.exp(scores - shift[:, None]).sum(axis=1)))


def not_one(scores: Floats, log_total: Floats, is_log: bool) -> NDArray[np.bool_]:
    """Which rows (m, C) sum to something else than 1, more than their digits leave open. (m,)"""
    distance = _distance(log_total, is_log)
    off: NDArray[np.bool_] = distance > LOOKS_NORMALISED  # NaN is not
    which = np.flatnonzero(off)
    if len(which):
        off[which] = distance[which] > LOOKS_NORMALISED + _left_open(scores[which], is_log)
    return off


def _distance(log_total: Floats, is_log: bool) -> Floats:
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


def _summed(batch: Batch, kept: KeptRows, log_total: Floats) -> Sums:
    """Σs·log Z by y; for probability labels, of which no row is ignored, Σs·q·log Z by class."""
    s_log = log_total if kept.sample_weight is None else kept.sample_weight * log_total
    if not batch.spec.is_soft:
        return Sums.by_label(s_log, kept.label, batch.spec.n_classes)
    q = floats(batch.labels.rows(int(kept.row[0]), int(kept.row[-1]) + 1), batch.labels.dtype)
    return Sums.by_column(s_log[:, None] * q)
