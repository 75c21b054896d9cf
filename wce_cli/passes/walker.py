"""One worker's way through a batch: rows → kept rows → what a group of blocks leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch, check_numbers
from wce_cli.batches.labels import index_labels
from wce_cli.batches.number_checks import RowProblems
from wce_cli.loss.facts import TOP
from wce_cli.loss.row_facts import Watch
from wce_cli.loss.sums import Ints
from wce_cli.loss.totals import KeptRows, Totals, totals_of
from wce_cli.passes.listed_rows import Listed, listed_of
from wce_cli.passes.other_readings import Otherwise, read_otherwise
from wce_cli.passes.row_reader import RowReader

if TYPE_CHECKING:
    from wce_cli.passes.batch_parts import Cut, PartSums


class Part(Struct, frozen=True):
    """What a group leaves that depends on the order of adding, or is checked."""

    totals: Totals
    reach: float
    """Σ|t| + Σ|w|·(1 + |logsumexp|)"""
    lost: dict[str, float]
    """Σℓ of the losses that a dtype rounds to 0."""
    otherwise: Otherwise
    checks: RowProblems
    cut: PartSums | None = None
    """The sums of the parts that the batch is cut into; None where it is not."""
    listed: tuple[Listed, ...] = ()
    """What is listed of its rows, stretch by stretch."""

    def __add__(self, other: Part) -> Part:
        return Part(
            self.totals + other.totals,
            self.reach + other.reach,
            {dtype: loss + other.lost[dtype] for dtype, loss in self.lost.items()},
            self.otherwise + other.otherwise,
            self.checks + other.checks,
            None if self.cut is None or other.cut is None else self.cut + other.cut,
            self.listed + other.listed,
        )


class Walker:
    """One worker's way through a batch."""

    def __init__(self, batch: Batch, top: int = TOP, cut: Cut | None = None, listed: int = 0) -> None:
        """`listed`: how many of the first rows leave what is listed of them."""
        spec = batch.spec
        self.batch, self.spec, self.cut, self.listed = batch, spec, cut, listed
        self.watch = Watch(spec, batch.sample_weight is not None, top)
        self.reader = RowReader(batch)
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
        rows = self.reader.kept_rows(start, label, kept, s)
        return Part(
            totals_of(rows, self.spec.n_classes),
            self._reach(rows),
            self.watch.see(rows),
            read_otherwise(self.batch, rows, stop, before),
            checks,
            self._cut_sums(rows, start),
            (listed_of(rows, self.spec),) if start < self.listed else (),
        )

    def _cut_sums(self, rows: KeptRows, start: int) -> PartSums | None:
        if self.cut is None:
            return None
        from wce_cli.passes.batch_parts import part_sums

        return part_sums(rows, start, self.spec, self.cut)

    def _labels(self, start: int, stop: int) -> tuple[Ints, NDArray[np.bool_] | None, RowProblems]:
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
