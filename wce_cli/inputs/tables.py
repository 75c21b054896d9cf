"""The fields of a batch in a table, and one field that an option looks for in one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.fields import SCORE_KINDS
from wce_cli.inputs.columns import LABEL_NAMES, not_scores
from wce_cli.inputs.csv import Table, is_one_of_words, read_csv
from wce_cli.inputs.stored import as_name


def fields_of_table(
    path: str, given: Collection[str], label_column: str | None, classes: Sequence[str], notes: list[str]
) -> dict[str, Any]:
    """Scores, labels, sample weights, and the names of the scores' columns, as far as a table has them.

    Raises WceError if it has no labels and `given` has none, or a column that may be no class.
    """
    table = read_csv(path, label_column, classes)
    scores_given = any(kind in given for kind in SCORE_KINDS)
    if table.labels is None and "labels" not in given and not scores_given:
        raise WceError(_without_labels(path, table))
    if not scores_given:
        _refuse_strange(path, table.names, classes)
    notes += table.notes
    found: dict[str, Any] = {}
    if table.scores is not None:
        found["logits"] = table.scores
        if table.names and not scores_given:
            found["columns"] = table.names
    if table.labels is not None:
        found["labels"] = as_array(table.labels)
    return {**found, **table.by_field}


def _refuse_strange(path: str, names: Sequence[str], classes: Sequence[str]) -> None:
    if strange := not_scores(names, classes):
        others = ",".join(as_name(name) for name in names if name not in strange)
        hint = f"name the columns that are classes: --classes {others}"
        raise WceError(Problem(f"{path} has a column {as_name(strange[0])!r}, which may be no class", hint))


def _without_labels(path: str, table: Table) -> Problem:
    """The error of a table whose labels were not found, or which has none."""
    if not table.names:
        return Problem(
            f"{path} has no header, and so no column that is known to hold the labels",
            "name it by its number from 0 on: --label-column N; or give labels: --labels",
        )
    named = ", ".join(LABEL_NAMES[:4])
    return Problem(
        f"{path} has no column of labels by a name that is known ({named}, …)",
        f"name it: --label-column {as_name(table.names[-1])}; or give labels: --labels",
    )


def as_array(labels: Any) -> Any:
    """Labels of a table as an array, of objects where they are words."""
    return labels if isinstance(labels, np.ndarray) else np.array(labels, dtype=object)


def of_table(
    field: str, paths: Sequence[str], key: str, label_column: str | None, classes: Sequence[str]
) -> tuple[Any, str, list[str], tuple[str, ...]]:
    """The value of a field from tables: its scores, the column of labels, or the one column that there is; where it
    stands, notes, and what the header calls the scores.
    """
    notes: list[str] = []
    parts: list[Any] = []
    names: tuple[str, ...] = ()
    for path in paths:
        column: str | int | None = key or label_column
        if column is None and field == "labels" and is_one_of_words(path):
            column = 0
        table = read_csv(path, column, classes if field in SCORE_KINDS else ())
        notes += table.notes
        if field in SCORE_KINDS:
            _refuse_strange(path, table.names, classes)
            names = _same_columns(table.names, names, path, paths[0])
        if field == "weight" and table.labels is not None and table.scores is not None and table.scores.shape[1] == 1:
            keys = [str(key) for key in as_array(table.labels).tolist()]  # a class and its weight a row
            if len(set(keys)) < len(keys):
                raise WceError(Problem(f"{path} names a class twice", field=field))
            return dict(zip(keys, table.scores[:, 0].tolist(), strict=True)), path, notes, ()
        if field in SCORE_KINDS:
            parts.append(table.scores)
        elif table.labels is not None and field == "labels":
            parts.append(as_array(table.labels))
        elif table.scores is not None and (1 in table.scores.shape or field == "labels"):
            parts.append(table.scores if table.scores.shape[1] > 1 and field == "labels" else table.scores.reshape(-1))
        else:
            parts.append(None)
        if parts[-1] is None:
            hint = "name the column of the labels: --label-column NAME" if field == "labels" else "write one column"
            raise WceError(Problem(f"{path} has no {field} to read: it is a table of several columns", hint, field))
    shown = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    if len({part.shape[1:] for part in parts}) > 1:
        shapes = " and ".join(str(part.shape) for part in parts[:2])
        raise WceError(
            Problem(f"the parts of {field} have shapes {shapes}", "they may differ in their first axis alone")
        )
    value = np.concatenate(parts) if len(parts) > 1 else parts[0]
    if field == "labels" and isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 1:
        whole = np.isfinite(value) & (value == np.floor(value))
        value = value.astype(np.int64) if whole.all() else value
    return value, shown, notes, names


def _same_columns(names: tuple[str, ...], before: tuple[str, ...], path: str, first: str) -> tuple[str, ...]:
    if names and before and names != before:
        raise columns_differ(path, names, first, before)
    return names or before


def columns_differ(path: str, names: Sequence[str], first: str, before: Sequence[str]) -> WceError:
    """The error of two parts of one batch that have other columns, or the same in another order."""
    said = f"{path} has the columns {', '.join(names)}, but {first} has {', '.join(before)}"
    return WceError(Problem(said, "parts of one batch have the same columns in the same order"))
