"""Saved totals: what `--totals-out` wrote of a part, read back."""

from __future__ import annotations

import json

from wce_cli.inputs.decoded import decoded
from wce_cli.inputs.json import read_bytes
from wce_cli.saved.document import document_of, saved_of
from wce_cli.saved.part import Saved


def read_saved(path: str) -> Saved:
    """The part in a file. Raises WceError if it is broken, or of another format."""
    return saved_of(decoded(read_bytes(path), path), path)


def as_text(saved: Saved) -> str:
    """The JSON document of a part, on one line."""
    return json.dumps(document_of(saved), allow_nan=False, separators=(",", ":")) + "\n"
