"""Labels as they are given → class indices, or probability rows in the layout of the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.arrays import place
from wce_cli.batches.field_reader import Gathering, are_indices, could_be_swapped
from wce_cli.batches.file_rows import Stored, StoredRows
from wce_cli.batches.label_problems import MULTI_LABEL, say_checks, say_no_class, say_shapes
from wce_cli.batches.number_checks import (
    RowProblems,
    check_all,
    check_index_labels,
    check_one_hot,
    indices,
    kept_zero,
)
from wce_cli.loss.layout import Layout, n_classes_of
from wce_cli.loss.rows import CHUNK, ArrayRows, Rows, floats
from wce_cli.loss.spec import IGNORE_INDEX
from wce_cli.loss.sums import Ints


class Labels(Struct, frozen=True):
    """The labels of a batch, and how far they have been read."""

    rows: ArrayRows | StoredRows
    is_soft: bool
    """Whether they are probability rows in the layout of the scores; else indices without the class axis."""
    unread: Unread | None = None
    """Not None: they are in a file, nobody has looked at them, and the pass must."""


class Unread(Struct, frozen=True):
    """How the index labels of a file are to be read."""

    ignore_index: int = IGNORE_INDEX
    base: int = 0
    """The index of the first class, in the labels as they stand in the file."""


def read_labels(
    g: Gathering,
    kind: str,
    labels: NDArray[Any] | Stored,
    scores: Rows,
    layout: Layout,
    names: tuple[str, ...] | None,
    ignore_index: int,
    base: int = 0,
) -> Labels | None:
    """Indices (without the class axis), or probability rows (the scores' shape), in the dtype they came in."""
    g.label_shape = labels.shape
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "O":
        named = _indices_of_names(g, labels, names)
        if named is None:
            return None
        labels, base, g.named_labels = named, 0, True
    shape, sample_shape = layout.shape, layout.labels
    integer = str(labels.dtype).startswith(("int", "uint", "bool")) and g.dtypes.get("labels") != "bfloat16"
    if len(shape) == 1 and labels.shape == shape and integer and shape[0] > 1:
        c = shape[0]
        hint = (
            "rows of scores are split by ';' ('0.1 0.9; 0 0.1'); a probability row is written with points ('1.0,0.0')"
        )
        if c > 2 and isinstance(labels, np.ndarray) and ((labels == 0) | (labels == 1)).all() and labels.sum() > 1:
            hint = f"rows of scores are split by ';'; a row with several 1s is multi-label: its loss is {MULTI_LABEL}"
        g.problem(
            "labels", f"{kind} is 1 sample ({c} classes), but labels are {c} integers: {c} labels, or one row?", hint
        )
        return None
    if labels.shape == shape and not (shape == (1,) and integer):
        return _probability_rows(g, g.rows("labels", labels, 1, layout), layout, integer)
    if isinstance(labels, np.ndarray):
        if g.dtypes.get("labels") == "bfloat16":
            labels = floats(labels, "bfloat16")
        if labels.size == 1 and int(np.prod(sample_shape)) == 1 and labels.ndim <= 1:
            labels = labels.reshape(sample_shape)  # one sample: 0 and [0] both
    if labels.shape != sample_shape:
        are_swapped = could_be_swapped(shape, labels.shape) and _are_indices(scores, n_classes_of(labels.shape))
        say_shapes(g, kind, labels.shape, layout, are_swapped)
        return None
    return _indices(g, labels, layout, kind, ignore_index, base)


def _are_indices(scores: Rows, n_classes: int) -> bool:
    """Whether scores look like class indices; of those in a file the dtype tells."""
    if not isinstance(scores, ArrayRows):
        return scores.dtype.startswith(("int", "uint"))
    return are_indices(floats(scores.array, scores.dtype), n_classes)


def _probability_rows(g: Gathering, rows: ArrayRows | StoredRows, layout: Layout, integer: bool) -> Labels | None:
    g.integer_one_hot = integer
    if integer and isinstance(rows, ArrayRows):
        n, step = layout.n, max(1, CHUNK // layout.n_classes)
        checks = check_all([check_one_hot(rows.rows(i, min(i + step, n)), i) for i in range(0, n, step)])
        if checks.found:
            say_checks(g, checks, "", layout)
            return None
    return Labels(rows, is_soft=True, unread=None if isinstance(rows, ArrayRows) else Unread())


def _indices(
    g: Gathering,
    labels: NDArray[Any] | Stored,
    layout: Layout,
    kind: str,
    ignore_index: int,
    base: int,
) -> Labels | None:
    """Class indices from 0. Where `labels` count from another base, ignored ones become IGNORE_INDEX."""
    rows = g.rows("labels", labels, 0, layout)
    if not isinstance(labels, np.ndarray):
        return Labels(rows, is_soft=False, unread=Unread(ignore_index, base))
    n, c = layout.n, layout.n_classes
    starts = range(0, n, CHUNK)
    checks = check_all([check_index_labels(rows.rows(i, i + CHUNK), i, ignore_index, base, c) for i in starts])
    if checks.found:
        say_checks(g, checks, kind, layout, ignore_index, base, kept_zero(rows, n, ignore_index))
        return None
    if base != 0:  # what is ignored must not become a class
        whole = indices(labels, ignore_index, IGNORE_INDEX, base)
        rows = ArrayRows.of_samples(whole, rows.dtype, layout.dropped_labels)
    return Labels(rows, is_soft=False)


def _indices_of_names(g: Gathering, labels: NDArray[Any], names: tuple[str, ...] | None) -> Ints | None:
    if names is None and any(problem.field == "classes" for problem in g.problems):
        return None  # the names were given, and are what is wrong
    if names is None:
        first = labels.flat[0]
        g.problem(
            "labels",
            f'{place("labels", [0] * labels.ndim)} is "{first}", expected a class index',
            f"name the classes in order: {g.spelled('classes')}",
        )
        return None
    number = {name: position for position, name in enumerate(names)}
    unknown = [index for index in np.ndindex(labels.shape) if labels[index] not in number]
    if unknown:
        say_no_class(g, labels, unknown, names)
        return None
    return np.array([number[name] for name in labels.flat], dtype=np.int64).reshape(labels.shape)


def index_labels(
    labels: Rows, unread: Unread, ignored_as: int, c: int, start: int, stop: int
) -> tuple[Ints, RowProblems]:
    """Some labels of a file as class indices from 0, ignored ones as `ignored_as`, and what is wrong with them."""
    raw = labels.rows(start, stop)
    if labels.dtype == "bfloat16":
        raw = floats(raw, labels.dtype)
    checks = check_index_labels(raw, start, unread.ignore_index, unread.base, c)
    return indices(raw, unread.ignore_index, ignored_as, unread.base), checks
