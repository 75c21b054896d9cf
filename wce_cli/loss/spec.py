"""What was asked of a batch, without its rows (`Spec`), and some of its rows in float64 (`Block`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from wce_cli.fields import DEFAULTS
from wce_cli.loss.layout import Layout
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.sums import Floats, Ints

IGNORE_INDEX: int = DEFAULTS["ignore_index"]
"""torch's default: a label that means "skip this sample"."""


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
    fits_last_axis: bool = False
    """Whether the labels fit classes on the last axis of the scores as well as those on axis 1."""
    ignored_as_given: int = IGNORE_INDEX
    """The label to ignore as it was given, counted from `label_base`."""
    name: str | None = None
    source: str | None = None
    notes: tuple[str, ...] = ()
    """What was taken for granted while reading, one line each."""

    @property
    def class_weight(self) -> Floats:
        """The class weight as a vector (C,), ones where none was given."""
        return np.ones(self.n_classes) if self.weight is None else self.weight


class Block(Struct, frozen=True):
    """Some rows of a batch, class axis last, as float64 and int64."""

    start: int
    scores: Floats
    """(n, C)"""
    labels: Ints | Floats
    """Class indices (n,), or probability rows (n, C)."""
    sample_weight: Floats
    """(n,), ones where none was given."""
