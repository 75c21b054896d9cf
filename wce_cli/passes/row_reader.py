"""Rows of a batch → what sums, facts and lists are made of: the kernels for its kind of labels, and their buffers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch
from wce_cli.loss.row_facts import UNDERFLOW
from wce_cli.loss.rows import CHUNK, chunks_of, floats
from wce_cli.loss.small_batches import is_small, rows_of_block
from wce_cli.loss.spec import Block
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import EveryRow, KeptRows

if TYPE_CHECKING:
    from wce_cli.loss.fast.index_labels import Kernel
    from wce_cli.passes.all_classes import EveryKernel


class RowReader:
    """Reads rows of one batch; whoever works beside it has one of its own."""

    def __init__(self, batch: Batch) -> None:
        spec = batch.spec
        self.batch, self.spec = batch, spec
        self.every: EveryKernel | None = None
        self.kernel: Kernel | None = None
        self.needs_every = spec.is_soft or spec.label_smoothing > 0
        self.is_small = is_small(batch.n_samples, spec.n_classes)
        if self.is_small:
            return
        if self.needs_every:
            from wce_cli.passes.all_classes import EveryKernel

            self.every = EveryKernel(batch)
        else:
            from wce_cli.loss.fast.index_labels import Kernel

            self.kernel = Kernel(batch.scores, spec.scores, spec.n_classes, batch.n_samples)

    def kept_rows(self, start: int, label: Ints, kept: NDArray[np.bool_] | None, s: Floats | None) -> KeptRows:
        """The rows from `start` on, whose classes are `label` (n,), any class where not `kept`, to be found for
        probability labels; `s` (n,), None where all are 1."""
        if self.is_small:
            return self._small(start, label, kept, s)
        n = len(label)
        which = None if kept is None else np.flatnonzero(kept)
        row = np.arange(start, start + n) if which is None else start + which
        logsumexp: Floats | None
        target: Floats | None
        if self.kernel is not None:
            found = self.kernel.losses(start, start + n, label, kept)
            every, broken = None, found.broken
            logsumexp, target = found.logsumexp, found.target_score
            peak = None if logsumexp is None else self._peak(start, logsumexp)
            loss = found.loss
        else:
            assert self.every is not None
            everywhere = np.ones(n, dtype=bool) if kept is None else kept
            rows, columns = self.every.losses(start, label, everywhere, np.ones(n) if s is None else s)
            label, loss = rows.label, rows.loss
            is_logits, soft = self.spec.scores == "logits", self.spec.is_soft
            broken = ~np.isfinite(rows.largest) if is_logits else None
            logsumexp, target = rows.logsumexp if is_logits else None, None if soft else rows.target_score
            label_sum = _of(rows.label_sum, which) if soft else None
            peak = rows.largest if is_logits else None
            mix = _of(rows.mix, which) if soft else None
            rest, term, size = (_of(values, which) for values in (rows.rest, rows.term, rows.size))
            every = EveryRow(rest, term, size, label_sum, columns, mix)
        broken_ignored = None
        if kept is not None and broken is not None:
            ignored = np.flatnonzero(broken & ~kept)
            broken_ignored = start + ignored if len(ignored) else None
        return KeptRows(
            n,
            row,
            label if which is None else label.take(which),
            None if s is None else _of(s, which),
            _of(loss, which),
            None if target is None else _of(target, which),
            None if logsumexp is None else _of(logsumexp, which),
            every,
            broken_ignored,
            None if peak is None else _of(peak, which),
        )

    def _small(self, start: int, label: Ints, kept: NDArray[np.bool_] | None, s: Floats | None) -> KeptRows:
        """The same rows of a small batch."""
        batch, stop = self.batch, start + len(label)
        labels: Ints | Floats = label if kept is None else np.where(kept, label, self.spec.ignore_index)
        if self.spec.is_soft:
            labels = floats(batch.labels.rows(start, stop), batch.labels.dtype)
        scores = np.ascontiguousarray(floats(batch.scores.rows(start, stop), batch.scores.dtype))
        block = Block(start, scores, labels, np.ones(len(label)) if s is None else s)
        rows = rows_of_block(block, self.spec, s is not None)
        if rows.logsumexp is None:
            return rows
        peak = scores[rows.row - start].max(axis=1)
        if rows.every is None:  # as the kernel has it
            peak = np.where(_near_an_end(rows.logsumexp, self.spec.n_classes), peak, rows.logsumexp)
        return structs.replace(rows, peak=peak)

    def _peak(self, start: int, logsumexp: Floats) -> Floats | None:
        """Of each row the largest logit, or its logsumexp where both are on one side of every end of UNDERFLOW (n,).

        The kernel looks for no maximum, which is at most log C below the logsumexp. None where that is as good for
        all rows.
        """
        spread = math.log(self.spec.n_classes)
        if not len(logsumexp) or not logsumexp.min() < max(UNDERFLOW.values()) + spread:
            return None
        which, peak = np.flatnonzero(_near_an_end(logsumexp, self.spec.n_classes)), logsumexp.copy()
        step = max(1, CHUNK // self.spec.n_classes)
        for chunk in chunks_of(which, step):
            rows = which[(which >= chunk * step) & (which < (chunk + 1) * step)]
            first = start + int(rows[0])
            raw = self.batch.scores.rows(first, start + int(rows[-1]) + 1)[rows - rows[0]]
            peak[rows] = floats(raw, self.batch.scores.dtype).max(axis=1)
        return peak


def _near_an_end(logsumexp: Floats, n_classes: int) -> NDArray[np.bool_]:
    """Which rows may have their largest logit below an end of UNDERFLOW that their logsumexp is above. (n,)"""
    near = np.zeros(len(logsumexp), dtype=bool)
    for end in UNDERFLOW.values():
        near |= (logsumexp >= end) & (logsumexp <= end + math.log(n_classes))
    return near


def _of(values: Floats, which: Ints | None) -> Floats:
    return values if which is None else values.take(which)
