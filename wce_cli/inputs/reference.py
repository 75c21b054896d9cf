"""Values that stand in a file: `@run.json`, `@run.json:batch.logits`, or the bare path of a file that exists."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any, NamedTuple

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.inputs import READERS, STDIN

ITSELF = ("weight",)
"""Fields for which a JSON object can be the value itself: a mapping by class name."""


class Reference(NamedTuple):
    """A file, and the place in it."""

    path: str
    key: str


def reference_in(text: str) -> Reference | None:
    """The file that a typed value names: after `@` always, without it only where one exists and is ours to read."""
    if text.startswith("@"):
        return _split(text[1:])
    found = _split(text)
    return found if PurePath(found.path).suffix.lower() in READERS and os.path.isfile(found.path) else None


def read_reference(field: str, reference: Reference) -> tuple[Any, str]:
    """The value that a reference names for a field, and where it stands: `run.json $.batch.logits`.

    Without a key an object is searched for the field's own name. Raises WceError if there is no such value.
    """
    from wce_cli.inputs.json import decoded, read_bytes

    path, key = reference
    if not path:
        raise WceError(Problem(f"@ names no file for {field}", "write @FILE, or @FILE:KEY", field))
    shown = "stdin" if path == STDIN else path
    value = decoded(read_bytes(path), shown)
    if key:
        return _at(field, value, key, shown), f"{shown} $.{key}"
    if isinstance(value, dict) and field in value:
        return value[field], f"{shown} $.{field}"
    if isinstance(value, dict) and field not in ITSELF:
        hint = f"name one of its keys, as in @{path}:{next(iter(value), 'KEY')}"
        raise WceError(Problem(f"{shown} is an object without the key {field!r}", hint, field))
    return value, f"{shown} $"


def _split(text: str) -> Reference:
    """Path and key: the longest path that exists, so that a colon may stand in a file name or behind a drive."""
    end = len(text)
    while end > 0 and not os.path.exists(text[:end]):
        end = text.rfind(":", 0, end)
    if end > 0:
        return Reference(text[:end], text[end + 1 :])
    path, colon, key = text.rpartition(":")
    is_key = colon and PurePath(path).suffix.lower() in READERS
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
