"""What `expect` says: which numbers, and how far each may be off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.digits import Written
from wce_cli.errors import WceError
from wce_cli.questions.check.expected import held, read_expect

FLOAT32 = 2.0**-22


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        ("0.69", 0.005),
        ("0.6900", 0.00005),
        ("2.00", 0.005),
        ("1e-3", 0.0005),
        ("-0.5", 0.05),
        ("0.6922788424257714", 0.6922788424257714 * FLOAT32),
        # a whole number is itself: 0 is not 0.4, and 2000.0 not 2000.04
        ("0", FLOAT32),
        ("0.0", FLOAT32),
        ("2.0", 2 * FLOAT32),
        ("2000", 2000 * FLOAT32),
        ("2e3", 2000 * FLOAT32),
        ("NaN", 0.0),
        ("-Infinity", 0.0),
    ],
)
def test_the_digits_say_how_far_a_number_may_be_off(text, tolerance):
    assert held(text).tolerance == pytest.approx(tolerance, rel=1e-12)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_that_python_wrote_is_held_to_float32_or_its_digits_but_never_to_more(number):
    tolerance = held(repr(number)).tolerance
    assert tolerance >= min(abs(number) * FLOAT32, 1e300)
    if number == int(number) and "e" not in repr(number):
        assert tolerance <= max(1.0, abs(number)) * FLOAT32 * (1 + 1e-12)


def test_a_tolerance_that_is_asked_for_is_the_one():
    assert held("0.69", 1e-9).tolerance == 1e-9
    assert held("0", 0.25).tolerance == 0.25


def test_class_placement_is_the_one_that_is_not_named():
    entries = read_expect({"weighted-mean/class": 1.5, "batch-mean/sample": 2.5, "term/label-mix": [1, None]})
    assert [entry.what for entry in entries] == ["weighted-mean", "batch-mean/sample", "term/label-mix"]
    assert [entry.is_list for entry in entries] == [False, False, True]
    assert entries[2].numbers[1] is None


def test_rows_of_a_list_are_one_behind_the_other():
    (entry,) = read_expect({"loss": [[Written("1.10"), 2], ["NaN", None]]})
    assert [None if number is None else number.text for number in entry.numbers] == ["1.10", "2.0", "NaN", None]


@pytest.mark.parametrize(
    ("expect", "message", "hint"),
    [
        ({"weightedmean": 1}, 'expect has no method "weightedmean"', "did you mean 'weighted-mean'?"),
        (
            {"mean": 1},
            'expect has no method "mean"',
            "PyTorch's mean is weighted-mean, and batch-mean for probability labels; wce methods lists them all",
        ),
        ({"sum/row": 1}, 'sum has no placement "row"', "known: class, sample, label-mix"),
        ({"loss/sample": [1]}, 'loss has no placement "sample"', "known: class"),
        ({"unweighted-mean/sample": 1}, 'unweighted-mean has no placement "sample"', "known: class"),
        ({"sum": [1]}, "expect.sum is [1], expected one number", ""),
        ({"sum": None}, "expect.sum is null, expected a number", ""),
        ({"sum": True}, "expect.sum is true, expected a number", ""),
        ({"sum": "0.5"}, 'expect.sum is "0.5", expected a number', ""),
        ({"sum": {}}, "expect.sum is {}, expected a number", ""),
        ({"loss": [[1, "cat"]]}, 'expect.loss is "cat", expected a number', ""),
    ],
)
def test_what_is_wrong_with_it_is_said(expect, message, hint):
    with pytest.raises(WceError) as caught:
        read_expect(expect)
    assert [(one.message, one.hint) for one in caught.value.problems] == [(message, hint)]


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_is_a_number_of_0_or_more(tolerance):
    with pytest.raises(WceError, match="expected a number of 0 or more"):
        read_expect({"sum": 1}, tolerance)


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(WceError) as caught:
        read_expect({"summ": 1, "sum": [1], "loss": True}, -1)
    assert len(caught.value.problems) == 4
