"""Totals and facts of a part, kept apart from its rows: to be saved, sent, and added to those of other parts.

They answer for every class weight; for a smoothing only where the pass was made with one, which keeps Σ s·a[c]. The
largest terms are kept by class, so that they hold for every weight ≥ 0 (and wherever its signs are those of the pass);
under smoothing and with probability labels a term mixes all classes, and they are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from wce_cli.errors import Problem, WceError
from wce_cli.loss.batch import Spec
from wce_cli.loss.encoded import from_json
from wce_cli.loss.facts import Facts
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.sums import Floats, Sums
from wce_cli.loss.top import Top
from wce_cli.loss.totals import Totals

FORMAT = "wce.totals/1"


class Header(Struct, frozen=True):
    """What was asked of the pass, as far as its totals depend on it."""

    scores: ScoreKind
    labels: Literal["index", "probability"]
    n_classes: int
    classes: tuple[str, ...] | None
    ignore_index: int
    label_smoothing: float
    """Of the pass: 0 means that Σ s·a[c] was not kept."""
    weight: Floats | None
    """Class weight of the pass (C,)."""
    has_sample_weight: bool
    dtypes: dict[str, str]
    sources: dict[str, str]
    shape: tuple[int, ...]
    """That of the scores."""


class Saved(Struct, frozen=True):
    """The totals and facts of a part."""

    format: str
    header: Header
    totals: Totals
    facts: Facts

    @classmethod
    def of(cls, spec: Spec, shape: tuple[int, ...], totals: Totals, facts: Facts) -> Saved:
        """What a pass has found."""
        header = Header(
            spec.scores,
            "probability" if spec.is_soft else "index",
            spec.n_classes,
            spec.class_names,
            spec.ignore_index,
            spec.label_smoothing,
            spec.weight,
            spec.has_sample_weight,
            dict(spec.dtypes),
            dict(spec.sources),
            shape,
        )
        return cls(FORMAT, header, totals, facts)

    def __add__(self, other: Saved) -> Saved:
        """The two parts one behind the other. Raises WceError if they are not parts of one batch."""
        mine, theirs = self.header, other.header
        for name in ("n_classes", "scores", "labels", "classes", "ignore_index"):
            if getattr(mine, name) != getattr(theirs, name):
                one, another = _written(getattr(mine, name)), _written(getattr(theirs, name))
                raise WceError(Problem(f"the parts differ in {name}: {one} and {another}"))
        if (mine.label_smoothing > 0) != (theirs.label_smoothing > 0) and mine.labels == "index":
            raise WceError(
                Problem("some parts were saved with label smoothing and some without", "save all of them alike")
            )
        is_one = _same(mine.weight, theirs.weight)
        shape = (mine.shape[0] + theirs.shape[0], *mine.shape[1:])
        if mine.shape[1:] != theirs.shape[1:] or len(mine.shape) < 2:
            shape = (self.totals.n + other.totals.n, mine.n_classes)
        facts = self.facts + other.facts.shifted(self.totals.n)
        if not (facts.top.by_class and _same_signs(mine.weight, theirs.weight)):
            facts = structs.replace(facts, top=structs.replace(facts.top, size=0))
        header = structs.replace(
            mine,
            shape=shape,
            has_sample_weight=mine.has_sample_weight or theirs.has_sample_weight,
            weight=mine.weight if is_one else None,
            dtypes=mine.dtypes if mine.dtypes == theirs.dtypes else {},
        )
        return Saved(FORMAT, header, self.totals + other.totals, facts)

    def top(self, weight: Floats, smoothing: float) -> Top | None:
        """The largest terms, where they are known by class and the signs of the weight are those of the pass."""
        top = self.facts.top
        holds = top.size > 0 and top.by_class and smoothing == 0 and _same_signs(self.header.weight, weight)
        return top if holds else None


def saved_of(document: object, path: str) -> Saved:
    """The part that a JSON document holds. Raises WceError if it is broken, or of another format."""
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        hint = "it was saved by another version of wce" if str(found).startswith("wce.totals/") else ""
        raise WceError(Problem(f"{path} has the format {found}, expected {FORMAT}", hint))
    try:
        saved = from_json(Saved, document)
    except WceError as error:
        raise WceError([Problem(f"{path}: {one.message}", one.hint) for one in error.problems]) from error
    for problem in _inconsistencies(saved):
        raise WceError(Problem(f"{path}: {problem}", "it was cut off or changed by hand"))
    return _same_again(saved)


def _inconsistencies(saved: Saved) -> Iterator[str]:
    """What cannot be of one pass: arrays of another length than C, counts that do not add up, rows beyond N."""
    totals, facts, c = saved.totals, saved.facts, saved.header.n_classes
    for place, array in _arrays(totals, "$.totals"):
        if array.shape != (c,):
            yield f"{place} holds {array.size} numbers, expected {c}, one for each class"
            return
    ends = [*facts.s, *facts.s_loss, *(() if saved.header.weight is None else (saved.header.weight,))]
    if any(array.shape != (c,) for array in ends):
        yield f"$.facts does not hold {c} numbers, one for each class"
    if totals.n_kept > totals.n or int(totals.count.sum()) != totals.n_kept or (totals.count < 0).any():
        yield "$.totals.count does not add up to the samples that are kept"
    top = facts.top
    if not len(top.label) == len(top.key) == len(top.row):
        yield "$.facts.top has columns of different lengths"
    elif len(top.row) and not (top.row.min() >= 0 and top.row.max() < totals.n):
        yield "$.facts.top names a sample beyond the last"
    elif len(top.label) and not (top.label.min() >= 0 and top.label.max() < c):
        yield "$.facts.top names a class beyond the last"
    if saved.header.classes is not None and len(saved.header.classes) != c:
        yield f"$.header.classes names {len(saved.header.classes)} classes, expected {c}"


def _arrays(value: object, place: str) -> Iterator[tuple[str, NDArray[Any]]]:
    if isinstance(value, np.ndarray):
        yield place, value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _arrays(getattr(value, name), f"{place}.{name}")


def _same_again(saved: Saved) -> Saved:
    """Sums that were one object before they were saved are one again, so that they are added once."""
    totals = saved.totals
    if not saved.header.has_sample_weight and _equal(totals.loss, totals.s_loss):
        totals = structs.replace(totals, s_loss=totals.loss, count_weighted=totals.count)
    return structs.replace(saved, totals=totals)


def _equal(one: Sums, other: Sums) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in one.__struct_fields__)


def _same(one: Floats | None, other: Floats | None) -> bool:
    """Whether two class weights are one; None is that of all 1."""
    if one is None or other is None:
        there = one if other is None else other
        return there is None or bool((there == 1).all())
    return bool(np.array_equal(one, other, equal_nan=True))


def _same_signs(one: Floats | None, other: Floats | None) -> bool:
    """Whether two class weights are below 0 for the same classes: the largest terms are the same then, by class."""
    signs = [None if weight is None else weight < 0 for weight in (one, other)]
    if signs[0] is None or signs[1] is None:
        return not any(sign is not None and sign.any() for sign in signs)
    return bool((signs[0] == signs[1]).all())


def _written(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
