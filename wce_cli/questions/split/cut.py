"""How a batch is cut, from what was asked; what cannot be cut so is refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from msgspec import structs

from wce_cli.batches.batch import Batch
from wce_cli.errors import Problem, WceError
from wce_cli.passes.batch_parts import Cut, Shuffled

SAMPLE, ROW = BY = ("sample", "row")
"""What may be cut: what stands along the first axis, a sequence or an image as a whole; or its rows, one after another,
as if the batch had been flattened."""
MOST_PARTS = 1 << 20
"""Parts of one answer: some numbers are kept of each."""


def cut_of(
    batch: Batch,
    size: int | Sequence[int] | None,
    ranks: int = 1,
    shuffle: int | None = None,
    spelled: tuple[str, str] = ("size", "ranks"),
    by: str | None = None,
) -> Cut:
    """How a batch is cut; `spelled` is how the two options are written where the user is. Raises WceError.

    `by` says what is cut, one of BY, and where nothing else does, into parts of one of these each.
    """
    split_, ranks_ = spelled
    if by is not None and by not in BY:
        raise WceError(Problem(f'by is "{by}", expected {" or ".join(BY)}'))
    if by is not None and size is None and ranks == 1:
        size = 1
    items = batch.n_samples if by == ROW else batch.items
    inner = batch.n_samples // items if items else 1
    if items == 0 or batch.n_samples == 0:
        raise WceError(Problem("the batch is empty: there is nothing to cut"))
    if size is None and ranks == 1:
        raise WceError(Problem(f"{split_} is missing: into which parts?", f"give {split_} or {ranks_}"))
    blocks = (size,) if isinstance(size, int) else tuple(size or ())
    for option, number in (*((split_, block) for block in blocks), (ranks_, ranks)):
        if number < 1:
            raise WceError(Problem(f"{option} is {number}, expected a whole number of 1 or more"))
    if shuffle is not None and shuffle < 0:
        raise WceError(Problem(f"shuffle is {shuffle}, expected a whole number of 0 or more"))
    bounds: tuple[int, ...] = ()
    if not isinstance(size, int) and size is not None:
        what = f"{split_} {','.join(map(str, blocks))}"
        if ranks > 1:
            raise WceError(Problem(f"{what} cannot be dealt to {ranks} ranks", f"give one size, or leave out {ranks_}"))
        bounds = tuple(accumulate(blocks))
        if not blocks or bounds[-1] != items:
            total = bounds[-1] if bounds else 0
            hint = f"one size, {split_} {blocks[0]}, cuts all of it" if blocks else ""
            raise WceError(Problem(f"{what} adds up to {total}, but the batch has {items} items", hint))
    cut = Cut(items, inner, size if isinstance(size, int) else None, bounds, ranks)
    fewest = items // ranks
    if cut.size is not None and fewest and -(-fewest // cut.size) != cut.steps:
        raise WceError(
            Problem(
                f"{items} items dealt to {ranks} ranks in blocks of {cut.size} give some ranks {cut.steps} parts and "
                f"others {cut.steps - 1}: data parallel training waits for the missing ones",
                f"choose a size for which all ranks have equally many: {split_} {-(-items // ranks)} is one part each",
            )
        )
    if cut.parts > MOST_PARTS:
        raise WceError(Problem(f"{cut.parts} parts are more than {MOST_PARTS}", "make the parts larger"))
    return cut if shuffle is None else structs.replace(cut, shuffled=Shuffled.by(shuffle, items))
