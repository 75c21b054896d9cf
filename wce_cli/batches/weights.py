"""Class weight and sample weight as they are given → vectors that fit the scores."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_cli.batches.field_reader import Gathering, is_index
from wce_cli.batches.file_rows import StoredRows
from wce_cli.batches.label_problems import say_checks
from wce_cli.batches.labels import Labels, Unread, index_labels
from wce_cli.digits import in_full
from wce_cli.errors import MOST, and_more, counted, did_you_mean
from wce_cli.loss.layout import Layout
from wce_cli.loss.rows import CHUNK, ArrayRows, floats
from wce_cli.loss.sums import Floats, Ints

CLASSES_WRITTEN = 8
"""Classes up to which a weight is written out in a hint."""


def read_class_weight(
    g: Gathering,
    value: Any,
    names: tuple[str, ...] | None,
    layout: Layout,
    labels: Labels | None,
    ignore_index: int,
    base: int = 0,
) -> tuple[Floats | None, str | None]:
    """The class weight as a vector (C,), and the rule it came from. Class indices of a mapping count as labels do."""
    if value is None:
        return None, None
    c = layout.n_classes
    if isinstance(value, str):
        if value == "balanced":
            return None if labels is None else _balanced(g, labels, layout, names, ignore_index), "balanced"
        hint = did_you_mean(value, ["balanced"], 0)
        if value.lower() in ("none", "null", "uniform"):
            hint = "leave it out, and every class weighs 1"
        g.problem("weight", f'weight is "{value}", expected numbers or balanced', hint)
        return None, None
    if isinstance(value, Mapping):
        return _by_class(g, value, names, c, base), None
    vector = g.vector("weight", value)
    if vector is None:
        return None, None
    vector = np.atleast_1d(vector)
    if vector.shape != (c,):
        hint = ""
        if vector.shape == (layout.n,):
            many = counted(layout.n, "number looks", "numbers look")
            hint = f"{many} like one weight a sample: {g.spelled('sample_weight')}"
        elif vector.ndim > 1:
            hint = "one row of numbers, one for each class"
        elif vector.shape == (1,) and c <= CLASSES_WRITTEN and vector[0] > 0:
            hint = f"{','.join([in_full(float(vector[0]))] * c)} weighs every class alike, and changes no weighted-mean"
        given = counted(vector.size, "weight", "weights") if vector.ndim == 1 else f"weight of shape {vector.shape}"
        g.problem("weight", f"{given} for {counted(c, 'class', 'classes')}", hint)
        return None, None
    return vector, None


def are_counts(value: Any) -> bool:
    """Whether a weight says of itself that it counts: a Counter, or what pandas' value_counts returns."""
    is_series = hasattr(value, "iloc") and getattr(value, "name", None) == "count"
    return isinstance(value, Counter) or (is_series and getattr(value.dtype, "kind", "") in "iu")


def _by_class(
    g: Gathering, mapping: Mapping[Any, Any], names: tuple[str, ...] | None, c: int, base: int
) -> Floats | None:
    """The class weight (C,) of a mapping: by class name, or by index from `base` on, where no class is called so."""
    by_name = {str(key): value for key, value in mapping.items()}
    if names is None or (all(map(is_index, mapping)) and not set(by_name) & set(names)):
        if not all(is_index(key) for key in mapping):
            return None  # already a problem of the names
        names = tuple(str(i + base) for i in range(c))
    known = set(names)
    strange = [key for key in by_name if key not in known]
    for position, key in enumerate(strange):
        hint = did_you_mean(key, names) if position < MOST else ""
        g.problem("weight", f'weight names "{key}", which is no class', hint)
    missing = [name for name in names if name not in by_name]
    if missing:
        g.problem(
            "weight",
            f'weight has no entry for class "{missing[0]}"' + and_more(len(missing) - 1),
            "name every class; 1 leaves a class as it is",
        )
    if missing or strange:
        return None
    return g.vector("weight", [by_name[name] for name in names])


def _balanced(
    g: Gathering, labels: Labels, layout: Layout, names: tuple[str, ...] | None, ignore_index: int
) -> Floats | None:
    """N kept / (C · count), scikit-learn's rule (compute_class_weight, 1.9.1)."""
    n, c = layout.n, layout.n_classes
    count = np.zeros(c, dtype=np.int64)
    step = max(1, CHUNK // c) if labels.is_soft else CHUNK
    for start in range(0, n, step):
        stop = min(start + step, n)
        if labels.is_soft:
            rows = floats(labels.rows.rows(start, stop), labels.rows.dtype)
            if not (((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all()):
                g.problem("weight", "balanced counts labels, and probability rows have no count")
                return None
            count += rows.sum(axis=0).astype(np.int64)
            continue
        unread = labels.unread or Unread(ignore_index, 0)
        label, checks = index_labels(labels.rows, unread, ignore_index, c, start, stop)
        if checks.found:  # the labels of a file: the weight is wanted before the pass that would find it
            say_checks(g, checks, "logits", layout, unread.ignore_index, unread.base, True)
            return None
        count += np.bincount(label[label != ignore_index], minlength=c)
    return balanced(g, count, names)


def balanced(g: Gathering, count: Ints, names: tuple[str, ...] | None) -> Floats | None:
    """N kept / (C · count) of each class, by the kept samples of each (C,); None, and a problem, where one has none."""
    absent = np.flatnonzero(count == 0)
    if len(absent):
        which = f'"{names[absent[0]]}"' if names else str(absent[0])
        g.problem(
            "weight",
            f"balanced divides by the number of samples of each class, and class {which} has none"
            + and_more(len(absent) - 1),
            "give the weights as numbers; scikit-learn refuses this too",
        )
        return None
    weight: Floats = count.sum() / (len(count) * count.astype(np.float64))
    return weight


def read_sample_weight(g: Gathering, value: Any, layout: Layout) -> ArrayRows | StoredRows | None:
    """The sample weight in the shape of index labels; like them it is that of the label at the next position."""
    if value is None:
        return None
    weights = g.numbers("sample_weight", value)
    if weights is None:
        return None
    shape, n = layout.labels, math.prod(layout.labels)
    if isinstance(weights, np.ndarray) and weights.size == 1 and n == 1:
        weights = weights.reshape(shape)
    if weights.shape != shape:
        expected = f"shape {shape}" if len(shape) > 1 else f"one for each of {counted(n, 'sample', 'samples')}"
        hint = _fitting(weights.shape, layout)
        g.problem("sample_weight", f"sample_weight has shape {weights.shape}, expected {expected}", hint)
        return None
    return g.rows("sample_weight", weights, 0, layout)


def _fitting(given: tuple[int, ...], layout: Layout) -> str:
    """What makes a sample weight fit that has another shape; empty if nothing does."""
    shape = layout.labels
    if layout.shift and given == layout.samples:
        first = "the first label" + (" of each sequence" if len(shape) > 1 else "")
        return f"give it as the labels are, not yet shifted: with a weight for {first}, which is dropped with it"
    if len(shape) > 1 and given in (shape[:1], (*shape[:1], *(1,) * (len(shape) - 1))):
        return f"to weigh each of the {shape[0]} as a whole, repeat its weight at all of its positions"
    return ""
