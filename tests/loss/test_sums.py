"""Sums by class: exact within a block, two floats across blocks, ∞ and NaN beside them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wce_cli.loss.sums import Sums, exact_sum, two_sum

moderate = st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-9)
any_finite = st.floats(-1e290, 1e290, allow_subnormal=True)
any_float = st.floats(-1e290, 1e290) | st.sampled_from([math.inf, -math.inf, math.nan])


def summed(values: list[float]) -> Sums:
    """The sum of one class."""
    return Sums.by_label(np.array(values, dtype=float), np.zeros(len(values), dtype=np.int64), 1)


def assert_sum_near(sums: Sums, values: list[float], relative: float) -> None:
    """high + low is Σ values to `relative` of Σ|values|, judged with fractions."""
    found = Fraction(float(sums.high[0])) + Fraction(float(sums.low[0]))
    exact = sum(map(Fraction, values), Fraction(0))
    scale = sum((abs(Fraction(x)) for x in values), Fraction(0))
    # 2^-1074 for each value: the cut of a subnormal cannot be finer.
    assert abs(found - exact) <= Fraction(relative) * scale + len(values) * Fraction(2) ** -1074


def assert_same(one: Sums, other: Sums) -> None:
    """The same bytes in every part."""
    for name in ("high", "low", "positive_infinities", "negative_infinities", "nans"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


@settings(max_examples=200, deadline=None)
@given(st.lists(moderate, max_size=40))
def test_a_sum_rounded_once_is_fsum_to_the_bit(values):
    assert summed(values).values()[0] == math.fsum(values)


@settings(max_examples=200, deadline=None)
@given(st.lists(any_finite, max_size=40))
def test_any_finite_sum_is_right_to_2_to_the_minus_90_of_its_parts(values):
    assert_sum_near(summed(values), values, 2.0**-90)


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 100_000, 1_000_000])
def test_long_sums_are_fsum_to_the_bit(n):
    values = np.random.default_rng(n).normal(size=n) * np.exp(np.random.default_rng(n + 1).normal(size=n) * 5)
    labels = np.zeros(n, dtype=np.int64)
    assert Sums.by_label(values, labels, 1).values()[0] == math.fsum(values.tolist())
    assert Sums.by_column(values[:, None]).values()[0] == math.fsum(values.tolist())


@pytest.mark.parametrize(
    ("values", "exact"),
    [
        ([1e16, 1.0, -1e16], 1.0),
        ([1e16, 1.0, 1.0, -1e16, 1e-3], 2.001),
        ([1.0, 1e-30, -1.0], 1e-30),
        ([2.0**60, 2.0**-30, -(2.0**60)], 2.0**-30),
        ([1.0, 2.0**-50, 2.0**-104, -1.0, -(2.0**-50)], 2.0**-104),  # one round of extraction loses this
        ([0.1] * 10, 1.0),
        ([-0.0, -0.0], 0.0),
        ([5e-324, 5e-324], 1e-323),
        ([], 0.0),
    ],
)
def test_what_cancels_leaves_what_is_left(values, exact):
    assert summed(values).values()[0] == exact
    assert Sums.by_column(np.array(values).reshape(-1, 1)).values()[0] == exact


def test_by_label_and_by_column_are_the_same_sums():
    rng = np.random.default_rng(1)
    labels = rng.integers(5, size=3000)
    values = rng.normal(size=3000) * 10.0 ** rng.integers(-8, 8, size=3000)
    values[rng.integers(3000, size=3)] = [np.inf, -np.inf, np.nan]
    table = np.zeros((3000, 6))
    table[np.arange(3000), labels] = values
    one, other = Sums.by_label(values, labels, 6), Sums.by_column(table)
    assert_same(one, other)
    assert one.high[5] == 0.0
    for c in range(6):
        mine = values[labels == c]
        assert one.high[c] + one.low[c] == math.fsum(mine[np.isfinite(mine)].tolist())


def test_infinities_and_nans_are_counted_apart_and_leave_the_finite_sum_alone():
    sums = summed([1.5, math.inf, -math.inf, math.nan, math.inf, 0.25])
    assert (sums.high + sums.low).tolist() == [1.75]
    counts = (sums.positive_infinities, sums.negative_infinities, sums.nans)
    assert [count.tolist() for count in counts] == [[2], [1], [1]]
    assert all(count.dtype == np.int64 for count in counts)


@pytest.mark.parametrize(
    ("values", "exact"),
    [
        ([1.0, math.inf], math.inf),
        ([1.0, -math.inf], -math.inf),
        ([math.inf, -math.inf], math.nan),
        ([math.inf, math.nan], math.nan),
        ([math.nan], math.nan),
        ([1e308, 1e308], math.inf),
        ([-1e308, -1e308], -math.inf),
        ([1e308, -1e308, 3.0], 3.0),
    ],
)
def test_values_are_what_ieee_addition_gives(values, exact):
    np.testing.assert_array_equal(summed(values).values(), [exact])
    parts = summed([])
    for value in values:
        parts = parts + summed([value])
    np.testing.assert_array_equal(parts.values(), [exact])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(any_float, max_size=6), min_size=3, max_size=3))
def test_addition_is_a_monoid(parts):
    a, b, c = (summed(part) for part in parts)
    everything = [x for part in parts for x in part]
    left, right = (a + b) + c, a + (b + c)
    finite = [x for x in everything if math.isfinite(x)]
    for grouped in (left, right):
        assert_sum_near(grouped, finite, 2.0**-90)
        for name in ("positive_infinities", "negative_infinities", "nans"):
            assert getattr(grouped, name).tolist() == getattr(summed(everything), name).tolist()
    np.testing.assert_allclose(left.values(), right.values(), rtol=2.0**-50, atol=2.0**-90 * sum(map(abs, finite)))
    assert_same(a + Sums.zeros(1), a)
    assert_same(Sums.zeros(1) + a, a)


def test_a_thousand_parts_lose_nothing_that_the_whole_keeps():
    rng = np.random.default_rng(9)
    values = (rng.normal(size=5000) * 10.0 ** rng.integers(-10, 10, size=5000)).tolist()
    total = Sums.zeros(1)
    for start in range(0, 5000, 5):
        total = total + summed(values[start : start + 5])
    assert_sum_near(total, values, 2.0**-90)
    assert total.values()[0] == math.fsum(values)


def test_dot_is_the_exact_sum_of_the_weighted_classes():
    rng = np.random.default_rng(2)
    values, labels = rng.normal(size=400), rng.integers(4, size=400)
    weight = np.array([0.1, -2.5, 0.0, 1e3])
    exact = sum(Fraction(float(weight[y])) * Fraction(float(v)) for v, y in zip(values, labels, strict=True))
    scale = float((np.abs(values) * np.abs(weight)[labels]).sum())
    assert abs(Sums.by_label(values, labels, 4).dot(weight) - float(exact)) <= 4e-16 * scale


def test_dot_keeps_the_low_part():
    # 2^53 + 1 is no float64: the 1 is in `low`, and the classes cancel down to it.
    sums = Sums.by_label(np.array([2.0**53, 1.0, 2.0**53]), np.array([0, 0, 1]), 2)
    assert sums.dot(np.array([1.0, -1.0])) == 1.0


def test_dot_never_touches_a_class_that_is_not_present():
    sums = Sums.by_label(np.array([2.0, 3.0]), np.array([0, 2]), 3)
    present = np.array([True, False, True])
    for poison in (math.inf, -math.inf, math.nan):
        weight = np.array([1.0, poison, 0.5])
        assert sums.dot(weight, present) == 3.5
        assert math.isnan(sums.dot(weight))  # 0 · ∞, where every class is asked for


def test_dot_of_nothing_present_is_zero():
    assert Sums.zeros(2).dot(np.array([math.inf, math.nan]), np.array([False, False])) == 0.0


def test_dot_has_infinities_as_plain_arithmetic_has_them():
    sums = Sums.by_label(np.array([math.inf, 1.0, -math.inf]), np.array([0, 1, 2]), 3)
    assert sums.dot(np.array([1.0, 1.0, -1.0])) == math.inf
    assert sums.dot(np.array([-1.0, 1.0, 1.0])) == -math.inf
    assert math.isnan(sums.dot(np.array([1.0, 1.0, 1.0])))
    assert math.isnan(sums.dot(np.array([0.0, 1.0, -1.0])))


def test_dot_overflows_to_infinity_and_not_to_an_error():
    sums = Sums.by_label(np.array([1e308, 1e308]), np.array([0, 1]), 2)
    assert sums.dot(np.ones(2)) == math.inf
    assert sums.dot(np.array([-10.0, 0.0])) == -math.inf


def test_exact_sum_is_fsum_and_answers_where_fsum_raises():
    assert exact_sum(np.array([1e16, 1.0, -1e16])) == 1.0
    assert exact_sum(np.array([1e308, 1e308, 1e308])) == math.inf
    assert math.isnan(exact_sum(np.array([math.inf, -math.inf])))


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_two_sum_loses_nothing(a, b):
    total, error = two_sum(np.array([a]), np.array([b]))
    assert Fraction(float(total[0])) + Fraction(float(error[0])) == Fraction(a) + Fraction(b)


def test_an_exact_sum_takes_numbers_of_any_kind_and_size():
    assert exact_sum([1e308, 1.0, -1e308]) == exact_sum(np.array([1e308, 1.0, -1e308])) == 1.0
    assert exact_sum([1e308, 1e308]) == math.inf
    assert math.isnan(exact_sum([math.inf, -math.inf]))
    assert exact_sum([]) == 0.0
