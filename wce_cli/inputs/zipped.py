"""The members of a zip, as `.npz` and `.pt` files are: where they stand and how they are packed.

Only what their writers write is read, and every claim is checked before it is used: a member may not be
encrypted, lie over another one, be named twice, or be named like a path out of here.
Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.file import File

END = struct.Struct("<4s4H2LH")
LOCATOR = struct.Struct("<4sLQL")
END_64 = struct.Struct("<4sQ2H2L4Q")
DIRECTORY_ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
LONGEST_COMMENT = (1 << 16) - 1
FULL = (1 << 32) - 1
"""A field that says: the number is in the zip64 field."""

STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8 = 1 << 0, 1 << 11
MOST_PACKED = 1032
"""Deflate cannot do better than one byte for so many."""
DIRECTORY_LIMIT = 16 << 20
"""Bytes: a hundred thousand members. It is held in memory."""
PATH_LIKE = re.compile(r"^$|^/|^[A-Za-z]:|(?:^|/)\.\.?(?:/|$)|[\\\x00-\x1f]")


class Packed(Struct, frozen=True):
    """A member of a zip."""

    name: str
    offset: int
    """Where its bytes begin in the file."""
    packed: int
    """Bytes in the file."""
    size: int
    """Bytes unpacked, as the zip says."""
    crc: int
    method: int
    encrypted: bool


def members(file: File) -> list[Packed]:
    """The members of a zip in the order of its directory. Raises WceError if they cannot be trusted."""
    directory, begin = _directory(file)
    found: dict[str, Packed] = {}
    spans = []
    for name, local, packed in _entries(directory, file.path):
        if PATH_LIKE.search(name):
            raise WceError(Problem(f"{file.path} has a member named {name!r}, which is a path, not a name"))
        if name in found:
            raise WceError(Problem(f"{file.path} has two members named {name!r}"))
        found[name] = _placed(file, packed, local)
        spans.append((local, found[name].offset + packed.packed, name))
    for (_, end, name), (start, _, following) in pairwise([*sorted(spans), (begin, begin, "the directory")]):
        if end > start:
            raise WceError(Problem(f"{file.path} is broken: {name!r} reaches into {following!r}"))
    return list(found.values())


def _directory(file: File) -> tuple[bytes, int]:
    """The entries of all members as bytes, and where they begin."""
    tail_at = max(0, file.size - END.size - LONGEST_COMMENT)
    tail = file.head(file.size - tail_at, tail_at)
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and tail_at + at + END.size + int.from_bytes(tail[at + 20 : at + 22], "little") != file.size:
        at = tail.rfind(b"PK\5\6", 0, at)
    if at < 0:
        if tail_at == 0 and not tail.startswith(b"PK"):
            raise WceError(Problem(f"{file.path} is not a zip: it begins with {tail[:6]!r}, not b'PK'"))
        raise WceError(Problem(f"{file.path} is cut off, or is no zip: the directory at its end is missing"))
    _, disk, _, _, _, length, begin, _ = END.unpack_from(tail, at)
    end = tail_at + at
    if end >= LOCATOR.size and (head := file.head(LOCATOR.size, end - LOCATOR.size)).startswith(b"PK\6\7"):
        end = LOCATOR.unpack(head)[2]
        if end + END_64.size > file.size:
            raise WceError(Problem(f"{file.path} is broken: its directory is said to end at byte {end}"))
        signature, _, _, _, disk, _, _, _, length, begin = END_64.unpack(file.head(END_64.size, end))
        if signature != b"PK\6\6":
            raise WceError(Problem(f"{file.path} is broken: its zip64 directory is not where it should be"))
    if disk or begin + length != end:
        raise WceError(Problem(f"{file.path} is broken: its directory is not where it should be"))
    if length > DIRECTORY_LIMIT:
        raise WceError(Problem(f"{file.path} has a directory of {length} bytes, more than {DIRECTORY_LIMIT}"))
    return file.head(length, begin), begin


def _entries(directory: bytes, shown: str) -> Iterator[tuple[str, int, Packed]]:
    """Name, offset of the local header, and the member, whose own offset is not known yet."""
    at = 0
    while at < len(directory):
        if len(directory) - at < DIRECTORY_ENTRY.size or directory[at : at + 4] != b"PK\1\2":
            raise WceError(Problem(f"{shown} is broken: byte {at} of its directory begins no member"))
        entry = DIRECTORY_ENTRY.unpack_from(directory, at)
        flags, method, crc, *sizes = entry[3], entry[4], *entry[7:10]
        name_at = at + DIRECTORY_ENTRY.size
        extra_at = name_at + entry[10]
        at = extra_at + entry[11] + entry[12]
        if at > len(directory):
            raise WceError(Problem(f"{shown} is broken: its directory ends inside a member"))
        try:
            name = directory[name_at:extra_at].decode("utf-8" if flags & UTF8 else "cp437")
        except UnicodeDecodeError as error:
            raise WceError(Problem(f"{shown} has a member whose name is no text")) from error
        packed, size, local = _large(directory[extra_at : extra_at + entry[11]], [*sizes, entry[16]], shown, name)
        yield name, local, Packed(name, 0, packed, size, crc, method, bool(flags & ENCRYPTED))


def _large(extra: bytes, numbers: list[int], shown: str, name: str) -> tuple[int, int, int]:
    """Packed size, size and offset, those that do not fit into 32 bits from the zip64 field."""
    size_first = [1, 0, 2]  # the order in that field
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        for place in size_first if kind == 1 else ():
            if numbers[place] == FULL and len(field) >= 8:
                numbers[place], field = int.from_bytes(field[:8], "little"), field[8:]
    return numbers[0], numbers[1], numbers[2]


def _placed(file: File, packed: Packed, local: int) -> Packed:
    """The member with the offset of its bytes, which its own header knows; both headers must say the same."""
    head = file.head(LOCAL.size, local)
    if len(head) < LOCAL.size or not head.startswith(b"PK\3\4"):
        raise WceError(Problem(f"{file.path} is broken: {packed.name!r} is not where its directory says"))
    _, _, flags, method, *_, name_length, extra_length = LOCAL.unpack(head)
    name = file.head(name_length, local + LOCAL.size).decode("utf-8" if flags & UTF8 else "cp437", "replace")
    if name != packed.name or method != packed.method or bool(flags & ENCRYPTED) != packed.encrypted:
        raise WceError(Problem(f"{file.path} is broken: its directory and the header of {packed.name!r} disagree"))
    offset = local + LOCAL.size + name_length + extra_length
    return Packed(packed.name, offset, packed.packed, packed.size, packed.crc, packed.method, packed.encrypted)
