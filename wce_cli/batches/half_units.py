"""Half a unit of the last printed digit of every number, in the layout of the field that the numbers are of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_cli.loss.rows import ArrayRows
from wce_cli.loss.sums import Floats


def fitted(
    given: Mapping[str, Any] | None, shapes: Mapping[str, tuple[int, ...] | None], names: tuple[str, ...] | None
) -> dict[str, Floats]:
    """The half-units by field, each as an array of the field's shape; fields that are exact are left out.

    A field's are one number for all, an array of as many numbers as the field has, in its order, or a mapping by
    class. `shapes`: of the fields that have rows of floats; a field without a shape was given, and holds none.
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
            found[field] = array
    return found


def half_units_of(field: Floats | None, start: int, n: int, n_classes: int) -> Floats:
    """The half-units of `n` rows of a field: (n, C), or (n, 1) where a row is one number (C = 0); 0 if it is exact."""
    columns = max(n_classes, 1)
    if field is None:
        return np.zeros((n, columns))
    rows = (ArrayRows.of_scores if n_classes else ArrayRows.of_samples)(field)
    return rows.rows(start, start + n).reshape(n, columns)
