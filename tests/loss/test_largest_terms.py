"""The largest keys of each class, found while rows go by, against sorting all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wce_cli.loss.largest_terms import POOL, Sieve, Top


def by_sorting(size: int, label: np.ndarray, key: np.ndarray) -> list[tuple[int, float, int]]:
    """Label, key and row of the largest, in the plainest way: NaN left out, the earlier row on a tie."""
    found = []
    for c in sorted(set(label.tolist())):
        rows = sorted((-key[n], n) for n in np.flatnonzero(label == c).tolist() if not math.isnan(key[n]))
        found += [(c, -negative, n) for negative, n in rows[:size]]
    return found


def listed(top: Top) -> list[tuple[int, float, int]]:
    return list(zip(top.label.tolist(), top.key.tolist(), top.row.tolist(), strict=True))


KEYS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "close": lambda rng, n: 1 + rng.integers(3 * n, size=n) * 2.0**-52,
    "ties": lambda rng, n: rng.integers(4, size=n).astype(float),
    "one value": lambda rng, n: np.zeros(n),
    "rising": lambda rng, n: np.arange(float(n)),
    "odd": lambda rng, n: rng.choice([np.nan, np.inf, -np.inf, 0.0, 1.0, -0.0], size=n),
}


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("c", [1, 3, 500, 70_000])
def test_the_sieve_keeps_what_sorting_keeps(c, keys):
    rng = np.random.default_rng(c)
    n = 6 * POOL
    label, key = rng.integers(c, size=n), KEYS[keys](rng, n)
    label[: n // 2] %= max(1, c // 2)  # the others come late
    sieve = Sieve(5, True, c)
    cuts = np.sort(rng.integers(0, n, size=9)).tolist()
    for start, stop in zip([0, *cuts], [*cuts, n], strict=True):
        sieve.add(label[start:stop], key[start:stop], np.arange(start, stop))
    assert listed(sieve.top()) == by_sorting(5, label, key)
    all_one = Sieve(5, False, c)
    all_one.add(label, key, np.arange(n))
    assert listed(all_one.top()) == by_sorting(5, np.zeros_like(label), key)


def test_tops_add_up_in_any_order():
    rng = np.random.default_rng(2)
    label, key = rng.integers(4, size=200), rng.integers(9, size=200).astype(float)
    parts = []
    for start in (0, 50, 50, 90):
        sieve = Sieve(5, True, 4)
        stop = {0: 50, 50: 90, 90: 200}[start]
        if len(parts) == 1:
            stop = 50  # no rows
        sieve.add(label[start:stop], key[start:stop], np.arange(start, stop))
        parts.append(sieve.top())
    a, b, c, d = parts
    for summed in (((a + b) + c) + d, d + (c + (b + a)), (c + a) + (d + b)):
        assert listed(summed) == by_sorting(5, label, key)
