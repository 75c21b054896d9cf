"""`.safetensors`: the length of a header, the header as JSON, and the numbers without gaps.

The checks are those of the reference implementation (safetensors 0.8.0, `SafeTensors::read_metadata`): a header
of 100 MB at most, every byte behind it in exactly one tensor.
"""

from __future__ import annotations

import json
from typing import Any

from wce_cli.errors import Problem, WceError, as_written
from wce_cli.inputs.file import File
from wce_cli.inputs.stored import StoredArray, n_bytes, place

LENGTH = 8
"""Bytes of the number that the file begins with."""
HEADER_LIMIT = 100_000_000
DTYPES_BY_NAME = {
    "BOOL": "bool",
    "BF16": "bfloat16",
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}
METADATA = "__metadata__"
ENTRY_KEYS = {"dtype", "shape", "data_offsets"}


def read_safetensors(path: str) -> dict[str, StoredArray | Problem]:
    """The tensors of a `.safetensors` file by name. Raises WceError if its header cannot be trusted."""
    file = File(path, "a .safetensors file")
    if file.size < LENGTH:
        raise WceError(Problem(f"{path} is cut off in its header: it has {file.size} bytes"))
    length = int.from_bytes(file.head(LENGTH), "little")
    if length > HEADER_LIMIT:
        claim = f"a header of {length} bytes, more than the {HEADER_LIMIT} of the format"
        raise WceError(Problem(f"{path} is not a .safetensors file, or is broken: it claims {claim}"))
    begin = LENGTH + length
    if begin > file.size:
        raise WceError(Problem(f"{path} is cut off in its header of {length} bytes: it has {file.size} bytes"))
    found: dict[str, StoredArray | Problem] = {}
    spans = []
    for name, entry in _header(file.head(length, LENGTH), path).items():
        shown = place(path, name)
        shape, (start, stop) = _frame(entry, shown)
        spans.append((start, stop, name))
        dtype = DTYPES_BY_NAME.get(entry["dtype"])
        if dtype is None:
            expected = ", ".join(DTYPES_BY_NAME)
            found[name] = Problem(f"{shown} has dtype {as_written(entry['dtype'])}, expected one of {expected}")
            continue
        needed = n_bytes(shape, dtype, shown)
        if needed != stop - start:
            claim = f"{shape} {dtype} is {needed} bytes, and its offsets {start}..{stop} hold {stop - start}"
            raise WceError(Problem(f"{shown} does not fit its header: {claim}"))
        found[name] = StoredArray(name, shown, shape, dtype, file.fill, begin + start)
    _check_spans(spans, file.size - begin, path)
    return found


def _check_spans(spans: list[tuple[int, int, str]], there: int, path: str) -> None:
    """Every byte behind the header belongs to one tensor."""
    end = 0
    for start, stop, name in sorted(spans):
        if start != end:
            state = "begins inside the tensor before it" if start < end else "leaves a gap before it"
            raise WceError(Problem(f"{place(path, name)} {state}: its offset is {start}, expected {end}"))
        end = stop
    if end != there:
        state = "is cut off" if there < end else "does not fit its header"
        raise WceError(Problem(f"{path} {state}: its tensors are {end} bytes, and {there} follow the header"))


def _header(content: bytes, path: str) -> dict[str, Any]:
    try:
        header = json.loads(content.decode(), object_pairs_hook=lambda pairs: _object(pairs, path))
    except RecursionError as error:
        raise WceError(Problem(f"{path} has a header that is nested too deep")) from error
    except ValueError as error:  # no UTF-8, no JSON, or an integer of more digits than Python converts
        raise WceError(Problem(f"{path} is not a .safetensors file, or is broken: its header is no JSON")) from error
    if not isinstance(header, dict) or not content.startswith(b"{"):
        raise WceError(Problem(f"{path} is not a .safetensors file, or is broken: its header is no JSON object"))
    header.pop(METADATA, None)  # strings about the file
    return header


def _object(pairs: list[tuple[str, Any]], path: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise WceError(Problem(f"{path} has the name {as_written(name)} twice in its header"))
        names[name] = value
    return names


def _frame(entry: Any, shown: str) -> tuple[tuple[int, ...], tuple[int, int]]:
    """The shape and the offsets of a tensor, which are whole numbers from 0 on."""
    if not isinstance(entry, dict) or set(entry) != ENTRY_KEYS or not isinstance(entry["dtype"], str):
        raise WceError(Problem(f"{shown} is {as_written(entry)} in the header, expected dtype, shape and data_offsets"))
    for key in ("shape", "data_offsets"):
        numbers = entry[key]
        if not isinstance(numbers, list) or not all(type(number) is int and number >= 0 for number in numbers):
            raise WceError(Problem(f"{shown} has {key} {as_written(numbers)}, expected whole numbers from 0 on"))
    offsets = entry["data_offsets"]
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        raise WceError(Problem(f"{shown} has data_offsets {as_written(offsets)}, expected a start and an end"))
    return tuple(entry["shape"]), (offsets[0], offsets[1])
