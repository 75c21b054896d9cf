"""The totals of every reading of a batch too large to keep: one pass over its rows, on all cores.

With index labels and no smoothing, one loss a row and reading is all there is to add up. A group of rows leaves those,
or their totals, whichever is shorter; both are added in the order of the groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch
from wce_cli.loss.layout import items_between
from wce_cli.loss.rows import CHUNK, SHOWN_ELEMENTS, floats
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import KeptRows, Totals, block_totals, totals_of
from wce_cli.passes.one_pass import walk_batch
from wce_cli.processes.work import Work
from wce_cli.questions.identify.label_rows import LabelReader, LabelRows
from wce_cli.questions.identify.odd_readings import ODD_READINGS, GivenRows
from wce_cli.questions.identify.odd_ways import STANDARD
from wce_cli.questions.identify.rereading import Asked, predicted, reread

Kind = TypeVar("Kind", bound=np.generic)
TotalsByReading = dict[Asked, Totals]
ADDED_AT_ONCE = 1 << 14
"""Rows whose losses wait until they are added up together, or as many as there are classes."""


class LabelLosses(Struct, frozen=True):
    """What consecutive rows leave where one loss a row and reading is asked for. The kept rows: (k,)."""

    n: int
    """Rows, ignored ones counted."""
    items: int
    """Entries of the first axis that begin among them."""
    row: Ints
    label: dict[str, Ints]
    """What they are summed by, for each grouping."""
    sample_weight: dict[str, Floats]
    """For each grouping in which not all are 1."""
    loss: dict[str, Floats]
    """By reading."""

    def totals(self, needed: set[Asked], n_classes: int) -> TotalsByReading:
        """The sums of the rows for all that is needed."""
        return {
            (name, rows): totals_of(
                KeptRows(self.n, self.row, self.label[rows], self.sample_weight.get(rows), self.loss[name]),
                n_classes,
                self.items,
            )
            for name, rows in needed
        }


def totals_by_reading(batch: Batch, needed: set[Asked]) -> TotalsByReading:
    """The totals of each reading and grouping that is needed. Raises WceError as the pass does."""
    spec, c = batch.spec, batch.spec.n_classes
    has_one_loss = not spec.is_soft and spec.label_smoothing == 0
    whole: TotalsByReading = {}
    waiting: list[LabelLosses] = []

    def settle() -> None:
        nonlocal whole
        if waiting:
            whole = _added(whole, _joined(waiting).totals(needed, c))
            waiting.clear()

    def fold(part: LabelLosses | TotalsByReading) -> None:
        nonlocal whole
        if isinstance(part, LabelLosses):
            waiting.append(part)
            if sum(len(one.row) for one in waiting) >= max(ADDED_AT_ONCE, c):
                settle()
        else:
            whole = _added(whole, part)

    def make(bounds: Sequence[tuple[int, int]]) -> Work[int, LabelLosses | TotalsByReading, None]:
        group = _LabelWalker(batch, needed).group if has_one_loss else _ClassWalker(batch, needed).group
        return Work(lambda k: group(*bounds[k]), lambda: None)

    walk_batch(batch, (0, batch.n_samples), make, fold, None, None, c)
    settle()
    return whole


class _LabelWalker:
    """One worker's way through rows of which each reading has one loss."""

    def __init__(self, batch: Batch, needed: set[Asked]) -> None:
        spec = batch.spec
        self.batch, self.spec, self.needed = batch, spec, needed
        self.names = {name for name, _ in needed}
        self.groupings = {rows for _, rows in needed}
        self.step = max(1, CHUNK // spec.n_classes)
        self.reader = LabelReader(spec.scores, spec.class_weight, self.step)

    def group(self, start: int, stop: int) -> LabelLosses | TotalsByReading:
        """The losses of some rows, or their totals where those are shorter."""
        batch, spec = self.batch, self.spec
        given = batch.labels_of(start, stop)
        kept = np.flatnonzero(given != spec.ignore_index)
        label, row = given[kept].astype(np.int64), start + kept
        loss = {name: np.empty(len(kept)) for name in self.names}
        prediction = np.empty(len(kept) if "prediction" in self.groupings else 0, dtype=np.int64)
        with np.errstate(all="ignore"):
            for first in range(0, stop - start, self.step):
                part = slice(*np.searchsorted(kept, [first, first + self.step]).tolist())
                raw = batch.scores.rows(start + first, min(start + first + self.step, stop))
                scores = np.ascontiguousarray(floats(raw[kept[part] - first], batch.scores.dtype))
                rows = self.reader.read(scores, label[part])
                for name, losses in loss.items():
                    losses[part] = self._loss(name, rows)
                if len(prediction):
                    prediction[part] = predicted(scores)
        labels, weights = dict.fromkeys(self.groupings, label), dict[str, Floats]()
        if len(prediction):
            labels["prediction"] = prediction
        if batch.sample_weight is not None:
            s = batch.sample_weight_of(start, stop)[kept]
            weights = dict.fromkeys(self.groupings - {"plain", "row"}, s)
        if "row" in self.groupings:
            weights["row"] = spec.class_weight[row]
        left = LabelLosses(stop - start, items_between(start, stop, spec.layout.positions), row, labels, weights, loss)
        return left if len(row) < spec.n_classes else left.totals(self.needed, spec.n_classes)

    def _loss(self, name: str, rows: LabelRows) -> Floats:
        if name == STANDARD:
            return rows.loss
        reading = ODD_READINGS[name]
        if reading.of_loss is not None:
            return reading.of_loss(rows.loss)
        if reading.of_label is not None:
            return reading.of_label(rows)
        assert reading.of_rows is not None
        return rows.of_label(
            reading.of_rows(GivenRows(rows.scores, 0.0 - np.log(rows.p), self.spec.class_weight, None))
        )


class _ClassWalker:
    """One worker's way through rows that need the losses of all classes."""

    def __init__(self, batch: Batch, needed: set[Asked]) -> None:
        self.batch, self.needed = batch, needed
        self.step = max(8, min(SHOWN_ELEMENTS // batch.spec.n_classes // 8 * 8, batch.block_rows))

    def group(self, start: int, stop: int) -> TotalsByReading:
        """The totals of some rows."""
        spec = self.batch.spec
        whole: TotalsByReading = {}
        with np.errstate(all="ignore"):
            for first in range(start, stop, self.step) if start < stop else [start]:
                block = self.batch.block(first, min(first + self.step, stop))
                parts = reread(block, spec, self.needed, None)
                whole = _added(
                    whole, {key: block_totals(terms, spec.n_classes, spec.layout.positions) for key, terms in parts}
                )
        return whole


def _added(one: TotalsByReading, other: TotalsByReading) -> TotalsByReading:
    """The totals of the rows of both; empty ones are those of no rows."""
    return {asked: one[asked] + other[asked] for asked in one} if one and other else one or other


def _joined(parts: Sequence[LabelLosses]) -> LabelLosses:
    return LabelLosses(
        sum(part.n for part in parts),
        sum(part.items for part in parts),
        np.concatenate([part.row for part in parts]),
        _end_to_end([part.label for part in parts]),
        _end_to_end([part.sample_weight for part in parts]),
        _end_to_end([part.loss for part in parts]),
    )


def _end_to_end(parts: Iterable[dict[str, NDArray[Kind]]]) -> dict[str, NDArray[Kind]]:
    """The arrays of each name behind each other."""
    first, *others = parts
    return {name: np.concatenate([array, *(part[name] for part in others)]) for name, array in first.items()}
