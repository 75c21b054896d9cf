"""A JSON document: one batch, or a list of batches.

The bytes are decoded here rather than by a validator: duplicate keys, a byte order mark and absurd nesting
are then problems with a name, and bare NaN and Infinity (which Python writes) are read.
"""

from __future__ import annotations

import codecs
import json
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath
from typing import Any

from msgspec import structs

from wce_cli.errors import MOST_KNOWN, Problem, WceError, near
from wce_cli.fields import ALIASES, field_of
from wce_cli.inputs import ARRAY_READERS, READERS, STDIN, TABLE_READERS, Document, stdin
from wce_cli.inputs.guard import reads
from wce_cli.inputs.large import LARGE, large_document
from wce_cli.inputs.written import written_expects

FAR = re.compile(r"[eE]\+?\d{3}|\d{309}")
"""What a number beyond float64 has in it: an exponent of three digits, or that many digits before the point. Only then
is each number looked at, which takes longer."""
WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_json(path: str) -> list[Document]:
    """The batches of a JSON file, or of stdin for `-`. Raises WceError if there is no JSON to read."""
    return documents_in(read_bytes(path), "stdin" if path == STDIN else path)


def documents_in(content: bytes, shown: str) -> list[Document]:
    """The batches of the bytes of a JSON file. Raises WceError if they are no JSON."""
    value = decoded(content, shown)
    items = list(_batches(value, shown))
    expects = written_expects(content) if any(_has_expect(item) for _, item in items) else [None] * len(items)
    return [
        document_of(item, shown, place, place if place != "$" else "", expect)
        for (place, item), expect in zip(items, expects, strict=True)
    ]


def document_of(item: Any, shown: str, place: str, where: str, expect: Any = None) -> Document:
    """A decoded batch as a document: its keys checked, its arrays not; `where` stands before what is wrong with it.

    `expect`: what stands under that key, with its numbers as they are written.
    """
    from wce_cli.inputs.document import READ_BY_EXPLAIN, by_keys, frame_problems

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
    expect = None if "expect" in wrong else expect
    tolerance = None if "tolerance" in wrong else item.get("tolerance")
    return Document(fields, sources, where, tuple(problems), shown, expect, tolerance)


def _has_expect(item: Any) -> bool:
    return isinstance(item, dict) and item.get("expect") is not None


def read_bytes(path: str) -> bytes:
    """The bytes of a file, or of stdin for `-`."""
    if path == STDIN:
        content = b"".join(stdin.blocks())
        if not content.strip():
            raise WceError(Problem("stdin was empty", "pipe a JSON batch in, or give --logits and --labels"))
        return content
    if not path:
        raise WceError(Problem("FILE is empty, expected the name of a file"))
    try:
        if os.path.isdir(path):
            raise WceError(Problem(f"{path} is a directory, expected a file", files_in(path)))
        found = os.stat(path)
        if stat.S_ISCHR(found.st_mode) and path != os.devnull:  # it may never end
            raise WceError(Problem(f"{path} is a device, expected a file", "- reads what is piped in"))
        reads(path, found)
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not content.strip():
        raise WceError(Problem(f"{path} is empty, expected a JSON batch"))
    return content


def unreadable(path: str, error: Exception) -> WceError:
    """What the system says of a file, in our form."""
    if isinstance(error, FileNotFoundError):
        return WceError(Problem(f"{path} does not exist", _meant(path)))
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return WceError(Problem(f"{path} cannot be read: {reason.lower()}"))


def _meant(path: str) -> str:
    """What a name that is no file's may have been meant for; empty if that is not known."""
    if path.startswith("@") and os.path.exists(path[1:]):
        return f"leave the @ out: {path[1:]}"
    from wce_cli.inputs.words import NUMBER

    if NUMBER.fullmatch(path):
        return f"wce identify {path} FILE names the rule of a number"
    file, colon, _ = path.rpartition(":")
    if colon and file.endswith(".py") and os.path.isfile(file):
        return f"wce audit {path} says what it computes"
    if colon and os.path.isfile(file):
        return f"a part of a file is the value of an option: --logits {path}"
    if "," in path and all(map(os.path.isfile, path.split(","))):
        return f"part files by spaces: {path.replace(',', ' ')}"
    if close := near(PurePath(path).name, _beside(path)):
        return f"did you mean {PurePath(path).with_name(close[0])}?"
    if re.match(r"https?://", path):
        return f"files alone are read: curl -s {path} | wce explain -"
    name, equals, value = path.partition("=")
    field = field_of(name.lstrip("-"))
    return f"an option begins with dashes: --{field.replace('_', '-')} '{value}'" if equals and field in ALIASES else ""


def _beside(path: str) -> list[str]:
    """The files in the folder of a name that is no file's, if they are few; of other digits no slip makes them."""
    try:
        with os.scandir(PurePath(path).parent) as entries:
            found = [entry.name for entry in islice(entries, MOST_KNOWN + 1) if entry.is_file()]
    except (OSError, ValueError):
        return []
    digits = re.sub(r"\D", "", PurePath(path).name)
    return [name for name in found if re.sub(r"\D", "", name) == digits] if len(found) <= MOST_KNOWN else []


def files_in(folder: str) -> str:
    """How the files of a folder are named on the command line."""
    endings = Counter(PurePath(name).suffix.lower() for name in os.listdir(folder))
    known = [ending for ending, _ in endings.most_common() if ending in {**READERS, **ARRAY_READERS, **TABLE_READERS}]
    if not known:
        return "there is no file in it that wce reads"
    return f"name the files in it by a pattern in quotes: '{os.path.join(folder, '*' + known[0])}'"


def decoded(content: bytes, shown: str, is_line: bool = False) -> Any:
    """JSON bytes → Python values; a UTF-8 byte order mark is skipped. Of a line of a file the name says which."""
    if len(content) >= LARGE:
        found = large_document(content)
        if found is not None:
            return found
    text = decoded_text(content, shown)
    try:
        read = (lambda digits: finite(digits, shown)) if FAR.search(text) else None
        return json.loads(text, object_pairs_hook=lambda pairs: _mapping(pairs, shown), parse_float=read)
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if is_line else f"line {error.lineno}, column {error.colno}"
        raise WceError(Problem(f"{shown} is not JSON at {where}: {error.msg.lower()}")) from error
    except RecursionError as error:
        raise WceError(Problem(f"{shown} is nested too deep to be a batch")) from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise WceError(Problem(f"{shown} holds a number too long to read")) from error


def decoded_text(content: bytes, shown: str) -> str:
    """UTF-8 bytes → text; a byte order mark is skipped. Raises WceError for what is none."""
    for mark, name in WIDE_MARKS.items():
        if content.startswith(mark):
            raise WceError(Problem(f"{shown} is {name}, expected UTF-8", "PowerShell: Out-File -Encoding utf8, not >"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WceError(Problem(f"{shown} is not UTF-8: byte {error.start} is no text")) from error
    if "\0" in text[:64]:
        raise WceError(Problem(f"{shown} is not UTF-8 text", "save it as UTF-8"))
    return text


def finite(digits: str, shown: str) -> float:
    """A number as it is written in digits. Raises WceError for one that float64 could only hold as infinity."""
    value = float(digits)
    if math.isinf(value):
        from wce_cli.inputs.diagnosis import too_large

        raise WceError(structs.replace(too_large(shown, digits.strip()), field=""))
    return value


def _batches(value: Any, shown: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        if not value:
            raise WceError(Problem(f"{shown} is an empty list, expected a batch"))
        for position, item in enumerate(value):
            yield f"$[{position}]", item
    else:
        yield "$", value


def _mapping(pairs: list[tuple[str, Any]], shown: str) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise WceError(Problem(f'{shown} has the key "{key}" twice in one object'))
            seen.add(key)
    return mapping


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = {list: "a list", str: "a string", int: "a number", float: "a number"}
    return names.get(type(value), "a value")
