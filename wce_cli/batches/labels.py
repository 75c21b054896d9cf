"""Labels as they are given → class indices, or probability rows in the layout of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.arrays import place
from wce_cli.batches.checks import (
    RowProblems,
    Wrong,
    as_given,
    check_all,
    check_index_labels,
    check_one_hot,
    class_range,
    indices,
    kept_zero,
    many,
    place_of,
)
from wce_cli.batches.field_reader import Gathering, are_indices, could_be_swapped, swapped
from wce_cli.batches.file_rows import Stored, StoredRows
from wce_cli.digits import in_full
from wce_cli.errors import MOST_KNOWN, and_more, as_written, counted, did_you_mean, near
from wce_cli.loss.layout import n_classes_of, sample_shape_of
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
    value: Any,
    scores: Rows,
    names: tuple[str, ...] | None,
    ignore_index: int,
    base: int = 0,
) -> Labels | None:
    """Indices (without the class axis), or probability rows (the scores' shape), in the dtype they came in."""
    labels = g.array("labels", value)
    if labels is None:
        return None
    g.label_shape = labels.shape
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "O":
        named = _indices_of_names(g, labels, names)
        if named is None:
            return None
        labels, base = named, 0
    shape, sample_shape = scores.shape, sample_shape_of(scores.shape)
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
        return _probability_rows(g, g.rows("labels", labels, 1), integer)
    if isinstance(labels, np.ndarray):
        if g.dtypes.get("labels") == "bfloat16":
            labels = floats(labels, "bfloat16")
        if labels.size == 1 and int(np.prod(sample_shape)) == 1 and labels.ndim <= 1:
            labels = labels.reshape(sample_shape)  # one sample: 0 and [0] both
    if labels.shape != sample_shape:
        are_swapped = could_be_swapped(shape, labels.shape) and _are_indices(scores, n_classes_of(labels.shape))
        _wrong_shape(g, kind, labels.shape, shape, sample_shape, are_swapped)
        return None
    return _indices(g, labels, shape, kind, ignore_index, base)


def _are_indices(scores: Rows, n_classes: int) -> bool:
    """Whether scores look like class indices; of those in a file the dtype tells."""
    if not isinstance(scores, ArrayRows):
        return scores.dtype.startswith(("int", "uint"))
    return are_indices(floats(scores.array, scores.dtype), n_classes)


def _wrong_shape(
    g: Gathering,
    kind: str,
    labels: tuple[int, ...],
    scores: tuple[int, ...],
    sample_shape: tuple[int, ...],
    are_swapped: bool,
) -> None:
    """Note that labels and scores do not fit; `are_swapped`: whether each looks like the other."""
    n = int(np.prod(sample_shape))
    c = n_classes_of(scores)
    if len(labels) <= 1 and len(sample_shape) <= 1:
        given = counted(int(np.prod(labels)), "label", "labels")
        message = f"{counted(n, 'sample', 'samples')} ({counted(c, 'class', 'classes')}) but {given}"
        hint = "rows of scores are split by ';'" if len(scores) == 1 else ""
        if len(scores) == 2 and labels == (c,):
            hint = "scores have a row a sample: transpose them, if they have a row a class"
    else:
        indices = f"{sample_shape} class indices" if sample_shape else "one class index"
        message = f"labels have shape {labels}, expected {indices} or {scores} probabilities"
        hint = "the class axis of the scores is axis 1, as in torch" if len(scores) > 2 else ""
        if labels == (*sample_shape, 1):
            hint = "drop the last axis of the labels"
        elif labels == (*sample_shape[:1], 1, *sample_shape[1:]):
            hint = "drop axis 1 of the labels"
        elif len(scores) > 2 and labels == scores[:-1]:
            hint += "; these scores have it last: numpy.moveaxis(x, -1, 1)"
    if are_swapped:
        hint = swapped(g, kind)
    g.problem("labels", message, hint)


def _probability_rows(g: Gathering, rows: ArrayRows | StoredRows, integer: bool) -> Labels | None:
    g.integer_one_hot = integer
    if integer and isinstance(rows, ArrayRows):
        n, step = int(np.prod(sample_shape_of(rows.shape))), max(1, CHUNK // n_classes_of(rows.shape))
        checks = check_all([check_one_hot(rows.rows(i, min(i + step, n)), i) for i in range(0, n, step)])
        if checks.found:
            say_checks(g, checks, "", rows.shape)
            return None
    return Labels(rows, is_soft=True, unread=None if isinstance(rows, ArrayRows) else Unread())


def _indices(
    g: Gathering,
    labels: NDArray[Any] | Stored,
    shape: tuple[int, ...],
    kind: str,
    ignore_index: int,
    base: int,
) -> Labels | None:
    """Class indices from 0. Where `labels` count from another base, ignored ones become IGNORE_INDEX."""
    rows = g.rows("labels", labels, 0)
    if not isinstance(labels, np.ndarray):
        return Labels(rows, is_soft=False, unread=Unread(ignore_index, base))
    n, c = labels.size, n_classes_of(shape)
    starts = range(0, n, CHUNK)
    checks = check_all([check_index_labels(rows.rows(i, i + CHUNK), i, ignore_index, base, c) for i in starts])
    if checks.found:
        say_checks(g, checks, kind, shape, ignore_index, base, kept_zero(rows, n, ignore_index))
        return None
    if base != 0:  # what is ignored must not become a class
        rows = ArrayRows.of_samples(indices(labels, ignore_index, IGNORE_INDEX, base), rows.dtype)
    return Labels(rows, is_soft=False)


def say_checks(
    g: Gathering,
    checks: RowProblems,
    kind: str,
    shape: tuple[int, ...],
    ignore_index: int = IGNORE_INDEX,
    base: int = 0,
    has_zero: bool = False,
) -> None:
    """Note what is wrong with single numbers; `shape` is that of the scores."""
    c, sample_shape = n_classes_of(shape), sample_shape_of(shape)
    wrong = checks.no_probability
    if wrong.count:
        g.problem(
            kind,
            f"{place_of(kind, shape, wrong.first // c, wrong.first % c)} is {in_full(wrong.value)}, "
            f"expected a probability from 0 to 1{many(wrong)}",
            f"use {g.spelled('logits')} for scores before the softmax",
        )
    if checks.not_one_hot.count:
        _say_not_one_hot(g, checks.not_one_hot, checks.no_ones)
    wrong = checks.fractional
    if wrong.count:
        g.problem(
            "labels",
            f"{place_of('labels', sample_shape, wrong.first)} is {in_full(wrong.value)}, "
            f"expected a whole number{many(wrong)}",
            f"probability labels have the shape of the scores, {shape}",
        )
        return
    wrong = checks.outside
    if wrong.count:
        label = as_given(wrong.value)
        hint = f'use {g.setting("ignore_index", label)} if this label means "skip"' if isinstance(label, int) else ""
        if c == 1:
            hint = (
                "one column of scores is the layout of binary cross-entropy, which is not covered yet: write the "
                "second column, '0 x' for a logit x, '1-p p' for a probability p"
            )
        elif base == 0 and not has_zero and wrong.smallest == wrong.largest == c:
            hint = f"labels look 1-based: subtract 1, or {g.setting('label_base', 1)}"
        where = place_of("labels", sample_shape, wrong.first)
        g.problem("labels", f"{where} is {label}, but {kind} has {class_range(c, base)}{many(wrong)}", hint)


MULTI_LABEL = "BCEWithLogitsLoss, a sigmoid for each class, which wce does not cover yet"


def _say_not_one_hot(g: Gathering, wrong: Wrong, no_ones: int) -> None:
    """Rows of integers that are not one-hot, `no_ones` of them all 0: multi-label, where all are rows of 0 and 1 and
    some have several 1s.
    """
    if wrong.smallest >= 0 and wrong.largest > 1:
        message = f"row {wrong.first} of the labels {_ones(wrong, no_ones)}"
        hint = f"several classes at once are multi-label: their loss is {MULTI_LABEL}"
    elif wrong.smallest == 0:
        message = f"row {wrong.first} of the labels has no 1, expected one class a sample{many(wrong)}"
        hint = (
            f"give class indices, {IGNORE_INDEX} for a sample without a class; where none or several may be right, the "
            f"loss is {MULTI_LABEL}"
        )
    else:
        message = f"labels are integer rows, but row {wrong.first} is not one-hot{many(wrong)}"
        hint = "write probabilities with points (1.0), or give one class index a sample"
    g.problem("labels", message, hint)


def _say_no_class(
    g: Gathering, labels: NDArray[Any], unknown: Sequence[tuple[int, ...]], names: tuple[str, ...]
) -> None:
    """Note that labels are none of the names. A name that no label has may itself be what is misspelt."""
    word = str(labels[unknown[0]])
    said, more = f"{place('labels', unknown[0])} is {as_written(word)}", and_more(len(unknown) - 1)
    used = set(labels.flat)
    unused = [name for name in names if name not in used] if len(names) <= MOST_KNOWN else []
    close = near(word, unused) if len(word) <= MOST_KNOWN and near(word, names) == near(word, unused) else []
    if len(close) != 1:
        g.problem("labels", f"{said}, which is no class{more}", did_you_mean(word, names))
        return
    field = "classes" if "classes" in g.shapes else "weight"
    here, there = (g.sources.get(one) or g.spelled(one).rstrip("=") for one in ("labels", field))
    g.problem(
        "labels",
        f"{said}, and {field} {'name' if field == 'classes' else 'names'} {as_written(close[0])}{more}",
        f"did you mean {word!r} in {there}, or {close[0]!r} in {here}?",
    )


def _ones(wrong: Wrong, no_ones: int) -> str:
    """What the first row has instead of one 1; how many more have the like, and how many the other."""
    has, like, others = f"a 1 in {wrong.value:.0f} places", wrong.count - no_ones, "none"
    if wrong.value == 0:
        has, like, others = "no 1", no_ones, "several"
    unlike = wrong.count - like
    rest = [f"{like - 1} more"] if like > 1 else []
    rest += [f"{counted(unlike, 'row has', 'rows have')} {others}"] if unlike else []
    return f"has {has}, expected one class a sample" + (f" (and {', and '.join(rest)})" if rest else "")


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
        _say_no_class(g, labels, unknown, names)
        return None
    return np.array([number[name] for name in labels.flat], dtype=np.int64).reshape(labels.shape)
