"""Printed numbers, held to the numbers that were printed."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli.inputs.last_digits import read_print


def words_of(text: str) -> list[str]:
    return [word if any(c.isdigit() for c in word) else "" for word in text.replace("[", " ").replace("]", " ").split()]


def within(array: np.ndarray, text: str, fixed: bool = False, dtype: str = "") -> float:
    """The mean half-unit of a print of the array, every number of which is as near as it says."""
    words = words_of(text.replace(",", " "))
    found = read_print(words, fixed, dtype)
    read = np.array(words, dtype=dtype or "float64").astype(np.float64)
    errors = np.abs(read - array.astype(np.float64).ravel())
    assert (errors <= found.half_units * (1 + 1e-9)).all()
    return float(found.half_units.mean())


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize("seed", range(25))
def test_no_true_number_is_further_from_its_print(seed, scale):
    array = np.random.default_rng(seed).normal(size=8) * scale
    single = array.astype(np.float32)
    assert within(array, str(array)) <= 1e-7 * max(scale, 1.0)
    assert within(single, str(single)) <= max(scale, 1.0) * 1e-6
    within(single, str(single), dtype="float32")
    with np.printoptions(precision=4):
        assert within(array, str(array)) <= 1e-3 * max(scale, 1.0)
        within(single, str(single))
        within(single, str(single), dtype="float32")


@pytest.mark.parametrize("seed", range(25))
def test_no_tensor_is_further_from_its_print(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    for scale, dtype in ((1.0, "float32"), (1e5, "float32"), (1e-4, "float64"), (3.0, "float16"), (3.0, "bfloat16")):
        tensor = torch.tensor(rng.normal(size=6) * scale, dtype=getattr(torch, dtype))
        text = " ".join(repr(tensor).split("]")[0].removeprefix("tensor([").split())
        within(tensor.double().numpy(), text, True, "" if dtype == "bfloat16" else dtype)


def test_a_number_that_its_dtype_alone_can_be_is_exact():
    # float32 has one number within 5e-5 of 1234.5677, float16 one within 5e-5 of 2.3438; bfloat16 is left as printed.
    assert not read_print(["1234.5677"], True, "float32").half_units.any()
    assert not read_print(["2.3438"], True, "float16").half_units.any()
    assert read_print(["2.3438"], True, "bfloat16").half_units.tolist() == [5e-5]
    # From 1 on float16 numbers are 0.00098 apart: within 0.0005 there may be two.
    assert read_print(["1.500"], True, "float16").half_units[0] != 0
    assert read_print(["1.0000"], True, "float16").half_units[0] == 0
    # 5.1234 is no float16 at all: it was not printed by one, and is read 0.0016 away.
    assert read_print(["5.1234"], True, "float16").half_units[0] == pytest.approx(5e-5 + 5.125 - 5.1234)


@pytest.mark.parametrize(
    ("words", "rounded"),
    [
        (["0.1235", "0.8765"], "4 decimals"),
        (["0.124", "0.877"], "3 decimals"),
        (["0.12345678", "1."], "8 decimals"),
        (["-1.6020395", "31.501226"], "8 significant digits"),
        (["1.2345e-01", "9.999e+03"], "5 significant digits"),
        (["0.1", "0.9", "0.5", "0.5"], ""),
        (["0.125", "0.5", "0.25"], ""),
        (["1.", "0."], ""),
        (["", ""], ""),
        ([], ""),
    ],
)
def test_a_numpy_print_counts_as_rounded_by_its_longest_number(words, rounded):
    found = read_print(words, False)
    assert found.rounded == rounded
    assert found.half_units.any() == bool(rounded)


def test_a_float16_that_says_so_or_not_is_known_to_its_roundoff():
    half = np.array([0.3333, 12.34, 1.234], dtype=np.float16)
    assert within(half, str(half)) > 0
    short = read_print(["0.1", "0.898"], False, "bfloat16").half_units
    np.testing.assert_allclose(short, [5e-4, 5e-4])


def test_an_exponent_beyond_all_floats_is_exact():
    assert read_print(["1.0000e+999999999999999999999", "1.0000e-999999"], True).half_units.tolist() == [0, 0]
