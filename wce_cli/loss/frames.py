"""What pandas has names for: a Series of class weights is a mapping by its index, a DataFrame's columns are classes.

Recognised by what they can do, so that pandas is not imported for them. Where an index only counts, it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_cli.errors import did_you_mean
from wce_cli.loss.gathering import Gathering, is_index


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
    columns = scores.columns.tolist()
    if all(is_index(column) for column in columns):
        numbers = [int(column) for column in columns]
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        if order != list(range(len(numbers))) and sorted(numbers) == list(range(len(numbers))):
            g.notes.append(f"the columns of {field} are taken in the order of their numbers")
            return scores.iloc[:, order], classes
        return scores, classes
    if not all(isinstance(column, str) for column in columns) or len(set(columns)) < len(columns):
        return scores, classes
    if classes is None:
        named = set(weight) if isinstance(weight, Mapping) else set()
        words = labels.tolist() if hasattr(labels, "tolist") else labels if isinstance(labels, (list, tuple)) else []
        named |= {word for word in words if isinstance(word, str)}
        return scores, columns if named & set(columns) else None
    wanted = list(classes)
    there, missing = [name for name in wanted if name in columns], [name for name in wanted if name not in columns]
    if not missing:
        return scores.iloc[:, [columns.index(name) for name in wanted]], classes
    if there:
        known = [column for column in columns if column not in wanted]
        said = f"{field} has a column {there[0]!r} and none for {missing[0]!r}, which classes name too"
        g.problem(field, said, did_you_mean(str(missing[0]), known))
    return scores, classes
