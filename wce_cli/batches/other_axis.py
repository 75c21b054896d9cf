"""The same arrays with their classes on another axis."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from wce_cli.batches.batch import Batch
from wce_cli.batches.file_rows import StoredRows
from wce_cli.loss.layout import TORCHS_AXIS, Dropped, Layout
from wce_cli.loss.rows import ArrayRows


def along(batch: Batch, axis: int) -> Batch:
    """The batch with its classes on axis `axis` of the scores as they were given, where its labels fit them too.

    Nothing is copied; what is known of rounding is left out.
    """
    spec = batch.spec
    layout = structs.replace(spec.layout, class_axis=axis)
    scores = _moved(batch.scores, spec.layout, layout, layout.dropped)
    labels = _moved(batch.labels, spec.layout, layout, layout.dropped_labels) if spec.is_soft else batch.labels
    turned = structs.replace(spec, layout=layout, label_shape=labels.shape, half_units={})
    return structs.replace(batch, spec=turned, scores=scores, labels=labels)


def _moved(rows: ArrayRows | StoredRows, before: Layout, layout: Layout, dropped: Dropped) -> ArrayRows | StoredRows:
    """Rows of one number a class with their classes on the axis of another layout."""
    if isinstance(rows, StoredRows):
        return StoredRows.of(rows.bare, rows.columns, layout.class_axis, dropped)
    given = np.moveaxis(rows.whole_array, TORCHS_AXIS, before.class_axis)
    return ArrayRows.of_scores(layout.in_torchs(given), rows.dtype, dropped)
