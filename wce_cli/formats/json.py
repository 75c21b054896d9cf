"""JSON: the report's own fields, one object, or a list of them for a document of several batches."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from wce_cli.answers.report import SCHEMA, Report
from wce_cli.digits import floats_as_written
from wce_cli.formats.cells import all_methods
from wce_cli.formats.look import Look
from wce_cli.literal import MARK

LISTED = 10_000
"""A batch of up to this many samples lists them all; above that its classes and largest terms speak for it."""
UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    rf"|{MARK.pattern}"
)
"""What JSON lets pass as it is, but ends a line, moves a cursor, is not seen, turns text around, has no UTF-8, or is
taken for a command in a log."""


def to_json(reports: Sequence[Report], look: Look | None = None) -> str:
    """One object, or a list of them; numbers as `repr` has them, NaN and ±∞ as strings."""
    documents = to_documents(reports, look or Look())
    return as_text(documents[0] if len(documents) == 1 else documents, look or Look(), indent=2) + "\n"


def to_documents(reports: Sequence[Report], look: Look) -> list[dict[str, Any]]:
    """Each report as a dictionary: all findings; all pairs and terms unless fewer are asked for."""
    return [as_asked(report, look).to_dict() for report in reports]


def as_asked(report: Report, look: Look) -> Report:
    """A report with the terms and pairs that are to be written."""
    listed = look.rows is not None or report.terms_total <= LISTED
    terms = report.terms[: look.rows] if listed else ()
    if len(terms) == report.terms_shown == len(report.terms) and look.methods is None:
        return report
    return structs.replace(report, terms=terms, terms_shown=len(terms), methods=all_methods(report, look))


def as_text(document: Any, look: Look, indent: int | None = None) -> str:
    """Strict JSON; on one line without `indent`."""
    separators = None if indent else (",", ":")
    text = json.dumps(document, indent=indent, separators=separators, allow_nan=False, ensure_ascii=look.ascii)
    return seen(text)


def seen(text: str) -> str:
    """JSON with everything in it that cannot be seen written as its code."""
    return UNSEEN.sub(lambda match: "".join(f"\\u{unit:04x}" for unit in _units(match[0])), text)


def _units(character: str) -> tuple[int, ...]:
    """Its numbers in UTF-16, which JSON escapes by: two beyond U+FFFF."""
    content = character.encode("utf-16-be", "surrogatepass")
    return struct.unpack(f">{len(content) // 2}H", content)


def report_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `to_json` writes: a report, or a list of reports."""
    return schema_of(Report, SCHEMA)


def schema_of(answer: type[Struct], title: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of an answer or a list of them, made from its types."""
    _, parts = msgspec.json.schema_components([answer], ref_template="#/$defs/{name}")
    one = {"$ref": f"#/$defs/{answer.__name__}"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "anyOf": [one, {"type": "array", "items": one}],
        "$defs": floats_as_written(parts),
    }
