"""Files of arrays that hold a batch: members by the names of its fields, several files as the parts of one batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.fields import BY_SAMPLE, SCORE_KINDS
from wce_cli.inputs import read_arrays
from wce_cli.inputs.array_members import fields_of, in_our_names, items_of
from wce_cli.inputs.documents import Document
from wce_cli.inputs.joined_files import joined
from wce_cli.inputs.loop_members import loss_beside
from wce_cli.inputs.stored import StoredArray, as_name
from wce_cli.inputs.suffixes import TABLE_READERS


def read_batch_files(
    paths: Sequence[str],
    given: Collection[str],
    label_column: str | None,
    classes: Sequence[str] = (),
    kind: str = "",
) -> tuple[Document, list[str]]:
    """The batch that is in some files, and what was taken for what, one line each.

    `given`: the fields that options give, which the files need not have; `classes`, where they are among them. `kind`:
    what scores are whose name does not say it, if that is known. A file of one array holds the logits, or those.
    Raises WceError if there are no scores, or parts do not fit together.
    """
    notes: list[str] = []
    called: list[str] = []
    parts: list[dict[str, Any]] = []
    for path in paths:
        for name, part in _fields(path, given, label_column, classes, notes, kind, is_whole=len(paths) == 1):
            called.append(name)
            parts.append(part)
    fields: dict[str, Any] = {}
    sources: dict[str, str] = {}
    names = list(dict.fromkeys(name for part in parts for name in part if name not in given))
    for name in names:
        without = next((part for part, found in zip(called, parts, strict=True) if name not in found), None)
        if without is not None and name in BY_SAMPLE:
            raise WceError(Problem(f"{without} has no {name}, and other parts of the batch have"))
        having = [(part, found[name]) for part, found in zip(called, parts, strict=True) if name in found]
        fields[name] = _whole(name, having)
        sources[name] = _source([part for part, _ in having], [value for _, value in having], len(parts))
    if (names_of_columns := fields.pop("columns", None)) is not None and "classes" not in given:
        from wce_cli.inputs.columns import class_names

        if found := class_names(names_of_columns, _words(fields.get("labels"))):
            fields["classes"], sources["classes"] = list(found), sources.pop("columns")
    if len(paths) > 1:
        notes.append(f"{len(paths)} files are the parts of one batch, {paths[0]} to {paths[-1]}")
    return Document(fields, sources, origin=paths[0] if len(paths) == 1 else "", parts=len(parts)), notes


def _fields(
    path: str,
    given: Collection[str],
    label_column: str | None,
    classes: Sequence[str],
    notes: list[str],
    kind: str,
    *,
    is_whole: bool,
) -> list[tuple[str, dict[str, Any]]]:
    """What a file has for each part that it holds, and how the part is called; `is_whole`: it is all of the batch."""
    if PurePath(path).suffix.lower() in TABLE_READERS:
        from wce_cli.inputs.tables import fields_of_table

        return [(path, _without_other_scores(fields_of_table(path, given, label_column, classes, notes), given))]
    members = read_arrays(path)
    if list(members) == [""]:
        whole = members[""]
        if isinstance(whole, Problem):
            raise WceError(whole)
        if any(kind in given for kind in SCORE_KINDS):
            hint = f"name the field that it is: --labels {path}"
            raise WceError(Problem(f"{path} is one array, and the scores are given beside it", hint))
        notes += [whole.note] if whole.note else []
        return [(path, {kind or "logits": whole})]
    renamed = in_our_names(members, path, given, kind)
    notes += [renamed.note] if renamed.note else []
    items = items_of(renamed.members)
    if len(items) > 1:
        notes.append(f"{path}: its {len(items)} items are the parts of one batch")
    parts = []
    for k, item in enumerate(items):
        chosen, unused = fields_of(item, path, given, renamed.hint)
        if unused and k == 0:
            listed = ", ".join(map(as_name, unused[:6]))
            notes.append(f"{path}: left out {listed}{', …' if len(unused) > 6 else ''}")
        parts.append((path if len(items) == 1 else f"{path} item {k}", _without_other_scores(chosen, given)))
    if is_whole and len(items) == 1 and (found := loss_beside(members)):
        name, number = found
        notes.append(f"{path}: {as_name(name)} is {number}; wce identify {number} {path} looks for its rule")
    return parts


def _without_other_scores(found: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """The members of a file without its scores, where options give others."""
    taken = any(kind in given for kind in SCORE_KINDS)
    return {name: value for name, value in found.items() if name not in given and not (taken and name in SCORE_KINDS)}


def _whole(name: str, having: Sequence[tuple[str, Any]]) -> Any:
    """The value of a field from the parts that have it."""
    first, *others = (value for _, value in having)
    if name == "columns":
        other = next(((part, value) for part, value in having if value != first), None)
        if other is not None:
            from wce_cli.inputs.tables import columns_differ

            raise columns_differ(*other, having[0][0], first)
        return first
    if name not in BY_SAMPLE:
        first, *others = (array_of(value) for value in (first, *others))
        if any(not np.array_equal(first, other, equal_nan=True) for other in others):
            many = {"weight": "weights"}.get(name, f"values of {name}")
            hint = f"give one with --{name.replace('_', '-')}"
            raise WceError(Problem(f"the parts of the batch have different {many}", hint))
        if name == "weight":
            return having[0][1]  # as it is stored, with its dtype, which bfloat16 loses in an array
        return first if first.size != 1 else first.item()
    if isinstance(first, StoredArray) and all(isinstance(value, StoredArray) for value in others):
        return joined([first, *others])
    loaded = [array_of(value) for value in (first, *others)]
    if len({value.shape[1:] for value in loaded}) > 1:
        shapes = " and ".join(str(value.shape) for value in loaded[:2])
        raise WceError(
            Problem(f"the parts of {name} have shapes {shapes}", "they may differ in their first axis alone")
        )
    return np.concatenate(loaded) if len(loaded) > 1 else loaded[0]


def _words(labels: Any) -> Collection[Any]:
    """Labels that are names."""
    return set(labels.tolist()) if isinstance(labels, np.ndarray) and labels.dtype.kind == "O" else ()


def array_of(value: Any) -> Any:
    """All of an array at once: for what is short, and for tables, which are in memory already."""
    if not isinstance(value, StoredArray):
        return value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    numbers = value.read(0, value.size)
    if value.dtype == "bfloat16":
        numbers = np.left_shift(numbers, 16, dtype=np.uint32).view(np.float32)
    return numbers.reshape(value.shape, order="F" if value.fortran else "C")


def _source(called: Sequence[str], values: Sequence[Any], n_parts: int) -> str:
    shown = values[0].source if isinstance(values[0], StoredArray) else called[0]
    return shown if n_parts == 1 else f"{shown} and {n_parts - 1} more"
