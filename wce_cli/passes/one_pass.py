"""Rows → Totals + Facts: one pass, on all cores, whose answer is the same bytes on any number of them.

Rows come in blocks and blocks in groups, with bounds that depend on the shape of the batch alone. Workers take
groups; what is a sum of floats is added group by group in the order of the rows, whoever was done first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from msgspec import structs

from wce_cli.batches.batch import Batch, WrongRows, learn, prove, ranges_of
from wce_cli.batches.file_rows import StoredRows
from wce_cli.loss.facts import TOP, Facts
from wce_cli.loss.largest_terms import Top
from wce_cli.loss.small_batches import is_small
from wce_cli.loss.totals import Totals
from wce_cli.passes.listed_rows import Listed, joined
from wce_cli.passes.walker import Part, Walker
from wce_cli.passes.workers import walk_groups
from wce_cli.processes.work import R, S, Work

if TYPE_CHECKING:
    from wce_cli.passes.batch_parts import Cut, PartSums
    from wce_cli.passes.item_sums import ItemSums

GROUP_WORK = 1 << 22
"""What a group costs, about, in scores: some milliseconds, so that many workers end at one time."""
ROW_WORK = 32
"""What is done once a row costs as much as so many scores."""
GROUPS = 4096
"""The most groups: the more rows, the larger they are."""
PART_ROWS = 3
FEWEST = 16
"""Of a shuffled batch a group leaves sums of all parts: it has so many rows for each, unless groups became too few."""


def one_pass(
    batch: Batch,
    *,
    workers: int | None = None,
    rows: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] | None = None,
    top: int = TOP,
    rows_before: int = 0,
) -> tuple[Totals, Facts]:
    """The totals and facts of a batch, or of its `rows` from one up to another.

    `workers`: how many, if not all cores for what is large and one for what is not. `progress` is told the groups
    done and all of them. `top`: how many of the largest terms are kept. `rows_before`: where the batch is a part of a
    whole, the rows before it. Raises WceError for what is wrong with rows that nobody has looked at before.
    """
    part, tops = _walked(batch, None, workers, rows, progress, top, rows_before=rows_before)
    return part.totals, facts_of(part, tops)


def listing_pass(
    batch: Batch,
    listed: int,
    *,
    progress: Callable[[int, int], None] | None = None,
    top: int = TOP,
    rows_before: int = 0,
    by_item: bool = False,
) -> tuple[Totals, Facts, Listed | None, ItemSums | None]:
    """`one_pass`, and from the same pass what is listed of the first `listed` rows at least, None for none, and with
    `by_item` the sums of each item, if there is any.
    """
    if is_small(batch.n_samples, batch.spec.n_classes):  # whatever is asked for, its rows have been read
        listed = batch.n_samples
    by_item = by_item and batch.n_samples > 0
    part, tops = _walked(batch, None, None, None, progress, top, listed, rows_before, by_item)
    items = None
    if by_item:
        from wce_cli.passes.item_sums import joined as joined_items

        items = joined_items(part.items, batch.items, batch.positions)
    return part.totals, facts_of(part, tops), joined(part.listed) if part.listed else None, items


def cut_pass(
    batch: Batch, cut: Cut, *, workers: int | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[Totals, Facts, PartSums]:
    """`one_pass`, and the sums of each of the parts that the batch is cut into, from the same pass."""
    part, tops = _walked(batch, cut, workers, None, progress, top=0)
    assert part.cut is not None
    return part.totals, facts_of(part, tops), part.cut.within(0, cut.parts)


def _walked(
    batch: Batch,
    cut: Cut | None,
    workers: int | None,
    rows: tuple[int, int] | None,
    progress: Callable[[int, int], None] | None,
    top: int,
    listed: int = 0,
    rows_before: int = 0,
    by_item: bool = False,
) -> tuple[Part, list[Top]]:
    """What all groups leave together, and the largest terms that each worker has kept."""
    start, stop = (0, batch.n_samples) if rows is None else rows
    total: list[Part] = []

    def fold(part: Part) -> None:
        total[:] = [total[0] + part] if total else [part]

    def make(bounds: Sequence[tuple[int, int]]) -> Work[int, Part, Top]:
        walker = Walker(batch, top, cut, listed, rows_before, by_item)
        return Work(lambda k: walker.group(*bounds[k]), walker.sieve.top)

    least = 0 if cut is None or cut.shuffled is None else PART_ROWS * cut.parts
    tops = walk_batch(batch, (start, stop), make, fold, workers, progress, least)
    if total[0].checks.found:
        raise WrongRows(batch, total[0].checks, bool(total[0].totals.count[0]))
    return total[0], tops


def walk_batch(
    batch: Batch,
    rows: tuple[int, int],
    make: Callable[[Sequence[tuple[int, int]]], Work[int, R, S]],
    fold: Callable[[R], None],
    workers: int | None,
    progress: Callable[[int, int], None] | None,
    least: int = 0,
) -> list[S]:
    """Let workers walk the groups of some rows, whose bounds `make` is told; what can be read in order only, one.

    Raises WceError if these are all rows, and a file is not what was saved.
    """
    bounds = group_bounds(batch, *rows, least)
    if any(isinstance(field, StoredRows) and field.stored.sequential for field in batch.fields):
        workers = 1
    n_scores = (rows[1] - rows[0]) * batch.spec.n_classes

    def telling() -> Work[int, R, tuple[S, list[Any]]]:
        walk = make(bounds)
        return Work(walk.answer, lambda: (walk.seen(), ranges_of(batch)))

    told = walk_groups(telling, len(bounds), n_scores, workers, fold, progress)
    for _, ranges in told if len(told) > 1 else ():
        learn(batch, ranges)
    if rows == (0, batch.n_samples):
        prove(batch)
    return [seen for seen, _ in told]


def group_bounds(batch: Batch, start: int, stop: int, least: int = 0) -> list[tuple[int, int]]:
    """Where groups of whole blocks begin and end; one empty group for no rows. `least`: rows of a group."""
    block = batch.block_rows
    blocks = max(1, GROUP_WORK // (block * (batch.spec.n_classes + ROW_WORK)), -(-(stop - start) // (block * GROUPS)))
    blocks = max(blocks, min(-(-least // block), (stop - start) // (block * FEWEST)))
    return [(first, min(first + block * blocks, stop)) for first in range(start, stop, block * blocks)] or [
        (start, stop)
    ]


def facts_of(part: Part, tops: Sequence[Top]) -> Facts:
    """The facts of all groups together, with the largest terms that each worker has kept."""
    return structs.replace(part.facts, top=reduce(add, tops))
