"""The numbers of an audit: how far two are apart, which of them are one, and up to which size of scores they hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wce_cli.answers.audit import Limit

WIDE = ("float32", "float64")
SAME = 1e-9
"""Relative: values nearer than this are one."""
NEXT_TO_ZERO = 1e-9
"""A number that others are not held to in relation to: it is next to 0."""
ENOUGH = 1e4
"""A logit that no model has: a function that is right up to it has no limit."""


def what_ends(limits: Sequence[Limit]) -> str:
    """`finite and right`, or `finite`: what answers are below their limits, in words.

    Float16 and bfloat16 do not count: in them an answer may be off by more than the rule is worth.
    """
    return "finite and right" if all(one.is_held for one in limits if one.dtype in WIDE) else "finite"


def is_capped(limits: Sequence[Limit]) -> bool:
    """Whether scores that a model may have get a number, and the wrong one."""
    return any(one.wrong is not None for one in _ending(limits))


def _ending(limits: Sequence[Limit]) -> list[Limit]:
    """The limits of float32 and float64 that a model's scores may reach; narrower floats have rows of their own."""
    return [one for one in limits if one.dtype in WIDE and one.limit is not None and one.limit < ENOUGH]


def difference(got: float | None, value: float | None, floor: float = NEXT_TO_ZERO) -> float:
    """How far a number is from a rule's, relative, to `floor` where that is smaller; 0 for two errors, two nan, two of
    the same infinity."""
    if got is None or value is None:
        return 0.0 if got is value else math.inf
    if got == value or (math.isnan(got) and math.isnan(value)):
        return 0.0
    if not (math.isfinite(got) and math.isfinite(value)):
        return math.inf
    return abs(got - value) / max(abs(value), floor)


def groups(values: Sequence[float | None]) -> list[list[int]]:
    """The places of values that are the same, in the order of their first."""
    found: list[list[int]] = []
    for place, value in enumerate(values):
        same = next((group for group in found if difference(values[group[0]], value) <= SAME), None)
        if same is None:
            found.append([place])
        else:
            same.append(place)
    return found
