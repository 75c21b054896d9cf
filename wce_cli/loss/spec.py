"""What was asked of a batch, without its rows (`Spec`), and some of its rows in float64 (`Block`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.fields import DEFAULTS
from wce_cli.loss.layout import Layout
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.sums import Floats, Ints

IGNORE_INDEX: int = DEFAULTS["ignore_index"]
"""torch's default: a label that means "skip this sample"."""


ArrayStep = tuple[str, tuple[Any, ...]]
"""What is done to an array in a line of code, and with which numbers: ("permute", (0, 2, 1))."""


class ArrayTaken(Struct, frozen=True):
    """An array that a criterion is called with."""

    place: str
    """`scores` or `labels`: what it is taken for."""
    text: str
    """As it is written."""
    name: str
    """What it is called there; empty where that says nothing."""
    steps: tuple[ArrayStep, ...]
    """What is done to it before."""

    @property
    def is_cut(self) -> bool:
        """Whether positions of it are dropped, as far as the line or its name says."""
        return any(what == "cut" for what, _ in self.steps)

    @property
    def is_moved(self) -> bool:
        """Whether its axes may be others than they were, as in `shift_logits` too."""
        return any(what != "cut" or None in numbers for what, numbers in self.steps)


class Criterion(Struct, frozen=True):
    """A loss that somebody holds, as far as it was understood; what it sets stands in the fields of the batch."""

    text: str
    """As sentences name it, on one line: `nn.CrossEntropyLoss(weight=w)`."""
    name: str
    """Its row in `criteria.known`."""
    reduction: Any
    """One of the row's, after all that is said of it: mean."""
    scores: ScoreKind
    """What it takes."""
    adds: str = ""
    """How one number a sample becomes one number: mean, sum, or average by what each is multiplied with."""
    fields: Mapping[str, Any] = {}
    """By our name: its settings, as far as they are said."""
    unsaid: Mapping[str, str] = {}
    """By our name: the settings whose value is somewhere else, as they are written: w."""
    takes: tuple[str, ...] = ()
    """The fields that it has a setting for, said or not: the rest it leaves as the framework has it."""
    weighs_by_hand: bool = False
    """Whether it multiplies what each sample has by the weight of its label, w[y]."""
    is_called: bool = True
    """Whether the arrays stand in it; what is not called may be given a sample weight by who calls it."""
    arrays: tuple[ArrayTaken, ...] = ()
    """Those that stand in it, where it is called."""
    lists_classes: bool = False
    """Whether it is told of the classes that no label has: `labels=` of scikit-learn."""
    given: str = ""
    """What it must be given otherwise than it is written: `with its weight as a float tensor`."""
    reason: str = ""
    """Why nothing is sure of what it returns, where that is so whatever the batch."""
    notes: tuple[str, ...] = ()
    """What changes nothing in it, one line each."""

    @property
    def moves_scores(self) -> bool:
        """Whether it takes the scores in another layout than they were given in: `logits.view(-1, V)`."""
        return any(one.is_moved for one in self.arrays if one.place == "scores")


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
    """`balanced` where the weight was computed from the labels, `counts` where it came as a Counter."""
    ignore_index: int
    label_base: int
    """The index of the first class in the labels as given; here they count from 0."""
    label_smoothing: float
    layout: Layout
    """How the scores were given."""
    label_shape: tuple[int, ...]
    """The shape that the labels came in, where one sample may be `0` or `[0]`."""
    has_sample_weight: bool
    dtypes: Mapping[str, str]
    """The dtypes that the arrays came with, by field; lists have none."""
    sources: Mapping[str, str]
    """Where each field came from, as the user would name it."""
    half_units: Mapping[str, Floats] = {}
    """By field: how far each of its numbers may be off because it was printed rounded, in the field's own shape;
    fields that are exact have none."""
    integer_one_hot: bool = False
    """Probability labels given as integers 0 and 1, which torch refuses."""
    named_labels: bool = False
    """Whether the labels were given as names of classes."""
    fits_last_axis: bool = False
    """Whether the labels fit classes on the last axis of the scores as well as those on axis 1."""
    ignored_as_given: int = IGNORE_INDEX
    """The label to ignore as it was given, counted from `label_base`."""
    name: str | None = None
    source: str | None = None
    notes: tuple[str, ...] = ()
    """What was taken for granted while reading, one line each."""
    criterion: Criterion | None = None
    """The loss whose number is to be marked; None where none was given."""

    @property
    def class_weight(self) -> Floats:
        """The class weight as a vector (C,), ones where none was given."""
        return np.ones(self.n_classes) if self.weight is None else self.weight

    @property
    def sorted_places(self) -> Ints | None:
        """The place of each class among the names in sorted order (C,), as scikit-learn counts classes by name.

        None where the labels are no names, and where the names are sorted.
        """
        if not self.named_labels or self.class_names is None:
            return None
        order = sorted(range(self.n_classes), key=self.class_names.__getitem__)
        return None if order == list(range(self.n_classes)) else np.argsort(order)


class Block(Struct, frozen=True):
    """Some rows of a batch, class axis last, as float64 and int64."""

    start: int
    scores: Floats
    """(n, C)"""
    labels: Ints | Floats
    """Class indices (n,), or probability rows (n, C)."""
    sample_weight: Floats
    """(n,), ones where none was given."""
