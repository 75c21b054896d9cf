"""One member of a JSON document replaced in its text; everything else stays as it was typed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from wce_cli.inputs.json import read_bytes
from wce_cli.inputs.suffixes import READERS

SPACE = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Found(Struct, frozen=True):
    """An object of a text, and where one of its members is."""

    start: int
    """Of the value; where a member that is missing belongs."""
    stop: int
    before: str
    """What has to be written before the value: nothing where it replaces one."""


def with_members(path: str, key: str, values: Sequence[Any]) -> str:
    """The text of a file that has been read once, with `key` of its k-th batch set to `values[k]`.

    A key that is missing is added last, on a line of its own where the others have one.
    """
    text = read_bytes(path).decode("utf-8")
    is_lines = READERS.get(PurePath(path).suffix.lower(), "").startswith("wce_cli.inputs.ndjson:")
    places = list(_in_lines(text, key) if is_lines else _in_document(text, key))
    parts, end = [], 0
    for place, value in zip(places, values, strict=True):
        parts += [text[end : place.start], place.before, json.dumps(value, ensure_ascii=False, allow_nan=False)]
        end = place.stop
    return "".join([*parts, text[end:]])


def _in_document(text: str, key: str) -> Iterator[_Found]:
    at = _skip(text, 1 if text.startswith(BYTE_ORDER_MARK) else 0)
    if text[at] == "{":
        yield _found(text, at, key)[0]
        return
    at = _skip(text, at + 1)
    while text[at] != "]":
        found, at = _found(text, at, key)
        yield found
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at


def _in_lines(text: str, key: str) -> Iterator[_Found]:
    at = 0
    for line in text.split("\n"):
        if line.strip(" \t\r" + BYTE_ORDER_MARK):
            yield _found(text, _skip(text, at + line.startswith(BYTE_ORDER_MARK)), key)[0]
        at += len(line) + 1


def _found(text: str, at: int, key: str) -> tuple[_Found, int]:
    """Where a member of the object at `at` is, or belongs; and where the object ends."""
    found = None
    at = _skip(text, at + 1)
    first, last, lead = at, at, ""
    while text[at] != "}":
        gap = text[last:at] if last != first else ""
        name, stop = DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, stop) + 1)
        lead = _line_of(text, at) or gap.lstrip(",") or " "
        _, last = DECODER.raw_decode(text, value)
        if name == key:
            found = _Found(value, last, "")
        at = _skip(text, last)
        at = _skip(text, at + 1) if text[at] == "," else at
    comma = "," if last != first else ""
    return found or _Found(last, last, f"{comma}{lead if comma else ''}{json.dumps(key)}: "), at + 1


def _line_of(text: str, at: int) -> str:
    """The line end and the indentation before a key; empty where something else stands on its line."""
    end = text.rfind("\n", 0, at)
    if end < 0 or text[end:at].strip():
        return ""
    return text[end - text[:end].endswith("\r") : at]


def _skip(text: str, at: int) -> int:
    match = SPACE.match(text, at)
    assert match is not None
    return match.end()
