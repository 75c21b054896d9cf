"""Where the class axis stands: torch's layouts (C,), (N, C) and (N, C, d1, …, dk)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def n_classes_of(shape: tuple[int, ...]) -> int:
    """C: the length of axis 1, or of the only axis of a single sample."""
    return shape[1] if len(shape) > 1 else shape[0]


def sample_shape_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without the class axis; () for a single sample."""
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def class_axis_last(array: NDArray[Any]) -> NDArray[Any]:
    """A view whose rows are samples."""
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array
