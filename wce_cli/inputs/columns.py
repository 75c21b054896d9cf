"""Which columns of a table are what: whether its first row is a header, where its labels are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from wce_cli.errors import Problem, WceError, counted, did_you_mean
from wce_cli.inputs.stored import as_name

LABEL_NAMES = ("label", "labels", "target", "y", "class")
WHOLE = re.compile(r"\d+")
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
    names: tuple[str, ...]
    """What the header calls the scores; empty without one."""
    notes: tuple[str, ...]


def read_columns(rows: Sequence[Sequence[str]], label: str | int | None, shown: str) -> Columns:
    """The columns by the first rows (two, where there are two), and by the label column as it was named.

    Text that is both a name in the header and an index is the name. Raises WceError if the label column is not
    there, or could be several.
    """
    first = [cell.strip() for cell in rows[0]]
    first[0] = first[0].removeprefix("#").strip()  # numpy.savetxt writes its header as a comment
    second = [cell.strip() for cell in rows[1]] if len(rows) > 1 else []
    index = int(label) if label is not None and WHOLE.fullmatch(str(label)) else None
    header = is_header(first, second, index)
    found = _label(first if header else [], len(first), label, index, shown)
    unnamed = header and first[0] == "" and found != 0 and len(first) > 1
    scores = tuple(at for at in range(len(first)) if at != found and not (unnamed and at == 0))
    names = tuple(first[at] for at in scores) if header else ()
    return Columns(len(first), header, found, scores, names, _notes(shown, first, found, names, header, unnamed))


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
        counted = names == [str(n) for n in range(len(names))] and len(names) > 1
        return counted and not all(map(WHOLE.fullmatch, below))
    return not any(LIKE_A_NUMBER.fullmatch(cell) and not WHOLE.fullmatch(cell) for cell in names)


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
            raise WceError(Problem(f"{shown} has {len(found)} columns that may be the labels: {listed}", "name one"))
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
    shown: str, first: Sequence[str], label: int | None, names: Sequence[str], header: bool, unnamed: bool
) -> tuple[str, ...]:
    """What was taken for what, one line each."""
    notes = []
    if header:
        listed = f": {', '.join(map(as_name, names))}" if 0 < len(names) <= NAMED_IN_NOTE else ""
        scores = f"{counted(len(names), 'column', 'columns')} of scores{listed}"
        labels = "" if label is None else f"labels in column {as_name(first[label])!r}, "
        notes.append(f"{shown}: line 1 is a header; {labels}{scores}")
    if unnamed:
        notes.append(f"{shown}: column 0 has no name and is left out, as the index that pandas writes")
    return tuple(notes)
