"""The numbers of `expect` as they are written: 0.69 and 0.6900 are one float, and say different things.

The document itself is read as floats, which is what its arrays are for. Only `expect` is read a second time, from
its own bytes, each number as its text.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from wce_cli.digits import Written


class _Frame(msgspec.Struct, frozen=True):
    """A batch of which nothing but `expect` is decoded."""

    expect: msgspec.Raw = msgspec.Raw(b"null")


def written_expects(content: bytes) -> list[Any]:
    """What stands under `expect` in each batch of a JSON document that has been read once, numbers as `Written`.

    None where a batch has none. NaN and ±∞ are plain strings, bare or in quotes.
    """
    text = content.removeprefix(b"\xef\xbb\xbf")
    try:
        frames = msgspec.json.decode(text, type=_Frame | list[_Frame])
    except msgspec.MsgspecError:  # Python also writes bare NaN and Infinity, which msgspec does not read
        value = _read(text)
        items = value if isinstance(value, list) else [value]
        return [item.get("expect") if isinstance(item, dict) else None for item in items]
    return [_read(bytes(frame.expect)) for frame in (frames if isinstance(frames, list) else [frames])]


def _read(text: bytes) -> Any:
    return json.loads(text, parse_float=Written, parse_int=Written, parse_constant=str)
