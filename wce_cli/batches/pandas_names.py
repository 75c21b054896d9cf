"""What pandas has names for: a Series of class weights is a mapping by its index, a DataFrame's columns are classes.

Recognised by what they can do, so that pandas is not imported for them. Where an index only counts, it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from wce_cli.batches.field_reader import Gathering
from wce_cli.errors import WceError


def weight_by_index(g: Gathering, weight: Any) -> Any:
    """A Series of weights as a mapping from what its index holds, as `1 / labels.value_counts()` is meant; any other
    weight as it is.
    """
    if not (hasattr(weight, "iloc") and hasattr(weight, "index") and getattr(weight, "ndim", 0) == 1):
        return weight
    keys = weight.index.tolist()
    if keys == list(range(len(keys))):
        return weight
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        g.problem("weight", f"weight has {twice!r} twice in its index", "give one weight a class")
        return None
    return dict(zip(keys, weight.tolist(), strict=True))


def scores_by_column(g: Gathering, field: str, scores: Any, classes: Any, weight: Any, labels: Any) -> tuple[Any, Any]:
    """A DataFrame of scores, its columns in the order of the classes, and the classes; any other scores as they are.

    Columns that are numbered have the order of their numbers. Those that are named have that of `classes`, and are the
    classes themselves where none are given, and a weight or a label is called like one of them.
    """
    if not (hasattr(scores, "iloc") and hasattr(scores, "columns")):
        return scores, classes
    from wce_cli.batches.class_columns import by_class, by_number

    columns = scores.columns.tolist()
    names = [str(column) for column in columns]
    if len(set(names)) < len(names):
        return scores, classes
    try:
        is_list = hasattr(classes, "__iter__") and not isinstance(classes, str)  # what is none is refused elsewhere
        order = by_class(names, list(classes), field, "classes name") if is_list else ()
    except WceError as error:
        g.problems += [structs.replace(problem, field=field) for problem in error.problems]
        return scores, classes
    if not order and (order := by_number(names)) and order != tuple(range(len(names))):
        g.notes.append(f"the columns of {field} are taken in the order of their numbers")
    if order:
        return scores.iloc[:, list(order)], classes
    if classes is None and all(isinstance(column, str) for column in columns):
        named = set(weight) if isinstance(weight, Mapping) else set()
        words = labels.tolist() if hasattr(labels, "tolist") else labels if isinstance(labels, (list, tuple)) else []
        named |= {word for word in words if isinstance(word, str)}
        return scores, columns if named & set(columns) else None
    return scores, classes
