"""The permutation that is not stored."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli.passes import shuffle
from wce_cli.passes.shuffle import Permutation


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9, 64, 100, 1025, 70_000])
def test_every_row_has_a_place_of_its_own(n):
    for seed in (0, 1, 2**64 - 1):
        places = Permutation(n, seed).places(np.arange(n))
        assert sorted(places.tolist()) == list(range(n))


def test_a_row_asks_for_its_place_by_itself():
    permutation = Permutation(1000, 7)
    all_places = permutation.places(np.arange(1000))
    for rows in ([999], [3, 1], list(range(500, 600))):
        assert permutation.places(np.array(rows)).tolist() == all_places[rows].tolist()


def test_another_seed_is_another_permutation_and_none_is_the_order_itself():
    found = {tuple(Permutation(20, seed).places(np.arange(20)).tolist()) for seed in range(200)}
    assert len(found) == 200
    assert tuple(range(20)) not in found


def test_every_place_is_as_likely_as_any_other():
    n, seeds = 7, 3000
    counts = np.zeros((n, n))
    for seed in range(seeds):
        counts[np.arange(n), Permutation(n, seed).places(np.arange(n))] += 1
    expected = seeds / n
    assert ((counts - expected) ** 2 / expected).sum() < 80  # 36 degrees of freedom: 1 in 30 000 is above 75


@pytest.mark.parametrize("n", [2, 3, 1000, 70_001, 2**20 + 1])
def test_a_round_that_is_looked_up_is_the_round_that_is_mixed(monkeypatch, n):
    rows = np.arange(n)[:: max(1, n // 1000)]
    looked_up = Permutation(n, 11).places(rows)
    monkeypatch.setattr(shuffle, "LISTED", -1)
    monkeypatch.setattr(shuffle, "_rounds", shuffle._rounds.__wrapped__)
    assert Permutation(n, 11).places(rows).tolist() == looked_up.tolist()


def test_the_places_are_those_of_every_version():
    """A seed that was written down names the same parts ever after."""
    assert Permutation(10, 3).places(np.arange(10)).tolist() == [3, 8, 0, 4, 5, 1, 7, 9, 6, 2]
    assert Permutation(2**40, 3).places(np.array([0, 1, 2**39])).tolist() == [433353790993, 732243922077, 480238413579]


def test_numbers_up_to_2_to_the_62_are_permuted():
    n = 2**62 + 3
    rows = np.array([0, 1, 2**61, n - 1])
    places = Permutation(n, 5).places(rows)
    assert len(set(places.tolist())) == 4
    assert ((places >= 0) & (places < n)).all()
