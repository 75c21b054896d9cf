"""What people hand over: files by suffix, one file a format, and values typed on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem

STDIN = "-"
READERS = {".json": "wce_cli.inputs.json:read_json"}
"""The readers by suffix, each `path → documents`, imported when one is used; without a suffix, JSON."""


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


def read_file(path: str) -> list[Document]:
    """The batches of a file, or of stdin for `-`. Raises WceError if it cannot be read."""
    module, _, function = READERS.get(PurePath(path).suffix.lower(), READERS[".json"]).partition(":")
    read: Callable[[str], list[Document]] = getattr(import_module(module), function)
    return read(path)
