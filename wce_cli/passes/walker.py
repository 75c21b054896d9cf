"""One worker's way through a batch: rows → kept rows → what a group of blocks leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch, check_numbers
from wce_cli.batches.labels import index_labels
from wce_cli.batches.number_checks import RowProblems
from wce_cli.loss.facts import TOP, Facts
from wce_cli.loss.largest_terms import Sieve, largest
from wce_cli.loss.layout import items_between
from wce_cli.loss.placed_rows import PlacedRows
from wce_cli.loss.row_facts import BlockRows, sort_key
from wce_cli.loss.sums import Ints
from wce_cli.loss.totals import Totals, totals_of
from wce_cli.passes.listed_rows import Listed, listed_of
from wce_cli.passes.other_readings import read_otherwise
from wce_cli.passes.row_reader import RowReader

if TYPE_CHECKING:
    from wce_cli.passes.batch_parts import Cut, PartSums
    from wce_cli.passes.item_sums import Stretches


class Part(Struct, frozen=True):
    """What the rows of a group leave."""

    totals: Totals
    facts: Facts
    """All but the largest terms, which the worker keeps: they are the same in whichever order it meets the rows."""
    checks: RowProblems
    cut: PartSums | None = None
    """The sums of the parts that the batch is cut into; None where it is not."""
    listed: tuple[Listed, ...] = ()
    """What is listed of its rows, stretch by stretch."""
    items: tuple[Stretches, ...] = ()
    """The sums of its rows by item, block by block; nothing where nobody asks for them."""

    def __add__(self, other: Part) -> Part:
        return Part(
            self.totals + other.totals,
            self.facts + other.facts,
            self.checks + other.checks,
            None if self.cut is None or other.cut is None else self.cut + other.cut,
            self.listed + other.listed,
            self.items + other.items,
        )


class Walker:
    """One worker's way through a batch."""

    def __init__(
        self,
        batch: Batch,
        top: int = TOP,
        cut: Cut | None = None,
        listed: int = 0,
        rows_before: int = 0,
        by_item: bool = False,
    ) -> None:
        """`listed`: how many of the first rows leave what is listed of them. `rows_before`: where the batch is a part
        of a whole, the rows before it. `by_item`: whether the rows leave their sums by item.
        """
        spec = batch.spec
        self.batch, self.spec, self.cut, self.listed, self.rows_before = batch, spec, cut, listed, rows_before
        self.positions = batch.positions if by_item else 0
        self.reader = RowReader(batch)
        self.sieve = Sieve(top, not spec.is_soft and spec.label_smoothing == 0, spec.n_classes)
        self.nothing = largest(top, self.sieve.by_class, [])

    def group(self, start: int, stop: int) -> Part:
        """The rows of one group, block by block."""
        step, part = self.batch.block_rows, None
        with np.errstate(all="ignore"):
            for first in range(start, stop, step) if start < stop else [start]:
                block = self._block(first, min(first + step, stop), None if part is None else part.facts)
                part = block if part is None else part + block
        assert part is not None
        return part

    def _block(self, start: int, stop: int, before: Facts | None) -> Part:
        label, kept, checks = self._labels(start, stop)
        s = None if self.batch.sample_weight is None else self.batch.sample_weight_of(start, stop)
        rows = self.reader.kept_rows(start, label, kept, s)
        totals = totals_of(rows, self.spec.n_classes, items_between(start, stop, self.batch.positions))
        otherwise = read_otherwise(self.batch, rows, stop, before, self.rows_before)
        block = BlockRows(rows, self.spec, totals, otherwise, self.nothing)
        self.sieve.add(rows.label, sort_key(block), rows.row)
        return Part(
            totals,
            Facts.of(block),
            checks,
            self._cut_sums(block.placed, start),
            (listed_of(block.placed),) if start < self.listed else (),
            self._item_sums(block.placed, start),
        )

    def _cut_sums(self, rows: PlacedRows, start: int) -> PartSums | None:
        if self.cut is None:
            return None
        from wce_cli.passes.batch_parts import part_sums

        return part_sums(rows, start, self.cut)

    def _item_sums(self, rows: PlacedRows, start: int) -> tuple[Stretches, ...]:
        if not self.positions:
            return ()
        from wce_cli.passes.item_sums import stretches

        return (stretches(rows, start, self.positions),)

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
