"""Dtypes that are printed or written beside numbers."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli.inputs.dtypes import as_dtype


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("float32", "float32"),
        ("torch.float", "float32"),
        ("float", "float64"),
        ("np.float16", "float16"),
        ("torch.double", "float64"),
        ("torch.half", "float16"),
        ("tf.int64", "int64"),
    ],
)
def test_a_dtype_is_known_by_the_name_of_its_framework(name, dtype):
    assert as_dtype([0, 1], name).dtype == dtype


def test_what_numpy_has_not_or_cannot_hold_stays_as_it_is():
    assert as_dtype([0.1], "bfloat16") == [0.1]
    assert as_dtype([300], "uint8") == [300]
    assert as_dtype([1e39], "float32") == [1e39]
    assert as_dtype([[1], [1, 2]], "float32") == [[1], [1, 2]]
    assert as_dtype(["True", "False"], "bool").tolist() == [True, False]
    assert as_dtype(["yes"], "bool") == ["yes"]
    assert isinstance(as_dtype(0.5, "float32"), np.float32)
