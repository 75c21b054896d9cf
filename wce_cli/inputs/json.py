"""A JSON document: one batch, or a list of batches.

The bytes are decoded here rather than by a validator: duplicate keys, a byte order mark and absurd nesting
are then problems with a name, and bare NaN and Infinity (which Python writes) are read.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from types import NoneType
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.decoded import decoded
from wce_cli.inputs.documents import Document
from wce_cli.inputs.guard import reads
from wce_cli.inputs.suffixes import STDIN


def read_json(path: str) -> list[Document]:
    """The batches of a JSON file, or of stdin for `-`. Raises WceError if there is no JSON to read."""
    return documents_in(read_bytes(path), "stdin" if path == STDIN else path)


def documents_in(content: bytes, shown: str) -> list[Document]:
    """The batches of the bytes of a JSON file. Raises WceError if they are no JSON."""
    value = decoded(content, shown)
    items = list(_batches(value, shown))
    expects: list[Any] = [None] * len(items)
    if any(_has_expect(item) for _, item in items):
        from wce_cli.inputs.expect_digits import written_expects

        expects = written_expects(content)
    return [
        document_of(item, shown, place, place if place != "$" else "", expect)
        for (place, item), expect in zip(items, expects, strict=True)
    ]


def document_of(item: Any, shown: str, place: str, where: str, expect: Any = None) -> Document:
    """A decoded batch as a document: its keys checked, its arrays not; `where` stands before what is wrong with it.

    `expect`: what stands under that key, with its numbers as they are written.
    """
    from wce_cli.inputs.batch_keys import READ_BY_EXPLAIN, by_keys, frame_problems

    if not isinstance(item, dict):
        return Document({}, problems=(Problem(f"{shown} {place} is {_kind(item)}, expected a batch: an object"),))
    if str(item.get("format", "")).startswith("wce.totals/"):
        raise WceError(Problem(f"{shown} holds saved totals, no batch", "wce explain FILE... adds them up"))
    keys, twice = by_keys(item)
    item = {field: item[key] for field, key in keys.items()}
    found = frame_problems(item)
    problems = [*twice, *found]
    wrong = {problem.field for problem in found}
    fields = {field: item[field] for field in READ_BY_EXPLAIN if item.get(field) is not None and field not in wrong}
    sources = {field: f"{shown} {place}.{keys[field]}" for field in fields}
    expect = None if "expect" in wrong else expect if isinstance(expect, (dict, NoneType)) else {"criterion": expect}
    tolerance = None if "tolerance" in wrong else item.get("tolerance")
    return Document(fields, sources, where, tuple(problems), shown, expect, tolerance)


def _has_expect(item: Any) -> bool:
    return isinstance(item, dict) and item.get("expect") is not None


def read_bytes(path: str) -> bytes:
    """The bytes of a file, or of stdin for `-`."""
    if path == STDIN:
        from wce_cli.inputs import stdin

        content = b"".join(stdin.blocks())
        if not content.strip():
            raise WceError(Problem("stdin was empty", "pipe a JSON batch in, or give --logits and --labels"))
        return content
    if not path:
        raise WceError(Problem("FILE is empty, expected the name of a file"))
    try:
        if os.path.isdir(path):
            from wce_cli.inputs.unreadable import files_in

            raise WceError(Problem(f"{path} is a directory, expected a file", files_in(path)))
        found = os.stat(path)
        if stat.S_ISCHR(found.st_mode) and path != os.devnull:  # it may never end
            raise WceError(Problem(f"{path} is a device, expected a file", "- reads what is piped in"))
        reads(path, found)
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        from wce_cli.inputs.unreadable import unreadable

        raise unreadable(path, error) from error
    if not content.strip():
        raise WceError(Problem(f"{path} is empty, expected a JSON batch"))
    return content


def _batches(value: Any, shown: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        if not value:
            raise WceError(Problem(f"{shown} is an empty list, expected a batch"))
        for position, item in enumerate(value):
            yield f"$[{position}]", item
    else:
        yield "$", value


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = {list: "a list", str: "a string", int: "a number", float: "a number"}
    return names.get(type(value), "a value")
