"""What one word of a typed value means: a number in any spelling, or a name."""

from __future__ import annotations

import re
from typing import Any

from wce_cli.digits import NON_FINITE

WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
NON_FINITES = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity", "∞": "Infinity"}
NON_FINITES |= {"1.#qnan": "NaN", "1.#ind": "NaN", "1.#inf": "Infinity"}
MODULE = re.compile(r"^([+-]?)(?:np|numpy|jnp|math|torch|float)\.", re.IGNORECASE)

BUILTINS = {"float", "int", "list", "tuple"}
CASTS = BUILTINS | {"str_"} | {"float16", "float32", "float64", "half", "single", "double"}
CASTS |= {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool_", "bfloat16"}
"""Names that stand before one number and say its type: `np.float32(0.1)`, `float('inf')`."""
WRITTEN = {"as_tensor", "constant", "convert_to_tensor", "to_tensor", "from_numpy"}
WRITTEN |= {f"{kind}Tensor" for kind in ("Long", "Int", "Short", "Byte", "Bool", "Float", "Double", "Half")}
WRITTEN |= {"Series", "Index", "DataFrame", "dict_values", "deque", "c"}
"""Calls that only code has, whatever module stands before them; R's `c(0.1, 0.9)` takes the numbers themselves."""
SINGLE = ("as_tensor", "constant", "convert_to_tensor", "to_tensor")
"""Those that make float32 of a Python float, as torch.tensor does."""
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
