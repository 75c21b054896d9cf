"""The losses of index labels, as fast as one core goes: what a pass does with every score it meets.

For logits there is no pass for the maximum: in float64

    ℓ = log1p(exp(−x[y]) · Σ_{c≠y} exp(x[c]))

subtracts nothing and is right to a few 1e-16, as long as no factor leaves the range of float64. Rows that come
near it (or hold NaN or ±∞) are read again with `read_logits`, which takes anything. For probabilities and
log-probabilities one score a row is gathered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.fast.buffers import HALF, NARROW, Buffers, bits_of, exp_table
from wce_cli.loss.readings import READINGS, ScoreKind
from wce_cli.loss.rows import CHUNK, Rows, chunks_of, floats
from wce_cli.loss.sums import Floats, Ints

SUM_RANGE = (1e-280, 1e150)
FARTHEST = 340.0
"""Where Σ exp(x[c]) and |x[y]| may lie for the formula to hold: 1e150 · exp(340) is still a float64. The row
[−500, 600] with y = 0 is outside, and so is [0.1, 700.3] with y = 1."""
WORTH_A_TABLE = 1 << 20
"""Scores from which a table of 65 536 powers pays."""


class RowLosses(Struct, frozen=True):
    """The losses of the rows of a block, ignored ones included: what stands in those is not used. (n,) each."""

    loss: Floats
    target_score: Floats
    logsumexp: Floats | None
    """None where the scores are not logits."""
    broken: NDArray[np.bool_] | None
    """Rows of logits whose softmax is not defined: NaN or +∞ in them, or nothing but −∞; None for no row."""


class Kernel:
    """The losses of index labels in one field of scores, with the buffers that this takes."""

    def __init__(self, scores: Rows, kind: ScoreKind, n_classes: int, n: int) -> None:
        self.scores, self.kind = scores, kind
        size = min(CHUNK, (n + 7) * n_classes)  # of a tiny batch room for more would take longer than its losses
        self.buffers = Buffers(n_classes, scores.by_class or n_classes <= NARROW, size)
        pays = kind == "logits" and scores.dtype in HALF and n * n_classes >= WORTH_A_TABLE
        self.table = exp_table(scores.dtype) if pays else None

    def losses(self, start: int, stop: int, label: Ints, kept: NDArray[np.bool_] | None) -> RowLosses:
        """The rows `start` up to `stop`, whose classes are `label` (n,); of a row not `kept` any class."""
        target, others = np.empty(stop - start), np.empty(stop - start)
        step = self.buffers.rows
        for first in range(start, stop, step):
            raw = self.scores.rows(first, min(first + step, stop))
            part = slice(first - start, first - start + len(raw))
            if self.kind == "logits":
                self._sum_powers(raw, label[part], target[part], others[part])
            else:
                target[part] = floats(raw[self.buffers.row[: len(raw)], label[part]], self.scores.dtype)
        if self.kind != "logits":
            loss = READINGS[self.kind](target[:, None]).at(np.zeros(len(target), dtype=np.int64))
            return RowLosses(loss, target, None, None)
        loss, outside = label_losses(target, others)
        logsumexp = target + loss
        broken = None
        if outside is not None:
            self._read_again(start, np.flatnonzero(outside), label, loss, logsumexp)
            broken = np.isnan(logsumexp) | (logsumexp == np.inf)
        return RowLosses(loss, target, logsumexp, broken)

    def _sum_powers(self, raw: NDArray[Any], label: Ints, target: Floats, others: Floats) -> None:
        """x[y] and Σ_{c≠y} exp(x[c]) of some rows (m, C)."""
        buffers, where = self.buffers, self.buffers.places(label)
        if self.table is None:
            powers = buffers.load(0, raw, self.scores.dtype)
            np.take(buffers.flat[0], where, out=target, mode="clip")
            np.exp(powers, out=powers)
        else:
            target[:] = floats(raw[buffers.row[: len(raw)], label], self.scores.dtype)
            bits = bits_of(raw)
            powers = buffers.matrix(0, len(raw))
            np.take(self.table, bits.T if buffers.by_class else bits, out=powers, mode="clip")
        buffers.flat[0][where] = 0.0
        buffers.add_up(0, len(raw), others)

    def _read_again(self, start: int, which: Ints, label: Ints, loss: Floats, logsumexp: Floats) -> None:
        step = self.buffers.rows
        for chunk in chunks_of(which, step):
            rows = which[(which >= chunk * step) & (which < (chunk + 1) * step)]
            first = start + chunk * step
            raw = self.scores.rows(first, min(first + step, start + len(label)))[rows - chunk * step]
            reading = READINGS["logits"](floats(raw, self.scores.dtype))
            assert reading.logsumexp is not None
            loss[rows], logsumexp[rows] = reading.at(label[rows]), reading.logsumexp


def label_losses(target: Floats, others: Floats) -> tuple[Floats, NDArray[np.bool_] | None]:
    """ℓ from x[y] and Σ_{c≠y} exp(x[c]), and the rows for which the formula does not hold; None if for all. (n,)"""
    low, high = SUM_RANGE
    loss = np.log1p(np.exp(-target) * others)
    size = np.abs(target)
    if len(loss) == 0 or (others.min() >= low and others.max() <= high and size.max() <= FARTHEST):  # NaN is neither
        return loss, None
    return loss, ~((others >= low) & (others <= high) & (size <= FARTHEST))
