"""What is wrong with labels, in words: shapes that do not fit, numbers that are no class, names that there are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.arrays import place
from wce_cli.batches.field_reader import Gathering, swapped
from wce_cli.batches.number_checks import RowProblems, Wrong, as_given, class_range, many
from wce_cli.digits import in_full
from wce_cli.errors import MOST_KNOWN, and_more, as_written, counted, did_you_mean, near
from wce_cli.loss.layout import LAST, Layout
from wce_cli.loss.spec import IGNORE_INDEX

MULTI_LABEL = "BCEWithLogitsLoss, a sigmoid for each class, which wce does not cover yet"


def say_shapes(
    g: Gathering,
    kind: str,
    labels: tuple[int, ...],
    layout: Layout,
    are_swapped: bool,
) -> None:
    """Note that labels and scores do not fit; `are_swapped`: whether each looks like the other."""
    scores, sample_shape = layout.shape, layout.labels
    n, c = math.prod(sample_shape), layout.n_classes
    if len(labels) <= 1 and len(sample_shape) <= 1:
        given = counted(int(np.prod(labels)), "label", "labels")
        message = f"{counted(n, 'sample', 'samples')} ({counted(c, 'class', 'classes')}) but {given}"
        hint = "rows of scores are split by ';'" if len(scores) == 1 else ""
        if len(scores) == 2 and labels == (c,):
            hint = "scores have a row a sample: transpose them, if they have a row a class"
    else:
        indices = f"{sample_shape} class indices" if sample_shape else "one class index"
        message = f"labels have shape {labels}, expected {indices} or {scores} probabilities"
        hint = _fitting(g, labels, layout)
    if are_swapped:
        hint = swapped(g, kind)
    g.problem("labels", message, hint)


def _fitting(g: Gathering, labels: tuple[int, ...], layout: Layout) -> str:
    """What makes labels fit that have another shape than the scores without their class axis; empty if nothing does."""
    scores, expected = layout.shape, layout.labels
    layouts = [Layout(scores, axis) for axis in (layout.class_axis, *reversed(range(len(scores))))]
    if labels == (*expected, 1):
        return "drop the last axis of the labels"
    if labels == (*expected[:1], 1, *expected[1:]):
        return "drop axis 1 of the labels"
    if len(scores) == 3 and any(LAST.shape(one.labels, 0) == labels for one in layouts):
        drop = "drop the last scores of each sequence"
        if not layout.shift:
            return f"these have a position less, as if they were shifted: {drop}"
        return (
            f"with {g.spelled('shift').rstrip('=')} they come as they were tokenised: these have a position less, "
            f"as if they were shifted; {g.without_shift()}, and {drop}"
        )
    fitting = next((one for one in layouts if one.labels == labels), None)
    if fitting is not None:
        axis = fitting.class_axis
        return f"they fit classes on axis {axis} of the scores: {g.setting('class_axis', axis)}"
    if len(scores) == 3 and labels and any(LAST.shape(labels, 0) == one.labels for one in layouts):
        return "these have a position more, as if the last scores were dropped: drop the first label of each sequence"
    turned = next((one for one in layouts if len(labels) > 1 and sorted(one.labels) == sorted(labels)), None)
    if turned is not None:
        return _transposed(g, labels, layout, turned)
    flat = next((one for one in layouts if labels == (math.prod(one.labels),)), None)
    if flat is not None:
        in_order = ", if they were flattened from that shape" if sum(n > 1 for n in flat.labels) > 1 else ""
        return f"they are flat: reshape them to {flat.labels}{in_order}"
    if len(scores) == 2 and len(labels) > 1 and math.prod(labels) == expected[0]:
        if layout.shift:
            shape = (*labels, layout.n_classes)
            return f"the scores are flat, and a shift needs their sequences: give them as they were, of shape {shape}"
        return "the scores are flat: flatten the labels, too, in the same order"
    if len(scores) > 2:
        return f"the classes are axis {layout.class_axis} of the scores: {g.setting('class_axis', 'N')} names another"
    return ""


def _transposed(g: Gathering, labels: tuple[int, ...], layout: Layout, turned: Layout) -> str:
    """What makes labels fit whose axes are those of some scores in another order; a shift needs the positions last."""
    axis = "" if turned.class_axis == layout.class_axis else f", and {g.setting('class_axis', turned.class_axis)}"
    if layout.shift:
        return (
            "their axes stand in another order than those of the scores: give both with the positions last, along "
            "which a shift runs: labels (B, T), scores (B, T, C)"
        )
    if len(labels) == 2:
        return f"their axes are the other way round: transpose them, labels.T{axis}"
    return f"their axes are in another order: transpose them to {turned.labels}{axis}"


def say_checks(
    g: Gathering,
    checks: RowProblems,
    kind: str,
    layout: Layout,
    ignore_index: int = IGNORE_INDEX,
    base: int = 0,
    has_zero: bool = False,
) -> None:
    """Note what is wrong with single numbers."""
    c = layout.n_classes
    wrong = checks.no_probability
    if wrong.count:
        g.problem(
            kind,
            f"{place(kind, layout.place(wrong.first // c, wrong.first % c))} is {in_full(wrong.value)}, "
            f"expected a probability from 0 to 1{many(wrong)}",
            f"use {g.spelled('logits')} for scores before the softmax",
        )
    if checks.not_one_hot.count:
        _say_not_one_hot(g, checks.not_one_hot, checks.no_ones)
    wrong = checks.fractional
    if wrong.count:
        g.problem(
            "labels",
            f"{place('labels', layout.place(wrong.first))} is {in_full(wrong.value)}, "
            f"expected a whole number{many(wrong)}",
            f"probability labels have the shape of the scores, {layout.shape}",
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
        where = place("labels", layout.place(wrong.first))
        g.problem("labels", f"{where} is {label}, but {kind} has {class_range(c, base)}{many(wrong)}", hint)


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


def _ones(wrong: Wrong, no_ones: int) -> str:
    """What the first row has instead of one 1; how many more have the like, and how many the other."""
    has, like, others = f"a 1 in {wrong.value:.0f} places", wrong.count - no_ones, "none"
    if wrong.value == 0:
        has, like, others = "no 1", no_ones, "several"
    unlike = wrong.count - like
    rest = [f"{like - 1} more"] if like > 1 else []
    rest += [f"{counted(unlike, 'row has', 'rows have')} {others}"] if unlike else []
    return f"has {has}, expected one class a sample" + (f" (and {', and '.join(rest)})" if rest else "")


def say_no_class(
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
