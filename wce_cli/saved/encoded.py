"""Structs as JSON and back, without losing a bit: arrays are base64 of their compressed bytes.

msgspec holds what is read back against the types of the struct, field by field, and names the place of what is wrong,
as in `$.totals.loss.high`. Nothing is executed, and no array longer than it may be is unpacked. A number may stand
there as a string, since NaN and ±∞ have to.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.digits import to_plain
from wce_cli.errors import Problem, WceError, as_written

MOST = 1 << 24
"""Numbers that one array may hold, where nothing else is known."""
WHOLE = "i8"
FLOAT = "f8"
ARRAY_SCHEMA = {
    "type": "string",
    "pattern": f"^({WHOLE}|{FLOAT}):[A-Za-z0-9+/]*=*$",
    "description": "little-endian numbers of 64 bits, whole or floats, one for each class unless said otherwise: zlib, "
    "then base64",
}
S = TypeVar("S", bound=Struct)


def to_json(value: Any) -> Any:
    """A struct or an array, and what stands in it, as what `json.dumps(…, allow_nan=False)` takes."""
    return to_plain(msgspec.to_builtins(value, enc_hook=_packed))


def from_json(kind: type[S], document: Any, most: int = MOST) -> S:
    """The struct that `to_json` made a document of, with arrays of up to `most` numbers. Raises WceError for others."""
    try:
        found: S = msgspec.convert(document, kind, strict=False, dec_hook=lambda one, text: _unpacked(one, text, most))
    except msgspec.ValidationError as error:
        what, _, place = str(error).replace("`", "").partition(" - at ")
        raise WceError(Problem(f"{place or '$'}: {what[:1].lower()}{what[1:]}")) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON may hold
        raise WceError(Problem("$: text that is no Unicode")) from error
    return found


def bytes_of(array: NDArray[Any]) -> bytes:
    """The numbers of an array in little-endian order, 64 bits each."""
    kind = WHOLE if array.dtype.kind in "iub" else FLOAT
    return np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()


def _packed(array: NDArray[Any]) -> str:
    """`f8:` or `i8:`, then the numbers."""
    kind = WHOLE if array.dtype.kind in "iub" else FLOAT
    return f"{kind}:{base64.b64encode(zlib.compress(bytes_of(array), 1)).decode()}"


def _unpacked(array: Any, text: object, most: int) -> NDArray[Any]:
    """The array of a text, of whole numbers or floats as its type says. Raises ValueError for what is none."""
    kind = WHOLE if "int" in str(array) else FLOAT
    if not isinstance(text, str) or not text.startswith(f"{kind}:"):
        raise ValueError(f"{as_written(text)} is no text of numbers that begins {kind}:")
    try:
        unpack = zlib.decompressobj()
        content = unpack.decompress(base64.b64decode(text[3:], validate=True), 8 * most + 1)
    except (ValueError, zlib.error):
        raise ValueError(f"{as_written(text)} was not saved whole") from None
    if len(content) > 8 * most:
        raise ValueError(f"{as_written(text)} holds more than {most} numbers")
    if not unpack.eof or len(content) % 8:
        raise ValueError(f"{as_written(text)} was not saved whole")
    return np.frombuffer(content, dtype=f"<{kind}").astype(np.int64 if kind == WHOLE else np.float64)
