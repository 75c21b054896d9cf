"""The checksum of what stands in a zip as it is, looked at while it is read, in any order and by any number of workers.

Of ranges that were read apart, the CRC-32 of the whole is found without reading them again: behind n more bytes, the
checksum c of what is before them is c · x^(8n) modulo the polynomial. Source: zlib/crc32.c, crc32_combine.
"""

from __future__ import annotations

import sys
import threading
import zlib
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

from wce_cli.batches.file_rows import Ranges
from wce_cli.errors import Problem, WceError
from wce_cli.inputs.file import File
from wce_cli.inputs.zipped import Packed

POLYNOMIAL = 0xEDB88320
"""CRC-32's, the lowest power in the highest bit."""
POLYNOMIAL_ONE = 1 << 31
PROVED_AT_ONCE = 1 << 20
"""Bytes that are read at a time where nobody has read them yet."""


class CheckedMember:
    """The bytes of a member, by their offset in it, and whether they are those that were saved."""

    def __init__(self, file: File, member: Packed, source: str) -> None:
        self.file, self.member, self.source = file, member, source
        self.is_proved = False
        self._read: dict[int, _Ledger] = {}  # by thread
        self._learnt: Ranges = []

    def fill(self, offset: int, buffer: memoryview) -> None:
        """Read bytes from `offset` on until `buffer` is full. Raises WceError where all are read and are others."""
        self.file.fill(self.member.offset + offset, buffer)
        if not self.is_proved:
            ledger = self._read.setdefault(threading.get_ident(), _Ledger())
            ledger.note(offset, buffer)
            if len(ledger.ranges) == 1 and ledger.ranges[0][:2] == [0, self.member.size]:
                self._compare(ledger.ranges[0][2])

    def ranges(self) -> Ranges:
        """What has been read so far, here and where it was learnt from."""
        return [one for ledger in self._read.values() for one in ledger.ranges] + self._learnt

    def learn(self, ranges: Iterable[list[int]]) -> None:
        """Take over what somebody else has read."""
        self._learnt.extend(ranges)

    def prove(self) -> None:
        """Raise WceError if the bytes are not those that were saved. What nobody has read is read now."""
        if self.is_proved:
            return
        crc, done = 0, 0
        for start, stop, part in sorted([*self.ranges(), [self.member.size, self.member.size, 0]]):
            if start > done:
                crc, done = self._crc(done, start, crc), start
            if stop > done:
                if start < done:  # another one has read its beginning too
                    part ^= behind(self._crc(start, done), stop - done)
                crc, done = behind(crc, stop - done) ^ part, stop
        self._compare(crc)

    def _crc(self, start: int, stop: int, crc: int = 0) -> int:
        """The checksum `crc` of what is before, with that of some bytes behind it."""
        for first in range(start, stop, PROVED_AT_ONCE):
            block = bytearray(min(PROVED_AT_ONCE, stop - first))
            self.file.fill(self.member.offset + first, memoryview(block))
            crc = zlib.crc32(block, crc)
        return crc

    def _compare(self, crc: int) -> None:
        if crc != self.member.crc:
            problem = f"{self.source} is broken: its checksum is another one"
            raise WceError(Problem(problem, "save or copy the file again"))
        self.is_proved = True


class _Ledger:
    """The ranges that one reader has read, in order; no byte is in two of them."""

    def __init__(self) -> None:
        self.ranges: Ranges = []

    def note(self, start: int, content: memoryview) -> None:
        """Add what was read from `start` on, up to what was read before; what that leaves out is a gap."""
        following = bisect_right(self.ranges, [start, sys.maxsize])
        before = self.ranges[following - 1] if following else [0, 0, 0]
        begin, end = max(start, before[1]), start + len(content)
        if following < len(self.ranges):
            end = min(end, self.ranges[following][0])
        if begin >= end:
            return
        piece = content[begin - start : end - start]
        if before[1] == begin and following:
            before[1:] = end, zlib.crc32(piece, before[2])
        else:
            self.ranges.insert(following, [begin, end, zlib.crc32(piece)])


def behind(crc: int, n: int) -> int:
    """What the checksum of some bytes adds to that of the whole, where n more follow them.

    >>> behind(zlib.crc32(b"one"), len(b" two")) ^ zlib.crc32(b" two") == zlib.crc32(b"one two")
    True
    """
    return _times(_power(n), crc) if crc else 0


@lru_cache(maxsize=1024)  # the ranges of workers have the same few lengths
def _power(n: int) -> int:
    """The polynomial x^(8n), modulo POLYNOMIAL."""
    power, square = POLYNOMIAL_ONE, POLYNOMIAL_ONE >> 8
    while n:
        if n & 1:
            power = _times(square, power)
        square, n = _times(square, square), n >> 1
    return power


def _times(a: int, b: int) -> int:
    """The product of two polynomials, modulo POLYNOMIAL."""
    product = 0
    while a:
        if a & POLYNOMIAL_ONE:
            product ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (POLYNOMIAL if b & 1 else 0)
    return product
