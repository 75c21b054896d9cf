"""A batch: what was asked (`Spec`) and the rows it was asked of, with every check that stands between.

Whatever comes in — lists, arrays, tensors, names instead of indices — leaves here as float64 scores with the
class axis last, one row a sample, or as a `WceError` that names every problem at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.gathering import Gathering, kind_of_scores, read_class_names, read_numbers, read_scores
from wce_cli.loss.labels import IGNORE_INDEX, read_labels
from wce_cli.loss.layout import class_axis_last, n_classes_of, sample_shape_of
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.weights import read_class_weight, read_sample_weight

BLOCK_ELEMENTS = 1 << 20
"""Scores in one block, about: 8 MB of float64. The number of rows depends on C alone."""


def _are_numbers(labels: Any) -> bool:
    """Whether labels came as numbers, though classes have names."""
    while isinstance(labels, (list, tuple)) and labels:
        labels = labels[0]
    return not isinstance(labels, str)


def as_keyword(field: str) -> str:
    """How a field is spelled in Python, for hints: `sample_weight=`."""
    return f"{field}="


class Spec(Struct, frozen=True):
    """What was asked, without the rows."""

    scores: ScoreKind
    """The kind of scores, a key of READINGS."""
    is_soft: bool
    """Whether labels are probability rows (or one-hot rows) rather than class indices."""
    n_classes: int
    class_names: tuple[str, ...] | None
    weight: Floats | None
    """Class weight (C,); None: all 1."""
    weight_rule: str | None
    """`balanced` where the weight was computed from the labels."""
    ignore_index: int
    label_base: int
    """The index of the first class in the labels as given; here they count from 0."""
    label_smoothing: float
    label_shape: tuple[int, ...]
    """The shape that the labels came in, where one sample may be `0` or `[0]`."""
    has_sample_weight: bool
    dtypes: Mapping[str, str]
    """The dtypes that the arrays came with, by field; lists have none."""
    sources: Mapping[str, str]
    """Where each field came from, as the user would name it."""
    half_units: Mapping[str, float] = {}
    """By field: how far its numbers may be off because they were printed rounded; exact ones have none."""
    integer_one_hot: bool = False
    """Probability labels given as integers 0 and 1, which torch refuses."""
    name: str | None = None
    source: str | None = None
    notes: tuple[str, ...] = ()
    """What was taken for granted while reading, one line each."""

    @property
    def class_weight(self) -> Floats:
        """The class weight as a vector (C,), ones where none was given."""
        return np.ones(self.n_classes) if self.weight is None else self.weight


class Block(Struct, frozen=True):
    """Some rows of a batch, class axis last."""

    start: int
    scores: Floats
    """(n, C)"""
    labels: Ints | Floats
    """Class indices (n,), or probability rows (n, C)."""
    sample_weight: Floats
    """(n,), ones where none was given."""


class Batch(Struct, frozen=True):
    """A spec and its rows in memory, in the layout they came in: (C,), (N, C) or (N, C, d1, …, dk)."""

    spec: Spec
    scores: Floats
    labels: NDArray[Any]
    """Class indices without the class axis, or probability rows in the shape of the scores."""
    sample_weight: Floats | None

    @classmethod
    def build(
        cls,
        *,
        logits: Any = None,
        log_probs: Any = None,
        probs: Any = None,
        labels: Any = None,
        weight: Any = None,
        sample_weight: Any = None,
        classes: Any = None,
        ignore_index: int = IGNORE_INDEX,
        label_smoothing: float = 0.0,
        label_base: int = 0,
        name: str | None = None,
        source: str | None = None,
        sources: Mapping[str, str] | None = None,
        half_units: Mapping[str, float] | None = None,
        spelled: Callable[[str], str] = as_keyword,
    ) -> Batch:
        """Check and gather one batch.

        Exactly one of `logits`, `log_probs`, `probs` is given, in torch's layout: (C,), (N, C) or
        (N, C, d1, …, dk). `labels` are class indices or names without the class axis, or probability rows in
        the layout of the scores; index labels count from `label_base`. `weight` is a vector (C,), a mapping by
        class name, or "balanced". `half_units` says by field how far printed numbers may be off, `spelled` how a
        field is written where the user is (`--labels`), for hints.

        Raises WceError with every problem found, its sources and its shapes.
        """
        g = Gathering(sources or {}, spelled)
        read_numbers(g, ignore_index, label_smoothing)
        kind = kind_of_scores(g, {"logits": logits, "log_probs": log_probs, "probs": probs})
        rows = None if kind is None else read_scores(g, *kind)
        if labels is None:
            g.problem("labels", "labels are missing", f"give one class index a sample: {spelled('labels')}")
        if kind is None or rows is None:
            g.look_over(labels=labels, weight=weight, sample_weight=sample_weight)
            raise g.refusal()
        c, sample_shape = n_classes_of(rows.shape), sample_shape_of(rows.shape)
        names = read_class_names(g, classes, weight, c)
        mapped = None if labels is None else read_labels(g, kind[0], labels, rows, names, ignore_index, label_base)
        if label_base:
            ignore_index = IGNORE_INDEX
        if names is not None and set(names) & set(map(str, range(c))) and _are_numbers(labels):
            g.notes.append(f"labels that are numbers are class indices, not the names {', '.join(names[:3])}")
        if ignore_index != IGNORE_INDEX and mapped is not None and mapped.dtype.kind == "f":
            g.notes.append("ignore_index means nothing for probability labels: every sample is kept")
        per_sample = read_sample_weight(g, sample_weight, sample_shape)
        vector, rule = read_class_weight(g, weight, names, c, sample_shape, mapped, ignore_index)
        if g.problems or mapped is None:
            raise g.refusal()
        soft = mapped.dtype.kind == "f"
        spec = Spec(
            scores=kind[0],
            is_soft=soft,
            n_classes=c,
            class_names=names,
            weight=vector,
            weight_rule=rule,
            ignore_index=int(ignore_index),
            label_base=label_base,
            label_smoothing=float(label_smoothing),
            label_shape=g.label_shape,
            has_sample_weight=per_sample is not None,
            dtypes=g.dtypes,
            sources=dict(g.sources),
            half_units=dict(half_units or {}),
            integer_one_hot=soft and g.integer_one_hot,
            name=name,
            source=source,
            notes=tuple(g.notes),
        )
        return cls(spec, rows, mapped, per_sample)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The scores' shape without the class axis; () for a single sample."""
        return sample_shape_of(self.scores.shape)

    @property
    def n_samples(self) -> int:
        """N: rows of the batch, ignored ones counted; positions of an image are rows."""
        return int(np.prod(self.sample_shape, dtype=np.int64))

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in order, in blocks whose bounds depend on C alone."""
        rows = max(8, BLOCK_ELEMENTS // max(self.spec.n_classes, 1) // 8 * 8)
        for start in range(0, self.n_samples, rows):
            yield self.block(start, start + rows)

    def block(self, start: int, stop: int) -> Block:
        """The rows `start` up to `stop`."""
        c = self.spec.n_classes
        scores = class_axis_last(self.scores).reshape(-1, c)[start:stop]
        if self.spec.is_soft:
            labels = class_axis_last(self.labels).reshape(-1, c)[start:stop]
        else:
            labels = self.labels.reshape(-1)[start:stop]
        if self.sample_weight is None:
            sample_weight = np.ones(len(scores))
        else:
            sample_weight = self.sample_weight.reshape(-1)[start:stop]
        return Block(start, np.ascontiguousarray(scores), np.ascontiguousarray(labels), sample_weight)

    def index(self, row: int) -> tuple[int, ...]:
        """Where a row stands in the layout it came in, the class axis left out."""
        return tuple(int(i) for i in np.unravel_index(row, self.sample_shape)) if self.sample_shape else ()
