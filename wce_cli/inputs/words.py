"""What one word of a typed value means: a number in any spelling, a name, or a dtype."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from wce_cli.digits import NON_FINITE

WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
NON_FINITES = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity", "∞": "Infinity"}
NON_FINITES |= {"1.#qnan": "NaN", "1.#ind": "NaN", "1.#inf": "Infinity"}
MODULE = re.compile(r"^([+-]?)(?:np|numpy|jnp|math|torch|float)\.", re.IGNORECASE)

BUILTINS = {"float", "int", "list", "tuple"}
CASTS = BUILTINS | {"str_"} | {"float16", "float32", "float64", "half", "single", "double"}
CASTS |= {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool_", "bfloat16"}
"""Names that stand before one number and say its type: `np.float32(0.1)`, `float('inf')`."""
DTYPES = {"half": "float16", "float": "float32", "single": "float32", "double": "float64", "bool_": "bool"}
TRUTHS = {"True": True, "False": False}


def number_or_name(word: str) -> Any:
    """The number that a word spells, None, or the word itself."""
    if WHOLE.fullmatch(word):
        return int(word) if len(word) < 400 else float(word)
    bare = MODULE.sub(r"\1", word)
    spelled = NON_FINITES.get(bare.lstrip("+-").lower())
    if spelled:
        return (-1.0 if bare.startswith("-") else 1.0) * NON_FINITE[spelled]
    if word == "None":
        return None
    if "_" not in word:
        try:
            return float(word)
        except ValueError:
            pass
    return word


def as_dtype(value: Any, dtype: str) -> Any:
    """`value` as an array of the dtype, where numpy has it and the rows have one length."""
    dtype = DTYPES.get(dtype, dtype)
    if dtype == "bool":
        array = np.array(value)
        known = array.dtype.kind == "U" and np.isin(array, list(TRUTHS)).all()
        return array == "True" if known else value
    if not re.fullmatch(r"u?int(8|16|32|64)|float(16|32|64)", dtype):
        return value
    try:
        return np.array(value, dtype=dtype)[()]  # a scalar stays a scalar
    except (ValueError, TypeError, OverflowError):
        return value
