"""A batch that comes in blocks and is walked once: rows of which only the latest are in memory.

The blocks may be cut anywhere. They are joined and cut again into the groups in which a whole array is walked, so
whatever the cuts, the answer has the bytes of the answer for the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch
from wce_cli.errors import Problem, WceError
from wce_cli.loss.facts import TOP, Facts
from wce_cli.loss.layout import sample_shape_of
from wce_cli.loss.rows import ArrayRows
from wce_cli.loss.totals import Totals
from wce_cli.passes.one_pass import GROUP_WORK, ROW_WORK, facts_of
from wce_cli.passes.walker import Part, Walker


class FedRows:
    """The latest rows of a field; those before them are gone."""

    by_class = False

    def __init__(self, first: ArrayRows) -> None:
        self.columns = first.columns
        self.dtype = first.dtype
        self.tail = first.shape[1:]
        """The shape of a sample as it came: the blocks follow each other along the first axis."""
        self.start = 0
        """The number of the first row that is here."""
        self.pieces: list[NDArray[Any]] = []
        self.samples = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all that has come."""
        return (self.samples, *self.tail)

    @property
    def here(self) -> int:
        """Rows that are in memory."""
        return sum(map(len, self.pieces))

    def add(self, more: ArrayRows, n: int) -> None:
        """Take the `n` rows of a block; a copy of them, for who fills one array again and again."""
        self.pieces.append(np.array(more.rows(0, n)))
        self.samples += more.shape[0]

    def forget(self, n: int) -> None:
        """Let the first `n` rows go that are here."""
        whole = self._joined()
        self.start += n
        self.pieces = [whole[n:]]

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Rows that are here, by their number in the whole."""
        return self._joined()[start - self.start : stop - self.start]

    def _joined(self) -> NDArray[Any]:
        if len(self.pieces) > 1:
            self.pieces = [np.concatenate(self.pieces)]
        return self.pieces[0]


class Fed:
    """The walk over the blocks of one batch. `seen` is told of every group, while its rows are here."""

    def __init__(self, first: Batch, top: int = TOP) -> None:
        self.first = first
        fields = [None if field is None else FedRows(_in_memory(field)) for field in _fields(first)]
        scores, labels, s = fields
        self.batch: Any = structs.replace(first, scores=scores, labels=labels, sample_weight=s)
        self.rows = [field for field in fields if field is not None]
        self.top = top
        self.walker: Walker | None = None
        self.part: Part | None = None
        self.done = 0
        """Rows that were walked."""
        step = first.block_rows
        self.group = step * max(1, GROUP_WORK // (step * (first.spec.n_classes + ROW_WORK)))
        """Rows of a group, as of a whole array."""

    def add(self, block: Batch, seen: Callable[[Walker], None]) -> None:
        """Take one more block, checked and of the first one's kind; and walk what makes a group."""
        for field, more in zip(_fields(self.batch), _fields(block), strict=True):
            if field is not None:
                field.add(_in_memory(more), block.n_samples)
        while self.rows[0].here > self.group:  # whether a group is the last one is known when more has come
            self._walk(self.group, seen)

    def finish(self, seen: Callable[[Walker], None]) -> tuple[Totals, Facts]:
        """Walk what is left, and return the totals and facts of all."""
        self._walk(self.rows[0].here, seen)
        assert self.part is not None
        assert self.walker is not None
        return self.part.totals, facts_of(self.part, [self.walker.sieve.top()])

    def _walk(self, n: int, seen: Callable[[Walker], None]) -> None:
        if self.walker is None:
            self.walker = Walker(self.batch, self.top)
        part = self.walker.group(self.done, self.done + n)
        self.part = part if self.part is None else self.part + part
        seen(self.walker)
        self.done += n
        for field in self.rows:
            field.forget(n)


def differs(first: Batch, other: Batch) -> Problem | None:
    """What keeps a block from being part of the batch that another one began."""
    for name, one, two in (
        ("scores", first.spec.scores, other.spec.scores),
        ("classes of scores", first.spec.n_classes, other.spec.n_classes),
        ("labels", _kind(first), _kind(other)),
        ("shape of a sample", sample_shape_of(first.scores.shape)[1:], sample_shape_of(other.scores.shape)[1:]),
        ("sample weight", _given(first), _given(other)),
        ("dtype of the scores", first.scores.dtype, other.scores.dtype),
        ("dtype of the sample weight", _dtype(first), _dtype(other)),
    ):
        if one != two:
            return Problem(f"its {name}: {two}, and {one} in the first block", "all blocks are parts of one batch")
    return None


def _kind(batch: Batch) -> str:
    soft = f"probability rows of {batch.labels.dtype}"
    return soft if batch.spec.is_soft else "class indices"


def _given(batch: Batch) -> str:
    return "none" if batch.sample_weight is None else "given"


def _dtype(batch: Batch) -> str:
    return "none" if batch.sample_weight is None else batch.sample_weight.dtype


def _fields(batch: Any) -> tuple[Any, Any, Any]:
    return batch.scores, batch.labels, batch.sample_weight


def _in_memory(field: Any) -> ArrayRows:
    if not isinstance(field, ArrayRows):
        raise WceError(Problem("a block is read from a file by itself", "name the files as parts of one batch"))
    return field
