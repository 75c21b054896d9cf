"""The rows with the largest terms, by class: which they are, and how a pass finds them among millions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from wce_cli.loss.sums import Floats, Ints

TOP = 5
"""Samples with the largest terms that are kept by index."""
POOL = 4096
"""Candidates that are gathered before they are sorted, at least."""


class Top(Struct, frozen=True, forbid_unknown_fields=True):
    """The rows with the largest terms of every class: enough for the largest of all, for any weight ≥ 0.

    With index labels and no smoothing a term is w[y]·s·ℓ, so the key is s·ℓ (its negative, where the class
    weighs less than 0). With smoothing or probability labels the order depends on every weight: the key is then
    the term itself, all classes are one, and the answer holds for the weight that the pass was made with.
    """

    size: int
    by_class: bool
    label: Ints
    key: Floats
    row: Ints

    def __add__(self, other: Top) -> Top:
        if not len(other.row) and self.size <= other.size:
            return self
        return largest(min(self.size, other.size), self.by_class, [self, other])

    def shifted(self, n: int) -> Top:
        """The same of rows that stand behind n others."""
        return structs.replace(self, row=self.row + n)

    def terms(self, weight: Floats) -> tuple[tuple[float, int], ...]:
        """(term, row) of the largest terms under class placement, largest first, the earlier row on a tie."""
        with np.errstate(invalid="ignore", over="ignore"):
            term = np.abs(weight)[self.label] * self.key if self.by_class else self.key
        order = np.lexsort((self.row, -term))
        there = [i for i in order.tolist() if not np.isnan(term[i])][: self.size]  # 0·∞
        return tuple((float(term[i]), int(self.row[i])) for i in there)


class Sieve:
    """The largest keys of each class while rows go by, in the order of their index.

    Only rows above the least of the `size` that their class has already are looked at, and those are sorted when
    many have come together.
    """

    def __init__(self, size: int, by_class: bool, n_classes: int) -> None:
        self.size, self.by_class = size, by_class
        self.least = np.full(n_classes if by_class else 1, np.nan)
        """The smallest key that a class keeps, NaN for a class that has room."""
        self.limit = max(POOL, 2 * size * len(self.least))
        self.pool: list[Top] = []
        self.waiting = 0

    def add(self, label: Ints, key: Floats, row: Ints) -> None:
        """Let some rows through that may be among the largest. (m,) each"""
        if self.size == 0:
            return
        if not self.by_class:
            label = np.zeros_like(label)
        cuts = [0, len(key)]
        if not self.pool and len(key) >= 64 * len(self.least):  # a few rows first, to hold the others against
            cuts = [0, *(cut for cut in (16 * len(self.least), 256 * len(self.least)) if cut < len(key)), len(key)]
        for start, stop in pairwise(cuts):
            if start:
                self._sort()
            part = slice(start, stop)
            above = np.flatnonzero(~(key[part] <= self.least.take(label[part]))) + start
            if len(above):
                self.pool.append(Top(self.size, self.by_class, label[above], key[above], row[above]))
                self.waiting += len(above)
        if self.waiting > self.limit:
            self._sort()

    def top(self) -> Top:
        """The largest keys of each class."""
        self._sort()
        return self.pool[0]

    def _sort(self) -> None:
        top = largest(self.size, self.by_class, self.pool)
        if self.size == 0:
            self.pool = [top]
            return
        full = np.flatnonzero(np.bincount(top.label, minlength=len(self.least)) >= self.size)
        last = np.searchsorted(top.label, full, side="right") - 1
        self.least[full] = top.key[last]
        self.pool, self.waiting = [top], 0


def largest(size: int, by_class: bool, tops: list[Top]) -> Top:
    """The `size` largest keys of each label among all of them, the earlier rows on a tie."""
    none = np.zeros(0, dtype=np.int64)
    label = np.concatenate([none, *(top.label for top in tops)])
    key = np.concatenate([np.zeros(0), *(top.key for top in tops)])
    row = np.concatenate([none, *(top.row for top in tops)])
    there = np.flatnonzero(~np.isnan(key))
    order = there[_order(label[there], key[there], row[there])]
    labels = label[order]
    position = np.arange(len(order))
    begins: NDArray[np.bool_] = np.ones(len(order), dtype=bool)
    begins[1:] = labels[1:] != labels[:-1]
    rank = position - np.maximum.accumulate(np.where(begins, position, 0))
    chosen = order[rank < size]
    return Top(size, by_class, label[chosen], key[chosen], row[chosen])


def _order(label: Ints, key: Floats, row: Ints) -> Ints:
    """By label, then the largest key, then the first row."""
    by_key = np.argsort(-key)  # several times as fast as a stable sort, which only ties need
    ordered = key[by_key]
    if (ordered[1:] == ordered[:-1]).any():
        by_key = np.lexsort((row, -key))
    if label.size and label.max() < 1 << 16:  # numpy sorts small integers in one sweep
        return by_key[np.argsort(label[by_key].astype(np.uint16), kind="stable")]
    return by_key[np.argsort(label[by_key], kind="stable")]
