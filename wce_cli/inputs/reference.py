"""Values that stand in a file: `@run.json`, `@run.json:batch.logits`, or the bare path of a file that exists."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from glob import glob
from pathlib import PurePath
from typing import Any, NamedTuple

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.fields import SCORE_KINDS, by_field, field_of
from wce_cli.inputs import read_arrays
from wce_cli.inputs.repr_words import NUMBER
from wce_cli.inputs.suffixes import ARRAY_READERS, READERS, STDIN, TABLE_READERS, TEXTS, has_wildcard

ITSELF = ("weight",)
"""Fields for which a JSON object can be the value itself: a mapping by class name."""
VALUE_SUFFIXES = (*READERS, *ARRAY_READERS, *TABLE_READERS, *TEXTS)
"""What a file that a value may stand in ends with."""


class Reference(NamedTuple):
    """A file, and the place in it."""

    path: str
    key: str


class Referred(NamedTuple):
    """What a reference names."""

    value: Any
    place: str
    """Where it stands: `run.json $.batch.logits`."""
    notes: list[str]
    columns: tuple[str, ...] = ()
    """What the header of a table calls the scores."""
    half_units: Any = None
    """How far its numbers may be off because they were printed rounded, as `Batch.build` takes it."""
    text: str = ""
    """The text that it was read from, where it is no JSON and no array."""
    parts: int = 1
    """How many arrays follow each other in it, along their first axis."""


def reference_in(text: str) -> Reference | None:
    """The file that a typed value names: after `@` always, without it where one exists and is ours to read.

    A single word that ends like such a file names one too, or `run.json` misspelt would be told to be a name.
    """
    if text.startswith("@"):
        return _split(text[1:])
    if text == STDIN:
        return Reference(STDIN, "")
    found = _split(text)
    if PurePath(found.path).suffix.lower() not in VALUE_SUFFIXES:
        is_path = os.path.isfile(found.path) and not NUMBER.fullmatch(text)
        return found if is_path and (os.sep in found.path or PurePath(found.path).suffix) else None
    is_word = not re.search(r"[\s,;=\[\](){}\"']", text)
    return found if is_word or os.path.isfile(found.path) or (has_wildcard(found.path) and glob(found.path)) else None


def read_reference(
    field: str, reference: Reference, label_column: str | None = None, classes: Sequence[str] = ()
) -> Referred:
    """The value that a reference names for a field.

    Without a key an object, or a file of several arrays, is searched for the field's own name. Several files, by a
    pattern, are the parts of one array; of a table whose header has all `classes`, their columns are the scores.
    Raises WceError if there is no such value.
    """
    from wce_cli.inputs.decoded import decoded
    from wce_cli.inputs.text import content_of, is_no_json, printed

    path, key = reference
    if not path:
        raise WceError(Problem(f"@ names no file for {field}", "write @FILE, or @FILE:KEY", field))
    if PurePath(path).suffix.lower() in {**ARRAY_READERS, **TABLE_READERS}:
        return _of_arrays(field, path, key, label_column, classes)
    shown = "stdin" if path == STDIN else path
    content = content_of(path)
    try:
        value = decoded(content, shown)
    except WceError as error:
        if PurePath(path).suffix.lower() in READERS or not is_no_json(error):
            raise
        return _of_print(field, printed(content, shown), key, shown)
    if key:
        return Referred(_at(field, value, key, shown), f"{shown} $.{key}", [])
    if isinstance(value, dict) and (name := _key_of(field, value, shown)):
        return Referred(value[name], f"{shown} $.{name}", [])
    if isinstance(value, dict) and field not in ITSELF:
        hint = f"name one of its keys, as in @{path}:{next(iter(value), 'KEY')}"
        raise WceError(Problem(f"{shown} is an object without the key {field!r}", hint, field))
    return Referred(value, f"{shown} $", [])


def _of_print(field: str, text: str, key: str, shown: str) -> Referred:
    """The value of a field that was printed: alone, or among others behind its name."""
    from wce_cli.inputs.record import parts_of, read_part

    parts = parts_of(text, fewest=2) or ({} if not key else parts_of(text) or {})
    name = key or (_key_of(field, parts, shown) if parts else "")
    if parts and name not in parts:
        hint = did_you_mean(key, parts) if key else f"name one of them, as in @{shown}:{next(iter(parts))}"
        said = f"{shown} has no {key or field}: it is a print of {', '.join(list(parts)[:8])}"
        raise WceError(Problem(said, hint, field))
    place = f"{shown} {name}" if name else shown
    value, half_units, described = read_part(field, place, parts.get(name, text))
    return Referred(value, place, [described] if described else [], half_units=half_units, text=parts.get(name, text))


def _key_of(field: str, value: Mapping[str, Any], shown: str) -> str:
    """The key of an object that means a field; empty if there is none. Raises WceError if there are two."""
    keys, twice = by_field((key for key in value if field_of(key) == field), lambda key: f"{shown} $.{key}")
    if twice:
        raise WceError(twice)
    return keys.get(field, "")


def _of_arrays(field: str, path: str, key: str, label_column: str | None, classes: Sequence[str]) -> Referred:
    from wce_cli.inputs.array_members import ARRAY_FIELDS, in_our_names, items_of_field
    from wce_cli.inputs.joined_files import joined
    from wce_cli.inputs.stored import chosen

    paths = sorted(glob(path)) if has_wildcard(path) else [path]
    if not paths:
        raise WceError(Problem(f"no file matches {path}", field=field))
    if PurePath(path).suffix.lower() in TABLE_READERS:
        from wce_cli.inputs.tables import of_table

        return Referred(*of_table(field, paths, key, label_column, classes), parts=len(paths))
    parts = []
    for one in paths:
        members = read_arrays(one)
        kind = field if field in SCORE_KINDS else SCORE_KINDS[0]  # what they are is asked where they are read
        ours = {} if key else in_our_names(members, one, set(ARRAY_FIELDS) - {field}, kind).members
        items = items_of_field(ours, field)
        parts += [chosen(item, field, one, field) for item in items] or [chosen(members, key, one, field)]
    notes = list(dict.fromkeys(part.note for part in parts if part.note))
    shown = parts[0].source if len(parts) == 1 else f"{parts[0].source} and {len(parts) - 1} more"
    return Referred(parts[0] if field in ITSELF else joined(parts), shown, notes)


def _split(text: str) -> Reference:
    """Path and key: the longest path that exists, so that a colon may stand in a file name or behind a drive."""
    end = len(text)
    while end > 0 and not os.path.exists(text[:end]):
        end = text.rfind(":", 0, end)
    if end > 0:
        return Reference(text[:end], text[end + 1 :])
    path, colon, key = text.rpartition(":")
    is_key = colon and PurePath(path).suffix.lower() in VALUE_SUFFIXES
    return Reference(path, key) if is_key else Reference(text, "")


def _at(field: str, value: Any, key: str, shown: str) -> Any:
    """Walk `batch.logits` or `runs.0.labels`; a key that holds dots is tried whole first."""
    place, rest = "$", key
    while rest:
        if isinstance(value, dict):
            step = rest if rest in value else next((k for k in _prefixes(rest) if k in value), rest.partition(".")[0])
            if step not in value:
                raise WceError(Problem(f"{shown} {place} has no key {step!r}", did_you_mean(step, value), field))
            value = value[step]
        elif isinstance(value, list):
            step = rest.partition(".")[0]
            if not step.isdecimal() or int(step) >= len(value):
                raise WceError(
                    Problem(f"{shown} {place} has no item {step!r}: it is a list of {len(value)}", field=field)
                )
            value = value[int(step)]
        else:
            raise WceError(Problem(f"{shown} {place} has nothing below it, and {rest!r} was asked for", field=field))
        place, rest = f"{place}.{step}", rest[len(step) + 1 :]
    return value


def _prefixes(key: str) -> list[str]:
    """`a.b.c` → `a.b`, `a`."""
    parts = key.split(".")
    return [".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
