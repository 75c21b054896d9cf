"""A compressed member of a zip, inflated as a stream: never more than a block of it is in memory."""

from __future__ import annotations

import zlib
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.file import File
from wce_cli.inputs.zipped import Packed

PACKED_BLOCK = 1 << 16
INFLATED_AT_ONCE = 1 << 18


class Inflated:
    """The bytes of a member, by their offset.

    It remembers how far it was read: reading on is cheap, going back begins anew. A fork takes a copy of that
    along, a pickled copy begins at the start. What was read to its end has the checksum that the zip gives.
    """

    def __init__(self, file: File, member: Packed, source: str) -> None:
        self.file = file
        self.member = member
        self.source = source
        self._stream: _Stream | None = None  # a zip may have many members that nobody asks for

    def __reduce__(self) -> tuple[Any, ...]:
        return Inflated, (self.file, self.member, self.source)

    def fill(self, offset: int, buffer: memoryview) -> None:
        """Read bytes from `offset` on until `buffer` is full. Raises WceError if they are not all there."""
        # Taken away while it is in use: what fails, or is interrupted, or comes from a second thread begins anew.
        stream, self._stream = self._stream, None
        if stream is None or offset < stream.done:
            stream = _Stream(self.file, self.member, self.source)
        while stream.done < offset:
            stream.next(min(INFLATED_AT_ONCE, offset - stream.done))
        filled = 0
        while filled < len(buffer):
            piece = stream.next(min(INFLATED_AT_ONCE, len(buffer) - filled))
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        if stream.done == self.member.size:
            stream.finish()
        self._stream = stream


class _Stream:
    """A member on the way from its first byte to its last."""

    def __init__(self, file: File, member: Packed, source: str) -> None:
        self.file = file
        self.member = member
        self.source = source
        self.done = 0
        """Bytes that came out."""
        self.taken = 0
        """Bytes that were read from the file."""
        self.pending = b""
        """Those of them that are still packed."""
        self.crc = 0
        self.inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def next(self, most: int) -> bytes:
        """The next bytes, at least one and at most `most`."""
        piece = b""
        while not piece:
            if self.inflate.eof:
                raise self._broken(f"it inflates to {self.done} bytes, and the zip says {self.member.size}")
            piece = self._step(most)
        self.done += len(piece)
        self.crc = zlib.crc32(piece, self.crc)
        return piece

    def finish(self) -> None:
        """Raise WceError if there are more bytes, or other ones than were packed: all are read."""
        while not self.inflate.eof:
            if self._step(1):
                raise self._broken(f"it inflates to more than the {self.member.size} bytes that the zip says")
        if self.crc != self.member.crc:
            raise self._broken("its checksum is another one")

    def _step(self, most: int) -> bytes:
        """Inflate once; nothing may come of it."""
        if not self.pending:
            left = self.member.packed - self.taken
            self.pending = self.file.head(min(PACKED_BLOCK, left), self.member.offset + self.taken)
            self.taken += len(self.pending)
        at_end = not self.pending
        try:
            piece = self.inflate.decompress(self.pending, most)
        except zlib.error as error:
            raise self._broken("it is no deflate stream") from error
        self.pending = self.inflate.unconsumed_tail
        if at_end and not piece and not self.inflate.eof:
            raise self._broken(f"its {self.member.packed} packed bytes end too early")
        return piece

    def _broken(self, reason: str) -> WceError:
        return WceError(Problem(f"{self.source} is broken: {reason}", "save or copy the file again"))
