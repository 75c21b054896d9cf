"""Which columns of a table are what: whether its first row is a header, where its labels are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.batches.class_columns import by_class, by_number, heads
from wce_cli.errors import Problem, WceError, counted, did_you_mean
from wce_cli.fields import FIELDS, names_of, of_kind
from wce_cli.inputs.stored import as_name

LABEL_NAMES = (*names_of("labels"), "class")
BY_NAME = {field: names_of(field) for field in of_kind("sample weight")}
"""Fields that a column of the header is, by its name."""
NO_SCORE_NAMES = (
    "id",
    "idx",
    "index",
    "row",
    "sample",
    "sample_id",
    "pred",
    "preds",
    "prediction",
    "predicted",
    "y_pred",
    "loss",
    "weight",
    "weights",
)
"""What people keep beside the scores: a column of such a name is a class only if it is said to be one."""
WHOLE_NUMBER = re.compile(r"\d+")
LIKE_A_NUMBER = re.compile(r"[\s\d+.,eE_-]*\d[\s\d+.,eE_-]*")
"""A number, or what was meant for one or several: `0,5`, `1_000`, `0.1 0.9`."""
NAMED_IN_NOTE = 8


class Columns(Struct, frozen=True):
    """What the columns of a table are."""

    width: int
    header: bool
    label: int | None
    """The column of the labels."""
    scores: tuple[int, ...]
    """The columns of the scores, in order."""
    by_field: Mapping[str, int]
    """The columns of BY_NAME that there are."""
    names: tuple[str, ...]
    """What the header calls the scores; empty without one."""
    notes: tuple[str, ...]


def read_columns(
    rows: Sequence[Sequence[str]], label: str | int | None, shown: str, classes: Sequence[str] = ()
) -> Columns:
    """The columns by the first rows (two, where there are two), and by the label column as it was named.

    Text that is both a name in the header and an index is the name. Where the header has all of `classes`, as they are
    or behind what all its scores begin with (`p_cat`, `p_dog`), their columns are the scores, in that order, and what
    else there is is left out. Raises WceError if the label column is not there, or could be several, or if the header
    has some of the classes and not the others.
    """
    first = [cell.strip() for cell in rows[0]]
    first[0] = first[0].removeprefix("#").strip()  # numpy.savetxt writes its header as a comment
    second = [cell.strip() for cell in rows[1]] if len(rows) > 1 else []
    index = int(label) if label is not None and WHOLE_NUMBER.fullmatch(str(label)) else None
    header = is_header(first, second, index)
    found = _label(first if header else [], len(first), label, index, shown)
    unnamed = header and first[0] == "" and found != 0 and len(first) > 1
    by_field = _by_field(first, found) if header and len(first) > 1 else {}
    taken = (found, *by_field.values())
    scores = tuple(at for at in range(len(first)) if at not in taken and not (unnamed and at == 0))
    of_scores = [first[at] for at in scores]
    named = by_class(of_scores, classes, shown, "--classes names", as_name) if header and classes else ()
    chosen = tuple(scores[k] for k in named)
    left = [first[at] for at in scores if at not in chosen] if chosen else []
    numbered = tuple(scores[k] for k in by_number(of_scores)) if header and not chosen else ()
    moved = bool(numbered) and numbered != scores
    scores = chosen or numbered or scores
    names = tuple(first[at] for at in scores) if header else ()
    notes = _notes(shown, first, found, by_field, names, header, unnamed)
    if moved:
        notes = (*notes, f"{shown}: the columns are taken in the order of their numbers")
    if left:
        notes = (*notes, f"{shown}: left out {', '.join(map(as_name, left))}, which --classes does not name")
    return Columns(len(first), header, found, scores, by_field, names, notes)


def _by_field(names: Sequence[str], label: int | None) -> dict[str, int]:
    """The columns of BY_NAME; none where two of them have a name of one field."""
    found = {
        field: [at for at, name in enumerate(names) if name.lower() in known and at != label]
        for field, known in BY_NAME.items()
    }
    return {field: at[0] for field, at in found.items() if len(at) == 1}


def class_names(names: Sequence[str], labels: Collection[Any]) -> tuple[str, ...]:
    """The names of the classes by those of their columns; none where the columns are only numbered, `logit_0`.

    `p_cat` and `p_dog` are the classes cat and dog where the labels say so.
    """
    if len(set(names)) < len(names) or len(names) < 2 or "" in names:
        return ()
    words = {label for label in labels if isinstance(label, str)}
    if not words:
        return () if len({name.rstrip("0123456789") for name in names}) == 1 else tuple(names)
    head = next(iter(heads(names)), "")
    bare = tuple(name.removeprefix(head) for name in names)
    return bare if words <= set(bare) else tuple(names)


def not_scores(names: Sequence[str], classes: Collection[str]) -> list[str]:
    """The columns that are more likely something beside the scores, where nobody said that they are classes."""
    return [name for name in names if name.lower() in NO_SCORE_NAMES and name not in classes] if len(names) > 2 else []


def is_header(first: Sequence[str], second: Sequence[str], label: int | None) -> bool:
    """Whether the first row holds names, where the label column may hold words anyway.

    A row with words and a number like 0.1 or 0,5 is no header but a row with a mistake in it. The header 0,1,…,C−1 that
    pandas writes for an array is told from a row of numbers by what stands below it.
    """
    if label is not None and label < len(first) and first[label].lower() in LABEL_NAMES:
        return True
    names = [cell for at, cell in enumerate(first) if at != label]
    below = [cell for at, cell in enumerate(second) if at != label]
    if all(map(is_number, names)):
        counted = sorted(names) == sorted(str(n) for n in range(len(names))) and len(names) > 1
        return counted and not all(map(WHOLE_NUMBER.fullmatch, below))
    return not any(LIKE_A_NUMBER.fullmatch(cell) and not WHOLE_NUMBER.fullmatch(cell) for cell in names)


def is_number(cell: str) -> bool:
    """Whether a cell is a number as other programs write one: Python's 1_000 is not."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _label(names: Sequence[str], width: int, label: str | int | None, index: int | None, shown: str) -> int | None:
    if label is None:
        found = [at for at, name in enumerate(names) if name.lower() in LABEL_NAMES]
        if len(found) > 1:
            listed = ", ".join(as_name(names[at]) for at in found)
            raise WceError(
                Problem(
                    f"{shown} has {len(found)} columns that may be the labels: {listed}",
                    f"name one: --label-column {as_name(names[found[0]])}",
                )
            )
        return found[0] if found else None
    if (several := list(names).count(str(label))) > 1 and isinstance(label, str):
        raise WceError(Problem(f"{shown} has {several} columns named {label!r}", "give its index, from 0 on"))
    if label in names:
        return list(names).index(str(label))
    if index is not None:
        if index < width:
            return index
        raise WceError(Problem(f"{shown} has no column {index}: it has {width}, counted from 0 on"))
    if names:
        raise WceError(
            Problem(f"{shown} has no column named {str(label)!r}", did_you_mean(str(label), map(as_name, names)))
        )
    raise WceError(Problem(f"{shown} has no header, and so no column {str(label)!r}", "give its index, from 0 on"))


def _notes(
    shown: str,
    first: Sequence[str],
    label: int | None,
    by_field: Mapping[str, int],
    names: Sequence[str],
    header: bool,
    unnamed: bool,
) -> tuple[str, ...]:
    """What was taken for what, one line each."""
    notes = []
    if header:
        listed = f": {', '.join(map(as_name, names))}" if 0 < len(names) <= NAMED_IN_NOTE else ""
        scores = f"{counted(len(names), 'column', 'columns')} of scores{listed}"
        labels = "" if label is None else f"labels in column {as_name(first[label])!r}, "
        others = [f"{FIELDS[field].kind}s in column {as_name(first[at])!r}, " for field, at in by_field.items()]
        notes.append(f"{shown}: line 1 is a header; {labels}{''.join(others)}{scores}")
    if unnamed:
        notes.append(f"{shown}: column 0 has no name and is left out, as the index that pandas and R write")
    return tuple(notes)
