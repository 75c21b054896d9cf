"""Where the class axis stands, and which positions count: torch's layouts (C,), (N, C) and (N, C, d1, …, dk), any other
axis for the classes, and scores whose labels are one position ahead.

Inside, scores have torch's layout: what is given otherwise is seen through a view, and `Layout` remembers how it came.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

TORCHS_AXIS = 1
"""Of scores with more than one axis."""


def n_classes_of(shape: tuple[int, ...]) -> int:
    """C: the length of axis 1, or of the only axis of a single sample."""
    return shape[1] if len(shape) > 1 else shape[0]


def sample_shape_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without the class axis; () for a single sample."""
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def class_axis_last(array: NDArray[Any]) -> NDArray[Any]:
    """A view whose rows are samples."""
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


def items_between(start: int, stop: int, positions: int) -> int:
    """How many items of `positions` rows begin among the rows `start` up to `stop`."""
    return -(-stop // positions) + (-start // positions) if positions > 1 else stop - start


def row_name(samples: tuple[int, ...], row: int) -> str:
    """Where a row stands among `samples`, the shape of all rows, as every listing names it: `3`, `0,17`."""
    if len(samples) < 2:
        return str(row)
    first, rest = divmod(row, math.prod(samples[1:]))
    return ",".join(map(str, (first, *np.unravel_index(rest, samples[1:]))))


class Dropped(Struct, frozen=True):
    """The positions of the last axis, class axis left out, that are no rows: of the scores those at its end, of the
    labels those at its beginning, where labels are positions ahead.
    """

    before: int = 0
    after: int = 0

    @property
    def count(self) -> int:
        """Positions that are dropped of each sequence."""
        return self.before + self.after

    def of_samples(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of an array of one number a sample without them."""
        return array[..., self.before : array.shape[-1] - self.after] if self.count else array

    def of_scores(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of an array in torch's layout without them."""
        if not self.count:
            return array
        kept = slice(self.before, array.shape[self.axis_of(array.ndim)] - self.after)
        return array[kept] if array.ndim == 2 else array[..., kept]

    def shape(self, shape: tuple[int, ...], columns: int) -> tuple[int, ...]:
        """The shape that is left of one in torch's layout, or of one without a class axis (0 columns)."""
        if not self.count:
            return shape
        axis = self.axis_of(len(shape)) if columns else len(shape) - 1
        return (*shape[:axis], max(shape[axis] - self.count, 0), *shape[axis + 1 :])

    @staticmethod
    def axis_of(axes: int) -> int:
        """Which axis of torch's layout has the positions: the last, but of (T, C) the first."""
        return 0 if axes == 2 else axes - 1


ALL = Dropped()
"""Every position is a row."""
LAST, FIRST = Dropped(after=1), Dropped(before=1)
"""What a shift drops of the scores, and of the labels."""


class Layout(Struct, frozen=True):
    """How the scores of a batch were given."""

    shape: tuple[int, ...]
    """As they were given."""
    class_axis: int = TORCHS_AXIS
    """Of that shape, counted from 0."""
    shift: bool = False
    """Whether the scores at a position are for the label at the next."""

    @property
    def n_classes(self) -> int:
        """C"""
        return self.shape[self.class_axis]

    @property
    def labels(self) -> tuple[int, ...]:
        """The shape that index labels have beside them."""
        return self.shape[: self.class_axis] + self.shape[self.class_axis + 1 :]

    @property
    def samples(self) -> tuple[int, ...]:
        """The shape of the rows: that of the labels, less what a shift drops."""
        return LAST.shape(self.labels, 0) if self.shift else self.labels

    @property
    def positions(self) -> int:
        """Rows of one entry of the first axis."""
        return math.prod(self.samples[1:])

    @property
    def n(self) -> int:
        """N"""
        return math.prod(self.samples)

    @property
    def dropped(self) -> Dropped:
        """What is dropped of the scores."""
        return LAST if self.shift else ALL

    @property
    def dropped_labels(self) -> Dropped:
        """What is dropped of the labels, and of their weights."""
        return FIRST if self.shift else ALL

    def in_torchs(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of an array of this shape in torch's layout, nothing dropped."""
        return array if self.is_torchs else np.moveaxis(array, self.class_axis, TORCHS_AXIS)

    @property
    def is_torchs(self) -> bool:
        """Whether the classes are where torch has them."""
        return len(self.shape) < 2 or self.class_axis == TORCHS_AXIS

    def name(self, row: int) -> str:
        """A row as listings name it: by its place among the rows, `3` or `0,17`."""
        return row_name(self.samples, row)

    def place(self, row: int, c: int | None = None) -> tuple[int, ...]:
        """The indices of a row's label in the labels as given, or of the score of its class `c` in the scores."""
        index = [int(i) for i in np.unravel_index(row, self.samples)] if self.samples else []
        if c is not None:
            return (*index[: self.class_axis], c, *index[self.class_axis :])
        if self.shift:
            index[-1] += 1
        return tuple(index)
