"""A permutation that is not stored: where a row stands after shuffling, from its number, a seed and N alone.

A Feistel network permutes the numbers of b bits; a number that it sends beyond N is sent on until it is below
(cycle walking), which takes fewer than two steps on average. Every row can ask for its place by itself.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.sums import Ints

ROUNDS = 6
LISTED = 16
"""Bits of a half up to which a round is looked up: its answers are fewer than the rows that ask."""
_GOLDEN = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


class Permutation(Struct, frozen=True):
    """A bijection of 0 … n − 1 onto itself that a seed names."""

    n: int
    seed: int

    def places(self, rows: Ints) -> Ints:
        """Where each of some rows stands after shuffling. (m,)"""
        if self.n < 2:
            return rows
        bits = (self.n - 1).bit_length()
        rounds = _rounds(bits // 2, bits - bits // 2, self.seed)
        found = _network(rows, rounds)
        beyond = np.flatnonzero(found >= self.n)
        while len(beyond):
            moved = _network(found[beyond], rounds)
            found[beyond] = moved
            beyond = beyond[moved >= self.n]
        return found


class Round(Struct, frozen=True):
    """What one half is changed by, which the other half and a key decide."""

    key: int
    left: int
    right: int
    """Bits of the half that is changed, and of the other."""
    known: Ints | None
    """All of it, by the right half; None where that is too long a list."""

    def __call__(self, right: Ints) -> Ints:
        """The bits that some right halves change in the left ones. (m,)"""
        return self.asked(right) if self.known is None else self.known.take(right, mode="clip")

    def asked(self, right: Ints) -> Ints:
        """The same, mixed anew."""
        mixed = _mixed(right.astype(np.uint64) ^ np.uint64(self.key))
        return (mixed & np.uint64((1 << self.left) - 1)).astype(np.int64)


@lru_cache(maxsize=4)
def _rounds(left: int, right: int, seed: int) -> tuple[Round, ...]:
    """The rounds for halves of so many bits; the halves change places, and their widths with them."""
    rounds = []
    for key in _keys(seed):
        one = Round(key, left, right, None)
        if right <= LISTED:
            one = Round(key, left, right, one.asked(np.arange(1 << right)))
        rounds.append(one)
        left, right = right, left
    return tuple(rounds)


def _network(values: Ints, rounds: tuple[Round, ...]) -> Ints:
    """One way through the rounds."""
    width = rounds[0].right
    left, right = values >> width, values & ((1 << width) - 1)
    for one in rounds:
        left, right = right, left ^ one(right)
    return (left << rounds[-1].left) | right


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the word depends on every other (the finish of splitmix64; products wrap around)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _keys(seed: int) -> list[int]:
    """A key for each round."""
    words = np.array([(seed + k * _GOLDEN) & _WORD for k in range(1, ROUNDS + 1)], dtype=np.uint64)
    return [int(key) for key in _mixed(words)]
