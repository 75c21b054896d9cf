"""What rows of scores look like: probabilities that were given as logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch
from wce_cli.loss.readings import read_probs
from wce_cli.loss.rows import CHUNK, floats
from wce_cli.loss.sums import Floats, Ints, Sums

LOOKS_NORMALISED = 1e-3
"""How far a row may be from summing to 1 and still look like probabilities: printed decimals, half precision."""


def may_be_probs(batch: Batch) -> bool:
    """Whether it is asked at all if the logits of a batch are probabilities."""
    spec = batch.spec
    return spec.scores == "logits" and spec.n_classes > 1


def as_probs(batch: Batch, row: Ints, label: Ints, s: Floats | None) -> Sums | None:
    """Some kept rows (k,) of logits read as probabilities: Σs·ℓ by y, ℓ before smoothing; for probability labels
    Σs·q·a by class. None where a row is none."""
    c = batch.spec.n_classes
    if len(row) and not _look_like_probs(_scores(batch, row[:1])):  # one row mostly settles it
        return None
    loss, step, columns = np.empty(len(row)), max(1, CHUNK // c), Sums.zeros(c)
    for first in np.unique(row // step).tolist():
        part = slice(*np.searchsorted(row, [first * step, (first + 1) * step]).tolist())
        scores = _scores(batch, row[part])
        if not _look_like_probs(scores):
            return None
        reading = read_probs(scores)
        if batch.spec.is_soft:  # no row is ignored
            q = floats(batch.labels.rows(int(row[part][0]), int(row[part][-1]) + 1), batch.labels.dtype)
            with np.errstate(invalid="ignore", over="ignore"):
                weighted = q if s is None else s[part, None] * q
                columns = columns + Sums.by_column(weighted * reading.every())
        else:
            loss[part] = reading.at(label[part])
    if batch.spec.is_soft:
        return columns
    with np.errstate(invalid="ignore", over="ignore"):
        return Sums.by_label(loss if s is None else s * loss, label, c)


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
