"""The terms of a block as the odd readings have them, class by class, and grouped otherwise than by label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import structs

from wce_cli.loss.readings import READINGS
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import Terms, block_terms
from wce_cli.questions.identify.odd_readings import ODD_READINGS, GivenRows
from wce_cli.questions.identify.odd_ways import STANDARD

Asked = tuple[str, str]
"""A reading, and what its rows are summed by: label, prediction, … (`WeightEntry.rows`)."""


def reread(block: Block, spec: Spec, needed: set[Asked], columns: Floats | None) -> Iterator[tuple[Asked, Terms]]:
    """The terms of a block for all that is needed; `columns`: logsumexp of every column of the batch (C,)."""
    standard = block_terms(block, spec)
    names = {name for name, _ in needed}
    rows = None
    if any(name and ODD_READINGS[name].of_rows for name in names):
        losses = READINGS[spec.scores](block.scores).every() if standard.losses is None else standard.losses
        rows = GivenRows(block.scores, losses, spec.class_weight, columns)
    by_reading = {name: _read_as(name, standard, rows) for name in names}
    for name, grouping in sorted(needed):
        yield (name, grouping), _regrouped(by_reading[name], grouping, block, spec.class_weight)


def predicted(scores: Floats) -> Ints:
    """The class of the largest score of every row (m, C), NaN being none. (m,)"""
    top: Ints = scores.argmax(axis=1)
    missing = np.flatnonzero(np.isnan(scores[np.arange(len(top)), top]))
    top[missing] = np.where(np.isnan(scores[missing]), -np.inf, scores[missing]).argmax(axis=1)
    return top


def _read_as(name: str, standard: Terms, rows: GivenRows | None) -> Terms:
    if name == STANDARD:
        return standard
    reading = ODD_READINGS[name]
    if reading.of_loss is not None:
        losses = None if standard.losses is None else reading.of_loss(standard.losses)
        own = reading.of_loss(standard.loss)
    else:
        assert reading.of_rows is not None
        assert rows is not None
        losses = reading.of_rows(rows)
        own = losses[np.arange(len(losses)), standard.label]
    if standard.target is not None:
        assert losses is not None
        own = (standard.target * losses).sum(axis=1)
    return structs.replace(standard, loss=own, losses=None if standard.losses is None else losses)


def _regrouped(terms: Terms, grouping: str, block: Block, class_weight: Floats) -> Terms:
    """The same rows, summed by something else than their label, or with other sample weights."""
    if grouping == "prediction":
        return structs.replace(terms, label=predicted(block.scores))
    if grouping == "plain":
        return structs.replace(terms, sample_weight=np.ones_like(terms.sample_weight))
    if grouping == "row":
        return structs.replace(terms, sample_weight=class_weight[block.start : block.start + len(terms.label)].copy())
    return terms
