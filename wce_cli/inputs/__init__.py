"""What people hand over: files by suffix, one file a format, and values typed on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError

if TYPE_CHECKING:
    from wce_cli.inputs.stored import Members

STDIN = "-"
READERS = {
    ".json": "wce_cli.inputs.json:read_json",
    **dict.fromkeys((".ndjson", ".jsonl"), "wce_cli.inputs.ndjson:read_ndjson"),
}
"""The readers by suffix, each `path → documents`, imported when one is used."""
OTHERWISE = "wce_cli.inputs.text:read_text"
"""What reads stdin, and files of any other suffix and of none: JSON, or a print."""
TEXTS = (".txt", ".log", ".out")
"""What people save prints in."""

ARRAY_READERS = {
    ".npy": "wce_cli.inputs.npy:read_npy",
    ".npz": "wce_cli.inputs.npz:read_npz",
    ".safetensors": "wce_cli.inputs.safetensors:read_safetensors",
    **dict.fromkeys((".pt", ".pth", ".bin"), "wce_cli.inputs.torch:read_torch"),
}
"""The readers of arrays, each `path → Members`: read as far as they are asked for."""
TABLE_READERS = dict.fromkeys((".csv", ".tsv"), "wce_cli.inputs.csv:read_csv")
"""The readers of tables, each `path, label_column → Table`."""

NOT_READ = (
    ".pkl",
    ".pickle",
    ".joblib",
    ".h5",
    ".hdf5",
    ".parquet",
    ".feather",
    ".mat",
    ".xlsx",
    ".gz",
    ".zip",
    ".tar",
)
"""What people save arrays in that we do not read, and that nobody would save a JSON document in."""


SAVED = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"wce\.totals/')
"""How saved totals begin, whoever has laid out their lines."""


class Document(Struct, frozen=True):
    """The fields of one batch as they were read, not yet checked as arrays."""

    fields: Mapping[str, Any]
    sources: Mapping[str, str] = {}
    """Where each field stands: `batch.json $.labels`."""
    place: str = ""
    """`$[3]` for a batch of a list, else empty."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with its keys; the fields they are about are left out."""
    origin: str = ""
    """The file, as the user named it."""
    expect: Mapping[str, Any] | None = None
    """The numbers that the batch is expected to give, as they are written."""
    tolerance: float | None = None
    """How far they may be off; None: as far as their digits leave open."""
    line: int = 0
    """Of a file with a batch a line: the line, from 1."""
    half_units: Mapping[str, Any] = {}
    """How far the numbers of each field may be off because they were printed rounded; exact fields have none."""
    notes: tuple[str, ...] = ()
    """What was taken for something else than what stands there, one line each."""


def read_file(path: str) -> list[Document]:
    """The batches of a file, of stdin for `-`, or of a print that is the argument itself. Raises WceError if it cannot
    be read.
    """
    from wce_cli.inputs import stdin

    if is_typed(path):
        from wce_cli.inputs.text import documents_of_text

        return documents_of_text(path.encode(), "the argument")
    suffix = ".ndjson" if path == STDIN and stdin.holds_lines() else suffix_of(path)
    if suffix in NOT_READ:
        hint = f"save its arrays in one that is: {', '.join(dict.fromkeys((*ARRAY_READERS, *TABLE_READERS)))}"
        raise WceError(Problem(f"{path} is of a format that is not read: {suffix}", hint))
    module, _, function = READERS.get(suffix, OTHERWISE).partition(":")
    read: Callable[[str], list[Document]] = getattr(import_module(module), function)
    return read(path)


def is_typed(path: str) -> bool:
    """Whether what stands in a file's place is a batch itself, `{'logits': …}`, and not the name of a file."""
    if not any(mark in path for mark in "[({=") or os.path.exists(path):
        return False
    from wce_cli.inputs.record import parts_of

    return parts_of(path, fewest=2) is not None


def suffix_of(path: str) -> str:
    """What tells how a file is read: `.json`."""
    return PurePath(path).suffix.lower()


def is_array_file(path: str) -> bool:
    """Whether a file holds arrays or a table, by its name."""
    return suffix_of(path) in {**ARRAY_READERS, **TABLE_READERS}


def is_saved(path: str) -> bool:
    """Whether a file holds saved totals, by its first bytes; `inputs.totals` reads them."""
    if is_array_file(path) or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return SAVED.match(file.read(200)) is not None
    except OSError:
        return False


def read_arrays(path: str) -> Members:
    """The arrays of a file by name, none of their numbers read yet. Raises WceError if it cannot be read."""
    found = ARRAY_READERS.get(PurePath(path).suffix.lower())
    if found is None:
        raise WceError(Problem(f"{path} is no file of arrays by its name", f"known: {', '.join(ARRAY_READERS)}"))
    module, _, function = found.partition(":")
    read: Callable[[str], Members] = getattr(import_module(module), function)
    return read(path)
