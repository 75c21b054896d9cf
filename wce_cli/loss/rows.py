"""What a pass walks: numbers by row range, each kept in its own dtype, wherever they are.

An array in memory is one kind of rows, a file another. Neither is ever copied or converted as a whole: a pass
asks for some consecutive rows at a time. A row is a sample; in the layout (N, C, d1, …, dk) the positions of an
image are rows too, in C order.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.errors import Problem, WceError
from wce_cli.loss.layout import class_axis_last, sample_shape_of
from wce_cli.loss.sums import Floats

CHUNK = 1 << 16
"""Numbers that are looked at in one go, about: 512 KB of float64, which a core's own cache holds."""


class Rows(Protocol):
    """The rows of one field: C numbers each (scores, probability labels), or one (index labels, sample weight)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the field came in."""

    @property
    def dtype(self) -> str:
        """The name of the dtype: float32, int64, bfloat16."""

    @property
    def by_class(self) -> bool:
        """Whether memory has the rows of one class beside each other, rather than the classes of one row."""

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows `start` up to `stop`, (m, C) or (m,), in their own dtype; bfloat16 as its bits, uint16."""


@runtime_checkable
class Stored(Protocol):
    """Numbers that are read when they are needed: what a file has to know of itself to be walked."""

    shape: tuple[int, ...]
    dtype: str
    is_fortran: bool
    """Whether the first axis is the one whose neighbours are neighbours in the file."""

    sequential: bool
    """Whether it is read from its start on, by one worker: what is compressed, or was joined from such."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The numbers `start` up to `stop` of the file, in its order, flat, in their own dtype."""


def floats(values: NDArray[Any], dtype: str) -> Floats:
    """Some numbers as float64. bfloat16, which numpy has not, comes as its bits: the upper half of a float32."""
    if dtype == "bfloat16":
        values = np.left_shift(values, 16, dtype=np.uint32).view(np.float32)
    return values.astype(np.float64)


class ArrayRows(Struct, frozen=True):
    """An array in memory, of any strides and byte order."""

    array: NDArray[Any]
    """As it came."""
    dtype: str
    view: NDArray[Any]
    """The same memory, class axis last, with as few axes before it as its strides allow."""
    columns: int
    """Axes of a row: 1 where it holds a number a class, else 0."""

    @classmethod
    def of_scores(cls, array: NDArray[Any], dtype: str | None = None) -> ArrayRows:
        """The rows of an array with a class axis: (C,), (N, C) or (N, C, d1, …, dk)."""
        view = class_axis_last(array) if array.ndim > 1 else array[None]
        return cls(array, dtype or str(array.dtype), _merged(view, 1), 1)

    @classmethod
    def of_samples(cls, array: NDArray[Any], dtype: str | None = None) -> ArrayRows:
        """The rows of an array of one number a sample."""
        return cls(array, dtype or str(array.dtype), _merged(array if array.ndim else array[None], 0), 0)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the array came in."""
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


class StoredRows(Struct, frozen=True):
    """Numbers in a file, in C order, or in Fortran order with at most one axis beside the class axis."""

    stored: Stored
    columns: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the file states."""
        return self.stored.shape

    @property
    def dtype(self) -> str:
        """The name of the file's dtype."""
        return self.stored.dtype

    @property
    def by_class(self) -> bool:
        """Whether the file has the rows of one class beside each other."""
        return self.columns == 1 and self._layout()[2] > 1

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows `start` up to `stop`, with one read where they are neighbours in the file."""
        if self.columns == 0:
            self._layout()
            return self.stored.read(start, stop)
        outer, c, inner = self._layout()
        start, stop = max(start, 0), min(stop, outer * inner)
        if inner == 1 or start >= stop:
            return self.stored.read(start * c, stop * c).reshape(-1, c)
        first, last = start // inner, (stop - 1) // inner
        if first == last:
            return self._of_image(first, start - first * inner, stop - first * inner)
        whole = self.stored.read((first + 1) * c * inner, last * c * inner).reshape(-1, c, inner)
        return np.concatenate(
            [
                self._of_image(first, start - first * inner, inner),
                np.moveaxis(whole, 1, 2).reshape(-1, c),
                self._of_image(last, 0, stop - last * inner),
            ]
        )

    def _of_image(self, image: int, start: int, stop: int) -> NDArray[Any]:
        """Some positions of one image: all of it is read, if it is small, or a piece a class."""
        _, c, inner = self._layout()
        begin = image * c * inner
        if c * inner <= CHUNK:
            return self.stored.read(begin, begin + c * inner).reshape(c, inner)[:, start:stop].T
        pieces = [self.stored.read(begin + k * inner + start, begin + k * inner + stop) for k in range(c)]
        return np.stack(pieces).T

    def whole(self) -> Floats:
        """All of it as float64, in the layout it came in."""
        flat = floats(self.stored.read(0, math.prod(self.shape)), self.dtype)
        return flat.reshape(self.shape, order="F" if self.stored.is_fortran else "C")

    def _layout(self) -> tuple[int, int, int]:
        """(outer, C, inner): position i of image o and class c stands at (o·C + c)·inner + i."""
        shape = self.shape
        if self.stored.is_fortran and len(shape) > 1 + self.columns:
            raise WceError(
                Problem(f"an array of shape {shape} in Fortran order cannot be walked", "save it in C order")
            )
        if self.columns == 0 or len(shape) == 1:
            return 1, math.prod(shape), 1
        if self.stored.is_fortran:
            return 1, shape[1], shape[0]
        return shape[0], shape[1], math.prod(sample_shape_of(shape)[1:])


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
