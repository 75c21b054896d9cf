"""Where curves meet: roots that were chosen are found, and on real totals a dense grid finds no others."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loss.random_batches import random_batch
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.sweep.curves import Axis, Curve, Curves
from wce_cli.questions.sweep.meetings import meetings


class Written:
    """Two curves that are given by their coefficients, with floats for fractions as real ones have."""

    def __init__(self, one, other, jumps=()):
        self.curves = {"one": one, "other": other}
        self.places = list(jumps)

    def polynomials(self, pair):
        return tuple(tuple(float(c) for c in part) for part in self.curves[pair])

    def jumps(self, pair):
        return self.places if pair == "other" else []

    def at(self, places, pairs):
        found = []
        for pair in pairs:
            top, bottom = (np.polynomial.polynomial.polyval(places, [float(c) for c in p]) for p in self.curves[pair])
            bottom = np.where(np.isin(places, self.jumps(pair)), bottom - 1, bottom)
            found.append(Curve(pair, "class", top, bottom, top / bottom))
        return found


def through(roots, slope=3, start=5, bottom=(2, 1)):
    """A curve that meets the line start + slope·v at so many roots (up to two), over a denominator; and the line."""
    product = [Fraction(1)]
    for root in roots:
        product = [a - root * b for a, b in zip([0, *product], [*product, 0], strict=True)]
    line = [start * bottom[0], start * bottom[1] + slope * bottom[0], slope * bottom[1]]
    return (tuple(a + b for a, b in itertools.zip_longest(line, product, fillvalue=0)), bottom), ((start, slope), (1,))


def met(one, other, low=-1.0, high=4.0, **more):
    return meetings(Written(one, other, **more), "one", "other", low, high)


@given(st.lists(st.fractions(-1, 4, max_denominator=1000), min_size=1, max_size=2, unique=True), st.floats(-3, 3))
@settings(max_examples=200, deadline=None)
def test_roots_that_were_chosen_are_found(roots, slope):
    if len(roots) == 2 and abs(roots[0] - roots[1]) < 0.001:
        return
    found = met(*through(roots, slope))
    assert found == pytest.approx(sorted(map(float, roots)), rel=1e-11, abs=1e-11)


@given(st.fractions(-1, 4, max_denominator=1000), st.floats(-3, 3))
@settings(max_examples=200, deadline=None)
def test_a_touch_is_found_once_though_its_numbers_are_rounded(root, slope):
    found = met(*through([root, root], slope))
    assert len(found) == 1
    assert found[0] == pytest.approx(float(root), abs=1e-5)  # where the gap is below 1e-12


@pytest.mark.parametrize("near", [1e-2, 1e-3, 1e-4])
def test_two_meetings_next_to_each_other_are_two(near):
    root = Fraction(1, 3)
    found = met(*through([root, root + Fraction(near)], bottom=(20, 1)))
    assert found == pytest.approx([1 / 3, 1 / 3 + near], rel=1e-9)


def test_three_roots_of_a_cubic_are_found():
    # (6 + 11v² …) / (1 + v) against v² over 1: N₁ − v²·(1 + v) = −(v − 1)(v − 2)(v − 3) where N₁ = 6 − 11v + 7v²
    assert met(((6, -11, 7), (1, 1)), ((0, 0, 1), (1,)), 0.0, 10.0) == [1, 2, 3]
    assert met(((6, -11, 7), (1, 1)), ((0, 0, 1), (1,)), 1.5, 3.0) == [2, 3]
    # the same, moved: (v − 1)³, which neither touches nor turns
    assert met(((1, -3, 4), (1, 1)), ((0, 0, 1), (1,)), 0.0, 10.0) == [1]


def test_poles_and_one_curve_are_no_meetings():
    assert met(((1, 0), (0, 1)), ((-1, 0), (0, 1))) == []  # 1/v and −1/v change places at 0
    assert met(((0, 2), (0, 1)), ((2, 1), (1,))) == []  # 2v/v is 2, but not at 0
    assert met(((1, 2), (3, 0)), ((2, 4), (6, 0))) == []
    third = 1 / 3
    assert met(((third, third), (1,)), ((1, 1), (3,))) == []  # but for a rounding
    assert met(((1, 2), (0,)), ((1, 5), (0,))) == []
    assert met(((1, 2), (0,)), ((1, 5), (1,))) == []


@pytest.mark.parametrize("apart", [1e-3, 1e-6, 1e-9])
def test_curves_that_almost_touch_do_not_meet(apart):
    (top, bottom), line = through([Fraction(1, 3), Fraction(1, 3)], bottom=(20, 1))
    assert met((top, bottom), line) == [pytest.approx(1 / 3, abs=1e-7)]
    assert met(((top[0] + Fraction(apart), *top[1:]), bottom), line) == []
    assert len(met(((top[0] - Fraction(apart), *top[1:]), bottom), line)) == 2


def test_where_a_curve_is_0_over_0_it_meets_none():
    # N and D pass 0 at one place, and are 2.918 and a little times each other everywhere else
    constant = (-43.93143827893053, 9.10226037021486), (-15.05379075911055, 3.119031117947145)
    assert met(constant, ((3.1744020510864317,), (1,)), -3.0, 5.0) == []
    assert met(constant, ((2.8, 0.1), (1,)), -3.0, 5.0) == [pytest.approx(1.1829738980, rel=1e-9)]


def test_curves_that_are_one_but_for_the_tenth_digit_meet_where_they_do_and_not_at_their_pole():
    bottom = (2.5842096692750505, 2.2013132813271916)
    one, other = (51.38955220675734, 105.35698521243175), (51.389552227032844, 105.35698519215624)
    assert met((one, bottom), (other, bottom), -3.0, 5.0) == [pytest.approx(1, rel=1e-6)]


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_numbers_of_any_size_have_meetings(size):
    tops, bottoms = (6 * size, -11, 7 / size), (1, 1 / size)
    found = met((tops, bottoms), ((0, 0, 1 / size), (1,)), 0.0, 10 * size)
    assert found == pytest.approx([size, 2 * size, 3 * size], rel=1e-12)


def test_the_ends_belong_to_the_range_and_a_range_may_be_a_place():
    line, flat = ((0, 1), (1,)), ((2,), (1,))
    assert met(line, flat, 0.0, 2.0) == met(line, flat, 2.0, 3.0) == met(line, flat, 2.0, 2.0) == [2]
    assert met(line, flat, 2.1, 3.0) == met(line, flat, 1.9, 1.9) == []


def test_where_a_count_jumps_its_own_value_counts():
    # over 4, but over 3 at the jump: v/4 against 1 meets at 4, v/3 at 3
    line, flat = ((1,), (1,)), ((0, 1), (4,))
    assert met(line, flat, 0.0, 9.0) == [4]
    assert met(line, flat, 0.0, 9.0, jumps=[4]) == []
    assert met(line, flat, 0.0, 9.0, jumps=[3]) == [3, 4]
    assert met(line, flat, 0.0, 2.0, jumps=[3]) == []


def test_a_root_is_the_short_number_that_a_rounding_has_moved():
    assert met(((0.1, 0.2), (1,)), ((0.30000000000000004,), (1,))) == [1]
    assert met(((0, 3), (1,)), ((1,), (1,))) == [pytest.approx(1 / 3, rel=1e-16)]


def asked(axis, weight, eps, place):
    weight = np.array(weight, dtype=float)
    if axis.kind == "class":
        weight[axis.index] = place
    return (weight * place if axis.kind == "scale" else weight), place if axis.kind == "smoothing" else eps


@pytest.mark.parametrize("seed", range(60))
def test_on_real_totals_every_meeting_is_one_and_a_dense_grid_finds_no_other(seed):
    given = random_batch(seed)
    axis = [Axis("class", 1), Axis("smoothing"), Axis("scale")][seed % 3]
    eps = given["label_smoothing"]
    if axis.kind == "smoothing":
        given["label_smoothing"] = 0.5
    batch = Batch.build(**given)
    totals, facts = one_pass(batch)
    weight = batch.spec.class_weight
    curves = Curves(totals, weight, eps, axis)
    low, high = (0.0, 1.0) if axis.kind == "smoothing" else (-3.0, 5.0)
    x = np.linspace(low, high, 4001)
    found = curves.at(x)
    for one, other in itertools.combinations(found, 2):
        names = [f"{curve.method}/{curve.placement}" for curve in (one, other)]
        places = meetings(curves, *names, low, high)
        assert places == sorted(places)
        for place in places:
            there = {f"{v.method}/{v.placement}": v for v in loss_values(totals, *asked(axis, weight, eps, place))}
            a, b = (there[name] for name in names)
            scale = 1e-13 * facts.reach * max(1, abs(place)) * max(1, 1 / abs(a.denominator), 1 / abs(b.denominator))
            assert a.value == pytest.approx(b.value, rel=1e-11, abs=scale), (names, place)
        with np.errstate(invalid="ignore"):
            gap = one.values - other.values
        near = np.abs(gap) <= 1e-9 * np.maximum(np.abs(one.values), np.abs(other.values))
        if near.sum() >= np.isfinite(gap).sum() / 2:
            continue
        turns = (gap[1:] * gap[:-1] < 0) & ~near[1:] & ~near[:-1]
        for curve in (one, other):
            turns &= curve.denominators[1:] * curve.denominators[:-1] > 0
        jumps = [place for name in names for place in curves.jumps(name)]
        for k in np.flatnonzero(turns).tolist():
            if any(x[k] - 1e-9 <= place <= x[k + 1] + 1e-9 for place in jumps):
                continue  # at a jump there is a hole
            assert any(x[k] <= place <= x[k + 1] for place in places), (names, x[k])
