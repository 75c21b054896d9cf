"""Bytes → text → Python values: JSON as it may stand in a file, and what is wrong with it in words."""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any

from msgspec import structs

from wce_cli.errors import Problem, WceError

WORTH_A_LOOK = 1 << 16
"""Bytes of a document from which it is worth a second look."""
BEYOND_FLOAT64 = re.compile(r"[eE]\+?\d{3}|\d{309}")
"""What a number beyond float64 has in it: an exponent of three digits, or that many digits before the point. Only then
is each number looked at, which takes longer."""
WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def decoded(content: bytes, shown: str, is_line: bool = False) -> Any:
    """JSON bytes → Python values; a UTF-8 byte order mark is skipped. Of a line of a file the name says which."""
    if len(content) >= WORTH_A_LOOK:
        from wce_cli.inputs.fast_json import large_document

        found = large_document(content)
        if found is not None:
            return found
    text = decoded_text(content, shown)
    try:
        read = (lambda digits: finite(digits, shown)) if BEYOND_FLOAT64.search(text) else None
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


def _mapping(pairs: list[tuple[str, Any]], shown: str) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise WceError(Problem(f'{shown} has the key "{first_repeated(pairs)}" twice in one object'))
    return mapping


def first_repeated(pairs: list[tuple[str, Any]]) -> str | None:
    """The first key that has stood before; None if no key stands twice."""
    before: set[str] = set()
    for key, _ in pairs:
        if key in before:
            return key
        before.add(key)
    return None
