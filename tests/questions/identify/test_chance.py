import math

import numpy as np
import pytest

from tests.questions.identify.batches import drawn
from tests.questions.identify.others import OTHERS, batch_of, by_item, number_of
from wce_cli.batches.batch import Batch
from wce_cli.questions.identify import NumbersAsked, identify_batch
from wce_cli.questions.identify.chance import chance, prior_of
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.space import Space, is_explained

DRAWS = 20_000


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("text", ["0.85", "1.47", "0.854", "1.466", "0.8543"])
def test_the_chance_is_what_happens_to_numbers_drawn_from_the_prior(text, depth):
    """Numbers like this one are drawn, written with so many decimals, and identified; 4σ on both sides."""
    batch, _ = drawn(n=6, c=3)
    space, number = Space(batch, depth), printed_number(text)
    stated = space.chances(number)[-1].chance
    lo, hi = prior_of(number.value, number.unit)
    decimals = len(text.partition(".")[2])
    texts = [f"{u:.{decimals}f}" for u in np.random.default_rng(depth).uniform(lo, hi, DRAWS)]
    explained = {one: is_explained(space, printed_number(one)) for one in dict.fromkeys(texts)}
    happened = np.mean([explained[one] for one in texts])
    sigma = math.sqrt(max(stated * (1 - stated), 1 / DRAWS) / DRAWS)
    assert abs(happened - stated) < 4 * sigma, (happened, stated, sigma)


@pytest.mark.parametrize("inner", [1, 4])
@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_numbers_by_other_peoples_losses_find_as_many_rules_as_the_chance_says(decimals, inner):
    """None of these losses is a rule, so that each rule that is found is an accident; where one gives the same number
    by algebra it is left out. A chance that is taken over the whole reach of the rules says a third of what happens.
    """
    stated, happened = [], []
    for seed in range(12):
        fields = batch_of(np.random.default_rng(seed))
        fields = fields if inner == 1 else by_item(fields, inner)
        space = Space(Batch.build(**fields), 1)
        for loss in OTHERS.values():
            value = number_of(loss, fields)
            if (np.abs(space.values - value) <= 1e-9 * abs(value)).any():
                continue
            number = printed_number(f"{value:.{decimals}f}")
            odds = space.odds(number, space.most, any_size=True)
            if odds is not None:
                stated.append(odds)
                happened.append(is_explained(space, number))
    expected, found = sum(stated), sum(happened)
    assert len(stated) > 250
    assert abs(found - expected) < 3 * math.sqrt(expected) + 2, (found, expected)


def test_numbers_of_six_decimals_by_other_peoples_losses_have_no_rule():
    for seed in range(3):
        fields = batch_of(np.random.default_rng(seed))
        batch = Batch.build(**fields)
        values = [number_of(loss, fields) for loss in OTHERS.values()]
        answer = identify_batch(batch, NumbersAsked(tuple(printed_number(f"{value:.6f}") for value in values)))
        for value, number in zip(values, answer.numbers, strict=True):
            assert all(abs(match.value - value) <= 1e-9 * abs(value) for match in number.matches), number.simplest


def test_the_prior_reaches_a_twentieth_to_each_side_and_ten_units_at_least():
    assert prior_of(2.0, 1e-4) == pytest.approx((1.9, 2.1))
    assert prior_of(-2.0, 1e-4) == pytest.approx((1.9, 2.1))
    assert prior_of(0.69, 0.01) == pytest.approx((0.59, 0.79))
    assert prior_of(0.04, 0.01) == pytest.approx((0.0, 0.14))
    assert [prior_of(value, 0.01) for value in (0.0, math.nan, math.inf, -math.inf)] == [None] * 4


def test_one_rule_in_closed_form():
    """r = 1.004 at two decimals: what is rounded to 1.00 lies between 0.995 and 1.005."""
    half = np.array([0.005])
    one = chance(np.array([1.004]), half, half, 0.01, (0.9, 1.1))
    assert one == pytest.approx(0.01 / 0.2, rel=1e-9)


def test_overlapping_windows_are_counted_once_and_the_ends_of_the_prior_are_kept():
    values, half = np.array([1.001, 1.002, 1.98, 0.4, np.nan]), np.full(5, 0.05)
    got = chance(values, half, half, 0.1, (0.5, 2.0))
    assert got == pytest.approx((0.1 + 0.05) / 1.5, rel=1e-9)


def test_a_window_may_reach_further_to_one_side():
    """What is cut off lies under the value: 0.6922788 explains 0.69227 and 0.69228, not 0.69229."""
    one = chance(np.array([0.6922788]), np.array([1e-5]), np.array([5e-6]), 1e-5, (0.65, 0.75))
    assert one == pytest.approx(2e-5 / 0.1, rel=1e-6)


def test_a_number_of_two_digits_is_not_one_off_in_its_last():
    space = Space(drawn(n=6, c=3)[0], 1)
    for text, is_long in (("0.52", False), ("52", False), ("0.523", True), ("1.52", True)):
        exact, off = (space.windows(printed_number(text), allowed)[0][0] for allowed in (0, 1))
        assert (off > exact) == is_long, text
