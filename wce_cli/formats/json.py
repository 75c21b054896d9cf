"""JSON: an answer's own fields, one object, or a list of them for a document of several batches."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from wce_cli.digits import floats_as_written, to_plain
from wce_cli.formats import asked_of, given, gives
from wce_cli.formats.look import Look
from wce_cli.literal import MARK

UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    rf"|{MARK.pattern}"
)
"""What JSON lets pass as it is, but ends a line, moves a cursor, is not seen, turns text around, has no UTF-8, or is
taken for a command in a log."""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """One object, or a list of them; numbers as `repr` has them, NaN and ±∞ as strings."""
    own: Any = given(question, "asked") if "asked" in gives(question) else None
    if hasattr(own, "together"):
        whole = own.together(answers)
    else:
        asked = asked_of(question)
        documents = [asked(answer, look) for answer in answers]
        whole = documents[0] if len(documents) == 1 else documents
    return as_text(whole, look, indent=2) + "\n"


def as_text(document: Any, look: Look, indent: int | None = None) -> str:
    """Answers, or what dictionaries and lists have of them, as strict JSON; on one line without `indent`."""
    try:
        text = _dumped(msgspec.to_builtins(document, enc_hook=float), look)  # a float of numpy is one
        return text if indent is None else msgspec.json.format(text, indent=indent)
    except ValueError:  # a NaN or an infinity, for which words stand, or half a surrogate pair, which msgspec refuses
        return _dumped(to_plain(document), look, indent)


def _dumped(plain: Any, look: Look, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    text = json.dumps(plain, indent=indent, separators=separators, allow_nan=False, ensure_ascii=look.ascii)
    return text if text.isprintable() and "##" not in text else seen(text)


def seen(text: str) -> str:
    """JSON with everything in it that cannot be seen written as its code."""
    return UNSEEN.sub(lambda match: "".join(f"\\u{unit:04x}" for unit in _units(match[0])), text)


def _units(character: str) -> tuple[int, ...]:
    """Its numbers in UTF-16, which JSON escapes by: two beyond U+FFFF."""
    content = character.encode("utf-16-be", "surrogatepass")
    return struct.unpack(f">{len(content) // 2}H", content)


def schema_of(answer: type[Struct], title: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of an answer or a list of them, made from its types."""
    _, parts = msgspec.json.schema_components([answer], ref_template="#/$defs/{name}")
    one = {"$ref": f"#/$defs/{answer.__name__}"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "anyOf": [one, {"type": "array", "items": one}],
        "$defs": floats_as_written(parts),
    }
