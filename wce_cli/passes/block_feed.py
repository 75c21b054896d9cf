"""A batch that comes in blocks and is walked once: its parts are passed one after another, and added up.

The blocks may be cut anywhere: they are gathered until they are worth a pass of their own, and then let go. So what
comes out does not depend on the cuts, but for the last digits of sums that are added in another order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct, structs

from wce_cli.batches.batch import Batch
from wce_cli.batches.file_rows import StoredRows
from wce_cli.errors import Problem, WceError
from wce_cli.loss.facts import TOP, Facts
from wce_cli.loss.layout import Dropped, sample_shape_of
from wce_cli.loss.rows import ArrayRows
from wce_cli.loss.totals import Totals
from wce_cli.passes.item_sums import ItemSums
from wce_cli.passes.one_pass import GROUP_WORK, ROW_WORK, listing_pass


class FedPart(Struct, frozen=True):
    """A part that was passed just now, while its rows are here."""

    batch: Batch
    rows_before: int
    facts: Facts
    """Those of all rows up to its end."""

    @property
    def samples_before(self) -> int:
        """Entries of the first axis before it."""
        return self.rows_before // math.prod(self.batch.sample_shape[1:]) if self.rows_before else 0


class BlockFeed:
    """The walk over the blocks of one batch. `seen` is told of every part."""

    def __init__(self, first: Batch, seen: Callable[[FedPart], None], top: int = TOP) -> None:
        self.first, self.seen, self.top = first, seen, top
        step = first.block_rows
        self.enough = step * max(1, GROUP_WORK // (step * (first.spec.n_classes + ROW_WORK)))
        """Rows that are a part at most, unless one block has more: as many as a group has of a whole array."""
        self.waiting: list[Batch] = []
        self.samples = 0
        """Entries of the first axis that have come."""
        self.rows_before = 0
        """Rows that were passed."""
        self.found: tuple[Totals, Facts] | None = None
        """What they leave together; None while there are none."""
        self.items: list[ItemSums] = []
        """What their items leave, where these are several rows each."""

    def add(self, block: Batch) -> None:
        """Take one more block, checked and of the first one's kind. What waits is a copy: who gives blocks may fill
        one array again and again.
        """
        self.samples += block.sample_shape[0]
        if self.waiting and sum(one.n_samples for one in self.waiting) + block.n_samples > self.enough:
            self._pass_waiting()
        if block.n_samples > self.enough:
            self._pass(block)
        else:
            self.waiting.append(joined([block]))

    def end(self) -> tuple[Totals, Facts]:
        """Pass what is left, and return the totals and facts of all."""
        if self.waiting:
            self._pass_waiting()
        assert self.found is not None
        return self.found

    def _pass_waiting(self) -> None:
        self._pass(joined(self.waiting))
        self.waiting = []

    def _pass(self, batch: Batch) -> None:
        by_item = batch.positions > 1
        passed = listing_pass(batch, 0, top=self.top, rows_before=self.rows_before, by_item=by_item)
        totals, facts, _, items = passed
        if items is not None:
            self.items.append(items)
        facts = facts.shifted(self.rows_before)
        if self.found is not None:
            totals, facts = self.found[0] + totals, self.found[1] + facts
        self.found = totals, facts
        self.seen(FedPart(batch, self.rows_before, facts))
        self.rows_before += batch.n_samples


def joined(blocks: Sequence[Batch]) -> Batch:
    """One batch of the rows of several, all of them copied."""
    first = blocks[0]
    layout = first.spec.layout
    scores = _joined_rows([_in_memory(one.scores) for one in blocks], layout.dropped)
    labels = _joined_rows([_in_memory(one.labels) for one in blocks], layout.dropped_labels)
    given = [_in_memory(one.sample_weight) for one in blocks if one.sample_weight is not None]
    spec = structs.replace(first.spec, label_shape=labels.shape)
    s = _joined_rows(given, layout.dropped_labels) if given else None
    return structs.replace(first, spec=spec, scores=scores, labels=labels, sample_weight=s)


def _joined_rows(blocks: Sequence[ArrayRows], dropped: Dropped) -> ArrayRows:
    """The rows of several arrays along their first axis, with the positions that are none, which others may ask for."""
    of = ArrayRows.of_scores if blocks[0].columns else ArrayRows.of_samples
    return of(np.concatenate([one.whole_array for one in blocks]), blocks[0].dtype, dropped)


def _in_memory(field: ArrayRows | StoredRows) -> ArrayRows:
    if not isinstance(field, ArrayRows):
        raise WceError(Problem("a block is read from a file by itself", "name the files as parts of one batch"))
    return field


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
