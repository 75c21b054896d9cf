"""The checks of single numbers, some rows at a time: labels that are no class, probabilities that are none.

Arrays in memory are checked when a batch is built, files in the pass that reads them; either way all rows are
looked at, and what is wrong is said once, with the first place and the count.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.errors import and_more, counted
from wce_cli.loss.layout import n_classes_of
from wce_cli.loss.rows import CHUNK, Rows, floats
from wce_cli.loss.sums import Floats, Ints

ABOVE_ONE = 1e-5
"""How far a probability may be above 1: rounding of float32, half precision."""


class Wrong(Struct, frozen=True):
    """Numbers that cannot be: how many, the first of them, and between which values they are."""

    count: int = 0
    first: int = -1
    """The row, or row · C + class; −1 for none."""
    value: float = math.nan
    smallest: float = math.inf
    largest: float = -math.inf

    def __add__(self, other: Wrong) -> Wrong:
        begins = self if other.first < 0 or 0 <= self.first < other.first else other
        low, high = min(self.smallest, other.smallest), max(self.largest, other.largest)
        return Wrong(self.count + other.count, begins.first, begins.value, low, high)

    @classmethod
    def of(cls, values: NDArray[Any], wrong: NDArray[np.bool_], start: int) -> Wrong:
        """Those of `values` that are `wrong`, the first value standing at `start`."""
        where = np.flatnonzero(wrong)
        if not len(where):
            return cls()
        found = values.reshape(-1)[where]
        return cls(len(where), start + int(where[0]), found[0].item(), found.min().item(), found.max().item())


class RowProblems(Struct, frozen=True):
    """What is wrong with the numbers of some rows; a monoid like everything that a pass leaves."""

    fractional: Wrong = Wrong()
    """Index labels that are no whole number."""
    outside: Wrong = Wrong()
    """Index labels that are no class."""
    not_one_hot: Wrong = Wrong()
    """Probability labels of integers that are not one-hot: how many 1s each has, −1 where other numbers are in it."""
    no_ones: int = 0
    """How many rows of `not_one_hot` are all 0."""
    no_probability: Wrong = Wrong()
    """Probabilities below 0 or above 1."""

    def __add__(self, other: RowProblems) -> RowProblems:
        return RowProblems(
            self.fractional + other.fractional,
            self.outside + other.outside,
            self.not_one_hot + other.not_one_hot,
            self.no_ones + other.no_ones,
            self.no_probability + other.no_probability,
        )

    @property
    def found(self) -> bool:
        """Whether anything is wrong."""
        return any(wrong.count for wrong in (self.fractional, self.outside, self.not_one_hot, self.no_probability))


def check_index_labels(labels: NDArray[Any], start: int, ignore_index: int, base: int, c: int) -> RowProblems:
    """Labels (m,) of any dtype, as given: whole numbers from `base` on, C of them, or the ignored one."""
    if labels.dtype == np.int64 and base == 0:
        outside = labels.view(np.uint64) >= c  # a negative one is a large one: half of what comparing twice costs
        where = np.flatnonzero(outside)
        if not len(where) or (labels[where] == ignore_index).all():
            return RowProblems()
    is_float = labels.dtype.kind == "f" or (labels.dtype == np.uint64 and bool((labels >> 63).any()))
    wide: NDArray[Any] = labels.astype(np.float64 if is_float else np.int64)  # as `to_array` widens what came in memory
    outside = (wide < base) | (wide >= base + c)
    outside &= wide != ignore_index
    fractional = wide != np.floor(wide) if wide.dtype.kind == "f" else np.zeros(0, dtype=bool)
    if fractional.any():
        return RowProblems(fractional=Wrong.of(wide, fractional, start))
    return RowProblems(outside=Wrong.of(wide, outside, start))


def check_one_hot(rows: NDArray[Any], start: int) -> RowProblems:
    """Probability labels of integers (m, C): all 0 and one 1."""
    ones = np.where(((rows == 0) | (rows == 1)).all(axis=1), np.count_nonzero(rows, axis=1), -1)
    return RowProblems(not_one_hot=Wrong.of(ones, ones != 1, start), no_ones=int((ones == 0).sum()))


def check_probs(rows: Floats, start: int) -> RowProblems:
    """Probabilities (m, C) from 0 to 1; NaN is another matter."""
    outside = (rows < 0) | (rows > 1 + ABOVE_ONE)
    if not outside.any():
        return RowProblems()
    return RowProblems(no_probability=Wrong.of(rows, outside, start * rows.shape[1]))


def check_all(checks: list[RowProblems]) -> RowProblems:
    """The sum of the checks of all parts."""
    total = RowProblems()
    for part in checks:
        if part.found:
            total = total + part
    return total


def check_scores(scores: Rows, n: int) -> RowProblems:
    """Every probability of a field of `n` rows."""
    step = max(1, CHUNK // n_classes_of(scores.shape))
    parts = range(0, n, step)
    return check_all([check_probs(floats(scores.rows(i, min(i + step, n)), scores.dtype), i) for i in parts])


def as_given(label: float) -> int | float:
    """A label as the user wrote it: whole, unless no integer holds it."""
    return int(label) if abs(label) < 2**63 else float(label)


def class_range(c: int, base: int) -> str:
    """`3 classes (0..2)`."""
    return f"{counted(c, 'class', 'classes')} ({base}..{base + c - 1})"


def many(wrong: Wrong) -> str:
    """` (and 41 more)` after the first of what is wrong."""
    return and_more(wrong.count - 1)


def kept_zero(labels: Rows, n: int, ignore_index: int) -> bool:
    """Whether a label that is kept is 0, so that labels do not count from 1."""
    return ignore_index != 0 and any(bool((labels.rows(i, min(i + CHUNK, n)) == 0).any()) for i in range(0, n, CHUNK))


def indices(labels: NDArray[Any], ignore_index: int, ignored_as: int, base: int) -> Ints:
    """Labels as class indices from 0, int64; those that are ignored become `ignored_as`."""
    whole = labels.astype(np.int64)
    return whole if base == 0 else np.where(whole == ignore_index, ignored_as, whole - base)
