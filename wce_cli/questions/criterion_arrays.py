"""Whether a criterion is called with the arrays of the batch: cut, moved or made rows of as its layout allows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wce_cli.criteria.known import KnownCriterion
from wce_cli.field_hints import SCORES
from wce_cli.fields import FIELDS, SCORE_KINDS, field_of
from wce_cli.loss.spec import ArrayStep, ArrayTaken, Criterion, Spec

SIDES = {"scores": "last", "labels": "first"}
"""What a shift drops of each."""
SHIFT = "--shift (shift=True in Python) pairs the scores at t with the labels at t + 1"
LONGEST = 80
"""Characters of an array that a reason quotes."""


class _Walked(Struct):
    """An array behind its steps."""

    axes: list[int]
    """Those of the array as it was given, in their order now."""
    is_flat: bool = False
    """Whether axes were put together."""
    is_moved: bool = False
    cut: str = ""
    """`by name` or `by index`, where positions are dropped."""


def not_of_batch(criterion: Criterion, row: KnownCriterion, spec: Spec) -> str:
    """Why a criterion is not called with the arrays of the batch; empty where nothing shows that."""
    cut: dict[str, str] = {}
    written = {
        array.place: f"{array.text[:LONGEST]}{'...' * (len(array.text) > LONGEST)}" for array in criterion.arrays
    }
    for array in criterion.arrays:
        if _is_other(array, spec):
            return f"it is called with {written[array.place]} in the place of the {array.place}"
        walked = _walked(array, row, spec)
        if walked is None:
            return f"it is called with {written[array.place]}, which may not be the {array.place} as they are given"
        if walked.cut and not spec.layout.shift:
            called = f"it is called with {written[array.place]}"
            if walked.cut == "by name":  # the batch may be what has that name, or what it was made of
                return f"{called}, which is no batch as it was tokenised; of one that is, {SHIFT}"
            return f"{called}, and the batch is not shifted: {SHIFT}"
        cut[array.place] = walked.cut
    alone = [place for place, how in cut.items() if how == "by index"]
    if len(cut) == len(SIDES) and len(alone) == 1 and "" in cut.values():
        return f"it cuts the {alone[0]} alone: {written[alone[0]]}"
    return ""


def _is_other(array: ArrayTaken, spec: Spec) -> bool:
    """Whether its name says that it is something else: labels in the place of the scores."""
    field = field_of(array.name, FIELDS)
    if array.place == "scores":
        return field == "labels"
    is_scores = field in SCORE_KINDS or array.name in SCORES
    return is_scores and not spec.is_soft  # probabilities may be labels


def _walked(array: ArrayTaken, row: KnownCriterion, spec: Spec) -> _Walked | None:
    """An array behind its steps; None where it may be another one then."""
    layout = spec.layout
    has_classes = array.place == "scores" or spec.is_soft
    axes = list(range(len(layout.shape if has_classes else layout.labels)))
    class_axis = layout.class_axis if has_classes and len(axes) > 1 else len(axes) - 1
    rows = [axis for axis in axes if axis != class_axis] if has_classes else axes
    at = _Walked(list(axes))
    for step in array.steps:
        if not _does(at, step, array.place, row, spec, rows, class_axis if has_classes else None):
            return None
    if at.is_moved and not at.is_flat:
        is_torchs = row.package != "torch" or not has_classes or at.axes.index(class_axis) == 1
        if not is_torchs or [axis for axis in at.axes if axis in rows] != rows:
            return None
    return at


def _does(
    at: _Walked, step: ArrayStep, place: str, row: KnownCriterion, spec: Spec, rows: list[int], class_axis: int | None
) -> bool:
    """Take a step; False where the rows are not those of the batch behind it."""
    what, numbers = step
    match what:
        case "whole":
            return place == "labels" and not spec.is_soft
        case "one-hot":
            return place == "labels" and not spec.is_soft and "index" not in row.labels
        case "cut":
            return _cuts(at, numbers[0], numbers[1], place, rows)
        case "view":
            return _views(at, numbers, rows, class_axis, spec.n_classes)
        case "flatten":
            return _flattens(at, numbers, rows, class_axis)
        case "transpose" | "permute" | "movedim":
            return _moves(at, what, numbers)
    return False


def _cuts(at: _Walked, axis: int | None, side: str, place: str, rows: list[int]) -> bool:
    if axis is None:
        at.cut = "by name"
        return True
    is_first = not at.cut and not at.is_flat and -len(at.axes) <= axis < len(at.axes)
    if not is_first or not rows or at.axes[axis] != rows[-1] or side != SIDES[place]:
        return False
    at.cut = "by index"
    return True


def _views(at: _Walked, sizes: Sequence[int | None], rows: list[int], class_axis: int | None, n_classes: int) -> bool:
    """`view(-1, V)` of scores whose classes are last, `view(-1)` of labels; as many sizes as axes change none."""
    if at.is_flat:
        return False
    *_, last = sizes
    is_same = len(sizes) == len(at.axes) and not at.is_moved
    if class_axis is None:
        at.is_flat = True
        return is_same or (len(sizes) == 1 and at.axes == rows)
    if len(at.axes) == 1:  # of one sample
        return sizes in ((-1,), (n_classes,))
    if at.axes != [*rows, class_axis]:
        return is_same and None not in sizes and -1 not in sizes
    is_class = last in (None, n_classes) or (last == -1 and is_same)
    at.is_flat = True
    return is_class and (is_same or len(sizes) == 2)


def _flattens(at: _Walked, bounds: Sequence[int], rows: list[int], class_axis: int | None) -> bool:
    """Axes put together: those of the rows, in their order, in whole, or all but the first."""
    if at.is_flat or [axis for axis in at.axes if axis in rows] != rows:
        return False
    n = len(at.axes)
    start, end = (bound % n if -n <= bound < n else n for bound in bounds)
    at.is_flat = True
    if class_axis is None:
        return start in (0, 1) and end == n - 1
    where = at.axes.index(class_axis)
    return (where == n - 1 and start == 0 and end == n - 2) or (where == 1 and start == 2 and end == n - 1)


def _moves(at: _Walked, what: str, numbers: Sequence[int]) -> bool:
    n = len(at.axes)
    if at.is_flat or n < 3 or any(not -n <= axis < n for axis in numbers):
        return False
    at.is_moved = True
    axes = [axis % n for axis in numbers]
    if what == "permute":
        at.axes = [at.axes[axis] for axis in axes]
        return len(set(axes)) == n == len(axes)
    a, b = axes
    if what == "movedim":
        at.axes.insert(b, at.axes.pop(a))
    else:
        at.axes[a], at.axes[b] = at.axes[b], at.axes[a]
    return True
