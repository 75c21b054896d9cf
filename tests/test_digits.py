from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.digits import format_number, format_weight, rounded_up


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.692278791, "0.692279"),
        (0.1, "0.1"),
        (1.0, "1"),
        (-2.0, "-2"),
        (1000000.0, "1000000"),
        (123456789.0, "123456789"),
        (1234567.5, "1.23457e+06"),
        (1e15, "1e+15"),
        (1e-300, "1e-300"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_has_six_significant_digits_and_whole_ones_all(value, written):
    assert format_number(value) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_seventeen_digits_give_every_number_back(value):
    assert float(format_number(value, 17)) == value


@given(st.floats(-1e307, 1e307, allow_subnormal=False), st.integers(1, 17))
def test_what_is_written_is_within_half_a_unit_of_its_last_digit(value, digits):
    assert math.isclose(float(format_number(value, digits)), value, rel_tol=0.5000001 * 10.0 ** (1 - digits))


@given(st.floats(0, 1e300), st.integers(1, 6))
def test_a_bound_is_never_written_smaller_than_it_is(value, digits):
    written = float(rounded_up(value, digits))
    assert value * (1 - 1e-11) <= written <= value * (1 + 1.1 * 10.0 ** (1 - digits)) + 1e-300


@pytest.mark.parametrize(
    ("value", "written"),
    [(5.51e-5, "5.6e-05"), (5.5e-5, "5.5e-05"), (1.0000000000000002e-4, "0.0001"), (0.0, "0"), (math.inf, "inf")],
)
def test_a_bound_is_written_rounded_up(value, written):
    assert rounded_up(value) == written


@pytest.mark.parametrize(
    ("weight", "written"),
    [
        (-0.9999999, "-0.9999999"),
        (1.0000001, "1.0000001"),
        (1 + 1e-12, "1.000000000001"),
        (0.123456789, "0.123457"),
        (2.0, "2"),
        (1e-300, "1e-300"),
        (1234567.5, "1234567.5"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_weight_is_written_as_no_other_whole_number(weight, written):
    assert format_weight(weight) == written
