"""How else the scores of a batch may have been meant: logits that look like probabilities, probabilities clipped."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch
from wce_cli.loss.clipped import clipped, renormalised
from wce_cli.loss.readings import read_probs
from wce_cli.loss.rows import CHUNK, chunks_of, floats
from wce_cli.loss.sums import Floats, Ints, Sums, both
from wce_cli.loss.totals import KeptRows

LOOKS_NORMALISED = 1e-3
"""How far a row may be from summing to 1 and still look like probabilities: printed decimals, half precision."""


class Otherwise(Struct, frozen=True):
    """The losses of rows whose scores are read otherwise. Sums by class; None where there is nothing to read so."""

    as_probs: Sums | None
    """Logits that are probabilities, read as such: by y, or Σs·q·a by class for probability labels."""
    clipped: Sums | None
    renormalised: Sums | None
    undivided: Sums | None

    def __add__(self, other: Otherwise) -> Otherwise:
        return Otherwise(
            both(self.as_probs, other.as_probs),
            both(self.clipped, other.clipped),
            both(self.renormalised, other.renormalised),
            both(self.undivided, other.undivided),
        )


def read_otherwise(batch: Batch, kept: KeptRows, stop: int, before: Otherwise | None) -> Otherwise:
    """The kept rows of a block that ends at `stop`. What rows `before` it have ruled out is not asked again."""
    probs = None if before is not None and before.as_probs is None else _as_probs(batch, kept)
    return Otherwise(probs, clipped(kept, batch.spec), *renormalised(batch, kept, stop))


def _as_probs(batch: Batch, kept: KeptRows) -> Sums | None:
    spec, c, row = batch.spec, batch.spec.n_classes, kept.row
    if spec.scores != "logits" or c == 1:
        return None
    if len(row) and not _look_like_probs(_scores(batch, row[:1])):  # one row mostly settles it
        return None
    loss, step = np.empty(len(row)), max(1, CHUNK // c)
    s = np.ones(len(row)) if kept.sample_weight is None else kept.sample_weight
    by_class = Sums.zeros(c)
    for first in chunks_of(row, step):
        part = slice(*np.searchsorted(row, [first * step, (first + 1) * step]).tolist())
        scores = _scores(batch, row[part])
        if not _look_like_probs(scores):
            return None
        reading = read_probs(scores)
        if spec.is_soft:  # no row is ignored
            q = floats(batch.labels.rows(int(row[part][0]), int(row[part][-1]) + 1), batch.labels.dtype)
            by_class = by_class + Sums.by_column(s[part, None] * q * reading.every())
        else:
            loss[part] = reading.at(kept.label[part])
    return by_class if spec.is_soft else Sums.by_label(s * loss, kept.label, c)


def sum_to_one(sums: Floats) -> NDArray[np.bool_]:
    """Which sums of rows are 1, or nearly. (m,)"""
    near: NDArray[np.bool_] = np.abs(sums - 1) <= LOOKS_NORMALISED
    return near


def _scores(batch: Batch, row: Ints) -> Floats:
    first = int(row[0])
    rows = batch.scores.rows(first, int(row[-1]) + 1)[row - first]
    return np.ascontiguousarray(floats(rows, batch.scores.dtype))


def _look_like_probs(scores: Floats) -> bool:
    return bool((scores >= 0).all() and (scores <= 1).all() and sum_to_one(scores.sum(axis=1)).all())
