"""What Python has (lists, arrays, tensors) → numpy arrays, or the first place that is not a number.

An array keeps its dtype and its memory: it may be large, or a map of a file. Nothing is guessed: a string, a boolean,
a missing value or a ragged row is named with its index. Tensors are recognised by what they can do, so no framework
is imported for them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.digits import NON_FINITE
from wce_cli.errors import Problem, WceError, and_more, as_written
from wce_cli.loss.rows import floats

NUMPY_FLOATS = ("float16", "float32", "float64")
"""Floats of a tensor that numpy has too."""


class WrittenNumbers(Struct, frozen=True):
    """Numbers that were read from a text into an array: like those of lists they have no dtype yet."""

    array: NDArray[Any]


def to_array(field: str, value: Any) -> tuple[NDArray[Any], str | None]:
    """`value` as an array of numbers or strings, and its dtype's name where it came with one.

    The dtype is known for arrays and tensors ("float32", "bfloat16", …) and None for lists, whose numbers
    have no type yet. bfloat16 comes as its bits, uint16: numpy has no such dtype, and `floats` reads them.
    Raises WceError naming the first element that is neither a number nor a name.
    """
    if isinstance(value, WrittenNumbers):
        return value.array, None
    if hasattr(value, "detach"):
        return _from_tensor(field, value)
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray and isinstance(value, np.ma.MaskedArray):
        raise WceError(
            Problem(f"{field} is a masked array", "fill it, and mark labels to skip with ignore_index", field)
        )
    if not isinstance(value, (list, tuple, str, bytes, dict)) and hasattr(value, "__array__"):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return _from_array(field, value)
    if isinstance(value, (list, tuple)) and any(_is_array(item) for item in value):  # a list of rows, each a tensor
        value = [_to_list(place(field, [i]), item) for i, item in enumerate(value)]
    return _from_lists(field, value), None


def _to_list(field: str, value: Any) -> Any:
    array, dtype = to_array(field, value)
    return (floats(array, dtype) if dtype == "bfloat16" else array).tolist()


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or hasattr(value, "detach")


def place(field: str, index: Sequence[int]) -> str:
    """`logits[1][0]`: an element as the user would write it."""
    return field + "".join(f"[{i}]" for i in index)


def _from_tensor(field: str, tensor: Any) -> tuple[NDArray[Any], str]:
    dtype = str(tensor.dtype).rsplit(".", 1)[-1]
    try:
        tensor = tensor.detach().cpu()
        if dtype == "bfloat16":
            return tensor.view(sys.modules["torch"].int16).numpy().view(np.uint16), dtype
        if "float" in dtype and dtype not in NUMPY_FLOATS:
            tensor = tensor.double()  # exact from every narrower type, and numpy has no float of 8 bits
        array = tensor.resolve_conj().numpy()
    except Exception as error:  # sparse, quantised, or on the meta device: it has no plain numbers to read
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WceError(Problem(f"{field} is a tensor that cannot be read: {reason}", field=field)) from error
    return _from_array(field, array)[0], dtype


def _from_array(field: str, array: NDArray[Any]) -> tuple[NDArray[Any], str | None]:
    dtype = str(array.dtype)
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        return array.astype(np.float64), dtype  # an integer of 64 bits with a sign would wrap around
    if array.dtype.kind in "fiub":
        return array, dtype
    if array.dtype.kind in "UO":
        return _from_lists(field, array.tolist()), None
    if dtype == "bfloat16":  # jax arrays carry it through the ml_dtypes package
        return array.view(np.uint16), dtype
    raise WceError(Problem(f"{field} has dtype {dtype}, expected numbers", field=field))


def _from_lists(field: str, value: Any) -> NDArray[Any]:
    """Nested lists → array, level by level, so that depth costs no recursion and a ragged row has a name."""
    shape: list[int] = []
    level: list[Any] = [value]
    while level and all(isinstance(item, (list, tuple)) for item in level):
        lengths = [len(item) for item in level]
        for position, length in enumerate(lengths):
            if length != lengths[0]:
                index = [int(i) for i in np.unravel_index(position, shape)]
                first = place(field, [0] * len(shape))
                raise WceError(
                    Problem(
                        f"{place(field, index)} has {_count(length)}, but {first} has {lengths[0]}",
                        "rows must have one length",
                        field,
                    )
                )
        shape.append(lengths[0])
        if len(shape) > 32:
            raise WceError(Problem(f"{field} is nested more than 32 deep", field=field))
        level = [element for item in level for element in item]
    leaves = [item.item() if isinstance(item, np.generic) else item for item in level]
    kinds = set(map(type, leaves))
    if kinds <= {int}:
        try:
            return np.array(leaves, dtype=np.int64).reshape(shape)
        except OverflowError:
            kinds = {int, float}
    if kinds <= {int, float}:
        try:
            return np.array(leaves, dtype=np.float64).reshape(shape)
        except OverflowError:
            raise WceError(Problem(f"{field} holds a number too large for float64", field=field)) from None
    if kinds <= {int, float, str} and not any(_is_name(leaf) for leaf in leaves):
        numbers = [NON_FINITE.get(leaf, leaf) for leaf in leaves]
        return np.array(numbers, dtype=np.float64).reshape(shape)
    if kinds == {str}:
        return np.array(leaves, dtype=object).reshape(shape)
    raise WceError(_first_stranger(field, leaves, shape))


def _is_name(leaf: Any) -> bool:
    return isinstance(leaf, str) and leaf not in NON_FINITE


def _first_stranger(field: str, leaves: list[Any], shape: list[int]) -> Problem:
    """Name the first leaf that is no number, in JSON's words."""
    strange = [
        position for position, leaf in enumerate(leaves) if _is_name(leaf) or type(leaf) not in (int, float, str)
    ]
    position = strange[0]
    leaf = leaves[position]
    if isinstance(leaf, (list, tuple)):
        return Problem(f"{field} mixes numbers and lists at one depth", "rows must have one length", field)
    where = place(field, [int(i) for i in np.unravel_index(position, shape)]) if shape else field
    hint = "write numbers without quotes" if isinstance(leaf, str) and _reads_as_number(leaf) else ""
    return Problem(f"{where} is {as_written(leaf)}, expected a number{and_more(len(strange) - 1)}", hint, field)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _count(length: int) -> str:
    return f"{length} value" if length == 1 else f"{length} values"
