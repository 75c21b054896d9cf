import math

import numpy as np
import pytest

from tests.questions.identify.batches import drawn
from wce_cli.questions.identify.chance import chance, prior_of
from wce_cli.questions.identify.number import seen
from wce_cli.questions.identify.space import Space, is_explained

DRAWS = 20_000


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_the_chance_is_what_happens_to_numbers_drawn_from_the_prior(decimals, depth):
    """Numbers are drawn, written with so many decimals, and identified; 4σ on both sides."""
    batch, _ = drawn(n=6, c=3)
    space = Space(batch, depth)
    stated = space.chances(seen(f"{1:.{decimals}f}"))[-1].chance
    lo, hi = space.prior
    rng = np.random.default_rng(100 * decimals + depth)
    draws = np.exp(rng.uniform(math.log(lo), math.log(hi), DRAWS))
    texts = [f"{u:.{decimals}f}" for u in draws]
    explained = {text: is_explained(space, seen(text)) for text in dict.fromkeys(texts)}
    happened = np.mean([explained[text] for text in texts])
    sigma = math.sqrt(max(stated * (1 - stated), 1 / DRAWS) / DRAWS)
    assert abs(happened - stated) < 4 * sigma, (happened, stated, sigma)


def test_the_prior_reaches_from_half_the_smallest_to_twice_the_largest():
    assert prior_of(np.array([0.5, 3.0, np.nan, 0.0, np.inf])) == (0.25, 6.0)
    assert prior_of(np.array([0.0, np.nan])) is None


def test_one_rule_in_closed_form():
    """r = 1.004 at two decimals: what is rounded to 1.00 lies between 0.995 and 1.005."""
    one = chance(np.array([1.004]), np.array([0.005]), np.zeros(1), 0.01, (0.5, 2.0))
    assert one == pytest.approx(math.log(1.005 / 0.995) / math.log(4), rel=1e-12)


def test_overlapping_windows_are_counted_once_and_the_ends_of_the_prior_are_kept():
    values = np.array([1.001, 1.002, 1.98, 0.4, np.nan])
    got = chance(values, np.full(5, 0.05), np.zeros(5), 0.1, (0.5, 2.0))
    parts = math.log(1.05 / 0.95) + math.log(2.0 / 1.95)
    assert got == pytest.approx(parts / math.log(4), rel=1e-12)


def test_a_number_of_two_digits_is_not_one_off_in_its_last():
    off = chance(np.array([0.50]), np.array([0.005]), np.array([0.01]), 0.01, (0.25, 2.0))
    assert off == pytest.approx(math.log(0.505 / 0.495) / math.log(8), rel=1e-9)
    off = chance(np.array([1.50]), np.array([0.005]), np.array([0.01]), 0.01, (0.25, 2.0))
    assert off == pytest.approx(math.log(1.515 / 1.485) / math.log(8), rel=1e-9)
