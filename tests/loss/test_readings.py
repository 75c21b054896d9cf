"""Scores → a = −log p, against 60 digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import assert_near, minus_log_p
from wce_cli.loss.readings import READINGS, read_log_probs, read_logits, read_probs

ROUNDING = 1e-15


def assert_right(row: list[float], classes: list[int] | None = None, kind: str = "logits") -> None:
    """Every class of a row, gathered and in full, is right to 1e-15 relative."""
    exact = minus_log_p(row, kind)
    reading = READINGS[kind](np.array([row]))
    every = reading.every()
    assert every.shape == (1, len(row))
    for y in range(len(row)) if classes is None else classes:
        gathered = reading.at(np.array([y]))
        assert gathered.shape == (1,)
        assert_near(gathered[0], exact[y], ROUNDING, about=(row[:4], y))
        assert_near(every[0, y], exact[y], ROUNDING, about=(row[:4], y, "every"))


@pytest.mark.parametrize(
    "row",
    [
        [0.1, 0.9],
        [-500.0, 600.0],
        [0.1, 700.3],  # 0.1 − 700.3 is not a float64; without its rounding error exp is off by 5.7e-14
        [700.3, 0.1, 0.1],
        [30.0, 0.0],  # logsumexp(x) − x in float64 keeps 3 digits of this loss
        [60.0, 0.0],  # and none of this one
        [690.0, 0.0],
        [690.1, 0.1, -0.2],
        [0.0, 690.7, 690.7],
        [700.0, 9.9],
        [740.0, 0.0],
        [745.2, 0.0, 0.1],
        [1000.3, 0.1],
        [1e308, -1e308],
        [1e308, 1e308],
        [1e308, 0.0, -1e308],
        [-1e308, -1e308, -1e308],
        [1.7e308, 1e300],
        [-0.5e308, 0.5e308],
        [0.0, -math.inf],
        [-math.inf, 3.0, 0.1, -math.inf],
        [5e-324, 0.0],
        [5e-324, -5e-324, 2.2e-308, 1e-310],
        [0.0],
        [-7.25],
        [1.0, 1.0 + 2**-52],
        [1e4 + 0.1, 1e4 - 0.3, 1e4],
        [-1e4 + 0.1, -1e4 - 0.3, -1e4],
        [1e15 + 1, 1e15, 1e15 - 3],
    ],
    ids=str,
)
def test_the_loss_of_a_label_is_right_to_1e_15_on_the_hard_rows(row):
    assert_right(row)


def test_losses_near_1e_300_keep_all_their_digits():
    row = [690.0, 0.0]
    loss = read_logits(np.array([row])).at(np.array([0]))[0]
    assert 1e-301 < loss < 1e-299
    assert_right(row, [0])


@pytest.mark.parametrize("scale", [1, 2, 30, 120, 250, 500])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_the_loss_of_a_label_is_right_to_1e_15_on_normal_logits(scale, offset):
    rng = np.random.default_rng(scale)
    for c in (2, 3, 10, 33):
        for row in (rng.normal(size=(4, c)) * scale + offset).tolist():
            assert_right(row)


def test_the_loss_of_a_label_is_right_to_1e_15_with_100_000_classes():
    row = (np.random.default_rng(7).normal(size=100_000) * 3).tolist()
    assert_right(row, [0, 1, 99_999, int(np.argmax(row)), int(np.argmin(row))])


def test_a_masked_vocabulary_leaves_the_loss_of_the_rest():
    row = np.full(50_000, -np.inf)
    row[[3, 40_000, 49_999]] = [0.1, 700.3, 0.25]
    assert_right(row.tolist(), [0, 3, 40_000, 49_999])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(-750, 750, allow_subnormal=True), min_size=1, max_size=6))
def test_the_loss_of_any_row_is_right_to_1e_15(row):
    assert_right(row)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=False) | st.just(-math.inf), min_size=1, max_size=5))
def test_the_loss_of_any_row_of_float64_is_right_or_nan(row):
    assert_right(row)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**16), 2**16), min_size=1, max_size=8), st.integers(7, 30), st.sampled_from([-1, 1]))
def test_a_shift_that_rounds_nothing_changes_no_byte(steps, exponent, sign):
    row = np.array([steps]) / 1024  # 17 bits and a sign: adding ±2^30 is exact
    shifted = row + sign * 2.0**exponent
    assert (shifted - sign * 2.0**exponent == row).all()
    assert read_logits(shifted).every().tobytes() == read_logits(row).every().tobytes()


@pytest.mark.parametrize("c", [1, 2, 3, 7, 10, 1000])
@pytest.mark.parametrize("level", [0.0, -3.5, 1e4, 1e308, -1e308])
def test_uniform_logits_lose_log_c(c, level):
    every = read_logits(np.full((2, c), level)).every()
    np.testing.assert_allclose(every, np.full((2, c), math.log(c)), rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    "row",
    [
        [math.nan, 0.0, 1.0],
        [0.0, 1.0, math.nan],
        [math.inf, 0.0],
        [0.0, math.inf],
        [math.inf, -math.inf],
        [math.inf, math.inf],
        [-math.inf, -math.inf],
        [-math.inf],
    ],
    ids=str,
)
def test_a_row_without_a_loss_is_nan_as_in_torch(row):
    assert np.isnan(read_logits(np.array([row])).every()).all()
    assert_right(row)
    torch = pytest.importorskip("torch")
    assert torch.isnan(torch.nn.functional.log_softmax(torch.tensor([row], dtype=torch.float64), 1)).all()


def test_a_broken_row_leaves_its_neighbours_alone():
    rows = np.array([[math.nan, 0.0], [0.5, 0.25], [math.inf, 0.0], [-math.inf, -math.inf]])
    alone = read_logits(rows[1:2]).every()
    assert read_logits(rows).every()[1].tobytes() == alone[0].tobytes()


def test_logsumexp_is_that_of_the_row():
    rng = np.random.default_rng(3)
    rows = np.concatenate([rng.normal(size=(20, 5)) * 100, [[0.1, 700.3, 0, 0, 0], [1e308] * 5]])
    found = read_logits(rows).logsumexp
    assert found is not None
    for row, value in zip(rows.tolist(), found.tolist(), strict=True):
        exact = minus_log_p(row)[0] + row[0]
        assert_near(value, exact, ROUNDING, scale=abs(exact) + 1)


def test_only_logits_have_a_logsumexp():
    assert read_probs(np.array([[0.5, 0.5]])).logsumexp is None
    assert read_log_probs(np.array([[-0.5, -0.5]])).logsumexp is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1, allow_subnormal=True), min_size=1, max_size=6))
def test_the_loss_of_any_probability_is_right_to_1e_15(row):
    assert_right(row, kind="probs")


def test_probability_zero_loses_infinity_and_one_loses_plus_zero():
    loss = read_probs(np.array([[0.0, 1.0]])).every()[0]
    assert loss[0] == math.inf
    assert loss[1] == 0.0
    assert not np.signbit(loss[1])


def test_log_probability_zero_loses_plus_zero_and_minus_infinity_loses_infinity():
    loss = read_log_probs(np.array([[0.0, -0.0, -math.inf, -2.5]])).every()[0]
    assert loss.tolist() == [0.0, 0.0, math.inf, 2.5]
    assert not np.signbit(loss).any()


def test_rows_that_do_not_sum_to_one_are_taken_as_given():
    probs = np.array([[0.2, 0.2], [0.9, 0.9]])
    np.testing.assert_allclose(read_probs(probs).every(), -np.log(probs), rtol=1e-15)
    log_probs = np.array([[-3.0, -4.0], [0.5, 1.0]])
    assert (read_log_probs(log_probs).every() == -log_probs).all()


@pytest.mark.parametrize("kind", READINGS)
def test_a_loss_gathered_is_the_loss_in_full_to_the_byte(kind):
    rng = np.random.default_rng(5)
    # Logits of all sizes, so that differences round; the other kinds are taken as they are.
    scores = (
        rng.normal(size=(40, 6)) * 10.0 ** rng.integers(-3, 4, size=(40, 6))
        if kind == "logits"
        else rng.random((40, 6))
    )
    labels = rng.integers(6, size=40)
    reading = READINGS[kind](scores)
    assert reading.at(labels).tobytes() == reading.every()[np.arange(40), labels].tobytes()
