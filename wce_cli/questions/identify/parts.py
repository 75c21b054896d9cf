"""The parts that people cut a batch into, as data: how large they are, and what each one's sum is divided by.

A part is so many rows, or so many items with all their rows: what stands along the first axis, sequences or images.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Ints

WEIGHTS, ROWS, KEPT = "weights", "rows", "kept"
"""What the sum of a part is divided by: the weights, the number of its rows, or of those that are kept."""

SMALL = 16
"""A batch of so many rows or items may be cut anywhere: a part of any size is as likely as another."""
MOST_CUT = 4096
"""Rows up to which a batch is cut into parts of every size."""

SUMMED, OF_ITEMS = "sum-of-", "-items"
DEALT = "dealt-to-"
RANKS = (2, 4, 8)
"""Processes that the items of a batch are dealt to in turn, as torch's DistributedSampler does."""
ITEMS = "items (sequences, images)"


class PartDivisor(Struct, frozen=True):
    """What the sum of a part is divided by."""

    prefix: str
    """How the names of its methods begin."""
    many: str
    """What the parts' quotients are called."""
    own: str
    """What the quotient of a single item is called."""
    alike: str
    """What is said of parts for which it is the same."""


DIVISORS = {
    WEIGHTS: PartDivisor("batches-of-", "weighted means", "own mean, Σt / Σw", "weigh as much"),
    ROWS: PartDivisor("means-of-", "means Σt/N", "own mean, Σt / N", "have as many rows"),
    KEPT: PartDivisor("kept-means-of-", "means Σt/N kept", "own mean, Σt / N kept", "keep as many rows"),
}


class PartMethod(Struct, frozen=True):
    """A mean, or a sum, of what the parts of a batch give."""

    divisor: str
    """A key of DIVISORS."""
    size: int
    """Rows of a part, or its items; or how many parts the items are dealt to."""
    of_items: bool = False
    is_sum: bool = False
    """The parts' means are added up, and not divided by how many there are."""
    is_dealt: bool = False
    """The first part has the items 0, R, 2R, …, where there are R of them."""

    @property
    def name(self) -> str:
        """`batches-of-5`, `sum-of-kept-means-of-2-items`, `dealt-to-2`"""
        if self.is_dealt:
            return f"{DEALT}{self.size}"
        of = OF_ITEMS if self.of_items else ""
        return f"{SUMMED if self.is_sum else ''}{DIVISORS[self.divisor].prefix}{self.size}{of}"

    @property
    def title(self) -> str:
        """The method in words."""
        if self.is_dealt:
            return f"the mean over {self.parts}"
        how, divisor = "the sum" if self.is_sum else "the mean", DIVISORS[self.divisor]
        if self.size == 1 and self.of_items:
            return f"{how} over {ITEMS} of each one's {divisor.own}"
        if self.size == 1 and self.divisor == WEIGHTS and not self.is_sum:
            return "the mean of every sample's own weighted mean"
        said = f"{how} of the {divisor.many} of {self.parts}"
        return f"{said}, not divided by how many there are" if self.is_sum else said

    @property
    def parts(self) -> str:
        """Its parts: `batches of 5`, `items (sequences, images)`."""
        if self.is_dealt:
            return f"{self.size} ranks, items dealt in turn"
        if self.size == 1:
            return ITEMS if self.of_items else "samples"
        return f"batches of {self.size}{f' {ITEMS}' if self.of_items else ''}"

    @property
    def is_alone(self) -> bool:
        """Whether it is tried with nothing else that is odd."""
        return self.is_sum or self.divisor == KEPT or self.is_dealt


def is_mean_of_parts(name: str) -> bool:
    """Whether a method is the mean over parts of a batch, as loops over batches print it."""
    return name.startswith((DEALT, *(divisor.prefix for divisor in DIVISORS.values())))


@cache
def part_method(name: str) -> PartMethod:
    """The method of that name."""
    if name.startswith(DEALT):
        return PartMethod(WEIGHTS, int(name.removeprefix(DEALT)), True, is_dealt=True)
    rest = name.removeprefix(SUMMED).removesuffix(OF_ITEMS)
    prefix, _, size = rest.rpartition("-")
    divisor = next(key for key, one in DIVISORS.items() if one.prefix == f"{prefix}-")
    return PartMethod(divisor, int(size), name.endswith(OF_ITEMS), name.startswith(SUMMED))


def usual_sizes(n: int) -> list[int]:
    """The sizes of parts of `n` that somebody may have chosen: powers of two, halves, quarters, what divides it; all
    where it is small."""
    sizes = {1 << k for k in range(n.bit_length())} | {-(-n // 2), -(-n // 4)}
    if n <= SMALL:
        sizes.update(range(1, n))
    else:
        low = [size for size in range(1, int(n**0.5) + 1) if n % size == 0]
        sizes.update(low, (n // size for size in low))
    return sorted(size for size in sizes if 1 <= size < n)


def part_methods(n: int, items: int, factors: tuple[int, ...], *, has_rows: bool, has_weight: bool) -> list[str]:
    """The methods over parts of the usual sizes.

    `has_rows`: the rows are at hand, and not only the sums of each item. `factors`: how many times a standard loss is
    tried anyway, as the sum of so many means that are all of as many rows.
    """
    inner = n // items if items else 1
    found = []
    cuts = [(size, False) for size in usual_sizes(n) if has_rows and (inner == 1 or size % inner)]
    cuts += [(size, True) for size in usual_sizes(items) if inner > 1]
    for size, of_items in cuts:
        rows = size * inner if of_items else size
        is_even = n % rows == 0
        for divisor in DIVISORS:
            if divisor == KEPT and not has_weight:
                continue  # the weights say it
            if divisor != ROWS or not is_even:
                found.append(PartMethod(divisor, size, of_items))
            is_product = divisor == ROWS and is_even and (n // rows in factors or rows == items)  # Σt / items
            if rows > 1 and not is_product:
                found.append(PartMethod(divisor, size, of_items, is_sum=True))
    if has_rows or inner > 1:
        found += [PartMethod(WEIGHTS, ranks, True, is_dealt=True) for ranks in RANKS if ranks < items]
    return [method.name for method in found]


def any_sizes(n: int, items: int) -> Ints:
    """The other numbers of rows that a part can have, of a batch that is not too large."""
    if not 0 < n <= MOST_CUT:
        return np.empty(0, dtype=np.int64)
    inner = n // items if items else 1
    usual = usual_sizes(n)
    if inner > 1:
        usual = [size for size in usual if size % inner] + [size * inner for size in usual_sizes(items)]
    return np.delete(np.arange(n), [0, *usual])


def of_rows(divisor: str, rows: int, n: int, items: int) -> PartMethod:
    """The mean over parts of so many rows, which are items where they come out even."""
    inner = n // items if items else 1
    return PartMethod(divisor, rows // inner, True) if inner > 1 and rows % inner == 0 else PartMethod(divisor, rows)
