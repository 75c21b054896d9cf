"""An array in a file, read as far as it is asked for; and the choice of one among several."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.file_rows import Ranges
from wce_cli.errors import Problem, WceError, and_more, counted, did_you_mean
from wce_cli.inputs.checksums import CheckedMember
from wce_cli.literal import literal

DTYPES: dict[str, np.dtype[Any]] = {
    "bool": np.dtype("?"),
    **{name: np.dtype(name) for name in ("float16", "float32", "float64")},
    "bfloat16": np.dtype("uint16"),
    **{f"{sign}int{bits}": np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""The dtypes that are read, and what holds them in memory; numpy has no bfloat16, so its bits stand there."""

MOST_AXES = 64
MOST_BYTES = (1 << 63) - 1
"""What numpy can address; an axis of 0 does not excuse the others."""
MEMBERS_NAMED = 12
"""Members that an error names."""
LONGEST_NAME = 100

NATIVE_BIG = sys.byteorder == "big"


class StoredArray(Struct, frozen=True):
    """An array whose numbers are still in the file."""

    name: str
    """The member: `logits`; empty for a file that is one array."""
    source: str
    """Where it stands, as the user would name it: `val.npz:logits`."""
    shape: tuple[int, ...]
    dtype: str
    """A key of DTYPES."""
    fill: Callable[[int, memoryview], None]
    """Bytes from an offset on → a buffer, filled to its end. Raises WceError if they are not there."""
    start: int = 0
    """The offset of the first element."""
    big_endian: bool = False
    fortran: bool = False
    """Whether the first axis runs fastest."""
    sequential: bool = False
    """Whether it can only be read from its start on, as what is compressed: going back begins anew, and it is
    for one thread at a time."""
    note: str = ""
    """What was taken for granted, where that is not plain to see."""
    checked: CheckedMember | None = None
    """What knows whether the bytes are those that were saved."""

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Elements start ≤ i < stop in the order they are stored in, as DTYPES[dtype]."""
        block = np.empty(max(stop - start, 0), DTYPES[self.dtype])
        self.read_into(start, block)
        return block

    def read_into(self, start: int, block: NDArray[Any]) -> None:
        """Fill a block of DTYPES[dtype] with the elements from `start` on: the same memory, block after block."""
        if not 0 <= start <= start + len(block) <= self.size:
            raise IndexError(f"{self.source} has {self.size} elements, not {start}..{start + len(block)}")
        if not len(block):
            return
        self.fill(self.start + start * block.itemsize, block.view(np.uint8).data)
        if self.big_endian is not NATIVE_BIG and block.itemsize > 1:
            block.byteswap(inplace=True)
        if self.dtype == "bool":
            np.not_equal(block.view(np.uint8), 0, out=block)  # a file may hold any byte; True is 1

    def ranges(self) -> Ranges:
        """The checksums of what has been read."""
        return self.checked.ranges() if self.checked else []

    def learn(self, ranges: Ranges) -> None:
        """Take over what another process has read."""
        if self.checked:
            self.checked.learn(ranges)

    def prove(self) -> None:
        """Raise WceError if what was read is not what was saved."""
        if self.checked:
            self.checked.prove()


Members = Mapping[str, StoredArray | Problem]
"""The arrays of a file by name; where one cannot be read, the reason, which matters only if it is asked for."""


def n_bytes(shape: tuple[int, ...], dtype: str, shown: str) -> int:
    """The bytes of an array. Raises WceError for a shape that no array has."""
    itemsize = DTYPES[dtype].itemsize
    if len(shape) > MOST_AXES or math.prod(axis or 1 for axis in shape) * itemsize > MOST_BYTES:
        axes = f"{len(shape)} axes" if len(shape) > MOST_AXES else f"shape {shape}"
        raise WceError(Problem(f"{shown} says it has {axes}: no array is that large"))
    return math.prod(shape) * itemsize


def chosen(members: Members, name: str, path: str, field: str = "") -> StoredArray:
    """The member of that name; without a name, the only one. Raises WceError if that is none, or not one."""
    if not members:
        raise WceError(Problem(f"{path} holds no arrays", field=field))
    if not name and len(members) > 1:
        some = next(iter(members))
        raise WceError(
            Problem(f"{path} holds {_listed(members)}", f"name one of them, as in {place(path, some)}", field)
        )
    if name and name not in members:
        if "" in members:
            problem = Problem(f"{path} is one array, without members: it has no {name!r}", f"write {path}", field)
        else:
            hint = did_you_mean(name, map(as_name, members), MEMBERS_NAMED)
            problem = Problem(f"{path} has no member {name!r}: it holds {_listed(members)}", hint, field)
        raise WceError(problem)
    member = members[name] if name else next(iter(members.values()))
    if isinstance(member, Problem):
        raise WceError(Problem(member.message, member.hint, field))
    return member


def place(path: str, name: str) -> str:
    """A member as the user would name it: `val.npz:logits`."""
    return f"{path}:{as_name(name)}" if name else path


def as_name(name: str) -> str:
    """A name from a file, in one line and without what a terminal would take for a command."""
    shown = literal(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 3] + "..."


def is_float(array: StoredArray) -> bool:
    """Whether its numbers are floats, of 16 bits too."""
    return array.dtype == "bfloat16" or DTYPES[array.dtype].kind == "f"


def described(members: Members) -> str:
    """`logits (3, 2) float32, labels (3,) int64`; empty for none."""
    each = [
        as_name(name) if isinstance(one, Problem) else f"{as_name(one.name or name)} {one.shape} {one.dtype}"
        for name, one in list(members.items())[:MEMBERS_NAMED]
    ]
    return f"{', '.join(each)}{and_more(len(members) - MEMBERS_NAMED)}"


def _listed(members: Members) -> str:
    """`2 members: logits (3, 2) float32, labels (3,) int64`."""
    return f"{counted(len(members), 'member', 'members')}: {described(members)}"
