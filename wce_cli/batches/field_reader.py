"""Gathering the fields of one batch: every problem found is kept, and raised together with the shapes.

Scores and class names are read here; labels and weights, which lean on them, in files of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.arrays import to_array
from wce_cli.batches.device_tensors import where_it_is
from wce_cli.batches.file_rows import Stored, StoredRows, in_memory
from wce_cli.digits import in_full
from wce_cli.errors import Problem, WceError, and_more, counted
from wce_cli.loss.layout import Layout, n_classes_of, sample_shape_of
from wce_cli.loss.readings import READINGS, ScoreKind
from wce_cli.loss.rows import ArrayRows, floats
from wce_cli.loss.sums import Floats

MOST_CLASSES = 1 << 24
"""A hundred bytes are kept for each class, whatever the number of rows: a header may claim any number of them."""


class Gathering:
    """What has been read of one batch so far, and what is wrong with it."""

    def __init__(self, sources: Mapping[str, str], spelled: Callable[[str], str]) -> None:
        self.sources = sources
        self.spelled = spelled
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.dtypes: dict[str, str] = {}
        self.shapes: dict[str, str] = {}
        """How each field came, for the lines below an error."""
        self.label_shape: tuple[int, ...] = ()
        self.integer_one_hot = False
        """Whether the labels are one-hot rows of integers."""
        self.named_labels = False
        """Whether the labels are names of classes."""
        self.ambiguous = False
        """Whether the labels fit another class axis as well."""

    def problem(self, field: str, message: str, hint: str = "") -> None:
        """Keep a problem; reading goes on, so that all are told at once."""
        self.problems.append(Problem(message, hint, field))

    def setting(self, field: str, value: object) -> str:
        """How a field is set where the user is: `--ignore-index 5`, `ignore_index=5`."""
        spelled = self.spelled(field)
        return f"{spelled}{value}" if spelled.endswith("=") else f"{spelled} {value}"

    def without_shift(self) -> str:
        """What asks for no shift where one is asked for: the option left out, or its opposite where a file asks."""
        spelled = self.spelled("shift")
        if self.sources.get("shift", spelled) == spelled:
            return f"leave out {spelled}"
        return f"give {spelled}False" if spelled.endswith("=") else "give --no-shift"

    def refusal(self) -> WceError:
        """The error of all problems found, with the shapes and sources that put them in context."""
        width = max(map(len, self.shapes), default=0)
        room = max(map(len, self.shapes.values()), default=0)
        context = [
            f"{field:<{width}}  {shape:<{room}}  {self.sources.get(field, '')}".rstrip()
            for field, shape in self.shapes.items()
        ]
        return WceError(self.problems, context)

    def look_over(self, **fields: Any) -> None:
        """Note what is wrong with fields that cannot be read in full, because the scores could not."""
        for field, value in fields.items():
            if value is not None and not isinstance(value, (str, Mapping)):
                self.array(field, value)

    def array(self, field: str, value: Any) -> NDArray[Any] | Stored | None:
        """Read one field, note its dtype and shape, or note the problem; what is stored is read by the pass."""
        value = where_it_is(field, value)
        if isinstance(value, Stored):
            self.dtypes[field] = value.dtype
            self.shapes[field] = str(value.shape)
            return value
        try:
            array, dtype = to_array(field, value)
        except WceError as error:
            self.problems.extend(error.problems)
            self.shapes[field] = "not read"
            return None
        if dtype is not None:
            self.dtypes[field] = dtype
        self.shapes[field] = str(array.shape)
        return array

    def rows(
        self, field: str, array: NDArray[Any] | Stored, columns: int, layout: Layout, is_scores: bool = False
    ) -> ArrayRows | StoredRows:
        """The rows of a field that was read: of one number a class (1 column) or of one (0 columns)."""
        dropped = layout.dropped if is_scores else layout.dropped_labels
        if not isinstance(array, np.ndarray):
            if array.fortran and len(array.shape) > 1 + columns:  # no row of it has neighbours in the file
                from wce_cli.batches.c_order import COrder

                array = in_memory(array) if array.sequential else COrder(array)
            if not isinstance(array, np.ndarray):
                return StoredRows.of(array, columns, layout.class_axis, dropped)
        dtype = self.dtypes.get(field)
        if columns:
            return ArrayRows.of_scores(layout.in_torchs(array), dtype, dropped)
        return ArrayRows.of_samples(array, dtype, dropped)

    def numbers(self, field: str, value: Any) -> NDArray[Any] | Stored | None:
        """Read one field whose elements must be numbers."""
        array = self.array(field, value)
        if isinstance(array, np.ndarray) and array.dtype.kind == "O":
            name = str(array.flat[0])
            hint = f"names are {self.spelled('labels')}" if field in READINGS and array.size > 1 else ""
            if array.ndim == 0 and "." in name[1:-1]:
                hint = f"there is no file {name}"
            self.problem(field, f'{field} holds names ("{name}"), expected numbers', hint)
            return None
        return array

    def vector(self, field: str, value: Any) -> Floats | None:
        """Read one short field as float64."""
        array = self.numbers(field, value)
        if array is None or isinstance(array, np.ndarray):
            return None if array is None else floats(array, self.dtypes.get(field, ""))
        return StoredRows.of(array, 0).whole()


def read_numbers(g: Gathering, given: Mapping[str, Any]) -> None:
    """Check the fields that are single numbers, or yes and no."""
    ignore_index, label_smoothing = given["ignore_index"], given["label_smoothing"]
    class_axis, shift = given["class_axis"], given["shift"]
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
        g.problem("ignore_index", f"ignore_index is {ignore_index!r}, expected an integer")
    elif not -(2**63) <= ignore_index < 2**63:
        g.problem("ignore_index", f"ignore_index is {ignore_index}, expected an integer of 64 bits")
    if isinstance(label_smoothing, bool) or not isinstance(label_smoothing, (int, float, np.number)):
        g.problem("label_smoothing", f"label_smoothing is {label_smoothing!r}, expected a number")
    elif not 0.0 <= label_smoothing <= 1.0:
        g.problem("label_smoothing", f"label_smoothing is {in_full(float(label_smoothing))}, expected 0 to 1")
    if class_axis is not None and (isinstance(class_axis, bool) or not isinstance(class_axis, (int, np.integer))):
        g.problem("class_axis", f"class_axis is {class_axis!r}, expected an integer")
    if not isinstance(shift, (bool, np.bool_)):
        g.problem("shift", f"shift is {shift!r}, expected true or false")


def kind_of_scores(g: Gathering, fields: Mapping[ScoreKind, Any]) -> tuple[ScoreKind, Any] | None:
    """The one kind of scores that is given, and its value."""
    given = {kind: value for kind, value in fields.items() if value is not None}
    if len(given) == 1:
        return next(iter(given.items()))
    if given:
        kinds = " and ".join(given)
        g.problem(next(iter(given)), f"{kinds} are both given, expected one kind of scores")
    else:
        options = ", ".join(g.spelled(kind) for kind in fields)
        g.problem("logits", "logits are missing", f"give one of {options}")
    return None


def could_be_swapped(scores: tuple[int, ...], labels: tuple[int, ...]) -> bool:
    """Whether scores have the shape of class indices for labels that have the shape of scores."""
    if not labels or n_classes_of(labels) < 2:
        return False
    one, other = ([n for n in shape if n != 1] for shape in (scores, sample_shape_of(labels)))
    return one == other


def are_indices(scores: Floats, n_classes: int) -> bool:
    """Whether all numbers are whole, and from 0 or 1 on."""
    return bool(((scores == np.floor(scores)) & (scores >= 0) & (scores <= n_classes)).all())


def swapped(g: Gathering, kind: str) -> str:
    """The hint for scores and labels that each look like the other."""
    spelled = [g.spelled(kind), g.spelled("labels")]
    files = [g.sources.get("labels", ""), g.sources.get(kind, "")]
    if any(not file or file.startswith("--") or " " in file for file in files) or spelled[0].endswith("="):
        in_document = all(" $" in file for file in files)
        return f"each looks like the other: swap {f'{kind} and labels' if in_document else ' and '.join(spelled)}"
    return f"each looks like the other: {spelled[0]} {files[0]} {spelled[1]} {files[1]}"


def read_scores(g: Gathering, kind: str, value: Any, labels: Any = None) -> NDArray[Any] | Stored | None:
    """The scores as they were given, with one axis or more.

    `labels` as they were given: those of a single number may be the scores.
    """
    scores = g.numbers(kind, value)
    if scores is None:
        return None
    if len(scores.shape) == 0:
        c = _length(labels)
        is_label = c > 1 and (
            not isinstance(scores, np.ndarray) or are_indices(floats(scores, g.dtypes.get(kind, "")), c)
        )
        hint = swapped(g, kind) if is_label else ""
        g.problem(kind, f"{kind} is a single number, expected one score for each class", hint)
        return None
    return scores


def score_rows(g: Gathering, kind: str, scores: NDArray[Any] | Stored, layout: Layout) -> ArrayRows | StoredRows | None:
    """The rows of scores in their own dtype and strides. None, and a problem, for no classes or too many."""
    c = layout.n_classes
    if c == 0:
        g.problem(kind, f"{kind} has shape {layout.shape}: no classes")
        return None
    if c > MOST_CLASSES:
        hint = "the class axis is the last of two axes, and axis 1 of more" if len(layout.shape) > 1 else ""
        g.problem(kind, f"{kind} has {c} classes, more than {MOST_CLASSES}: sums by class would fill the memory", hint)
        return None
    return g.rows(kind, scores, 1, layout, is_scores=True)


def _length(labels: Any) -> int:
    """The numbers of one row of labels; 0 for anything that is no single row."""
    if isinstance(labels, list):
        row = labels[0] if len(labels) == 1 and isinstance(labels[0], list) else labels
        return len(row) if all(isinstance(number, (int, float)) for number in row) else 0
    shape = getattr(labels, "shape", ())
    return int(shape[-1]) if shape and int(np.prod(shape)) == shape[-1] else 0


def read_class_names(g: Gathering, classes: Any, weight: Any, c: int) -> tuple[str, ...] | None:
    """The names given, or those of a weight mapping, in its order."""
    if classes is None:
        if isinstance(weight, Mapping) and not all(is_index(key) for key in weight):
            names = tuple(str(key) for key in weight)
            if len(names) != c:
                g.problem(
                    "weight",
                    f"weight names {counted(len(names), 'class', 'classes')}, but the scores have {c}",
                    f"give {g.spelled('classes')} with {'the one name' if c == 1 else f'all {c} names in order'}",
                )
                return None
            g.notes.append(f"class order from the weight's names: {', '.join(names)}")
            return names
        return None
    if isinstance(classes, str) or not isinstance(classes, (list, tuple)):
        classes = list(classes) if hasattr(classes, "__iter__") and not isinstance(classes, str) else None
    if classes is None or not all(isinstance(item, str) for item in classes):
        g.problem("classes", "classes must be a list of names")
        return None
    g.shapes["classes"] = f"({len(classes)},)"
    repeated = next((item for item, times in Counter(classes).items() if times > 1), None)
    if repeated is not None:
        g.problem("classes", f'classes names "{repeated}" twice')
        return None
    if len(classes) != c:
        g.problem(
            "classes",
            f"{counted(len(classes), 'class name', 'class names')} for {counted(c, 'class', 'classes')} of scores",
        )
        return None
    return tuple(classes)


def with_plain_keys(g: Gathering, weight: Any) -> Any:
    """A weight mapping with its keys as names, numpy's integers and names among them; any other weight as it is.

    A key that is neither a name nor an index is a problem: 1.0 and True are equal to 1, and no class is called so.
    """
    if not isinstance(weight, Mapping):
        return weight
    keys = {key: key.item() if isinstance(key, np.generic) else key for key in weight}
    strange = [key for key, plain in keys.items() if isinstance(plain, bool) or not isinstance(plain, (int, str))]
    if strange:
        more = and_more(len(strange) - 1)
        g.problem("weight", f"weight has the key {strange[0]!r}, expected a class name or a class index{more}")
        return None
    return {str(keys[key]): value for key, value in weight.items()}


def is_index(key: Any) -> bool:
    """Whether a key of a weight mapping is a class index rather than a name."""
    return isinstance(key, (int, str)) and str(key).isdecimal()
