"""A criterion in hand as it is written: `cross_entropy(x, y, weight=w)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_cli.criteria.known import KnownCriterion, Means

LETTERS: Mapping[str, str] = {"scores": "x", "labels": "y", "weight": "w", "sample_weight": "s"}
"""How the arrays of a call are written, as those of the frameworks that are measured."""

FEW = 8
"""Classes that are listed."""


def text_of(name: str, known: KnownCriterion | None, subject: Any, given: Mapping[str, Any]) -> str:
    """A criterion as it is written, with what it was made or is called with as far as that is said; its name alone
    where nobody knows what that would be.
    """
    if known is None:
        return name
    told = []
    for one in known.made or known.called:
        value = getattr(subject, one.name, one.default) if known.made else given.get(one.name, one.default)
        if one.means in ("scores", "labels"):
            told += [] if value is None else [f"{one.name}=" * one.by_name_only + LETTERS[one.means]]
        elif one.means and (type(value) is not type(one.default) or value != one.default):
            told.append(f"{one.name}={_written(value, one.means)}")
    return f"{name}({', '.join(told)})"


def _written(value: Any, means: Means) -> str:
    """A setting as it is written: an array by its letter."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return repr(value)
    is_short = isinstance(value, (list, tuple)) and len(value) <= FEW
    return repr(list(value)) if is_short and means == "class_list" else LETTERS.get(means, "…")
