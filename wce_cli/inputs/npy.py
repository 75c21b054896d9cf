"""numpy's `.npy`: a header that is a Python dict, and the numbers.

The header is matched, never evaluated; what holds Python objects is a pickle, and is not loaded.
Source: numpy/lib/format.py, versions 1.0, 2.0 and 3.0 of the format.
"""

from __future__ import annotations

import re

from msgspec import Struct

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.file import File
from wce_cli.inputs.stored import StoredArray, n_bytes

MAGIC = b"\x93NUMPY"
HEADER_LIMIT = 10_000
"""Bytes of the longest header that numpy itself reads."""
FIRST_BYTES = 12 + HEADER_LIMIT
"""How much of a file must be seen to know its array."""

HEADER_ENTRY = re.compile(
    r"""\s*(?P<q>['"])(?P<key>descr|fortran_order|shape)(?P=q)\s*:\s*
    (?P<value>'[^'\\]*'|"[^"\\]*"|True|False|\(\s*\)|\(\s*\d{1,19}L?\s*,(?:\s*\d{1,19}L?\s*,)*\s*(?:\d{1,19}L?\s*)?\))
    \s*(?:,|(?=\}))""",
    re.VERBOSE,
)
RECORDS = re.compile(r"""['"]descr['"]\s*:\s*\[""")
DTYPES_BY_DESCR = {
    "b1": "bool",
    "V2": "bfloat16",
    **{f"f{size}": f"float{8 * size}" for size in (2, 4, 8)},
    **{f"{kind}{size}": f"{sign}int{8 * size}" for kind, sign in (("i", ""), ("u", "u")) for size in (1, 2, 4, 8)},
}
SUPPOSED = "dtype V2 is taken for bfloat16: numpy saves it without its name"
DTYPE_WORDS = {"U": " (text)", "S": " (text)", "c": " (complex numbers)", "M": " (dates)", "m": " (durations)"}
OTHER_MAGICS = {b"PK\x03\x04": ".npz", b"{": ".json", b"[": ".json", b"\x80\x02\x8a\n": ".pt"}
"""How other files begin, and the suffix they should have."""
PICKLE = re.compile(rb"\x80[\x02-\x05]")
SAVE_NUMBERS = "save numbers: numpy.save(path, numpy.asarray(values, dtype=numpy.float64))"


class NpyHeader(Struct, frozen=True):
    """What stands before the numbers."""

    length: int
    """Bytes before the first element."""
    shape: tuple[int, ...]
    dtype: str
    big_endian: bool
    fortran: bool
    note: str


def read_npy(path: str) -> dict[str, StoredArray]:
    """The one array of a `.npy` file, under the empty name. Raises WceError if there is none to read."""
    file = File(path, "a .npy file")
    header = read_header(file.head(FIRST_BYTES), file.size, path)
    return {"": stored(header, "", path, file)}


def stored(header: NpyHeader, name: str, source: str, file: File, offset: int = 0) -> StoredArray:
    """The array behind a header that stands at `offset` of a file."""
    return StoredArray(
        name,
        source,
        header.shape,
        header.dtype,
        file.fill,
        offset + header.length,
        header.big_endian,
        header.fortran,
        note=header.note,
    )


def read_header(first: bytes, size: int, shown: str) -> NpyHeader:
    """The header of an array of `size` bytes in all, from its first bytes.

    Raises WceError if it is no header, if its array is none that we read, or if the bytes are more or fewer
    than it says.
    """
    if not first.startswith(MAGIC[: len(first)]):
        if PICKLE.match(first) and not any(map(first.startswith, OTHER_MAGICS)):
            raise WceError(Problem(f"{shown} is a pickle, which is not loaded: that would run code", SAVE_NUMBERS))
        suffix = next((suffix for magic, suffix in OTHER_MAGICS.items() if first.startswith(magic)), "")
        hint = f"it begins like a {suffix} file: name it so" if suffix else "save it with numpy.save"
        raise WceError(Problem(f"{shown} is not a .npy array: it begins with {first[:6]!r}, not {MAGIC!r}", hint))
    version = first[6] if len(first) > 6 else 1
    if version not in (1, 2, 3):
        raise WceError(Problem(f"{shown} is version {version} of the .npy format, expected 1, 2 or 3"))
    begin = 10 if version == 1 else 12
    length = begin + int.from_bytes(first[8:begin], "little")
    if len(first) < begin or length > size:
        needed = "" if len(first) < begin else f" of {length} bytes"
        raise WceError(Problem(f"{shown} is cut off in its header{needed}: it has {size} bytes"))
    if length > begin + HEADER_LIMIT:
        raise WceError(Problem(f"{shown} has a header of {length} bytes, more than any array of numbers needs"))
    shape, descr, fortran = _entries(first[begin:length].decode("latin-1"), shown)
    dtype = _dtype(descr, shown)
    expected, there = n_bytes(shape, dtype, shown), size - length
    if expected != there:
        state = "is cut off" if there < expected else "does not fit its header"
        claim = f"{shape} {dtype} is {expected} bytes, and {there} follow the header"
        raise WceError(Problem(f"{shown} {state}: {claim}", "save it again: numpy.save of one array"))
    return NpyHeader(length, shape, dtype, descr[0] == ">", fortran, SUPPOSED if dtype == "bfloat16" else "")


def _entries(text: str, shown: str) -> tuple[tuple[int, ...], str, bool]:
    """`{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }` → shape, descr, order."""
    if RECORDS.search(text):
        raise WceError(Problem(f"{shown} holds records of several fields, expected numbers"))
    entries: dict[str, str] = {}
    position = 1
    while text.startswith("{") and (found := HEADER_ENTRY.match(text, position)) and found["key"] not in entries:
        entries[found["key"]] = found["value"]
        position = found.end()
    descr, order, sizes = (entries.get(key, "") for key in ("descr", "fortran_order", "shape"))
    if text[position:].strip() != "}" or descr[:1] not in ("'", '"') or order[:1] not in ("T", "F") or sizes[:1] != "(":
        raise WceError(Problem(f"{shown} has a header that is not numpy's: {text.strip()[:60]!r}"))
    return tuple(int(axis) for axis in re.findall(r"\d+", sizes)), descr[1:-1], order == "True"


def _dtype(descr: str, shown: str) -> str:
    kind = descr.lstrip("<>|=")
    if kind in DTYPES_BY_DESCR and len(descr) - len(kind) < 2:
        return DTYPES_BY_DESCR[kind]
    if kind.startswith("O"):
        problem = f"{shown} holds Python objects, which are not loaded: that would run code"
        raise WceError(Problem(problem, SAVE_NUMBERS))
    word = DTYPE_WORDS.get(kind[:1], "")
    hint = "save class indices, or give the names as text: --labels cat,dog or a .csv" if kind[:1] in ("U", "S") else ""
    said = f"{shown} has dtype {descr!r}{word}, expected floats or integers of 8 to 64 bits, or bools"
    raise WceError(Problem(said, hint))
