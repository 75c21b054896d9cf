"""Rows of what is stored: numbers in a file, read a range at a time and never as a whole."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from wce_cli.loss.layout import ALL, TORCHS_AXIS, Dropped
from wce_cli.loss.rows import BLOCK_ELEMENTS, BLOCK_ROWS, CHUNK, floats
from wce_cli.loss.sums import Floats


@runtime_checkable
class Stored(Protocol):
    """Numbers that are read when they are needed: what a file has to know of itself to be walked."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the file states."""

    @property
    def dtype(self) -> str:
        """The name of the dtype."""

    @property
    def fortran(self) -> bool:
        """Whether the first axis is the one whose neighbours are neighbours in the file."""

    @property
    def sequential(self) -> bool:
        """Whether going back begins anew, as in what is compressed: read in order, by one worker."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The numbers `start` up to `stop` of the file, in its order, flat, in their own dtype."""


Ranges = list[list[int]]
"""Where ranges of bytes begin and end, and the checksum of each."""


@runtime_checkable
class Proved(Protocol):
    """Numbers that were saved with a checksum."""

    def ranges(self) -> list[Any]:
        """The checksums of what has been read, for another process."""

    def learn(self, ranges: list[Any]) -> None:
        """Take over what another process has read."""

    def prove(self) -> None:
        """Raise WceError if what was read is not what was saved."""


def in_memory(stored: Stored) -> NDArray[Any]:
    """All numbers at once, in the shape that the file states and in their own dtype."""
    return stored.read(0, math.prod(stored.shape)).reshape(stored.shape, order="F" if stored.fortran else "C")


class StoredRows(Struct, frozen=True):
    """Numbers in a file, in C order, or in Fortran order with at most one axis beside the class axis."""

    stored: Stored
    columns: int
    class_axis: int = TORCHS_AXIS
    """Where the file has the classes, of more than one axis."""
    dropped: Dropped = ALL
    """The positions that are no rows."""

    @classmethod
    def of(cls, stored: Stored, columns: int, class_axis: int = TORCHS_AXIS, dropped: Dropped = ALL) -> StoredRows:
        """The rows of what is stored; of what can only be read in order, with as much kept as is looked at twice."""
        rows = cls(stored, columns, class_axis, dropped)
        if not stored.sequential:
            return rows
        _, c, inner = rows._layout()
        return cls(Window(stored, max(BLOCK_ELEMENTS, BLOCK_ROWS[0] * c, 2 * c * inner)), columns, class_axis, dropped)

    def dropping(self, dropped: Dropped) -> StoredRows:
        """The rows that are left of the same file if these positions are none."""
        return structs.replace(self, dropped=dropped)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the rows, in torch's layout."""
        shape = self.stored.shape
        if self.columns and len(shape) > 1:
            without = shape[: self.class_axis] + shape[self.class_axis + 1 :]
            shape = (*without[:1], shape[self.class_axis], *without[1:])
        return self.dropped.shape(shape, self.columns)

    @property
    def dtype(self) -> str:
        """The name of the file's dtype."""
        return self.stored.dtype

    @property
    def by_class(self) -> bool:
        """Whether the file has the rows of one class beside each other."""
        return self.columns == 1 and self._layout()[2] > 1

    @property
    def part_of(self) -> Callable[[int], tuple[str, int]] | None:
        """Finds the file that an index of the first axis is in, and where that file begins; None for one file."""
        return getattr(self.bare, "part_of", None)

    @property
    def proved(self) -> Proved | None:
        """The object that knows whether all numbers are those that were saved; None where nobody does."""
        return self.bare if isinstance(self.bare, Proved) else None

    @property
    def bare(self) -> Stored:
        """The file itself, without what is kept of it."""
        return self.stored.stored if isinstance(self.stored, Window) else self.stored

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows `start` up to `stop`, with one read where they are neighbours in the file."""
        count = self.dropped.count
        if not count:
            return self._all_rows(start, stop)
        of_sequence = self._positions() - count
        stop = min(stop, math.prod(self._samples()[:-1]) * max(of_sequence, 0))
        start = max(start, 0)
        if start >= stop:
            return self._all_rows(0, 0)
        row = np.arange(start, stop)
        there = row + row // of_sequence * count + self.dropped.before
        read = self._all_rows(int(there[0]), int(there[-1]) + 1)
        return read if len(read) == len(there) else read[there - there[0]]

    def _all_rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows `start` up to `stop` of all that are in the file."""
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
        """All rows as float64, in torch's layout."""
        shape = self.stored.shape
        flat = floats(self.stored.read(0, math.prod(shape)), self.dtype)
        array = flat.reshape(shape, order="F" if self.stored.fortran else "C")
        if self.columns == 0:
            return self.dropped.of_samples(array)
        return self.dropped.of_scores(np.moveaxis(array, self.class_axis, TORCHS_AXIS) if array.ndim > 1 else array)

    def _samples(self) -> tuple[int, ...]:
        """The shape of all rows that are in the file."""
        shape = self.stored.shape
        return shape[: self.class_axis] + shape[self.class_axis + 1 :] if self.columns else shape

    def _positions(self) -> int:
        """Positions of a sequence in the file."""
        return self._samples()[-1]

    def _layout(self) -> tuple[int, int, int]:
        """(outer, C, inner): position i of image o and class c stands at (o·C + c)·inner + i."""
        shape, axis = self.stored.shape, self.class_axis
        assert not self.stored.fortran or len(shape) <= 1 + self.columns
        if self.columns == 0 or len(shape) == 1:
            return 1, math.prod(shape), 1
        if self.stored.fortran:  # the two axes, the other way round
            return (1, shape[1], shape[0]) if axis == 1 else (shape[1], shape[0], 1)
        return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


class Window:
    """What can only be read in order, with the last numbers kept: a pass looks at some of a block's rows again."""

    def __init__(self, stored: Stored, keep: int) -> None:
        self.shape, self.dtype = stored.shape, stored.dtype
        self.fortran, self.sequential = stored.fortran, True
        self.stored, self.keep = stored, keep
        self.pieces: list[NDArray[Any]] = []
        self.ends: list[int] = []
        """Where each piece ends."""
        self.begin = self.end = 0

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The numbers `start` up to `stop`; what is before them goes once it is more than is kept."""
        if start < self.begin or start > self.end + self.keep:
            self.pieces, self.ends, self.begin, self.end = [], [], start, start
        if stop > self.end:
            self.pieces.append(self.stored.read(self.end, stop))  # what is skipped too: it may be asked for next
            self.ends.append(stop)
            self.end = stop
            self._forget(min(start, stop - self.keep))
        parts, k, place = [], bisect_right(self.ends, start), start
        while place < stop:
            last = min(stop, self.ends[k])
            before = self.ends[k] - len(self.pieces[k])
            parts.append(self.pieces[k][place - before : last - before])
            place, k = last, k + 1
        if not parts:
            return self.pieces[0][:0] if self.pieces else self.stored.read(start, start)
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _forget(self, place: int) -> None:
        """Let go of the pieces that end at `place` or before it, but of the last one."""
        k = min(bisect_right(self.ends, place), len(self.ends) - 1)
        if k:
            self.begin = self.ends[k - 1]
            del self.pieces[:k], self.ends[:k]
