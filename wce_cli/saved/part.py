"""Totals and facts of a part, kept apart from its rows: to be saved, sent, and added to those of other parts.

They answer for every class weight; for a smoothing only where the pass was made with one, which keeps Σ s·a[c]. Where
parts were saved with different ones, the whole has none until one is given. The largest terms are kept by class, so
that they hold for every weight ≥ 0 (and wherever its signs are those of the pass); under smoothing and with probability
labels a term mixes all classes, and only the rows of the largest are known, for the weight and ε of the pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
from msgspec import Struct, structs

from wce_cli.errors import Problem, WceError
from wce_cli.loss.clipped import SUMMED
from wce_cli.loss.facts import Facts
from wce_cli.loss.largest_terms import Top
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals

MORE = re.compile(r"(.*) and (\d+) more", re.DOTALL)


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked of the pass, as far as its totals depend on it."""

    scores: ScoreKind
    labels: Literal["index", "probability"]
    n_classes: int
    classes: tuple[str, ...] | None
    ignore_index: int
    label_base: int
    shift: bool
    """Whether the labels were one position ahead of their scores."""
    label_smoothing: float | None
    """Of the pass; whether others can be asked says `totals.every`. None: parts had different ones."""
    weight: Floats | None
    """Class weight of the pass (C,); None: all 1, or as the rule says."""
    weight_rule: Literal["balanced", "several"] | None
    """balanced: computed from the labels. several: parts had different weights, and one has to be given."""
    has_sample_weight: bool
    integer_one_hot: bool
    dtypes: dict[str, str]
    sources: dict[str, str]
    shape: tuple[int, ...]
    """That of the scores, in torch's layout."""


class Saved(Struct, frozen=True):
    """The totals and facts of a part."""

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
            spec.label_base,
            spec.layout.shift,
            spec.label_smoothing,
            spec.weight,
            "balanced" if spec.weight_rule == "balanced" else None,
            spec.has_sample_weight,
            spec.integer_one_hot,
            dict(spec.dtypes),
            dict(spec.sources),
            shape,
        )
        return cls(header, totals, facts)

    def __add__(self, other: Saved) -> Saved:
        """The two parts one behind the other. Raises WceError if they are not parts of one batch."""
        mine, theirs = self.header, other.header
        for name in ("n_classes", "scores", "labels", "classes", "ignore_index", "label_base", "shift"):
            if getattr(mine, name) != getattr(theirs, name):
                one, another = _written(getattr(mine, name)), _written(getattr(theirs, name))
                raise WceError(Problem(f"the parts differ in {name}: {one} and {another}"))
        if (self.totals.every is None) != (other.totals.every is None):
            raise WceError(
                Problem("some parts were saved with label smoothing and some without", "save all of them alike")
            )
        shape = (mine.shape[0] + theirs.shape[0], *mine.shape[1:])
        if mine.shape[1:] != theirs.shape[1:] or len(mine.shape) < 2:
            shape = (self.totals.n + other.totals.n, mine.n_classes)
        facts = self.facts + other.facts.shifted(self.totals.n)
        if not self._orders_as(other):
            facts = without_top(facts)
        if (self.totals.n + other.totals.n) * mine.n_classes > SUMMED:  # one pass over both would not have it either
            gone = ("renormalised", "undivided", "log_totals", "as_elements")
            facts = structs.replace(facts, **dict.fromkeys(gone))
        if mine.dtypes.get(mine.scores) != theirs.dtypes.get(mine.scores):
            facts = structs.replace(facts, clipped=None)  # each was clipped by the eps of its own dtype
        is_one = _same(mine.weight, theirs.weight) and mine.weight_rule == theirs.weight_rule
        are_balanced = mine.weight_rule == theirs.weight_rule == "balanced"
        header = structs.replace(
            mine,
            shape=shape,
            has_sample_weight=mine.has_sample_weight or theirs.has_sample_weight,
            integer_one_hot=mine.integer_one_hot and theirs.integer_one_hot,
            label_smoothing=mine.label_smoothing if mine.label_smoothing == theirs.label_smoothing else None,
            weight=mine.weight if is_one else None,
            weight_rule=mine.weight_rule if is_one or are_balanced else "several",
            dtypes=_joined_dtypes(mine.dtypes, theirs.dtypes),
            sources=_joined_sources(mine.sources, theirs.sources),
        )
        return Saved(header, self.totals + other.totals, facts)

    def _orders_as(self, other: Saved) -> bool:
        """Whether the largest terms of both are those of one order: by class, or of one weight and one ε."""
        mine, theirs = self.header, other.header
        is_one = _same(mine.weight, theirs.weight)
        if not self.facts.top.by_class:
            return is_one and mine.label_smoothing == theirs.label_smoothing and not other.facts.top.by_class
        return other.facts.top.by_class and (is_one or not (_has_negative(mine.weight) or _has_negative(theirs.weight)))

    def top(self, weight: Floats, smoothing: float) -> Top | None:
        """The largest terms, where they are known by class and the signs of the weight are those of the pass."""
        top = self.facts.top
        holds = top.size > 0 and top.by_class and smoothing == 0 and _same_signs(self.header.weight, weight)
        return top if holds else None


def without_top(facts: Facts) -> Facts:
    """The facts, with none of the largest terms."""
    none = structs.replace(facts.top, size=0, label=facts.top.label[:0], key=facts.top.key[:0], row=facts.top.row[:0])
    return structs.replace(facts, top=none)


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


def _has_negative(weight: Floats | None) -> bool:
    return weight is not None and bool((weight < 0).any())


def _joined_dtypes(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """The dtypes that all parts have; float64, which holds all of them, where they differ."""
    return {field: dtype if dtype == theirs[field] else "float64" for field, dtype in mine.items() if field in theirs}


def _joined_sources(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """`a.npz:logits and 1 more`: where the first part has a field from, and how many others there are."""
    joined = dict(mine)
    for field, source in mine.items():
        counts = [MORE.fullmatch(one) for one in (source, theirs.get(field, ""))]
        more = 1 + sum(int(found[2]) for found in counts if found is not None)
        joined[field] = f"{counts[0][1] if counts[0] else source} and {more} more"
    return joined


def _written(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
