"""What people hand over: files by suffix, one file a format, and values typed on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.documents import Document
from wce_cli.inputs.suffixes import (
    ARRAY_READERS,
    NOT_READ,
    OTHERWISE,
    READERS,
    STDIN,
    TABLE_READERS,
    is_array_file,
    suffix_of,
)

if TYPE_CHECKING:
    from wce_cli.inputs.stored import Members


SAVED = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"wce\.totals/')
"""How saved totals begin, whoever has laid out their lines."""


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
