"""One worker's way through a batch: rows → kept rows → what a group of blocks leaves."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch
from wce_cli.loss.checks import Checks
from wce_cli.loss.cut import Cut, PartSums, part_sums
from wce_cli.loss.every import EveryKernel
from wce_cli.loss.facts import TOP, UNDERFLOW
from wce_cli.loss.kernel import Kernel
from wce_cli.loss.looks import Otherwise, read_otherwise
from wce_cli.loss.rows import CHUNK, chunks_of, floats
from wce_cli.loss.seen import Watch
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import EveryRow, KeptRows, Totals, totals_of
from wce_cli.loss.unread import check_numbers, index_labels


class Part(Struct, frozen=True):
    """What a group leaves that depends on the order of adding, or is checked."""

    totals: Totals
    reach: float
    """Σ|t| + Σ|w|·(1 + |logsumexp|)"""
    lost: dict[str, float]
    """Σℓ of the losses that a dtype rounds to 0."""
    otherwise: Otherwise
    checks: Checks
    cut: PartSums | None = None
    """The sums of the parts that the batch is cut into; None where it is not."""

    def __add__(self, other: Part) -> Part:
        return Part(
            self.totals + other.totals,
            self.reach + other.reach,
            {dtype: loss + other.lost[dtype] for dtype, loss in self.lost.items()},
            self.otherwise + other.otherwise,
            self.checks + other.checks,
            None if self.cut is None or other.cut is None else self.cut + other.cut,
        )


class Walker:
    """One worker's way through a batch."""

    def __init__(self, batch: Batch, top: int = TOP, cut: Cut | None = None) -> None:
        spec = batch.spec
        self.batch, self.spec, self.cut = batch, spec, cut
        self.watch = Watch(spec, batch.sample_weight is not None, top)
        needs_every = spec.is_soft or spec.label_smoothing > 0
        self.every = EveryKernel(batch) if needs_every else None
        self.kernel = None if needs_every else Kernel(batch.scores, spec.scores, spec.n_classes, batch.n_samples)
        self.heavy = np.abs(spec.class_weight)

    def group(self, start: int, stop: int) -> Part:
        """The rows of one group, block by block."""
        step, part = self.batch.block_rows, None
        with np.errstate(all="ignore"):
            for first in range(start, stop, step) if start < stop else [start]:
                block = self._block(first, min(first + step, stop), None if part is None else part.otherwise)
                part = block if part is None else part + block
        assert part is not None
        return part

    def _block(self, start: int, stop: int, before: Otherwise | None) -> Part:
        label, kept, checks = self._labels(start, stop)
        s = None if self.batch.sample_weight is None else self.batch.sample_weight_of(start, stop)
        rows = self._kept_rows(start, label, kept, s)
        return Part(
            totals_of(rows, self.spec.n_classes),
            self._reach(rows),
            self.watch.see(rows),
            read_otherwise(self.batch, rows, stop, before),
            checks,
            None if self.cut is None else part_sums(rows, start, self.spec, self.cut),
        )

    def _labels(self, start: int, stop: int) -> tuple[Ints, NDArray[np.bool_] | None, Checks]:
        """Index labels (n,), 0 where not kept, and which are kept, None for all; zeros for probability labels."""
        batch, spec, c = self.batch, self.spec, self.spec.n_classes
        checks = check_numbers(batch, start, stop)
        if spec.is_soft:
            return np.zeros(stop - start, dtype=np.int64), None, checks
        if batch.unread is None:
            label = batch.labels.rows(start, stop).astype(np.int64, copy=False)
            kept = label != spec.ignore_index
        else:
            label, found = index_labels(batch.labels, batch.unread, spec.ignore_index, c, start, stop)
            checks = checks + found
            kept = (label != spec.ignore_index) & (label >= 0) & (label < c)
        return (label, None, checks) if kept.all() else (np.where(kept, label, 0), kept, checks)

    def _kept_rows(self, start: int, label: Ints, kept: NDArray[np.bool_] | None, s: Floats | None) -> KeptRows:
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

    def _peak(self, start: int, logsumexp: Floats) -> Floats | None:
        """Of each row the largest logit, or its logsumexp where both are on one side of every end of UNDERFLOW (n,).

        The kernel looks for no maximum, which is at most log C below the logsumexp. None where that is as good for
        all rows.
        """
        spread = math.log(self.spec.n_classes)
        if not len(logsumexp) or not logsumexp.min() < max(UNDERFLOW.values()) + spread:
            return None
        near = np.zeros(len(logsumexp), dtype=bool)
        for end in UNDERFLOW.values():
            near |= (logsumexp >= end) & (logsumexp <= end + spread)
        which, peak = np.flatnonzero(near), logsumexp.copy()
        step = max(1, CHUNK // self.spec.n_classes)
        for chunk in chunks_of(which, step):
            rows = which[(which >= chunk * step) & (which < (chunk + 1) * step)]
            first = start + int(rows[0])
            raw = self.batch.scores.rows(first, start + int(rows[-1]) + 1)[rows - rows[0]]
            peak[rows] = floats(raw, self.batch.scores.dtype).max(axis=1)
        return peak

    def _reach(self, rows: KeptRows) -> float:
        """Σ|t| + Σ|w|·(1 + |logsumexp|) over what is finite."""
        if rows.every is None:
            size = self.heavy.take(rows.label)
            if rows.sample_weight is not None:
                size *= np.abs(rows.sample_weight)
            term = size * np.abs(rows.loss)
        else:
            assert rows.every.term is not None
            assert rows.every.size is not None
            term, size = np.abs(rows.every.term), rows.every.size
        if rows.logsumexp is not None:
            size = size + size * np.abs(rows.logsumexp)
        whole = float((term + size).sum())
        if whole < np.inf:
            return whole
        return float(term[np.isfinite(term)].sum() + size[np.isfinite(size)].sum())


def _of(values: Floats, which: Ints | None) -> Floats:
    return values if which is None else values.take(which)
