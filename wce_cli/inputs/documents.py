"""The fields of one batch as they were read, whatever read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem


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
    parts: int = 1
    """How many arrays follow each other in its fields, along their first axis."""
    notes: tuple[str, ...] = ()
    """What was taken for something else than what stands there, one line each."""
