"""A file in Fortran order of several axes, read as if it were in C order: a few entries of its first axis at a time.

The numbers of one entry are spread over the whole file, so it is read once for every so many entries: time for memory.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.file_rows import Stored

KEPT_BYTES = 1 << 26
"""Bytes of the entries that are kept at a time, about."""
READ_AT_ONCE = 1 << 22
"""Numbers that are read in one go, about."""


class COrder:
    """The numbers of a Fortran file in C order."""

    def __init__(self, stored: Stored) -> None:
        self.shape, self.dtype, self.stored = stored.shape, stored.dtype, stored
        self.fortran, self.sequential = False, True
        self.entry = math.prod(self.shape[1:])
        """Numbers of one entry of the first axis."""
        self.first = 0
        self.kept: NDArray[Any] | None = None
        """Entries from `first` on, a row each."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The numbers `start` up to `stop` in C order."""
        if start >= stop:
            return self.stored.read(0, 0)
        first, last = start // self.entry, (stop - 1) // self.entry
        pieces = []
        for n in range(first, last + 1):
            begin = n * self.entry
            pieces.append(self._entry(n)[max(start - begin, 0) : stop - begin])
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]

    def _entry(self, n: int) -> NDArray[Any]:
        """One entry of the first axis, in C order."""
        if self.kept is None or not self.first <= n < self.first + len(self.kept):
            self.kept, self.first = None, n  # not both at once
            self.kept = self._entries(n)
        entry: NDArray[Any] = self.kept[n - self.first]
        return entry

    def _entries(self, first: int) -> NDArray[Any]:
        """Entries from `first` on, as many as are kept."""
        n, itemsize = self.shape[0], self.stored.read(0, 1).itemsize
        count = min(n - first, max(1, KEPT_BYTES // (2 * self.entry * itemsize)))
        step = max(1, READ_AT_ONCE // n)
        turned: NDArray[Any] | None = None
        for begin in range(0, self.entry, step):
            end = min(begin + step, self.entry)
            piece = self.stored.read(begin * n, end * n).reshape(-1, n)[:, first : first + count]
            if turned is None:
                turned = np.empty((count, self.entry), piece.dtype)
            turned[:, begin:end] = piece.T
        assert turned is not None
        axes = (0, *range(len(self.shape) - 1, 0, -1))  # the last axis is the slowest in the file
        backwards = turned.reshape(count, *self.shape[:0:-1])
        return np.ascontiguousarray(backwards.transpose(axes)).reshape(count, -1)
