"""The same arrays with their classes on another axis."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from wce_cli.batches.batch import Batch
from wce_cli.batches.file_rows import StoredRows
from wce_cli.loss.layout import TORCHS_AXIS
from wce_cli.loss.rows import ArrayRows


def along(batch: Batch, axis: int) -> Batch:
    """The batch with its classes on axis `axis` of the scores as they were given, where its index labels fit them too.

    Nothing is copied; what is known of rounding is left out.
    """
    spec = batch.spec
    layout = structs.replace(spec.layout, class_axis=axis)
    scores = batch.scores
    moved: ArrayRows | StoredRows
    if isinstance(scores, StoredRows):
        moved = StoredRows.of(scores.bare, scores.columns, axis, scores.dropped)
    else:
        given = np.moveaxis(scores.whole_array, TORCHS_AXIS, spec.layout.class_axis)
        moved = ArrayRows.of_scores(layout.in_torchs(given), scores.dtype, layout.dropped)
    return structs.replace(batch, spec=structs.replace(spec, layout=layout, half_units={}), scores=moved)
