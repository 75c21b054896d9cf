"""Saved totals: what `--totals-out` wrote of a part, read back."""

from __future__ import annotations

import json
from typing import Any

from wce_cli.inputs.decoded import decoded
from wce_cli.inputs.json import read_bytes
from wce_cli.saved.encoded import schema_of, to_json
from wce_cli.saved.part import FORMAT, Saved
from wce_cli.saved.reading import saved_of


def read_saved(path: str) -> Saved:
    """The part in a file. Raises WceError if it is broken, or of another format."""
    return saved_of(decoded(read_bytes(path), path), path)


def as_text(saved: Saved) -> str:
    """The JSON document of a part, on one line."""
    return json.dumps(to_json(saved), allow_nan=False, separators=(",", ":")) + "\n"


def totals_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `--totals-out` writes, made from the types."""
    parts: dict[str, Any] = {}
    described = schema_of(Saved, parts)
    parts["Saved"]["properties"]["format"] = {"const": FORMAT}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        **described,
        "$defs": parts,
    }
