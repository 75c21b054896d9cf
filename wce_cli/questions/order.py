"""The order in which the samples of a batch are listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from wce_cli.loss.batch import Batch
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import block_terms, pairs, smoothed_losses
from wce_cli.questions.rows import term_rows
from wce_cli.report import TermRow

SUMMED_EXACTLY = 200_000
"""Samples up to which all rows of a sorted batch are made (a second of it), so that those beyond the limit can be
added up by themselves: the first rows may be NaN, and no total says what is left then."""


def by_index(batch: Batch, limit: int, numerator: float | None) -> Iterator[TermRow]:
    """The first samples as they stand."""
    return term_rows(batch, 0, min(limit, batch.n_samples), numerator)


def by_loss(batch: Batch, limit: int, numerator: float | None) -> Iterator[TermRow]:
    """The largest ℓ first."""
    return _sorted(batch, limit, numerator, by_term=False)


def by_term(batch: Batch, limit: int, numerator: float | None) -> Iterator[TermRow]:
    """The largest t of class placement first."""
    return _sorted(batch, limit, numerator, by_term=True)


ORDERS: dict[str, Callable[[Batch, int, float | None], Iterator[TermRow]]] = {
    "index": by_index,
    "loss": by_loss,
    "term": by_term,
}
"""The orders by name: a batch, the rows wanted at least, and what a share is a share of → rows."""


def _sorted(batch: Batch, limit: int, numerator: float | None, by_term: bool) -> Iterator[TermRow]:
    if not batch.n_samples:
        return
    order = _order(batch, by_term)
    if len(order) > SUMMED_EXACTLY:
        order = order[:limit]
    wanted = np.sort(order)
    rows: dict[int, TermRow] = {}
    for run in np.split(wanted, np.flatnonzero(np.diff(wanted) != 1) + 1):
        if len(run):
            rows.update((row.n, row) for row in term_rows(batch, int(run[0]), int(run[-1]) + 1, numerator))
    yield from (rows[n] for n in order.tolist())


def _order(batch: Batch, by_term: bool) -> Ints:
    """Row numbers: NaN, then from +∞ down to −∞, then ignored samples; equal ones as they stand."""
    values: list[Floats] = []
    kept = []
    for block in batch.blocks():
        terms = block_terms(block, batch.spec)
        if by_term:
            values.append(pairs(terms, batch.spec.class_weight, batch.spec.label_smoothing)["class"][0])
        else:
            values.append(smoothed_losses(terms, batch.spec.label_smoothing))
        kept.append(terms.kept)
    value, is_kept = np.concatenate(values), np.concatenate(kept)
    rank = np.where(is_kept, np.where(np.isnan(value), 0, 1), 2)
    return np.lexsort((np.where(rank == 1, -value, 0.0), rank))
