"""How else the scores of a batch may have been meant: logits that look like probabilities, probabilities clipped."""

from __future__ import annotations

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.loss.clipped import SUMMED, clipped, renormalised
from wce_cli.loss.fact_kinds import BesideNeighbour
from wce_cli.loss.facts import Facts
from wce_cli.loss.normalised import sum_to_one
from wce_cli.loss.readings import READINGS, read_probs
from wce_cli.loss.row_facts import Otherwise
from wce_cli.loss.rows import CHUNK, chunks_of, floats
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.totals import KeptRows
from wce_cli.passes.row_sums import row_sums


def read_otherwise(batch: Batch, kept: KeptRows, stop: int, before: Facts | None, rows_before: int = 0) -> Otherwise:
    """The kept rows of a block that ends at `stop`. What rows `before` it have ruled out is not asked again.

    `rows_before`: where the batch is a part of a whole, the rows before it.
    """
    probs = None if before is not None and before.as_probs is None else _as_probs(batch, kept)
    is_first = (rows_before + stop) * batch.spec.n_classes <= SUMMED
    asks_elements = is_first and not (before is not None and before.as_elements is None)
    return Otherwise(
        probs,
        clipped(kept, batch.spec),
        *(_renormalised(batch, kept, stop) if is_first else (None, None)),
        *row_sums(batch, kept, stop, rows_before),
        _as_elements(batch, kept, stop) if asks_elements else None,
        _by_sorted_name(batch, kept),
        *_beside_neighbours(batch, kept, rows_before),
    )


def _beside_neighbours(batch: Batch, kept: KeptRows, rows_before: int) -> tuple[BesideNeighbour, BesideNeighbour]:
    """Nothing unless the batch is sequences of index labels, scores (N, C, d1)."""
    if batch.spec.is_soft or batch.spec.n_classes == 1 or len(batch.sample_shape) != 2:
        return BesideNeighbour(), BesideNeighbour()
    from wce_cli.passes.paired_labels import paired_labels

    return paired_labels(batch, kept, rows_before)


def _renormalised(batch: Batch, kept: KeptRows, stop: int) -> tuple[Sums | None, Sums | None]:
    """`renormalised`; None unless the scores are probabilities."""
    spec, first = batch.spec, stop - kept.n
    if spec.scores != "probs" or spec.n_classes == 1:
        return None, None
    p = floats(batch.scores.rows(first, stop)[kept.row - first], batch.scores.dtype)
    q = floats(batch.labels.rows(first, stop), batch.labels.dtype) if spec.is_soft else None  # no row is ignored
    return renormalised(p, q, kept, spec)


def _as_elements(batch: Batch, kept: KeptRows, stop: int) -> Sums | None:
    """None where a label is neither 0 nor 1, and for log-probabilities."""
    spec, first = batch.spec, stop - kept.n
    if not spec.is_soft or spec.scores == "log_probs":
        return None
    q = floats(batch.labels.rows(first, stop), batch.labels.dtype)  # no row is ignored
    if not all(((part == 0) | (part == 1)).all() for part in (q[:1], q)):  # the first row mostly settles it
        return None
    scores, is_one = floats(batch.scores.rows(first, stop), batch.scores.dtype), q == 1
    if spec.scores == "logits":
        loss = np.logaddexp(0.0, np.where(is_one, 0.0 - scores, scores))
    else:
        loss = 0.0 - np.log(np.where(is_one, scores, 1.0 - scores))
    return Sums.by_column(loss if kept.sample_weight is None else kept.sample_weight[:, None] * loss)


def _as_probs(batch: Batch, kept: KeptRows) -> Sums | None:
    spec, c, row = batch.spec, batch.spec.n_classes, kept.row
    if spec.scores == "probs" or c == 1:
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


def _by_sorted_name(batch: Batch, kept: KeptRows) -> Sums | None:
    """None where the labels are no names, or the names are sorted."""
    spec, row, places = batch.spec, kept.row, batch.spec.sorted_places
    if places is None:
        return None
    loss, step = np.empty(len(row)), max(1, CHUNK // spec.n_classes)
    for first in chunks_of(row, step):
        part = slice(*np.searchsorted(row, [first * step, (first + 1) * step]).tolist())
        loss[part] = READINGS[spec.scores](_scores(batch, row[part])).at(places[kept.label[part]])
    return Sums.by_label(loss if kept.sample_weight is None else kept.sample_weight * loss, kept.label, spec.n_classes)


def _scores(batch: Batch, row: Ints) -> Floats:
    first = int(row[0])
    rows = batch.scores.rows(first, int(row[-1]) + 1)[row - first]
    return np.ascontiguousarray(floats(rows, batch.scores.dtype))


def _look_like_probs(scores: Floats) -> bool:
    return bool((scores >= 0).all() and (scores <= 1).all() and sum_to_one(scores.sum(axis=1)).all())
