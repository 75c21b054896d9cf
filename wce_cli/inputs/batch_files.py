"""Files of arrays that hold a batch: members by the names of its fields, several files as the parts of one batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.inputs import TABLE_READERS, Document, read_arrays
from wce_cli.inputs.parts import joined
from wce_cli.inputs.stored import Stored, as_name, place

SCORES = ("logits", "log_probs", "probs")
BY_SAMPLE = (*SCORES, "labels", "sample_weight")
"""Fields that are as long as the batch: those of the parts follow each other."""
FIELDS = (*BY_SAMPLE, "weight")


def read_batch_files(
    paths: Sequence[str], given: Collection[str], label_column: str | None
) -> tuple[Document, list[str]]:
    """The batch that is in some files, and what was taken for what, one line each.

    `given`: the fields that options give, which the files need not have. A file of one array holds the logits.
    Raises WceError if there are no scores, or parts do not fit together.
    """
    notes: list[str] = []
    parts = [_fields(path, given, label_column, notes) for path in paths]
    fields: dict[str, Any] = {}
    sources: dict[str, str] = {}
    names = list(dict.fromkeys(name for part in parts for name in part if name not in given))
    for name in names:
        without = next((path for path, part in zip(paths, parts, strict=True) if name not in part), None)
        if without is not None and name in BY_SAMPLE:
            raise WceError(Problem(f"{without} has no {name}, and other parts of the batch have"))
        values = [part[name] for part in parts if name in part]
        fields[name] = _whole(name, values)
        sources[name] = _source(paths, parts, name)
    if len(paths) > 1:
        notes.append(f"{len(paths)} files are the parts of one batch, {paths[0]} to {paths[-1]}")
    return Document(fields, sources, origin=paths[0] if len(paths) == 1 else ""), notes


def _fields(path: str, given: Collection[str], label_column: str | None, notes: list[str]) -> dict[str, Any]:
    if PurePath(path).suffix.lower() in TABLE_READERS:
        from wce_cli.inputs.csv import read_csv

        table = read_csv(path, label_column)
        notes += table.notes
        found = {"labels": table.labels} if table.labels is not None else {}
        if table.scores is not None:
            found["logits"] = table.scores
        return _without_other_scores(found, given)
    members = read_arrays(path)
    if list(members) == [""]:
        whole = members[""]
        if isinstance(whole, Problem):
            raise WceError(whole)
        if any(kind in given for kind in SCORES):
            hint = f"name the field that it is: --labels {path}"
            raise WceError(Problem(f"{path} is one array, and the scores are given beside it", hint))
        notes += [whole.note] if whole.note else []
        return {"logits": whole}
    chosen: dict[str, Any] = {name: members[name] for name in FIELDS if name in members}
    chosen = _without_other_scores(chosen, given)
    for name, member in chosen.items():
        if isinstance(member, Problem) and name not in given:
            raise WceError(member)
    if not any(kind in chosen or kind in given for kind in SCORES):
        listed = ", ".join(map(as_name, list(members)[:12])) or "nothing"
        example = place(path, next(iter(members), "MEMBER"))
        raise WceError(
            Problem(
                f"{path} has no member logits, log_probs or probs: it holds {listed}", f"name it: --logits {example}"
            )
        )
    unused = [as_name(name) for name in members if name not in FIELDS]
    if unused:
        notes.append(f"{path}: left out {', '.join(unused[:6])}{', …' if len(unused) > 6 else ''}")
    return chosen


def _without_other_scores(found: dict[str, Any], given: Collection[str]) -> dict[str, Any]:
    """Scores that options give take the place of a file's."""
    taken = any(kind in given for kind in SCORES)
    return {name: value for name, value in found.items() if name not in given and not (taken and name in SCORES)}


def _whole(name: str, values: list[Any]) -> Any:
    """The value of a field from its parts."""
    if name == "weight":
        weights = [array_of(value) for value in values]
        if any(not np.array_equal(weights[0], other, equal_nan=True) for other in weights[1:]):
            raise WceError(Problem("the parts of the batch have different weights", "give one with --weight"))
        return weights[0]
    stored = [value for value in values if isinstance(value, Stored)]
    if len(stored) == len(values):
        return joined(stored)
    loaded = [array_of(value) for value in values]
    if len({value.shape[1:] for value in loaded}) > 1:
        shapes = " and ".join(str(value.shape) for value in loaded[:2])
        raise WceError(
            Problem(f"the parts of {name} have shapes {shapes}", "they may differ in their first axis alone")
        )
    return np.concatenate(loaded) if len(loaded) > 1 else loaded[0]


def array_of(value: Any) -> Any:
    """All of an array at once: for what is short, and for tables, which are in memory already."""
    if not isinstance(value, Stored):
        return value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    numbers = value.read(0, value.size)
    if value.dtype == "bfloat16":
        numbers = np.left_shift(numbers, 16, dtype=np.uint32).view(np.float32)
    return numbers.reshape(value.shape, order="F" if value.fortran else "C")


def _source(paths: Sequence[str], parts: Sequence[dict[str, Any]], name: str) -> str:
    first = next(i for i, part in enumerate(parts) if name in part)
    value = parts[first][name]
    shown = value.source if isinstance(value, Stored) else paths[first]
    return shown if len(paths) == 1 else f"{shown} and {len(paths) - 1} more"


def of_table(field: str, paths: Sequence[str], key: str, label_column: str | None) -> tuple[Any, str, list[str]]:
    """The value of a field from tables: its scores, the column of labels, or the one column that there is."""
    from wce_cli.inputs.csv import read_csv

    notes: list[str] = []
    parts: list[Any] = []
    for path in paths:
        table = read_csv(path, key or label_column)
        notes += table.notes
        if field in SCORES:
            parts.append(table.scores)
        elif table.labels is not None and field == "labels":
            parts.append(array_of(table.labels))
        elif table.scores is not None and (1 in table.scores.shape or field == "labels"):
            parts.append(table.scores if table.scores.shape[1] > 1 and field == "labels" else table.scores.reshape(-1))
        else:
            parts.append(None)
        if parts[-1] is None:
            hint = "name the column of the labels: --label-column NAME" if field == "labels" else "write one column"
            raise WceError(Problem(f"{path} has no {field} to read: it is a table of several columns", hint, field))
    shown = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    value = _whole(field, parts) if len(parts) > 1 else parts[0]
    if field == "labels" and isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 1:
        whole = np.isfinite(value) & (value == np.floor(value))
        value = value.astype(np.int64) if whole.all() else value
    return value, shown, notes
