"""The documents that most lines hold, read the fast way: scores as rows of numbers, labels as indices, weights as
numbers. Whatever is anything else, or wrong, is not plain, and is read the long way, which has the words for it.

Nothing may be lost on the way: what msgspec drops (a key twice, a key it does not know) is found by counting quotes.
Every string of a line is a key or a value that is here, or the line is not plain.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

from wce_cli.fields import FIELDS, IN_FILES, Kind

PLAIN_TYPES: dict[Kind, Any] = {
    "scores": list[list[float]] | None,
    "labels": list[int] | None,
    "class weight": list[float] | None,
    "sample weight": list[float] | None,
    "integer": int | None,
    "number": float | None,
    "flag": bool | None,
}
"""What a field of each kind is on a plain line; names are strings, and no line with them is plain."""
PLAIN_BESIDE: dict[str, Any] = {
    "name": str | None,
    "source": str | None,
    "question": str | None,
    "expect": dict[str, msgspec.Raw] | None,  # as written: what a number is held to is in its digits
    "tolerance": float | None,
}
"""The keys beside them; written again, as `batch_keys` costs lines that are plain 4 ms to import."""

Plain = dict[str, Any]
"""A plain batch; the keys that are there are those that the line has."""

_KEYS = {name: PLAIN_TYPES[FIELDS[name].kind] for name in IN_FILES if FIELDS[name].kind in PLAIN_TYPES} | PLAIN_BESIDE
_DECODER: msgspec.json.Decoder[Plain] = msgspec.json.Decoder(TypedDict("Plain", _KEYS, total=False))  # type: ignore[operator]


def plain_documents(lines: list[bytes]) -> list[Plain | None]:
    """The document of each line, None where it is not plain."""
    try:
        documents: list[Any] = _DECODER.decode_lines(b"\n".join(lines))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        documents = []
    if len(documents) != len(lines) or not all(map(_is_whole, lines)):
        documents = [_decoded(line) for line in lines]
    return [
        document if document is not None and b"\\" not in line and _strings(document) * 2 == line.count(b'"') else None
        for document, line in zip(documents, lines, strict=True)
    ]


def _is_whole(line: bytes) -> bool:
    """Whether a line can be an object by itself. If all can, none goes on in the next, and as many objects as lines are
    one in each.
    """
    if not (line.startswith(b"{") and line.endswith(b"}")):
        line = line.strip()
    return line.startswith(b"{") and line.endswith(b"}")


def _decoded(line: bytes) -> Plain | None:
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _strings(document: Plain) -> int:
    """The strings that a document was read from."""
    texts = (document.get("name"), document.get("source"), document.get("question"))
    return len(document) + sum(text is not None for text in texts) + len(document.get("expect") or ())
