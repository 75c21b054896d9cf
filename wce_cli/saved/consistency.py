"""Whether saved totals can be of one pass: what a file was cut off or changed in by hand, named by its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.facts import LOST, CountedRows

if TYPE_CHECKING:
    from wce_cli.saved.part import Saved


def inconsistencies(saved: Saved) -> Iterator[str]:
    """What cannot be of one pass: arrays of another length than C, counts that do not add up, rows beyond N."""
    header, totals, facts, c = saved.header, saved.totals, saved.facts, saved.header.n_classes
    for place, array in _arrays(totals, "$.totals"):
        if array.shape != (c,):
            yield f"{place} holds {array.size} numbers, expected {c}, one for each class"
            return
    by_class = [*facts.s, *facts.s_loss, *(() if header.weight is None else (header.weight,))]
    sums = facts.as_probs, facts.clipped, facts.renormalised, facts.undivided, facts.log_totals, facts.as_elements
    by_class += [array for _, array in _arrays(sums, "")]
    if any(array.shape != (c,) for array in by_class):
        yield f"$.facts or $.header.weight does not hold {c} numbers, one for each class"
    if totals.n_kept > totals.n or int(totals.count.sum()) != totals.n_kept or (totals.count < 0).any():
        yield "$.totals.count does not add up to the samples that are kept"
    if c < 1 or not header.shape or min(header.shape) < 0 or math.prod(header.shape) != totals.n * c:
        yield f"$.header.shape is {list(header.shape)}, which is not {totals.n} samples of {c} classes"
    is_soft, eps = header.labels == "probability", header.label_smoothing
    if totals.every is None and (is_soft or eps is None or eps > 0):
        yield "$.totals.every is not what $.header.labels and label_smoothing say"
    if totals.every is not None and (totals.every.soft is not None) != is_soft:
        yield "$.totals.every.soft is not what $.header.labels says"
    if set(facts.lost) != set(LOST):
        yield f"$.facts.lost has not the keys {', '.join(LOST)}"
    for place, rows in _rows(facts, "$.facts"):
        if rows.count < 0 or (rows.count == 0) != (rows.first < 0) or max(rows.count, rows.first + 1) > totals.n:
            yield f"{place} is not some of {totals.n} samples"
    top = facts.top
    if not len(top.label) == len(top.key) == len(top.row):
        yield "$.facts.top has columns of different lengths"
    elif len(top.row) and not (top.row.min() >= 0 and top.row.max() < totals.n):
        yield "$.facts.top names a sample beyond the last"
    elif len(top.label) and not (top.label.min() >= 0 and top.label.max() < c):
        yield "$.facts.top names a class beyond the last"
    if header.classes is not None and len(header.classes) != c:
        yield f"$.header.classes names {len(header.classes)} classes, expected {c}"


def _arrays(value: object, place: str) -> Iterator[tuple[str, NDArray[Any]]]:
    if isinstance(value, np.ndarray):
        yield place, value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _arrays(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, tuple):
        for item in value:
            yield from _arrays(item, place)


def _rows(value: object, place: str) -> Iterator[tuple[str, CountedRows]]:
    if isinstance(value, CountedRows):
        yield place, value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _rows(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _rows(item, f"{place}.{name}")
