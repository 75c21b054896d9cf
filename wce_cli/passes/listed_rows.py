"""What is listed of each row, in columns: its loss, and its pair by every placement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from wce_cli.batches.batch import Batch
from wce_cli.loss.placed_rows import PlacedRows
from wce_cli.loss.sums import Floats, Ints
from wce_cli.passes.row_reader import RowReader


class Listed(Struct, frozen=True):
    """The kept rows of a stretch of a batch, in its order. (k,) each; what is not listed is ignored."""

    row: Ints
    """Where they stand in the batch."""
    label: Ints
    """y; for a probability label its argmax."""
    loss: Floats
    """ℓ, after smoothing."""
    target_score: Floats | None
    """The score at the label as given; None for probability labels."""
    logsumexp: Floats | None
    """None where the scores are not logits."""
    pairs: dict[str, tuple[Floats, Floats | None]]
    """(t, w) by placement; w is None where the placement defines none."""

    def take(self, which: Ints) -> Listed:
        """Some of the rows."""
        return Listed(
            self.row[which],
            self.label[which],
            self.loss[which],
            None if self.target_score is None else self.target_score[which],
            None if self.logsumexp is None else self.logsumexp[which],
            {name: (t[which], None if w is None else w[which]) for name, (t, w) in self.pairs.items()},
        )


def listed_of(rows: PlacedRows) -> Listed:
    """The columns of rows that have been read."""
    kept = rows.kept
    return Listed(kept.row, kept.label, rows.loss, kept.target_score, kept.logsumexp, rows.pairs)


def joined(parts: Sequence[Listed]) -> Listed:
    """Stretches that follow each other, as one; there is at least one."""
    first = parts[0]
    if len(parts) == 1:
        return first

    def of(column: Callable[[Listed], Floats | None]) -> Floats | None:
        there = [values for part in parts if (values := column(part)) is not None]
        return np.concatenate(there) if there else None

    def pair(name: str) -> tuple[Floats, Floats | None]:
        return np.concatenate([part.pairs[name][0] for part in parts]), of(lambda part: part.pairs[name][1])

    return Listed(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.loss for part in parts]),
        of(lambda part: part.target_score),
        of(lambda part: part.logsumexp),
        {name: pair(name) for name in first.pairs},
    )


def read_listed(batch: Batch, start: int, stop: int, reader: RowReader | None = None) -> Listed:
    """The columns of some rows of a batch whose labels have been checked; no more than a chunk is in memory."""
    reader = reader or RowReader(batch)
    step = batch.block_rows
    with np.errstate(all="ignore"):
        return joined(
            [_part(reader, first, min(first + step, stop)) for first in range(start, stop, step)]
            or [_part(reader, start, start)]
        )


def _part(reader: RowReader, start: int, stop: int) -> Listed:
    batch, spec = reader.batch, reader.spec
    s = None if batch.sample_weight is None else batch.sample_weight_of(start, stop)
    if spec.is_soft:
        rows = reader.kept_rows(start, np.zeros(stop - start, dtype=np.int64), None, s)
    else:
        label = batch.labels_of(start, stop)
        kept = label != spec.ignore_index
        rows = reader.kept_rows(start, np.where(kept, label, 0), None if kept.all() else kept, s)
    return listed_of(PlacedRows(rows, spec))
