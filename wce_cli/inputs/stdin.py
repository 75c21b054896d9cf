"""Standard input, looked into before it is read: one JSON document, or a document a line."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator

from wce_cli.errors import WceError
from wce_cli.inputs.guard import reads

LOOKED_AT_ONCE = 1 << 16

looked_at: list[bytes] = []
"""What was read to find out, and is not taken yet."""


def holds_lines() -> bool:
    """Whether stdin is a JSON object a line, and not one document: its first line is an object, and more follows.

    As much is read as it takes to know.
    """
    content, end = bytearray(), -1
    for block in _seen_again():
        begin = len(content)
        content += block
        if not content.startswith(b"{"):
            begin, content = 0, content.removeprefix(codecs.BOM_UTF8).lstrip()
        if content and not content.startswith(b"{"):
            if codecs.BOM_UTF8.startswith(content):
                continue
            return False
        if end < 0:
            end = content.find(b"\n", begin)
        if end >= 0 and content[end:].strip():
            return _is_object(bytes(content[:end]))
    return False


def blocks(size: int = LOOKED_AT_ONCE) -> Iterator[bytes]:
    """All of stdin, as it comes, in blocks of up to some bytes."""
    while looked_at:
        yield looked_at.pop(0)
    yield from _read(size)


def descriptor() -> int | None:
    """The descriptor of stdin; None of a stream that Python made up."""
    try:
        return sys.stdin.buffer.fileno()
    except (OSError, ValueError):
        return None


def _read(size: int) -> Iterator[bytes]:
    number = descriptor()
    if number is None:
        while block := sys.stdin.buffer.read(size):
            yield block
        return
    try:
        reads("stdin", os.fstat(number))
        while block := os.read(number, size):
            yield block
    except OSError as error:
        from wce_cli.inputs.unreadable import unreadable

        raise unreadable("stdin", error) from error


def _seen_again() -> Iterator[bytes]:
    """What was looked at before, and then more, which is kept."""
    yield from list(looked_at)
    for block in _read(LOOKED_AT_ONCE):
        looked_at.append(block)
        yield block


def _is_object(line: bytes) -> bool:
    """Whether a line is an object by itself; one with a key twice is one, and refused where it is read."""
    from wce_cli.inputs.decoded import decoded

    try:
        return isinstance(decoded(line, "stdin"), dict)
    except WceError as error:
        return " twice in one object" in str(error)
