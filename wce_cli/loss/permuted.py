"""A permutation that is not stored: where a row stands after shuffling, from its number, a seed and N alone.

A Feistel network permutes the numbers of b bits; a number that it sends beyond N is sent on until it is below
(cycle walking), which takes fewer than two steps on average. Every row can ask for its place by itself.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.sums import Ints

ROUNDS = 6
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
        widths = bits // 2, bits - bits // 2
        keys = _keys(self.seed)
        found = _network(rows.astype(np.uint64), widths, keys)
        beyond = np.flatnonzero(found >= self.n)
        while len(beyond):
            moved = _network(found[beyond], widths, keys)
            found[beyond] = moved
            beyond = beyond[moved >= self.n]
        return found.astype(np.int64)


def _network(values: NDArray[np.uint64], widths: tuple[int, int], keys: list[int]) -> NDArray[np.uint64]:
    """One way through the rounds; the halves change places, and their widths with them."""
    left_bits, right_bits = widths
    left, right = values >> np.uint64(right_bits), values & np.uint64((1 << right_bits) - 1)
    for key in keys:
        mask = np.uint64((1 << left_bits) - 1)
        left, right = right, left ^ (_mixed(right ^ np.uint64(key)) & mask)
        left_bits, right_bits = right_bits, left_bits
    return (left << np.uint64(right_bits)) | right


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the word depends on every other (the finish of splitmix64; products wrap around)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _keys(seed: int) -> list[int]:
    """A key for each round."""
    words = np.array([(seed + k * _GOLDEN) & _WORD for k in range(1, ROUNDS + 1)], dtype=np.uint64)
    return [int(key) for key in _mixed(words)]
