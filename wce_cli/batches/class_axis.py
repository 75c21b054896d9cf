"""Where the classes of some scores stand: where it is said, where torch has them, or where alone the labels fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.field_reader import Gathering
from wce_cli.batches.file_rows import Stored, in_memory
from wce_cli.loss.layout import TORCHS_AXIS, Layout
from wce_cli.loss.rows import floats
from wce_cli.loss.spec import IGNORE_INDEX

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
    if axis == 0 and len(shape) > 1 and hasattr(scores, "part_of"):
        hint = "join them first: numpy.concatenate"
        g.problem(kind, f"the classes are axis 0 of {kind}, along which several files follow each other", hint)
        return None
    layout = Layout(shape, axis, shift)
    if shift and (not layout.labels or layout.labels[-1] < 2):
        has = f"{kind} of shape {shape} have {'one position' if layout.labels else 'none'}"
        g.problem("shift", f"the labels are one position ahead, and {has}", g.without_shift())
        return None
    if shift and len(shape) == 2 and (parts := len(getattr(scores, "parts", ()))) > 1:
        g.problem("shift", *shifted_across(parts, kind))
        return None
    if shift or not layout.is_torchs:
        g.notes.append(_as_typed(layout, kind, labels is not None and tuple(labels.shape) == shape))
    return layout


def shifted_across(parts: int, kind: str) -> tuple[str, str]:
    """What is wrong with a shift of scores (T, C) that are parts of one batch, and the hint."""
    return (
        f"{kind} are {parts} parts of two axes, which follow each other along their positions: a shift would run from "
        "the end of one into the next",
        f"save them as one array of three axes, {kind} (B, T, C) and labels (B, T), with labels padded by ignore_index "
        f"({IGNORE_INDEX}); or give one sequence at a time",
    )


def _as_typed(layout: Layout, kind: str, is_soft: bool) -> str:
    """What is x, and y, of the calls that are shown, as it is typed in torch; and what a shift drops."""
    axes = len(layout.shape)
    axis = -1 if layout.class_axis == axes - 1 else layout.class_axis
    move = "" if layout.is_torchs else f".movedim({axis}, 1)"
    scores, labels = kind, "labels"
    if layout.shift:
        position = axes - 2 if layout.class_axis == axes - 1 else axes - 1
        sides = ":, " * position
        scores = f"{kind}[{sides}:-1]"
        labels = f"labels[{sides if is_soft else ':, ' * (axes - 2)}1:]"
    found = [f"x is {scores}{move}"]
    if is_soft or layout.shift:
        found.append(f"y is {labels}{move if is_soft else ''}")
    said = ", ".join(found)
    if not layout.shift:
        return f"in the calls of PyTorch, {said}"
    each = " of each sequence" if axes > 2 else ""
    return (
        "shifted: the scores at t are for the label at t + 1, so that the last scores and the first label"
        f"{each} are dropped: {said}"
    )


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
    probs = _FirstNumbers(g, kind, scores) if kind == "probs" else None
    if probs is not None and probs.sums_to_one(last) and not probs.sums_to_one(axis):
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

    axes = len(labels.shape)
    if axes == 2 and kind != "probs":  # two rows of two numbers may sum to 1 by chance
        return axis
    found = [_FirstNumbers(g, "labels", labels)]
    found += [_FirstNumbers(g, kind, scores)] if kind == "probs" else []

    def fits(along: int, or_0: bool) -> bool:
        return found[0].sums_to_one(along, or_0) and all(one.sums_to_one(along) for one in found[1:])

    tried = [(along, or_0) for or_0 in (False, True) for along in (axis, *_others(axes, axis))]
    other, or_0 = next((one for one in tried if fits(*one)), (axis, False))
    what = f"labels and {kind}" if kind == "probs" else "labels"
    if other == axis:
        last = axes - 1
        if not is_named and _are_alike(tuple(labels.shape), axis, last) and fits(axis, False) and fits(last, False):
            g.ambiguous = True
            seen = f"the first {what}" if max(labels.shape) > LOOKED_AT else what
            g.notes.append(
                f"the classes are axis {axis} of {kind} {tuple(scores.shape)}, as in torch; {seen} sum to 1 along the "
                f"last axis as well: {g.setting('class_axis', -1)}"
            )
        return axis
    to = "1 (some labels to 0)" if or_0 else "1"
    sums = f"{what} sum to {to} along {_called(other, axes)}, not along {_called(axis, axes)}"
    if is_named:
        g.notes.append(f"{sums}: {g.setting('class_axis', other)}?")
        return axis
    g.notes.append(f"the classes are {_called(other, axes)} of {kind} {tuple(scores.shape)}: {sums}")
    return other


def _are_alike(shape: tuple[int, ...], axis: int, other: int) -> bool:
    """Whether two axes of three or more could each have the same classes, and leave the same samples."""
    return axis != other and len(shape) > 2 and Layout(shape, axis).labels == Layout(shape, other).labels


def _others(axes: int, axis: int) -> Sequence[int]:
    """The other axes, the last first: it is where most frameworks have the classes."""
    return [along for along in (axes - 1, *range(axes - 1)) if along != axis]


def _called(axis: int, axes: int) -> str:
    return "the last axis" if axis == axes - 1 and axes > 2 else f"axis {axis}"


class _FirstNumbers:
    """The first numbers of a field, read once, whatever is asked of them."""

    def __init__(self, g: Gathering, field: str, given: Given) -> None:
        self.shape, self.dtype = tuple(given.shape), g.dtypes.get(field, "")
        self.numbers: NDArray[Any]
        """The whole array, or the numbers that a large file begins with, in its order."""
        if isinstance(given, np.ndarray):
            self.numbers = given
        elif math.prod(self.shape) <= MOST_LOOKED_AT:
            self.numbers = in_memory(given)
        else:
            self.numbers = given.read(0, 0 if given.fortran else MOST_LOOKED_AT)

    def sums_to_one(self, axis: int, or_0: bool = False) -> bool:
        """Whether numbers are 0 or more and sum to 1 along an axis, or some of them to 0 if that will do; no, where no
        whole row of it can be seen.
        """
        found = self._along(axis)
        if not found.size:
            return False
        some = found[tuple(slice(None) if along == axis else slice(LOOKED_AT) for along in range(found.ndim))]
        numbers = floats(some, self.dtype)
        with np.errstate(all="ignore"):
            sums = numbers.sum(axis=axis)
            ones = np.abs(sums - 1) <= SUMS_TO_ONE
            return bool((numbers >= 0).all() and ones.any() and (ones | (or_0 & (sums == 0))).all())

    def _along(self, axis: int) -> NDArray[Any]:
        """What there is of whole rows along an axis, in as many axes as the field has."""
        if self.numbers.shape == self.shape:
            return self.numbers
        row = math.prod(self.shape[axis:])  # what must be read for one row, and those beside it
        whole = len(self.numbers) // row * row if axis else 0
        return self.numbers[:whole].reshape(*(1,) * (axis - 1), -1, *self.shape[axis:]) if axis else self.numbers[:0]
