"""What the probabilities of the rows of a block sum to: what `Facts` keep of it."""

from __future__ import annotations

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.batches.half_units import half_units_of
from wce_cli.loss.clipped import SUMMED
from wce_cli.loss.fact_kinds import CountedRows, RowSums, Unnormalised
from wce_cli.loss.normalised import LOOKS_NORMALISED, distance_from_one, log_totals, not_one
from wce_cli.loss.rows import floats
from wce_cli.loss.sums import Floats, Sums
from wce_cli.loss.totals import KeptRows


def row_sums(batch: Batch, kept: KeptRows, stop: int, rows_before: int = 0) -> tuple[RowSums, Sums | None]:
    """What the probabilities of the kept rows of a block sum to, which ends at `stop`, and Σs·log of it by y (for
    probability labels Σs·q·log by class), None where not all were looked at; of logits nothing.

    Only rows within the first SUMMED scores are looked at: an index label needs one score a row, not all of them.
    `rows_before`: where the batch is a part of a whole, the rows before it, whose scores are among them.
    """
    spec, c = batch.spec, batch.spec.n_classes
    if spec.scores == "logits" or c == 1:
        return RowSums(), None
    first = stop - kept.n
    m = int(np.searchsorted(kept.row, SUMMED // c - rows_before))
    if m == 0:
        return RowSums(), None if len(kept.row) else Sums.zeros(c)
    row = kept.row[:m]
    scores = np.ascontiguousarray(floats(batch.scores.rows(first, int(row[-1]) + 1)[row - first], batch.scores.dtype))
    log_total = log_totals(scores, spec.scores == "log_probs")
    off = not_one(scores, log_total, spec.scores == "log_probs")
    half = spec.half_units.get(spec.scores)
    if off.any() and half is not None:
        halves = half_units_of(half, int(row[0]), int(row[-1]) + 1 - int(row[0]), c)[row - row[0]]
        printed = halves.max(axis=1) if spec.scores == "log_probs" else halves.sum(axis=1)
        off &= ~(distance_from_one(log_total, spec.scores == "log_probs") <= LOOKS_NORMALISED + printed)
    found = np.flatnonzero(off)
    unnormalised = Unnormalised()
    if len(found):
        unnormalised = Unnormalised(CountedRows(len(found), int(row[found[0]])), float(np.exp(log_total[found[0]])))
    return RowSums(m, unnormalised), _summed(batch, kept, log_total) if m == len(kept.row) else None


def _summed(batch: Batch, kept: KeptRows, log_total: Floats) -> Sums:
    """Σs·log Z by y; for probability labels, of which no row is ignored, Σs·q·log Z by class."""
    s_log = log_total if kept.sample_weight is None else kept.sample_weight * log_total
    if not batch.spec.is_soft:
        return Sums.by_label(s_log, kept.label, batch.spec.n_classes)
    q = floats(batch.labels.rows(int(kept.row[0]), int(kept.row[-1]) + 1), batch.labels.dtype)
    return Sums.by_column(s_log[:, None] * q)
