"""Single words."""

from __future__ import annotations

import pytest

from wce_cli.inputs.repr_words import NUMBER, number_or_name


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", 1), ("+1", 1), ("-.5", -0.5), ("1e3", 1000.0), ("None", None), ("cat", "cat"), ("1_000", "1_000")],
)
def test_a_word_is_a_number_where_it_spells_one(word, value):
    assert number_or_name(word) == value
    assert type(number_or_name(word)) is type(value)


def test_a_whole_number_of_any_length_is_read():
    assert number_or_name("9" * 399) == 10**399 - 1
    assert number_or_name("9" * 400) == float("inf")  # which the reader refuses


def test_a_long_word_of_digits_that_is_no_number_is_left_at_once():
    assert number_or_name("1" * 100_000 + "x") == "1" * 100_000 + "x"
    assert NUMBER.fullmatch("1" * 100_000 + "x") is None
