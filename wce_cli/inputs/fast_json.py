"""A large JSON batch, read the fast way: its scores by msgspec, a row at a time, straight into an array.

Every number is the float64 that the standard library reads (`tests/inputs/test_large.py`), and nothing is lost: a
key twice is found by counting quotes. Whatever is anything but rows of numbers of one length is read the long way,
which has the words for what is wrong with it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.arrays import WrittenNumbers
from wce_cli.fields import SCORE_KINDS

LONG_ROW = 256
"""Bytes of a row from which rows are read one by one: shorter ones cost less all at once."""

_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(list[float])
_ROWS_DECODER = msgspec.json.Decoder(list[list[float]])
_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


def large_document(content: bytes) -> dict[str, Any] | None:
    """An object with its rows of scores as arrays, and the rest as the standard library reads it; None for others."""
    try:
        raw = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        values = {key: bytes(value) for key, value in raw.items()}
        if b"\\" in content or content.count(b'"') != sum(2 + value.count(b'"') for value in values.values()):
            return None
        rows = {key: _rows(values.pop(key)) for key in raw if key in SCORE_KINDS}
        if not rows or any(array is None for array in rows.values()):
            return None
        rest = msgspec.json.decode(b"{%s}" % b",".join(b'"%s":%s' % (key.encode(), values[key]) for key in values))
        if any(_has_object(value) for value in rest.values()):
            return None  # a key twice within it is not found by the count above
    except _REFUSED:
        return None
    return {key: WrittenNumbers(found) if (found := rows.get(key)) is not None else rest[key] for key in raw}


def _rows(text: bytes) -> NDArray[np.float64] | None:
    """Rows of numbers of one length, some of them written with a point or an exponent. (n, C)"""
    if b"." not in text and b"e" not in text and b"E" not in text:
        return None  # integers, which stay what they are
    rows = _ROWS.decode(text)
    if not rows or len(text) < LONG_ROW * len(rows):
        array = np.array(_ROWS_DECODER.decode(text), dtype=np.float64)
        return array if array.ndim == 2 else None
    first = _ROW.decode(rows[0])
    array = np.empty((len(rows), len(first)))
    for n, row in enumerate(rows):
        numbers = _ROW.decode(row)
        if len(numbers) != len(first):
            return None
        array[n] = numbers
    return array


def _has_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_object, value)))
