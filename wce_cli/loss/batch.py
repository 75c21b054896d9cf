"""A batch: what was asked (`Spec`) and the rows it was asked of, with every check that stands between.

Whatever comes in — lists, arrays, tensors, names instead of indices — leaves here as float64 scores with the
class axis last, one row a sample, or as a `WceError` that names every problem at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.loss.arrays import place, to_array
from wce_cli.loss.readings import READINGS
from wce_cli.loss.sums import Floats, Ints

IGNORE_INDEX = -100
"""torch's default: a label that means "skip this sample"."""
BLOCK_ELEMENTS = 1 << 20
"""Scores in one block, about: 8 MB of float64. The number of rows depends on C alone."""


def as_keyword(field: str) -> str:
    """How a field is spelled in Python, for hints: `sample_weight=`."""
    return f"{field}="


@dataclass(frozen=True)
class Spec:
    """What was asked, without the rows."""

    scores: str
    """The kind of scores, a key of READINGS: `logits`, `log_probs` or `probs`."""
    is_soft: bool
    """Whether labels are probability rows (or one-hot rows) rather than class indices."""
    n_classes: int
    class_names: tuple[str, ...] | None
    weight: Floats | None
    """Class weight (C,); None: all 1."""
    weight_rule: str | None
    """`balanced` where the weight was computed from the labels."""
    ignore_index: int
    label_smoothing: float
    has_sample_weight: bool
    dtypes: Mapping[str, str]
    """The dtypes that the arrays came with, by field; lists have none."""
    sources: Mapping[str, str]
    """Where each field came from, as the user would name it."""
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


@dataclass(frozen=True)
class Block:
    """Some rows of a batch, class axis last."""

    start: int
    scores: Floats
    """(n, C)"""
    labels: Ints | Floats
    """Class indices (n,), or probability rows (n, C)."""
    sample_weight: Floats
    """(n,), ones where none was given."""


@dataclass(frozen=True)
class Batch:
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
        name: str | None = None,
        source: str | None = None,
        sources: Mapping[str, str] | None = None,
        spelled: Callable[[str], str] = as_keyword,
    ) -> Batch:
        """Check and gather one batch.

        Exactly one of `logits`, `log_probs`, `probs` is given, in torch's layout: (C,), (N, C) or
        (N, C, d1, …, dk). `labels` are class indices or names without the class axis, or probability rows in
        the layout of the scores. `weight` is a vector (C,), a mapping by class name, or "balanced".
        `spelled` says how a field is written where the user is (`--labels`), for hints.

        Raises WceError with every problem found, its sources and its shapes.
        """
        given = {
            kind: value
            for kind, value in (("logits", logits), ("log_probs", log_probs), ("probs", probs))
            if value is not None
        }
        builder = _Builder(sources or {}, spelled)
        return builder.build(
            given, labels, weight, sample_weight, classes, ignore_index, label_smoothing, name, source
        )

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The scores' shape without the class axis; () for a single sample."""
        shape = self.scores.shape
        return shape[:1] + shape[2:] if len(shape) > 1 else ()

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
        scores = _class_axis_last(self.scores).reshape(-1, c)[start:stop]
        if self.spec.is_soft:
            labels = _class_axis_last(self.labels).reshape(-1, c)[start:stop]
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


def _class_axis_last(array: NDArray[Any]) -> NDArray[Any]:
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


class _Builder:
    """Collects problems while the fields of one batch become a Spec and arrays."""

    def __init__(self, sources: Mapping[str, str], spelled: Callable[[str], str]) -> None:
        self.sources = sources
        self.spelled = spelled
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.dtypes: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def problem(self, field: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(message, hint, field))

    def build(
        self,
        given: Mapping[str, Any],
        labels: Any,
        weight: Any,
        sample_weight: Any,
        classes: Any,
        ignore_index: int,
        label_smoothing: float,
        name: str | None,
        source: str | None,
    ) -> Batch:
        if not 0.0 <= label_smoothing <= 1.0:
            self.problem("label_smoothing", f"label_smoothing is {label_smoothing:g}, expected 0 to 1")
        kind = self.kind_of_scores(given)
        scores = None if kind is None else self.scores(kind, given[kind])
        if labels is None:
            self.problem(
                "labels", "labels are missing", f"give one class index a sample: {self.spelled('labels')}"
            )
        if kind is None or scores is None:
            self.stop()
            raise AssertionError("unreachable")
        c = scores.shape[1] if scores.ndim > 1 else scores.shape[0]
        names = self.class_names(classes, weight, c)
        mapped = None if labels is None else self.labels(kind, labels, scores, names, ignore_index)
        sample_shape = scores.shape[:1] + scores.shape[2:] if scores.ndim > 1 else ()
        per_sample = self.sample_weight(sample_weight, sample_shape)
        vector, rule = self.weight(weight, names, c, int(np.prod(sample_shape)), mapped, ignore_index)
        self.stop()
        assert mapped is not None
        soft = mapped.dtype.kind == "f"
        spec = Spec(
            scores=kind,
            is_soft=soft,
            n_classes=c,
            class_names=names,
            weight=vector,
            weight_rule=rule,
            ignore_index=ignore_index,
            label_smoothing=float(label_smoothing),
            has_sample_weight=per_sample is not None,
            dtypes=self.dtypes,
            sources=dict(self.sources),
            integer_one_hot=soft and self.labels_were_integers,
            name=name,
            source=source,
            notes=tuple(self.notes),
        )
        return Batch(spec, scores, mapped, per_sample)

    labels_were_integers = False

    def stop(self) -> None:
        """Raise what was found, with the shapes and sources that put it in context."""
        if not self.problems:
            return
        width = max((len(field) for field in self.shapes), default=0)
        shapes = [(field, str(shape)) for field, shape in self.shapes.items()]
        room = max((len(shape) for _, shape in shapes), default=0)
        context = [
            f"{field:<{width}}  {shape:<{room}}  {self.sources.get(field, '')}".rstrip()
            for field, shape in shapes
        ]
        raise WceError(self.problems, context)

    def array(self, field: str, value: Any) -> NDArray[Any] | None:
        """Read one field, note its dtype and shape, or note the problem."""
        try:
            array, dtype = to_array(field, value)
        except WceError as error:
            self.problems.extend(error.problems)
            return None
        if dtype is not None:
            self.dtypes[field] = dtype
        self.shapes[field] = array.shape
        return array

    def numbers(self, field: str, value: Any) -> Floats | None:
        array = self.array(field, value)
        if array is None:
            return None
        if array.dtype.kind == "O":
            self.problem(field, f'{field} holds names ("{array.flat[0]}"), expected numbers')
            return None
        return array.astype(np.float64)

    def kind_of_scores(self, given: Mapping[str, Any]) -> str | None:
        if len(given) == 1:
            return next(iter(given))
        if given:
            kinds = " and ".join(given)
            self.problem(next(iter(given)), f"{kinds} are both given, expected one kind of scores")
        else:
            options = ", ".join(self.spelled(kind) for kind in READINGS)
            self.problem("logits", "logits are missing", f"give one of {options}")
        return None

    def scores(self, kind: str, value: Any) -> Floats | None:
        scores = self.numbers(kind, value)
        if scores is None:
            return None
        if scores.ndim == 0:
            self.problem(kind, f"{kind} is a single number, expected one score for each class")
            return None
        c = scores.shape[1] if scores.ndim > 1 else scores.shape[0]
        if c == 0:
            self.problem(kind, f"{kind} has shape {scores.shape}: no classes")
            return None
        if kind == "probs":
            outside = np.argwhere((scores < 0) | (scores > 1 + 1e-5))
            if len(outside):
                index = outside[0]
                self.problem(
                    kind,
                    f"{place(kind, index)} is {scores[tuple(index)]:g}, expected a probability from 0 to 1"
                    + _more(outside),
                    f"use {self.spelled('logits')} for scores before the softmax",
                )
        return scores

    def class_names(self, classes: Any, weight: Any, c: int) -> tuple[str, ...] | None:
        """The names given, or those of a weight mapping, in its order."""
        if classes is None:
            if isinstance(weight, Mapping) and not all(_is_index(key) for key in weight):
                names = tuple(str(key) for key in weight)
                if len(names) != c:
                    self.problem(
                        "weight",
                        f"weight names {_counted(len(names), 'class', 'classes')}, but the scores have {c}",
                        f"give {self.spelled('classes')} with all {c} names in order",
                    )
                    return None
                self.notes.append(f"class order from the weight's names: {', '.join(names)}")
                return names
            return None
        if isinstance(classes, str) or not isinstance(classes, (list, tuple)):
            classes = list(classes) if hasattr(classes, "__iter__") and not isinstance(classes, str) else None
        if classes is None or not all(isinstance(item, str) for item in classes):
            self.problem("classes", "classes must be a list of names")
            return None
        self.shapes["classes"] = (len(classes),)
        repeated = [item for position, item in enumerate(classes) if item in classes[:position]]
        if repeated:
            self.problem("classes", f'classes names "{repeated[0]}" twice')
            return None
        if len(classes) != c:
            self.problem(
                "classes", f"{_counted(len(classes), 'class name', 'class names')} for {c} classes of scores"
            )
            return None
        return tuple(classes)

    def labels(
        self, kind: str, value: Any, scores: Floats, names: tuple[str, ...] | None, ignore_index: int
    ) -> NDArray[Any] | None:
        """Indices (int64, without the class axis) or probability rows (float64, the scores' shape)."""
        labels = self.array("labels", value)
        if labels is None:
            return None
        if labels.dtype.kind == "O":
            named = self.indices_of_names(labels, names)
            if named is None:
                return None
            labels = named
        sample_shape = scores.shape[:1] + scores.shape[2:] if scores.ndim > 1 else ()
        if scores.ndim == 1 and labels.shape == scores.shape and labels.dtype.kind == "i" and len(scores) > 1:
            c = len(scores)
            self.problem(
                "labels",
                f"{kind} is 1 sample ({c} classes), but labels are {c} integers: {c} labels, or one row?",
                "rows of scores are split by ';' ('0.1 0.9; 0 0.1'); "
                "a probability row is written with points ('1.0,0.0')",
            )
            return None
        if labels.shape == scores.shape and not (scores.shape == (1,) and labels.dtype.kind == "i"):
            return self.probability_rows(labels, scores)
        if labels.size == 1 and int(np.prod(sample_shape)) == 1 and labels.ndim <= 1:
            labels = labels.reshape(sample_shape)  # one sample: 0 and [0] both
        if labels.shape != sample_shape:
            self.wrong_label_shape(kind, labels, scores, sample_shape)
            return None
        return self.indices(labels, scores, kind, ignore_index)

    def wrong_label_shape(
        self, kind: str, labels: NDArray[Any], scores: Floats, sample_shape: tuple[int, ...]
    ) -> None:
        n = int(np.prod(sample_shape))
        c = scores.shape[1] if scores.ndim > 1 else scores.shape[0]
        if labels.ndim <= 1 and len(sample_shape) <= 1:
            message = f"{_counted(n, 'sample', 'samples')} ({c} classes) but {_counted(labels.size, 'label', 'labels')}"
            hint = "rows of scores are split by ';'" if scores.ndim == 1 else ""
        else:
            message = (
                f"labels have shape {labels.shape}, expected {sample_shape} class indices "
                f"or {scores.shape} probabilities"
            )
            hint = "the class axis of the scores is axis 1, as in torch" if scores.ndim > 2 else ""
            if labels.shape == (*sample_shape, 1):
                hint = "drop the last axis of the labels"
        self.problem("labels", message, hint)

    def probability_rows(self, labels: NDArray[Any], scores: Floats) -> Floats | None:
        if labels.dtype.kind == "i":
            rows = _class_axis_last(labels).reshape(-1, labels.shape[1] if labels.ndim > 1 else len(labels))
            one_hot = ((rows == 0) | (rows == 1)).all(axis=1) & (rows.sum(axis=1) == 1)
            if not one_hot.all():
                wrong = np.flatnonzero(~one_hot)
                self.problem(
                    "labels",
                    f"labels are integer rows, but row {wrong[0]} is not one-hot"
                    + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""),
                    "write probabilities with points (1.0), or give one class index a sample",
                )
                return None
            self.labels_were_integers = True
        return labels.astype(np.float64)

    def indices(
        self, labels: NDArray[Any], scores: Floats, kind: str, ignore_index: int
    ) -> NDArray[Any] | None:
        c = scores.shape[1] if scores.ndim > 1 else scores.shape[0]
        if labels.dtype.kind == "f":
            fractional = np.argwhere(labels != np.floor(labels))
            if len(fractional):
                index = fractional[0]
                self.problem(
                    "labels",
                    f"{place('labels', index)} is {labels[tuple(index)]:g}, expected a whole number"
                    + _more(fractional),
                    f"probability labels have the shape of the scores, {scores.shape}",
                )
                return None
            with np.errstate(invalid="ignore"):
                huge = ~(np.abs(labels) < 2.0**62)
            labels = np.where(huge, -1 if ignore_index != -1 else c, labels).astype(np.int64)
        kept = labels[labels != ignore_index]
        outside = np.argwhere((labels != ignore_index) & ((labels < 0) | (labels >= c)))
        if len(outside):
            index = outside[0]
            label = int(labels[tuple(index)])
            if label < 0:
                hint = f'use {self.spelled("ignore_index")} {label} if this label means "skip"'
            elif kept.min() >= 1 and kept.max() == c:
                hint = "labels look 1-based: subtract 1"
            else:
                hint = f'use {self.spelled("ignore_index")} {label} if this label means "skip"'
            self.problem(
                "labels",
                f"{place('labels', index)} is {label}, but {kind} has "
                f"{_counted(c, 'class', 'classes')} (0..{c - 1}){_more(outside)}",
                hint.replace("= ", "="),
            )
            return None
        return labels

    def indices_of_names(self, labels: NDArray[Any], names: tuple[str, ...] | None) -> Ints | None:
        if names is None:
            first = labels.flat[0]
            self.problem(
                "labels",
                f'{place("labels", [0] * labels.ndim)} is "{first}", expected a class index',
                f"name the classes in order: {self.spelled('classes')}",
            )
            return None
        number = {name: position for position, name in enumerate(names)}
        unknown = [index for index in np.ndindex(labels.shape) if labels[index] not in number]
        if unknown:
            word = labels[unknown[0]]
            more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
            self.problem(
                "labels",
                f'{place("labels", unknown[0])} is "{word}", which is no class{more}',
                did_you_mean(word, names),
            )
            return None
        return np.array([number[name] for name in labels.flat], dtype=np.int64).reshape(labels.shape)

    def sample_weight(self, value: Any, sample_shape: tuple[int, ...]) -> Floats | None:
        if value is None:
            return None
        weights = self.numbers("sample_weight", value)
        if weights is None:
            return None
        if weights.size == 1 and int(np.prod(sample_shape)) == 1:
            weights = weights.reshape(sample_shape)
        if weights.shape != sample_shape:
            expected = f"one for each of {int(np.prod(sample_shape))} samples"
            if len(sample_shape) > 1:
                expected = f"shape {sample_shape}"
            self.problem("sample_weight", f"sample_weight has shape {weights.shape}, expected {expected}")
            return None
        return weights

    def weight(
        self,
        value: Any,
        names: tuple[str, ...] | None,
        c: int,
        n: int,
        labels: NDArray[Any] | None,
        ignore_index: int,
    ) -> tuple[Floats | None, str | None]:
        """The class weight as a vector (C,), and the rule it came from."""
        if value is None:
            return None, None
        if isinstance(value, str):
            if value == "balanced":
                return (None if labels is None else self.balanced(labels, names, c, ignore_index)), "balanced"
            self.problem("weight", f'weight is "{value}", expected numbers or balanced')
            return None, None
        if isinstance(value, Mapping):
            return self.weight_by_class(value, names, c), None
        vector = self.numbers("weight", value)
        if vector is None:
            return None, None
        vector = np.atleast_1d(vector)
        if vector.shape != (c,):
            hint = ""
            if vector.shape == (n,):
                hint = f"{n} numbers look like one weight a sample: {self.spelled('sample_weight')}"
            elif vector.ndim > 1:
                hint = "one row of numbers, one for each class"
            counted = (
                _counted(vector.size, "weight", "weights")
                if vector.ndim == 1
                else f"weight of shape {vector.shape}"
            )
            self.problem("weight", f"{counted} for {c} classes", hint)
            return None, None
        return vector, None

    def weight_by_class(
        self, mapping: Mapping[Any, Any], names: tuple[str, ...] | None, c: int
    ) -> Floats | None:
        """A mapping by class name, or by class index where the classes have no names."""
        by_name = {str(key): value for key, value in mapping.items()}
        if names is None:
            if not all(_is_index(key) for key in mapping):
                return None  # already a problem of the names
            names = tuple(str(i) for i in range(c))
        fits = True
        for key in by_name:
            if key not in names:
                self.problem("weight", f'weight names "{key}", which is no class', did_you_mean(key, names))
                fits = False
        missing = [name for name in names if name not in by_name]
        if missing:
            self.problem(
                "weight",
                f'weight has no entry for class "{missing[0]}"'
                + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
                "name every class; 1 leaves a class as it is",
            )
        if missing or not fits:
            return None
        return self.numbers("weight", [by_name[name] for name in names])

    def balanced(
        self, labels: NDArray[Any], names: tuple[str, ...] | None, c: int, ignore_index: int
    ) -> Floats | None:
        """N / (C · count), scikit-learn's rule (compute_class_weight, 1.9.1), over the kept samples."""
        if labels.dtype.kind == "f":
            rows = _class_axis_last(labels).reshape(-1, c)
            if not (((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all()):
                self.problem("weight", "balanced counts labels, and probability rows have no count")
                return None
            kept = rows.argmax(axis=1)
        else:
            kept = labels[labels != ignore_index]
        count = np.bincount(kept.reshape(-1), minlength=c)
        absent = np.flatnonzero(count == 0)
        if len(absent):
            which = f'"{names[absent[0]]}"' if names else str(absent[0])
            self.problem(
                "weight",
                f"balanced divides by the number of samples of each class, and class {which} has none"
                + (f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""),
                "give the weights as numbers; scikit-learn refuses this too",
            )
            return None
        return count.sum() / (c * count.astype(np.float64))


def _is_index(key: Any) -> bool:
    return isinstance(key, (int, str)) and str(key).isdecimal()


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _more(indices: NDArray[Any]) -> str:
    return f" (and {len(indices) - 1} more)" if len(indices) > 1 else ""
