"""A compressed member of a zip, inflated as a stream: never more than a block of it is in memory."""

from __future__ import annotations

import zlib
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.file import File
from wce_cli.inputs.zipped import Packed

PACKED_BLOCK = 1 << 16
BLOCK = 1 << 18


class Inflated:
    """The bytes of a member from its start on.

    It remembers how far it is: reading on is cheap, going back begins anew. What was read to its end has the
    checksum that the zip gives. A fork takes a copy of the state along; a pickled copy begins at the start.
    """

    def __init__(self, file: File, member: Packed, source: str) -> None:
        self.file = file
        self.member = member
        self.source = source
        self._begin()

    def __reduce__(self) -> tuple[Any, ...]:
        return Inflated, (self.file, self.member, self.source)

    def fill(self, offset: int, buffer: memoryview) -> None:
        """Read bytes from `offset` on until `buffer` is full. Raises WceError if they are not all there."""
        if offset < self._done:
            self._begin()
        try:
            while self._done < offset:
                self._next(min(BLOCK, offset - self._done))
            filled = 0
            while filled < len(buffer):
                piece = self._next(min(BLOCK, len(buffer) - filled))
                buffer[filled : filled + len(piece)] = piece
                filled += len(piece)
            if self._done == self.member.size:
                self._finish()
        except WceError:
            self._begin()  # what went wrong goes wrong again for who asks again
            raise

    def _begin(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = self._done = self._crc = 0
        self._pending = b""

    def _next(self, most: int) -> bytes:
        """The next bytes, at least one and at most `most`."""
        piece = b""
        while not piece:
            if self._inflate.eof:
                raise self._broken(f"it inflates to {self._done} bytes, and the zip says {self.member.size}")
            piece = self._more(most)
        self._done += len(piece)
        self._crc = zlib.crc32(piece, self._crc)
        return piece

    def _more(self, most: int) -> bytes:
        """One step of inflating; nothing may come of it."""
        if not self._pending:
            left = self.member.packed - self._taken
            self._pending = self.file.head(min(PACKED_BLOCK, left), self.member.offset + self._taken)
            self._taken += len(self._pending)
        before = len(self._pending)
        try:
            piece = self._inflate.decompress(self._pending, most)
        except zlib.error as error:
            raise self._broken("it is no deflate stream") from error
        self._pending = self._inflate.unconsumed_tail
        if not piece and not before and not self._inflate.eof:
            raise self._broken(f"its {self.member.packed} packed bytes end too early")
        return piece

    def _finish(self) -> None:
        """All bytes are read: there must be no more, and they must be those that were packed."""
        while not self._inflate.eof:
            if self._more(1):
                raise self._broken(f"it inflates to more than the {self.member.size} bytes that the zip says")
        if self._crc != self.member.crc:
            raise self._broken("its checksum is another one")

    def _broken(self, reason: str) -> WceError:
        return WceError(Problem(f"{self.source} is broken: {reason}", "save or copy the file again"))
