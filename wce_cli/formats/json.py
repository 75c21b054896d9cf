"""JSON: the report's own fields, one object, or a list of them for a document of several batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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
        else replace(report, methods=shown_methods(report, look))
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
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    class Schema(GenerateJsonSchema):
        def float_schema(self, schema: Any) -> dict[str, Any]:
            return NUMBER_SCHEMA

    report = TypeAdapter(Report).json_schema(
        mode="serialization", schema_generator=Schema, ref_template="#/$defs/{model}"
    )
    parts = report.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "anyOf": [{"$ref": "#/$defs/Report"}, {"type": "array", "items": {"$ref": "#/$defs/Report"}}],
        "$defs": {"Report": report, **parts},
    }
