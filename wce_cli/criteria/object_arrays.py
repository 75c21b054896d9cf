"""The arrays that a criterion is called with, as we take them: classes in scikit-learn's order, a probability of the
second of two, labels in a column, classes on the axis that the framework has them on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_cli.criteria.known import KnownCriterion

LAST = ("Keras", "optax")
"""The frameworks that have the classes on the last axis, if nothing else is said."""


def arranged(known: KnownCriterion, said: Mapping[str, Any], fields: dict[str, Any], scores: str) -> dict[str, Any]:
    """The fields with the arrays as we take them; `scores` is the field that has those."""
    if scores not in fields or "labels" not in fields:
        return fields
    if known.name == "log_loss":
        return {**fields, **_by_class(fields[scores], fields["labels"], said.get("class_list"))}
    found, shape = dict(fields), _shape(fields[scores])
    if known.labels == ("index",) and _shape(fields["labels"]) == (*shape[:-1], 1) and known.framework == "Keras":
        labels = fields["labels"]
        found["labels"] = (labels if hasattr(labels, "shape") else np.asarray(labels))[..., 0]
    axis = said.get("axis", -1)
    if known.framework in LAST and isinstance(axis, int) and shape and axis % len(shape) != min(1, len(shape) - 1):
        found["class_axis"] = axis
    return found


def _by_class(probs: Any, labels: Any, listed: Any) -> dict[str, Any]:
    """Probabilities and labels of scikit-learn's: classes are those that labels have, or that are listed, sorted."""
    found: dict[str, Any] = {"probs": probs, "labels": labels}
    shape = _shape(probs)
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        second = np.reshape(np.asarray(probs), -1)
        found["probs"] = np.stack([1 - second, second], axis=1)
    try:
        classes = np.unique(np.asarray(labels if listed is None else listed)).tolist()
    except (TypeError, ValueError):  # of several kinds, or ragged: scikit-learn refuses them
        return found
    if classes == list(range(len(classes))) or (len(classes),) != _shape(found["probs"])[-1:]:
        return found
    return {**found, "labels": [str(one) for one in np.asarray(labels).tolist()], "classes": [str(c) for c in classes]}


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an array or of lists; () of what has none."""
    try:
        return tuple(np.shape(value))
    except ValueError:  # ragged
        return ()
