"""One value as it was given on the command line: typed, pasted, or named as a file; and what it was taken for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from msgspec import Struct

from wce_cli.cli.options import flag, number, whole_number
from wce_cli.errors import counted
from wce_cli.fields import FIELDS, FLAGS, SINGLE, VECTORS
from wce_cli.loss.layout import n_classes_of

if TYPE_CHECKING:
    from wce_cli.inputs.typed import Typed
    from wce_cli.loss.spec import Criterion

READ_SINGLE: dict[str, Callable[[str, str], Any]] = {"integer": whole_number, "number": number}
"""How a single number is read, by what its field holds."""


class OptionValue(Struct, frozen=True):
    """The value of an option."""

    value: Any
    source: str
    """Where it stands, for the lines below an error: `--labels`, `run.json $.labels`."""
    half_units: Any = None
    """How far its numbers may be off because they were printed rounded, as `Batch.build` takes it."""
    columns: tuple[str, ...] = ()
    """What the header of a table calls the scores that stand there."""
    note: str = ""
    """What it was taken for, where that is not plain to see."""
    parts: int = 1
    """How many arrays follow each other in it, along their first axis."""


def read_given(field: str, text: str, label_column: str | None = None, classes: Sequence[str] = ()) -> OptionValue:
    """The value of the option for `field`; `classes` are those of the scores' columns. Raises WceError if it cannot be
    read.
    """
    if field in SINGLE:  # never a file
        return OptionValue(READ_SINGLE[FIELDS[field].kind](flag(field), text), flag(field))
    if field in FLAGS:
        return OptionValue(text == "true", flag(field))
    if FIELDS[field].kind == "code":
        return OptionValue(_code(text), flag(field))
    from wce_cli.inputs.inline import as_vector, read_inline  # a batch in a file needs none of it
    from wce_cli.inputs.names import read_names
    from wce_cli.inputs.record import named_part
    from wce_cli.inputs.reference import read_reference, reference_in

    reference = reference_in(text)
    if reference is not None:
        found = read_reference(field, reference, label_column, classes)
        told = f"{flag(field)}: read {_size(field, found.value)} from {found.place}"
        note = "; ".join([told, *found.notes])
        return OptionValue(found.value, found.place, found.half_units, found.columns, note, found.parts)
    if FIELDS[field].kind == "names":
        return OptionValue(read_names(flag(field), text), flag(field))
    typed = read_inline(flag(field), named_part(text, field), field)
    value = as_vector(typed.value, field != "labels") if field in VECTORS else typed.value
    return OptionValue(value, flag(field), typed.half_units, note=_note(field, value, typed))


def _code(text: str) -> Criterion:
    """A piece of code without what a chat or a session puts around it. Raises WceError if it holds no loss."""
    from wce_cli.criteria.read import read
    from wce_cli.inputs.pasted_noise import plain, unprompted

    return read(unprompted(plain(text)))


def _note(field: str, value: Any, typed: Typed) -> str:
    """`--logits: read 2 samples × 2 classes from a tensor repr rounded to 4 decimals; ignored device, grad_fn`."""
    return f"{flag(field)}: read {_size(field, value)} from {typed.described}" if typed.described else ""


def _size(field: str, value: Any) -> str:
    """What was read, counted: `2 samples × 2 classes`, `2 labels`."""
    if isinstance(value, dict):
        return counted(len(value), "class weight", "class weights")
    shape = _shape(value)
    if not shape:
        return "one number" if not isinstance(value, str) else repr(value)
    kind = FIELDS[field].kind
    if kind == "scores" and len(shape) > 2:  # which axis has the classes is not known yet
        return f"{' × '.join(map(str, shape))} scores"
    if kind == "scores":
        n = 1 if len(shape) == 1 else int(np.prod(shape)) // max(n_classes_of(shape), 1)
        return f"{counted(n, 'sample', 'samples')} × {counted(n_classes_of(shape), 'class', 'classes')}"
    word = {"labels": "label", "names": "name"}.get(kind, kind)
    return f"{' × '.join(map(str, shape))} {word}{'' if shape == (1,) else 's'}"


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of lists by their first items; raggedness is found where the batch is built."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return (*shape, *getattr(value, "shape", ()))


def plain_weight(fields: Mapping[str, OptionValue]) -> list[float] | Literal[False] | None:
    """The weight that was typed, as numbers; None for none, False where more was typed than that."""
    if not fields:
        return None
    given = fields.get("weight")
    if given is None or len(fields) > 1 or given.half_units is not None or not isinstance(given.value, list):
        return False
    plain = all(type(number) in (int, float) and abs(number) < 1e300 for number in given.value)
    return [float(number) for number in given.value] if plain else False
