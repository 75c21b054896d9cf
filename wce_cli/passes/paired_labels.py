"""Scores beside the labels of the neighbouring positions of a sequence: what `Facts` keep of it."""

from __future__ import annotations

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.loss.fact_kinds import BesideNeighbour
from wce_cli.loss.readings import READINGS
from wce_cli.loss.rows import floats
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import KeptRows

MOST_SCORES = 1 << 22
MOST_ROWS = 1 << 13
"""Rows are looked at within the first so many: enough to tell, and of a file they are read once more."""


def paired_labels(batch: Batch, kept: KeptRows, rows_before: int = 0) -> tuple[BesideNeighbour, BesideNeighbour]:
    """The kept positions of sequences in a block, beside the label one position later, and beside the one before.

    `rows_before`: where the batch is a part of a whole, the rows before it.
    """
    spec, (_, steps) = batch.spec, batch.sample_shape
    m = int(np.searchsorted(kept.row, min(MOST_SCORES // spec.n_classes, MOST_ROWS) - rows_before))
    row, label = kept.row[:m], kept.label[:m]
    here = np.flatnonzero((row[1:] == row[:-1] + 1) & (row[1:] % steps != 0))
    if not len(here):
        return BesideNeighbour(), BesideNeighbour()
    first, following = int(row[0]), here + 1
    scores = batch.scores.rows(first, int(row[-1]) + 1)

    def losses(which: Ints, labels: Ints) -> Floats:
        """The losses of rows beside the labels of others."""
        own = floats(scores[row[which] - first, labels], batch.scores.dtype)
        if kept.logsumexp is not None:
            return kept.logsumexp[which] - own
        return READINGS[spec.scores](own[:, None]).at(np.zeros(len(own), dtype=np.int64))

    ahead, behind = losses(here, label[following]), losses(following, label[here])
    return _paired(kept.loss[here], ahead), _paired(kept.loss[following], behind)


def _paired(own: Floats, other: Floats) -> BesideNeighbour:
    """What two losses of the same positions come to, where both are finite."""
    gain = own - other
    there = np.isfinite(gain)
    if not there.all():
        own, other, gain = own[there], other[there], gain[there]
    return BesideNeighbour(len(gain), float(own.sum()), float(other.sum()), float(np.square(gain).sum()))
