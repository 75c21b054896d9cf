"""The rows of a small batch, from their terms: what is listed of them is what their totals and facts are made of.

The kernels of large batches (`loss.fast`) give the same rows; `tests/passes/test_listed_rows.py` holds them to it.
"""

from __future__ import annotations

import numpy as np

from wce_cli.loss.class_sums import ColumnSums, columns_of
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import Terms, block_terms, pairs
from wce_cli.loss.totals import EveryRow, KeptRows

SMALL = 1 << 14
"""Up to so many scores a batch is small: its terms add up to its totals in every digit, and most of those are the
frameworks' own."""


def is_small(n: int, n_classes: int) -> bool:
    """Whether a batch of n samples is small."""
    return n * n_classes <= SMALL


def rows_of_block(block: Block, spec: Spec, has_sample_weight: bool) -> KeptRows:
    """The kept rows of a block. A loss is computed here, once."""
    terms = block_terms(block, spec)
    kept = terms.kept
    which = np.flatnonzero(kept)
    broken = None
    if terms.logsumexp is not None:
        without = np.flatnonzero((np.isnan(terms.logsumexp) | (terms.logsumexp == np.inf)) & ~kept)
        broken = block.start + without if len(without) else None
    return KeptRows(
        len(kept),
        block.start + which,
        terms.label[which],
        terms.sample_weight[which] if has_sample_weight else None,
        terms.loss[which],
        None if terms.target_score is None else terms.target_score[which],
        None if terms.logsumexp is None else terms.logsumexp[which],
        _every(terms, spec),
        broken,
    )


def _every(terms: Terms, spec: Spec) -> EveryRow | None:
    """What the losses of all classes leave; None where only those of the labels are known."""
    if terms.losses is None:
        return None
    kept, q = terms.kept, terms.target
    placed = pairs(terms, spec.class_weight, spec.label_smoothing)
    columns = ColumnSums(spec.n_classes, spec.is_soft)
    if q is not None:
        columns.see_labels(q, terms.start, 1)
    columns.see_smallest(float(np.fmin.reduce(terms.losses[kept], axis=None, initial=np.inf)))
    columns.add_sums(columns_of(terms))
    sizes = [np.abs(w[kept]) for _, w in (placed["sample"], placed["label-mix"]) if w is not None]
    mix: Floats | None = None if q is None else (spec.class_weight * q).sum(axis=1)[kept]
    return EveryRow(
        terms.losses.sum(axis=1)[kept],
        placed["class"][0][kept],
        np.maximum(*sizes),
        None if q is None else q.sum(axis=1)[kept],
        columns.sums(),
        mix,
    )
