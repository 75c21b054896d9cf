"""Structs as JSON and back, without losing a bit: arrays are base64 of their compressed bytes.

What is read back is checked against the types of the struct, field by field; a problem names its place, as in
`$.totals.loss.high`. Nothing is executed, and nothing longer than it may be is unpacked.
"""

from __future__ import annotations

import base64
import math
import types
import typing
import zlib
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.digits import NON_FINITE, NUMBER_SCHEMA
from wce_cli.errors import Problem, WceError, as_written

MOST = 1 << 24
"""Numbers that one array may hold, where nothing else is known."""
WHOLE = "i8"
FLOAT = "f8"
S = TypeVar("S", bound=Struct)


def to_json(value: Any) -> Any:
    """A struct, and what stands in it, as what `json.dumps(…, allow_nan=False)` takes."""
    if isinstance(value, Struct):
        return {name: to_json(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, np.ndarray):
        return _packed(value)
    if isinstance(value, typing.Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def from_json(kind: type[S], document: Any, place: str = "$", most: int = MOST) -> S:
    """The struct that `to_json` made a document of, with arrays of up to `most` numbers. Raises WceError for others."""
    found: S = _read(kind, document, place, most)
    return found


def _packed(array: NDArray[Any]) -> str:
    """`f8:` or `i8:`, then the numbers in little-endian order."""
    kind = WHOLE if array.dtype.kind in "iub" else FLOAT
    content = zlib.compress(np.ascontiguousarray(array, dtype=f"<{kind}").tobytes(), 1)
    return f"{kind}:{base64.b64encode(content).decode()}"


def _unpacked(text: Any, is_whole: bool, place: str, most: int) -> NDArray[Any]:
    kind = WHOLE if is_whole else FLOAT
    if not isinstance(text, str) or not text.startswith(f"{kind}:"):
        raise _wrong(place, text, f"numbers as text that begins {kind}:")
    try:
        unpack = zlib.decompressobj()
        content = unpack.decompress(base64.b64decode(text[3:], validate=True), 8 * most + 1)
        if len(content) > 8 * most:
            raise _wrong(place, text, f"{most} numbers at most")
        if not unpack.eof or len(content) % 8:
            raise ValueError("cut off")
    except (ValueError, zlib.error):
        raise _wrong(place, text, "numbers that were saved whole") from None
    return np.frombuffer(content, dtype=f"<{kind}").astype(np.int64 if is_whole else np.float64)


@cache
def _fields(kind: type[Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(kind: Any, value: Any, place: str, most: int) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        kind = next(one for one in arguments if one is not type(None))
        return None if value is None else _read(kind, value, place, most)
    if origin is np.ndarray:
        return _unpacked(value, "int" in str(arguments), place, most)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            arguments = arguments[:1] * len(value if isinstance(value, list) else ())
        if not isinstance(value, list) or len(value) != len(arguments):
            raise _wrong(place, value, f"a list of {len(arguments)}")
        return tuple(
            _read(one, item, f"{place}[{i}]", most) for i, (one, item) in enumerate(zip(arguments, value, strict=True))
        )
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(place, value, "an object")
        return {key: _read(arguments[1], item, f"{place}.{key}", most) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(kind, value, place, most)
    return _single(kind, value, place)


def _struct(kind: type[Struct], value: Any, place: str, most: int) -> Struct:
    fields = _fields(kind)
    if not isinstance(value, dict):
        raise _wrong(place, value, "an object")
    for name in value:
        if name not in fields:
            raise WceError(Problem(f"{place}.{name} is no part of saved totals"))
    missing = [name for name in fields if name not in value]
    if missing:
        raise WceError(Problem(f"{place}.{missing[0]} is missing"))
    return kind(**{name: _read(one, value[name], f"{place}.{name}", most) for name, one in fields.items()})


def _single(kind: Any, value: Any, place: str) -> Any:
    if kind is float:
        if isinstance(value, str) and value in NON_FINITE:
            return NON_FINITE[value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        raise _wrong(place, value, "a number")
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return value
    if kind in (str, bool) and isinstance(value, kind):
        return value
    if get_origin(kind) is typing.Literal and value in get_args(kind):
        return value
    words = {int: "a whole number", str: "a string", bool: "true or false"}
    raise _wrong(place, value, words.get(kind, " or ".join(map(str, get_args(kind)))))


def _wrong(place: str, value: Any, expected: str) -> WceError:
    return WceError(Problem(f"{place} is {as_written(value)}, expected {expected}"))


_SINGLE: dict[Any, dict[str, Any]] = {
    float: NUMBER_SCHEMA,
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
}


def schema_of(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:
    """What `from_json` reads as `kind`, as JSON Schema; the structs in it are put into `parts` by their names."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema_of(one, parts) if one is not type(None) else {"type": "null"} for one in arguments]}
    if origin is np.ndarray:
        prefix = WHOLE if "int" in str(arguments) else FLOAT
        described = f"little-endian {prefix} numbers, one for each class unless said otherwise: zlib, then base64"
        return {"type": "string", "pattern": f"^{prefix}:[A-Za-z0-9+/]*=*$", "description": described}
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": schema_of(arguments[0], parts)}
        items = [schema_of(one, parts) for one in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], parts)}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if kind in _SINGLE:
        return _SINGLE[kind]
    if kind.__name__ not in parts:
        parts[kind.__name__] = {}
        fields = {name: schema_of(one, parts) for name, one in _fields(kind).items()}
        parts[kind.__name__] = {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}
