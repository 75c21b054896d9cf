"""JSON: the report's own fields, one object, or a list of them for a document of several batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from wce_cli.formats.cells import shown_methods
from wce_cli.formats.look import Look
from wce_cli.report import Report


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
