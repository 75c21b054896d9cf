"""Values that go from one process to another through a pipe, whole: a large array is copied by nobody but the pipe."""

from __future__ import annotations

import os
import pickle
from typing import Any

WORD = 8
"""Bytes of a length that is sent."""
LARGE = 1 << 16
"""Bytes from which an array goes behind the pickled rest, instead of within it."""
ROOM = 1 << 20
"""What a pipe is asked to hold: then a part of 10 000 sums goes into it at once, and whoever sends it goes on."""


def widened(pipe: int) -> None:
    """Ask for more room in a pipe, where the system has it to give."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, ROOM)
    except (ImportError, AttributeError, OSError):  # as it was, it is as good
        pass


def send(pipe: int, value: Any) -> None:
    """Send a value; raises BrokenPipeError if nobody is there to read it."""
    large: list[memoryview] = []

    def is_small(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes >= LARGE:
            large.append(raw)
        return raw.nbytes < LARGE

    front = pickle.dumps(value, protocol=5, buffer_callback=is_small)
    lengths = b"".join(_word(part.nbytes) for part in large)
    for part in (memoryview(_word(len(front)) + _word(len(large)) + lengths), memoryview(front), *large):
        rest = part
        while rest:
            rest = rest[os.write(pipe, rest) :]


def receive(pipe: int) -> Any:
    """The next value, waited for; None if whoever sends has ended, in the middle of one or before it."""
    head = _exactly(pipe, 2 * WORD)
    if head is None:
        return None
    front, large = _words(head)
    lengths = _exactly(pipe, large * WORD)
    parts = [_exactly(pipe, length) for length in (front, *_words(lengths or b""))]
    return None if lengths is None or None in parts else pickle.loads(parts[0] or b"", buffers=parts[1:])


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "little")


def _words(text: bytes | bytearray) -> list[int]:
    return [int.from_bytes(text[k : k + WORD], "little") for k in range(0, len(text), WORD)]


def _exactly(pipe: int, length: int) -> bytearray | None:
    """So many bytes; None if they end before."""
    found = bytearray(length)
    rest = memoryview(found)
    while rest:
        n = os.readv(pipe, [rest])
        if n == 0:
            return None
        rest = rest[n:]
    return found
