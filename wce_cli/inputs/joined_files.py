"""Arrays of several files as the parts of one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.file_rows import Ranges
from wce_cli.errors import Problem, WceError
from wce_cli.inputs.stored import DTYPES, StoredArray


class Joined(Struct, frozen=True):
    """Arrays with the same axes but the first, one behind the other. In C order."""

    parts: tuple[StoredArray, ...]
    ends: tuple[int, ...]
    """Where each part ends, in numbers."""
    shape: tuple[int, ...]
    dtype: str
    fortran: bool
    sequential: bool

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The numbers `start` up to `stop`, of as many parts as they lie in."""
        found: list[NDArray[Any]] = []
        k = bisect_right(self.ends, start)
        while k < len(self.parts) and (not found or start < stop):
            begin = self.ends[k - 1] if k else 0
            last = min(stop, self.ends[k])
            found.append(self._converted(self.parts[k], start - begin, last - begin))
            start, k = last, k + 1
        if not found:
            return np.empty(0, DTYPES[self.dtype])
        return found[0] if len(found) == 1 else np.concatenate(found)

    def part_of(self, n: int) -> tuple[str, int]:
        """Where the part stands that holds index n of the first axis, and where it begins."""
        begin = 0
        for part in self.parts:
            if n < begin + part.shape[0]:
                return part.source, begin
            begin += part.shape[0]
        raise IndexError(f"{self.shape[0]} rows, and no row {n}")

    def ranges(self) -> list[Ranges]:
        """The checksums of what has been read, by part."""
        return [part.ranges() for part in self.parts]

    def learn(self, ranges: list[Ranges]) -> None:
        """Take over what another process has read."""
        for part, one in zip(self.parts, ranges, strict=True):
            part.learn(one)

    def prove(self) -> None:
        """Raise WceError if what was read is not what was saved."""
        for part in self.parts:
            part.prove()

    def _converted(self, part: StoredArray, start: int, stop: int) -> NDArray[Any]:
        """Numbers of a part in the dtype of the whole, which holds them exactly."""
        numbers = part.read(start, stop)
        if part.dtype == self.dtype:
            return numbers
        if part.dtype == "bfloat16":
            numbers = np.left_shift(numbers, 16, dtype=np.uint32).view(np.float32)
        return numbers.astype(DTYPES[self.dtype])


def joined(parts: Sequence[StoredArray]) -> StoredArray | Joined:
    """The parts of one array, in the order given. Raises WceError if their axes differ."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    for part in parts:
        if part.shape[1:] != first.shape[1:] or not part.shape:
            hint = "parts of one batch may differ in their first axis alone"
            if first.name == part.name == "" and len(part.shape) != len(first.shape):
                labels = min(first, part, key=lambda one: len(one.shape))
                hint = f"{hint}; labels have an option of their own: --labels {labels.source}"
            raise WceError(Problem(f"{part.source} has shape {part.shape}, but {first.source} has {first.shape}", hint))
        if part.fortran and len(part.shape) > 1:
            hint = "save it in C order: numpy.ascontiguousarray"
            raise WceError(Problem(f"{part.source} is in Fortran order, which parts cannot be joined in", hint))
    kinds = {part.dtype for part in parts}
    dtype = first.dtype if len(kinds) == 1 else "int64" if all(_is_whole(kind) for kind in kinds) else "float64"
    shape = (sum(part.shape[0] for part in parts), *first.shape[1:])
    ends = tuple(accumulate(part.size for part in parts))
    sequential = any(part.sequential for part in parts)
    return Joined(tuple(parts), ends, shape, dtype, False, sequential)


def _is_whole(dtype: str) -> bool:
    """Whether int64 holds every number of a dtype."""
    return dtype != "uint64" and DTYPES[dtype].kind in "iub" and dtype != "bfloat16"
