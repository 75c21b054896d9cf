"""Values in the dtype that is printed or written beside them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from wce_cli.inputs.repr_words import TRUTHS

DTYPES = {"half": "float16", "single": "float32", "double": "float64", "float": "float64", "bool_": "bool"}
DTYPES |= {
    "torch.float": "float32",
    "FloatTensor": "float32",
    "DoubleTensor": "float64",
    "HalfTensor": "float16",
}
"""Names of dtypes that are not numpy's; a bare float is Python's."""


def dtype_name(name: str) -> str:
    """numpy's name of a dtype that has another one, or a module before it."""
    last = name.rpartition(".")[2]
    return DTYPES.get(name) or DTYPES.get(last) or last


def as_dtype(value: Any, dtype: str) -> Any:
    """`value` as an array of the dtype, where numpy has it and the rows have one length."""
    dtype = dtype_name(dtype)
    if dtype == "bool":
        array = np.array(value)
        known = array.dtype.kind == "U" and np.isin(array, list(TRUTHS)).all()
        return array == "True" if known else value
    if not re.fullmatch(r"u?int(8|16|32|64)|float(16|32|64)", dtype):
        return value
    try:
        with np.errstate(over="raise"):  # 1e39 would become infinity in float32
            return np.array(value, dtype=dtype)[()]  # a scalar stays a scalar
    except (ValueError, TypeError, OverflowError, FloatingPointError):
        return value
