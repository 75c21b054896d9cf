"""Values as people type them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.errors import WceError
from wce_cli.inputs.inline import read_inline, read_names

NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False))


def table(row):
    """Lists of 1 to 4 rows of one length."""
    return st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(row, min_size=n, max_size=n), min_size=2, max_size=4))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 0.9; 0 0.1", [[0.1, 0.9], [0, 0.1]]),
        ("0.1 0.9\n0 0.1\n", [[0.1, 0.9], [0, 0.1]]),
        ("0.1, 0.9; 0, 0.1;", [[0.1, 0.9], [0, 0.1]]),
        ("0.1,0.9", [0.1, 0.9]),
        ("0.1 0.9;", [[0.1, 0.9]]),
        ("[[0.1,0.9],[0,0.1]]", [[0.1, 0.9], [0, 0.1]]),
        ("'[1, 2]'", [1, 2]),
        ("  1  ", 1),
        ("1,", [1]),
        ("1e-3 -.5 +2.", [1e-3, -0.5, 2.0]),
        ("inf -Infinity +inf", [math.inf, -math.inf, math.inf]),
        ("cat,dog", ["cat", "dog"]),
        ("balanced", "balanced"),
        ('{"cat": 0.1, "dog": 1}', {"cat": 0.1, "dog": 1}),
    ],
)
def test_a_value_is_read_as_it_is_meant(text, value):
    assert read_inline("--logits", text) == value


def test_not_a_number_is_read_in_every_case():
    assert all(math.isnan(number) for number in read_inline("--logits", "nan NaN -nan NAN"))


def test_whole_numbers_stay_whole():
    assert [type(number) for number in read_inline("--labels", "1,0")] == [int, int]
    assert [type(number) for number in read_inline("--labels", "1.0,0.0")] == [float, float]


@given(table(NUMBERS))
def test_json_is_read_back(value):
    assert read_inline("--logits", json.dumps(value)) == value


@given(table(NUMBERS), st.sampled_from([" ", ", "]), st.sampled_from([";", " ; ", "\n"]))
def test_rows_are_read_back(value, between, rows):
    text = rows.join(between.join(map(repr, row)) for row in value)
    assert read_inline("--logits", text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--logits is empty"),
        ("''", "--logits is empty"),
        ("0.1 0.9;; 1 2", "--logits has an empty row"),
    ],
)
def test_a_value_that_is_none_is_refused(text, said):
    with pytest.raises(WceError) as caught:
        read_inline("--logits", text)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "text", ["[[0.1, 0.9", "[1, 2]]", "0,1 0,9", "[" * 100_000, '{"a": 1, "a": 2}', "{'a': 1", "[1, 2}"]
)
def test_a_value_cut_off_or_of_two_meanings_is_refused(text):
    with pytest.raises(WceError):
        read_inline("--logits", text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat,dog", ["cat", "dog"]),
        ("cat dog", ["cat", "dog"]),
        ("New York, Rome", ["New York", "Rome"]),
        ('["cat", "New York"]', ["cat", "New York"]),
        ("0,1", ["0", "1"]),
    ],
)
def test_names_are_split_at_commas_or_else_at_spaces(text, names):
    assert read_names("--classes", text) == names


def test_names_are_strings():
    with pytest.raises(WceError, match=r"^--classes must be a list of names$"):
        read_names("--classes", "[1, 2]")
