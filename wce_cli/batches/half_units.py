"""Half a unit of the last printed digit of every number, in the layout of the field that the numbers are of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_cli.loss.layout import Layout
from wce_cli.loss.readings import READINGS
from wce_cli.loss.rows import ArrayRows
from wce_cli.loss.sums import Floats


def fitted(
    given: Mapping[str, Any] | None,
    shapes: Mapping[str, tuple[int, ...] | None],
    names: tuple[str, ...] | None,
    layout: Layout,
) -> dict[str, Floats]:
    """The half-units by field, each as an array of the shape of the field's rows; fields that are exact are left out.

    A field's are one number for all, an array of as many numbers as the field has, in its order, or a mapping by
    class. `shapes`: of the fields that have rows of floats, as given; a field without a shape holds none.
    """
    found = {}
    for field, shape in shapes.items():
        half = None if given is None else given.get(field)
        if half is None or shape is None:
            continue
        if isinstance(half, Mapping):
            half = [half.get(name, 0.0) for name in names or map(str, range(math.prod(shape)))]
        array = np.asarray(half, dtype=np.float64)
        array = array.reshape(shape) if array.size == math.prod(shape) else np.broadcast_to(array, shape).copy()
        if array.any():
            found[field] = _in_rows(field, array, layout)
    return found


def _in_rows(field: str, array: Floats, layout: Layout) -> Floats:
    """Half-units in the layout that their field came in → in that of its rows."""
    if field in READINGS:
        return layout.dropped.of_scores(layout.in_torchs(array))
    if field == "labels":
        return layout.dropped_labels.of_scores(layout.in_torchs(array))
    return layout.dropped_labels.of_samples(array) if field == "sample_weight" else array


def half_units_of(field: Floats | None, start: int, n: int, n_classes: int) -> Floats:
    """The half-units of `n` rows of a field: (n, C), or (n, 1) where a row is one number (C = 0); 0 if it is exact."""
    columns = max(n_classes, 1)
    if field is None:
        return np.zeros((n, columns))
    rows = (ArrayRows.of_scores if n_classes else ArrayRows.of_samples)(field)
    return rows.rows(start, start + n).reshape(n, columns)
