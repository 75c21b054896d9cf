"""The memory that one worker computes in, reused from chunk to chunk, and how a chunk of scores gets into it.

A chunk lies there as (m, C), or as (C, m) where the classes are few or memory has the rows of a class beside
each other: numpy is fast along the last axis only. Which of the two is fixed for a batch, and no digit of a row
depends on where in a chunk it stands: along (C, m) rows are added element by element, and a BLAS dot along (m, C)
is given a multiple of 8 rows, or one row at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from wce_cli.loss.rows import CHUNK, floats
from wce_cli.loss.sums import Floats, Ints

NARROW = 16
"""Up to so many classes lie as (C, m)."""
WIDE = 512
"""From so many classes on, one dot a row costs no more than one for all rows."""
ADDED = 64
"""Classes of (C, m) that are added one after the other: more are added in parts, or roundings would show."""
ONE_THREAD = 1 << 13
"""Classes of a dot: BLAS shares a longer one among threads of its own, which a machine that is busy keeps waiting."""
HALF = ("float16", "bfloat16")
"""Dtypes of which a table holds exp of every number."""


class Buffers:
    """Arrays for chunks of `n_classes` scores a row, of about `size` numbers each, and the two orientations."""

    def __init__(self, n_classes: int, by_class: bool, size: int = CHUNK, count: int = 1, least: int = 1) -> None:
        self.c = n_classes
        self.by_class = by_class
        self.multiple = 8 if by_class or n_classes < WIDE else 1
        self.rows = self.padded(max(size // n_classes - self.multiple + 1, least))
        self.flat = [np.empty(self.rows * n_classes) for _ in range(count)]
        self.views: dict[tuple[int, int], Floats] = {}
        self.scratch = np.empty(self.rows * n_classes if by_class and count > 1 else 0)
        self.row = np.arange(self.rows)
        self.first = self.row * n_classes
        self.ones = np.ones(n_classes)
        self.sums = np.empty(self.rows)

    def padded(self, m: int) -> int:
        """Rows that are added up together with `m` of a chunk: enough for a multiple of 8, where that matters."""
        return -(-m // self.multiple) * self.multiple

    def matrix(self, k: int, m: int) -> Floats:
        """Buffer `k` as a chunk of m rows: (C, m), or (m, C)."""
        whole = self._whole(k, m)
        if self.padded(m) == m:
            return whole
        return whole[:, :m] if self.by_class else whole[:m]

    def load(self, k: int, raw: NDArray[Any], dtype: str) -> Floats:
        """Some rows (m, C) of any dtype, put into buffer `k` as float64."""
        matrix = self.matrix(k, len(raw))
        if dtype == "bfloat16":
            raw = floats(raw, dtype)
        np.copyto(matrix, raw.T if self.by_class else raw, casting="unsafe")
        return matrix

    def places(self, classes: Ints) -> Ints:
        """Where in a flat buffer the number of one class a row stands. (m,)"""
        m = len(classes)
        return classes * self.padded(m) + self.row[:m] if self.by_class else self.first[:m] + classes

    def along(self, per_row: Floats) -> Floats:
        """A number a row, to be broadcast over a chunk."""
        return per_row if self.by_class else per_row[:, None]

    def top(self, k: int, m: int) -> Ints:
        """The class of the largest number of every row of buffer `k`, the first on a tie. (m,)"""
        matrix = self.matrix(k, m)
        if not self.by_class:
            return np.asarray(matrix.argmax(axis=1))
        if self.c > 256:
            return np.asarray(matrix.argmax(axis=0))
        # numpy's argmax along this axis is slow. In bytes, which wrap around: top += is_largest · (c − top)
        largest, top = np.maximum.reduce(matrix, axis=0), np.zeros(m, dtype=np.uint8)
        for c in range(self.c - 1, -1, -1):
            top += (matrix[c] == largest).view(np.uint8) * (np.uint8(c) - top)
        return top.astype(np.int64)

    def largest(self, k: int, m: int, top: Ints, out: Floats) -> None:
        """The largest number of every row of buffer `k`, whose class is known; NaN where there is one. (m,)"""
        if self.by_class:
            np.maximum.reduce(self.matrix(k, m), axis=0, out=out)
        else:
            np.take(self.flat[k], self.places(top), out=out, mode="clip")  # numpy's max is slow where C is small

    def smallest(self, k: int, m: int, out: Floats) -> None:
        """The smallest number of every row of buffer `k`. (m,)"""
        np.minimum.reduce(self.matrix(k, m), axis=0 if self.by_class else 1, out=out)

    def clear(self, k: int, m: int, rows: Ints) -> None:
        """Put zeros in some rows of buffer `k`."""
        self.matrix(k, m)[(slice(None), rows) if self.by_class else rows] = 0.0

    def over_rows(self, k: int, factors: Floats) -> Floats:
        """Σ_n factor[n] · number[n, c] of buffer `k`, for one factor a row (m,) or several (j, m): (C,) or (j, C)."""
        matrix = self.matrix(k, factors.shape[-1])
        return np.asarray((matrix @ factors.T).T if self.by_class else factors @ matrix)

    def add_up(self, k: int, m: int, out: Floats) -> None:
        """Σ over the classes of every row of buffer `k`. (m,)"""
        if self.by_class:
            out[:] = _add_classes(self._whole(k, m))[:m]
        else:
            self.dot(k, m, self.ones, out)

    def dot(self, k: int, m: int, weight: Floats, out: Floats) -> None:
        """Σ_c weight[c] · number of every row of buffer `k`. (m,)"""
        if self.by_class:
            whole = self._whole(k, m)
            product = self.scratch[: whole.size].reshape(whole.shape)
            out[:] = _add_classes(np.multiply(whole, weight[:, None], out=product))[:m]
        elif self.c < WIDE:
            out[:] = self._whole(k, m).dot(weight, out=self.sums[: self.padded(m)])[:m]
        else:
            matrix = self.matrix(k, m)
            pieces = self.c // ONE_THREAD
            end = pieces * ONE_THREAD
            np.vecdot(matrix[:, end:], weight[end:], out=out)
            if pieces:
                strides = (matrix.strides[0], ONE_THREAD * matrix.itemsize, matrix.itemsize)
                whole = as_strided(matrix, (m, pieces, ONE_THREAD), strides)  # a reshape of them would be a copy
                out += np.add.reduce(np.vecdot(whole, weight[:end].reshape(pieces, ONE_THREAD)), axis=1)

    def _whole(self, k: int, m: int) -> Floats:
        """Buffer `k` with m rows, and zeros for those that pad it."""
        padded = self.padded(m)
        whole = self.views.get((k, padded))
        if whole is None:
            flat = self.flat[k][: padded * self.c]
            whole = flat.reshape(self.c, padded) if self.by_class else flat.reshape(padded, self.c)
            self.views[k, padded] = whole
        if padded != m:
            whole[(slice(None), slice(m, None)) if self.by_class else slice(m, None)] = 0.0
        return whole


def exp_table(dtype: str) -> Floats:
    """exp of every number of 16 bits, by its bits. (65536,)"""
    bits = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(floats(bits if dtype == "bfloat16" else bits.view(np.float16), dtype))


def bits_of(raw: NDArray[Any]) -> NDArray[Any]:
    """Numbers of 16 bits as their bits, whatever their byte order."""
    return raw.view(raw.dtype.str[0] + "u2")


def _add_classes(matrix: Floats) -> Floats:
    """Σ over the classes of (C, m). numpy would add a single row in another order: m is 8 at least."""
    if len(matrix) <= ADDED:
        return np.asarray(np.add.reduce(matrix, axis=0))
    return _add_classes(np.array([np.add.reduce(matrix[k : k + ADDED], axis=0) for k in range(0, len(matrix), ADDED)]))
