"""Where the classes of some scores stand: where it is said, where torch has them, or where alone the labels fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.field_reader import Gathering
from wce_cli.batches.file_rows import Stored
from wce_cli.loss.layout import TORCHS_AXIS, Layout
from wce_cli.loss.rows import floats

LOOKED_AT = 16
"""Places along the other axes that tell whether numbers sum to 1 along one."""
MOST_LOOKED_AT = 1 << 20
"""Numbers of a file that are read for it."""
SUMS_TO_ONE = 1e-3
"""How far the sum of a row may be from 1: half precision, printed digits."""

Given = NDArray[Any] | Stored
"""A field that was read, or will be by the pass."""


def layout_of(
    g: Gathering, kind: str, scores: Given, labels: Given | None, class_axis: int | None, shift: bool
) -> Layout | None:
    """How scores were given: the class axis that was named, or the one that fits. None, and a problem, for none."""
    shape = tuple(scores.shape)
    axis = _named(g, kind, shape, class_axis) if class_axis is not None else min(TORCHS_AXIS, len(shape) - 1)
    if axis is None:
        return None
    if labels is not None and len(shape) > 1:
        axis = _fitting(g, kind, scores, labels, axis, class_axis is not None)
    layout = Layout(shape, axis, shift)
    if shift and (not layout.labels or layout.labels[-1] < 2):
        has = f"{kind} of shape {shape} have {'one position' if layout.labels else 'none'}"
        g.problem("shift", f"the labels are one position ahead, and {has}", f"leave out {g.spelled('shift')}")
        return None
    if shift:
        g.notes.append(_shifted(shape))
    return layout


def _shifted(shape: tuple[int, ...]) -> str:
    """What a shift drops, in words."""
    each = " of each sequence" if len(shape) > 2 else ""
    return f"shifted: the scores at t are for the label at t + 1; the last scores and the first label{each} are dropped"


def _named(g: Gathering, kind: str, shape: tuple[int, ...], class_axis: int) -> int | None:
    """The axis that was named, counted from 0."""
    axes = len(shape)
    if -axes <= class_axis < axes:
        return class_axis % axes
    which = f"axes 0 to {axes - 1}" if axes > 1 else "axis 0 alone"
    g.problem("class_axis", f"class_axis is {class_axis}, and {kind} of shape {shape} have {which}")
    return None


def _fitting(g: Gathering, kind: str, scores: Given, labels: Given, axis: int, is_named: bool) -> int:
    """`axis`, or another one that the labels fit where they do not fit it; what is not plain is noted."""
    shape, given = tuple(scores.shape), tuple(labels.shape)
    last = len(shape) - 1
    if given == shape:
        return _of_probability_labels(g, kind, scores, labels, axis, is_named)
    if is_named or last < 2 or given != shape[:-1]:
        return axis
    if given != Layout(shape, axis).labels:
        g.notes.append(f"the classes are the last axis of {kind} {shape}: labels {given} leave none of them on axis 1")
        return last
    if kind == "probs" and _sum_to_one(g, kind, scores, last) and not _sum_to_one(g, kind, scores, axis):
        g.notes.append(f"the classes are the last axis of {kind} {shape}: they sum to 1 along it, not along axis 1")
        return last
    g.ambiguous = True
    g.notes.append(
        f"the classes are axis 1 of {kind} {shape}, as in torch; labels {given} would fit the last axis as well: "
        f"{g.setting('class_axis', -1)}"
    )
    return axis


def _of_probability_labels(g: Gathering, kind: str, scores: Given, labels: Given, axis: int, is_named: bool) -> int:
    """The axis along which probability labels sum to 1, and probabilities too, if they do not along `axis`."""

    def fits(along: int) -> bool:
        return _sum_to_one(g, "labels", labels, along) and (kind != "probs" or _sum_to_one(g, kind, scores, along))

    axes = len(labels.shape)
    if (axes == 2 and kind != "probs") or fits(axis):  # two rows of two numbers may sum to 1 by chance
        return axis
    other = next((along for along in _others(axes, axis) if fits(along)), None)
    if other is None:
        return axis
    what = f"labels and {kind}" if kind == "probs" else "labels"
    sums = f"{what} sum to 1 along {_called(other, axes)}, not along {_called(axis, axes)}"
    if is_named:
        g.notes.append(f"{sums}: {g.setting('class_axis', other)}?")
        return axis
    g.notes.append(f"the classes are {_called(other, axes)} of {kind} {tuple(scores.shape)}: {sums}")
    return other


def _others(axes: int, axis: int) -> Sequence[int]:
    """The other axes, the last first: it is where most frameworks have the classes."""
    return [along for along in (axes - 1, *range(axes - 1)) if along != axis]


def _called(axis: int, axes: int) -> str:
    return "the last axis" if axis == axes - 1 and axes > 2 else f"axis {axis}"


def _sum_to_one(g: Gathering, field: str, given: Given, axis: int) -> bool:
    """Whether the first numbers of a field are 0 or more and sum to 1 along an axis; no, where none can be seen."""
    found = given if isinstance(given, np.ndarray) else _head(given, axis)
    if found is None or 0 in found.shape:
        return False
    some = found[tuple(slice(None) if along == axis else slice(LOOKED_AT) for along in range(found.ndim))]
    numbers = floats(some, g.dtypes.get(field, ""))
    with np.errstate(all="ignore"):
        return bool((numbers >= 0).all() and (np.abs(numbers.sum(axis=axis) - 1) <= SUMS_TO_ONE).all())


def _head(stored: Stored, axis: int) -> NDArray[Any] | None:
    """The beginning of a file that has whole rows along an axis; None where they are spread over all of it."""
    if stored.fortran or axis == 0:
        return None
    row = math.prod(stored.shape[axis:])  # what must be read for one row, and those beside it
    count = min(max(row, MOST_LOOKED_AT // row * row), math.prod(stored.shape)) if row else 0
    if not 0 < count <= MOST_LOOKED_AT:
        return None
    return stored.read(0, count).reshape(*(1,) * (axis - 1), -1, *stored.shape[axis:])
