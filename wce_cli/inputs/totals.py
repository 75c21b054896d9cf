"""Saved totals: what `--totals-out` wrote of a part, read back."""

from __future__ import annotations

import json

from wce_cli.inputs.json import decoded, read_bytes
from wce_cli.loss.encoded import to_json
from wce_cli.loss.saved import Saved, saved_of


def read_saved(path: str) -> Saved:
    """The part in a file. Raises WceError if it is broken, or of another format."""
    return saved_of(decoded(read_bytes(path), path), path)


def as_text(saved: Saved) -> str:
    """The JSON document of a part, on one line."""
    return json.dumps(to_json(saved), allow_nan=False, separators=(",", ":")) + "\n"
