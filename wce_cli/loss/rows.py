"""What a pass walks: numbers by row range, each kept in its own dtype, wherever they are.

An array in memory is one kind of rows, a file another. Neither is ever copied or converted as a whole: a pass
asks for some consecutive rows at a time. A row is a sample; in the layout (N, C, d1, …, dk) the positions of an
image are rows too, in C order.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.layout import ALL, Dropped, class_axis_last
from wce_cli.loss.sums import Floats, Ints

BLOCK_ELEMENTS = 1 << 22
"""Scores in one block, about. The bounds of blocks depend on C alone."""
BLOCK_ROWS = (1024, 1 << 14)
"""Rows in one block, at least and at most: what is done once a block must not be felt, nor what is kept a row."""
SHOWN_ELEMENTS = 1 << 19
"""Scores of a block that is in memory in float64, about, several times over."""
CHUNK = 1 << 16
"""Numbers that are looked at in one go, about: 512 KB of float64, which a core's own cache holds."""


class Rows(Protocol):
    """The rows of one field: C numbers each (scores, probability labels), or one (index labels, sample weight)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the rows, in torch's layout."""

    @property
    def dtype(self) -> str:
        """The name of the dtype: float32, int64, bfloat16."""

    @property
    def by_class(self) -> bool:
        """Whether memory has the rows of one class beside each other, rather than the classes of one row."""

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows `start` up to `stop`, (m, C) or (m,), in their own dtype; bfloat16 as its bits, uint16."""


def floats(values: NDArray[Any], dtype: str) -> Floats:
    """Some numbers as float64. bfloat16, which numpy has not, comes as its bits: the upper half of a float32."""
    if dtype == "bfloat16":
        values = np.left_shift(values, 16, dtype=np.uint32).view(np.float32)
    return values.astype(np.float64)


def chunks_of(rows: Ints, step: int) -> list[int]:
    """The chunks of `step` rows that some rows, in rising order, lie in. (np.unique would load numpy.ma.)"""
    chunk = rows // step
    begins = np.flatnonzero(np.diff(chunk, prepend=-1))
    found: list[int] = chunk[begins].tolist()
    return found


class ArrayRows(Struct, frozen=True):
    """An array in memory, of any strides and byte order."""

    array: NDArray[Any]
    """Its rows, in torch's layout."""
    dtype: str
    view: NDArray[Any]
    """The same memory, class axis last, with as few axes before it as its strides allow."""
    columns: int
    """Axes of a row: 1 where it holds a number a class, else 0."""
    whole_array: NDArray[Any]
    """The same with the positions that are no rows."""

    @classmethod
    def of_scores(cls, array: NDArray[Any], dtype: str | None = None, dropped: Dropped = ALL) -> ArrayRows:
        """The rows of an array in torch's layout with a class axis: (C,), (N, C) or (N, C, d1, …, dk)."""
        kept = dropped.of_scores(array)
        view = class_axis_last(kept) if kept.ndim > 1 else kept[None]
        return cls(kept, dtype or str(array.dtype), _merged(view, 1), 1, array)

    @classmethod
    def of_samples(cls, array: NDArray[Any], dtype: str | None = None, dropped: Dropped = ALL) -> ArrayRows:
        """The rows of an array of one number a sample."""
        kept = dropped.of_samples(array)
        return cls(kept, dtype or str(array.dtype), _merged(kept if kept.ndim else kept[None], 0), 0, array)

    def dropping(self, dropped: Dropped) -> ArrayRows:
        """The rows that are left of the same array if these positions are none."""
        of = self.of_scores if self.columns else self.of_samples
        return of(self.whole_array, self.dtype, dropped)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the rows, in torch's layout."""
        return self.array.shape

    @property
    def by_class(self) -> bool:
        """Whether the rows of one class are closer together than the classes of one row."""
        return self.columns == 1 and 0 < abs(self.view.strides[-2]) < abs(self.view.strides[-1])

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows `start` up to `stop`: a view, unless they lie in several images."""
        return _range(self.view, self.columns, start, stop)

    def whole(self) -> Floats:
        """All of it as float64, in the layout it came in: for a framework that is measured beside us."""
        return floats(self.array, self.dtype)


def _merged(view: NDArray[Any], columns: int) -> NDArray[Any]:
    """The axes before the last `columns` folded together where they follow each other in memory."""
    axes: list[tuple[int, int]] = []
    last = view.ndim - columns
    for length, stride in zip(view.shape[:last], view.strides[:last], strict=True):
        if axes and (axes[-1][1] == length * stride or axes[-1][0] == 1):
            axes[-1] = (axes[-1][0] * length, stride)
        elif length != 1 or not axes:
            axes.append((length, stride))
    shape, strides = zip(*axes, strict=True)
    if view.size == 0:
        return view.reshape(-1, *view.shape[last:]) if columns else view.reshape(-1)
    return np.lib.stride_tricks.as_strided(
        view, (*shape, *view.shape[last:]), (*strides, *view.strides[last:]), writeable=False
    )


def _range(view: NDArray[Any], columns: int, start: int, stop: int) -> NDArray[Any]:
    """Rows `start` up to `stop` of a view whose leading axes count them: a view of it where they lie in one image."""
    if view.ndim == 1 + columns:
        return view[start:stop]
    inner = math.prod(view.shape[1 : view.ndim - columns])
    start, stop = max(start, 0), min(stop, len(view) * inner)
    if start >= stop:
        return view[:0].reshape(0, *view.shape[view.ndim - columns :])
    first, last = start // inner, (stop - 1) // inner
    if first == last:
        return _range(view[first], columns, start - first * inner, stop - first * inner)
    head = _range(view[first], columns, start - first * inner, inner)
    tail = _range(view[last], columns, 0, stop - last * inner)
    middle = view[first + 1 : last].reshape(-1, *view.shape[view.ndim - columns :])
    return np.concatenate([head, middle, tail])
