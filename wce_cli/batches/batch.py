"""A batch: what was asked (`Spec`) and the rows it was asked of, with every check that stands between.

Whatever comes in — lists, arrays, tensors, names instead of indices — leaves here as rows that can be walked, or
as a `WceError` that names every problem at once. Arrays stay what and where they are; nothing is converted as a
whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Unpack

import numpy as np
from msgspec import Struct

from wce_cli.batches.field_reader import (
    Gathering,
)
from wce_cli.batches.file_rows import Proved, StoredRows
from wce_cli.batches.label_problems import say_checks
from wce_cli.batches.labels import Unread, index_labels
from wce_cli.batches.number_checks import RowProblems, check_one_hot, check_probs
from wce_cli.batches.reading import read_fields
from wce_cli.errors import WceError
from wce_cli.fields import BatchFields, with_defaults
from wce_cli.loss.layout import sample_shape_of
from wce_cli.loss.rows import BLOCK_ELEMENTS, BLOCK_ROWS, CHUNK, SHOWN_ELEMENTS, ArrayRows, floats
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats, Ints


def as_keyword(field: str) -> str:
    """How a field is spelled in Python, for hints: `sample_weight=`."""
    return f"{field}="


class Batch(Struct, frozen=True):
    """A spec and its rows, in torch's layout: (C,), (N, C) or (N, C, d1, …, dk)."""

    spec: Spec
    scores: ArrayRows | StoredRows
    labels: ArrayRows | StoredRows
    """Class indices without the class axis, or probability rows in the shape of the scores."""
    sample_weight: ArrayRows | StoredRows | None
    unread: Unread | None = None
    """Not None: the labels are in a file and have not been checked; how they are to be read."""
    spelled: Callable[[str], str] = as_keyword
    """How a field is written where the user is, for what the pass finds wrong."""

    @classmethod
    def build(
        cls,
        *,
        name: str | None = None,
        source: str | None = None,
        sources: Mapping[str, str] | None = None,
        half_units: Mapping[str, Any] | None = None,
        spelled: Callable[[str], str] = as_keyword,
        **fields: Unpack[BatchFields],
    ) -> Batch:
        """Check and gather one batch.

        Exactly one of `logits`, `log_probs`, `probs` is given, in torch's layout: (C,), (N, C) or
        (N, C, d1, …, dk), or with the classes on axis `class_axis`. `labels` are class indices or names without the
        class axis, or probability rows in the layout of the scores; index labels count from `label_base`. With
        `shift` the scores at a position, of the last axis beside the classes, are for the label at the next.
        `weight` is a vector (C,), a mapping by class name, or "balanced". `half_units` says by field how far printed
        numbers may be off: one number for all, one for each, or a mapping by class; `spelled` how a field is written
        where the user is (`--labels`), for hints. `criterion`, a line of code, says what is not given.

        Raises WceError with every problem found, its sources and its shapes.
        """
        if fields.get("criterion") is not None:
            from wce_cli.batches.criterion import with_criterion

            fields, sources = with_criterion(fields, sources or {}, spelled)
        given = with_defaults("Batch.build", fields)
        read = read_fields(given, name, source, sources or {}, half_units, spelled)
        return cls(*read, spelled)

    @property
    def fields(self) -> tuple[ArrayRows | StoredRows, ...]:
        """The rows of each field: scores, labels, and sample weight if there is one."""
        return tuple(field for field in (self.scores, self.labels, self.sample_weight) if field is not None)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The scores' shape without the class axis; () for a single sample."""
        return sample_shape_of(self.scores.shape)

    @property
    def n_samples(self) -> int:
        """N: rows of the batch, ignored ones counted; positions of an image are rows."""
        return math.prod(self.sample_shape)

    @property
    def items(self) -> int:
        """The size of the first axis: sequences, images, samples."""
        return self.sample_shape[0] if self.sample_shape else 1

    @property
    def positions(self) -> int:
        """Rows of one item: positions of a sequence, pixels of an image, 1 where an item is a sample."""
        return math.prod(self.sample_shape[1:])

    @property
    def block_rows(self) -> int:
        """Rows of one block, the last one apart."""
        least, most = BLOCK_ROWS
        return max(8, min(max(BLOCK_ELEMENTS // self.spec.n_classes, least), most) // 8 * 8)

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in order, in float64: blocks of a few megabytes, whose bounds depend on C alone.

        Raises WceError as the pass does.
        """
        step = max(8, min(SHOWN_ELEMENTS // self.spec.n_classes // 8 * 8, self.block_rows))
        for start in range(0, self.n_samples, step):
            yield self.block(start, start + step)
        prove(self)

    def block(self, start: int, stop: int) -> Block:
        """The rows `start` up to `stop`, all in memory. Raises WceError if they are in a file and wrong."""
        start, stop = max(start, 0), min(stop, self.n_samples)
        look_over(self, start, stop)
        scores = np.ascontiguousarray(floats(self.scores.rows(start, stop), self.scores.dtype))
        return Block(start, scores, self.labels_of(start, stop), self.sample_weight_of(start, stop))

    def labels_of(self, start: int, stop: int) -> Ints | Floats:
        """The labels of some rows: indices (m,) from 0, ignored ones left as `ignore_index`, or rows (m, C)."""
        if self.unread is not None and not self.spec.is_soft:
            asked = self.spec.ignore_index, self.spec.n_classes
            return index_labels(self.labels, self.unread, *asked, start, stop)[0]
        labels = self.labels.rows(start, stop)
        return np.ascontiguousarray(floats(labels, self.labels.dtype)) if self.spec.is_soft else labels.astype(np.int64)

    def sample_weight_of(self, start: int, stop: int) -> Floats:
        """The sample weight of some rows, ones where none was given. (m,)"""
        if self.sample_weight is None:
            return np.ones(stop - start)
        return floats(self.sample_weight.rows(start, stop), self.sample_weight.dtype)

    def index(self, row: int) -> tuple[int, ...]:
        """Where a row stands in the layout it came in, the class axis left out."""
        shape = self.sample_shape
        return (row,) * len(shape) if len(shape) < 2 else tuple(int(i) for i in np.unravel_index(row, shape))


def check_numbers(batch: Batch, start: int, stop: int) -> RowProblems:
    """What is wrong with rows of C numbers that come from a file: probabilities, and one-hot rows of integers."""
    spec, checks, step = batch.spec, RowProblems(), max(1, CHUNK // batch.spec.n_classes)
    is_probs = spec.scores == "probs" and isinstance(batch.scores, StoredRows)
    is_one_hot = spec.integer_one_hot and batch.unread is not None
    for first in range(start, stop, step) if is_probs or is_one_hot else ():
        last = min(first + step, stop)
        if is_probs:
            checks = checks + check_probs(floats(batch.scores.rows(first, last), batch.scores.dtype), first)
        if is_one_hot:
            checks = checks + check_one_hot(batch.labels.rows(first, last), first)
    return checks


def look_over(batch: Batch, start: int, stop: int) -> None:
    """Raise WrongRows if any of some rows is wrong, with the first and the number of all that are."""
    if _checked(batch, start, stop)[0].found:
        found = _checked(batch, 0, batch.n_samples)
        prove(batch)
        raise WrongRows(batch, *found)


def _checked(batch: Batch, start: int, stop: int) -> tuple[RowProblems, bool]:
    """What is wrong with some rows, and whether any that is kept has the first class."""
    spec, checks, has_zero = batch.spec, RowProblems(), False
    for first in range(start, stop, CHUNK):
        last = min(first + CHUNK, stop)
        checks = checks + check_numbers(batch, first, last)
        if batch.unread is not None and not spec.is_soft:
            asked = spec.ignore_index, spec.n_classes
            label, found = index_labels(batch.labels, batch.unread, *asked, first, last)
            checks = checks + found
            has_zero = has_zero or bool((label[label != spec.ignore_index] == 0).any())
    return checks, has_zero


def ranges_of(batch: Batch) -> list[Any]:
    """The ranges of bytes that have been read of the files of a batch, with their checksums."""
    return [one.ranges() for one in _proved(batch)]


def learn(batch: Batch, ranges: list[Any]) -> None:
    """Take over what another process has read of the same files."""
    for one, read in zip(_proved(batch), ranges, strict=True):
        one.learn(read)


def prove(batch: Batch) -> None:
    """Raise WceError if the files of a batch are not what was saved, as far as they know it themselves."""
    for one in _proved(batch):
        one.prove()


def _proved(batch: Batch) -> list[Proved]:
    found = (field.proved for field in batch.fields if isinstance(field, StoredRows))
    return [one for one in found if one is not None]


class WrongRows(WceError):
    """What was found wrong with single numbers, as `Batch.build` words it; it adds up over parts of a batch."""

    def __init__(self, batch: Batch, checks: RowProblems, has_zero: bool) -> None:
        self.checks, self.has_zero = checks, has_zero
        spec, unread = batch.spec, batch.unread
        g = Gathering(spec.sources, batch.spelled)
        labels = spec.layout.shape if spec.is_soft else spec.layout.labels
        g.shapes = {spec.scores: str(spec.layout.shape), "labels": str(labels)}
        settings = () if unread is None else (unread.ignore_index, unread.base, has_zero)
        say_checks(g, checks, spec.scores, spec.layout, *settings)
        refusal = g.refusal()
        super().__init__(refusal.problems, (*refusal.context, *_in_their_files(batch, checks)))


def _in_their_files(batch: Batch, checks: RowProblems) -> list[str]:
    """Of a batch in several files: which of them the first wrong number is in, and where."""
    c, found = batch.spec.n_classes, []
    for field, rows, wrong, columns in (
        (batch.spec.scores, batch.scores, checks.no_probability, c),
        ("labels", batch.labels, checks.not_one_hot, 1),
        ("labels", batch.labels, checks.fractional, 1),
        ("labels", batch.labels, checks.outside, 1),
    ):
        if wrong.count and isinstance(rows, StoredRows) and (part_of := rows.part_of):
            n = batch.spec.layout.place(wrong.first // columns)[0]
            source, begin = part_of(n)
            found.append(f"{field}[{n}] is {field}[{n - begin}] of {source}")
    return found
