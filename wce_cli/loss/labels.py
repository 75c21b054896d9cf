"""Labels as they are given → class indices (int64), or probability rows in the layout of the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.errors import and_more, as_written, counted, did_you_mean
from wce_cli.loss.arrays import place
from wce_cli.loss.gathering import Gathering
from wce_cli.loss.layout import class_axis_last, n_classes_of, sample_shape_of
from wce_cli.loss.sums import Floats, Ints

IGNORE_INDEX = -100
"""torch's default: a label that means "skip this sample"."""


def read_labels(
    g: Gathering,
    kind: str,
    value: Any,
    scores: Floats,
    names: tuple[str, ...] | None,
    ignore_index: int,
    base: int = 0,
) -> NDArray[Any] | None:
    """Indices (int64, without the class axis) or probability rows (float64, the scores' shape)."""
    labels = g.array("labels", value)
    if labels is None:
        return None
    g.label_shape = labels.shape
    if labels.dtype.kind == "O":
        named = _indices_of_names(g, labels, names)
        if named is None:
            return None
        labels, base = named, 0
    sample_shape = sample_shape_of(scores.shape)
    if scores.ndim == 1 and labels.shape == scores.shape and labels.dtype.kind == "i" and len(scores) > 1:
        c = len(scores)
        g.problem(
            "labels",
            f"{kind} is 1 sample ({c} classes), but labels are {c} integers: {c} labels, or one row?",
            "rows of scores are split by ';' ('0.1 0.9; 0 0.1'); a probability row is written with points ('1.0,0.0')",
        )
        return None
    if labels.shape == scores.shape and not (scores.shape == (1,) and labels.dtype.kind == "i"):
        return _probability_rows(g, labels, scores)
    if labels.size == 1 and int(np.prod(sample_shape)) == 1 and labels.ndim <= 1:
        labels = labels.reshape(sample_shape)  # one sample: 0 and [0] both
    if labels.shape != sample_shape:
        _wrong_shape(g, kind, labels, scores, sample_shape)
        return None
    return _indices(g, labels, scores, kind, ignore_index, base)


def _wrong_shape(g: Gathering, kind: str, labels: NDArray[Any], scores: Floats, sample_shape: tuple[int, ...]) -> None:
    n = int(np.prod(sample_shape))
    c = n_classes_of(scores.shape)
    if labels.ndim <= 1 and len(sample_shape) <= 1:
        message = f"{counted(n, 'sample', 'samples')} ({c} classes) but {counted(labels.size, 'label', 'labels')}"
        hint = "rows of scores are split by ';'" if scores.ndim == 1 else ""
    else:
        message = (
            f"labels have shape {labels.shape}, expected {sample_shape} class indices or {scores.shape} probabilities"
        )
        hint = "the class axis of the scores is axis 1, as in torch" if scores.ndim > 2 else ""
        if labels.shape == (*sample_shape, 1):
            hint = "drop the last axis of the labels"
    g.problem("labels", message, hint)


def _probability_rows(g: Gathering, labels: NDArray[Any], scores: Floats) -> Floats | None:
    if labels.dtype.kind == "i":
        rows = class_axis_last(labels).reshape(-1, labels.shape[1] if labels.ndim > 1 else len(labels))
        one_hot = ((rows == 0) | (rows == 1)).all(axis=1) & (rows.sum(axis=1) == 1)
        if not one_hot.all():
            wrong = np.flatnonzero(~one_hot)
            g.problem(
                "labels",
                f"labels are integer rows, but row {wrong[0]} is not one-hot" + and_more(len(wrong) - 1),
                "write probabilities with points (1.0), or give one class index a sample",
            )
            return None
        g.integer_one_hot = True
    return labels.astype(np.float64)


def _indices(
    g: Gathering, labels: NDArray[Any], scores: Floats, kind: str, ignore_index: int, base: int
) -> NDArray[Any] | None:
    """Class indices from 0. Where `labels` count from another base, ignored ones become IGNORE_INDEX."""
    c = n_classes_of(scores.shape)
    if labels.dtype.kind == "f":
        fractional = np.argwhere(labels != np.floor(labels))
        if len(fractional):
            index = fractional[0]
            g.problem(
                "labels",
                f"{place('labels', index)} is {labels[tuple(index)]:g}, expected a whole number"
                + and_more(len(fractional) - 1),
                f"probability labels have the shape of the scores, {scores.shape}",
            )
            return None
    kept = labels[labels != ignore_index]
    outside = np.argwhere((labels != ignore_index) & ((labels < base) | (labels >= base + c)))
    if len(outside):
        index = outside[0]
        label = _as_given(labels[tuple(index)])
        hint = f'use {g.setting("ignore_index", label)} if this label means "skip"' if isinstance(label, int) else ""
        if base == 0 and kept.min() >= 1 and kept.max() == c:
            hint = f"labels look 1-based: subtract 1, or {g.setting('label_base', 1)}"
        g.problem(
            "labels",
            f"{place('labels', index)} is {label}, but {kind} has "
            f"{counted(c, 'class', 'classes')} ({base}..{base + c - 1}){and_more(len(outside) - 1)}",
            hint,
        )
        return None
    labels = labels.astype(np.int64)
    if base == 0:
        return labels
    return np.where(labels == ignore_index, IGNORE_INDEX, labels - base)  # what is ignored must not become a class


def _as_given(label: Any) -> int | float:
    """A label as the user wrote it: whole, unless no integer holds it."""
    value = label.item()
    return int(value) if abs(value) < 2**63 else float(value)


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
        word = str(labels[unknown[0]])
        more = and_more(len(unknown) - 1)
        g.problem(
            "labels",
            f"{place('labels', unknown[0])} is {as_written(word)}, which is no class{more}",
            did_you_mean(word, names),
        )
        return None
    return np.array([number[name] for name in labels.flat], dtype=np.int64).reshape(labels.shape)
