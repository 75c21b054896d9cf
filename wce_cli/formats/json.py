"""JSON: the report's own fields, one object, or a list of them for a document of several batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from wce_cli.digits import NUMBER_SCHEMA
from wce_cli.formats.cells import shown_methods
from wce_cli.formats.look import Look
from wce_cli.report import SCHEMA, Report


def to_json(reports: Sequence[Report], look: Look | None = None) -> str:
    """Numbers as `repr` has them, all pairs unless methods are asked for; NaN and ±∞ as strings."""
    look = look or Look()
    chosen = [
        report
        if look.methods is None or "all" in look.methods
        else structs.replace(report, methods=shown_methods(report, look))
        for report in reports
    ]
    document = [report.to_dict() for report in chosen]
    return (
        json.dumps(
            document[0] if len(document) == 1 else document,
            indent=2,
            allow_nan=False,
            ensure_ascii=look.ascii,
        )
        + "\n"
    )


def report_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `to_json` writes, made from the types: a report, or a list of reports."""
    _, parts = msgspec.json.schema_components([Report], ref_template="#/$defs/{name}")
    report = {"$ref": "#/$defs/Report"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "anyOf": [report, {"type": "array", "items": report}],
        "$defs": _floats_as_we_write_them(parts),
    }


def _floats_as_we_write_them(schema: Any) -> Any:
    """Let every number of a schema also be one of the strings that stand for NaN and ±∞."""
    if isinstance(schema, dict):
        if schema == {"type": "number"}:
            return NUMBER_SCHEMA
        return {key: _floats_as_we_write_them(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_floats_as_we_write_them(value) for value in schema]
    return schema
