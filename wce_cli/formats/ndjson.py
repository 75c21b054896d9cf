"""ndjson: one report a line, each the object that `json` writes, without a blank to spare."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.formats.json import as_text, to_documents
from wce_cli.formats.look import Look
from wce_cli.report import Report


def to_ndjson(reports: Sequence[Report], look: Look | None = None) -> str:
    """One line a report, also where there is only one."""
    look = look or Look()
    return "".join(f"{as_text(document, look)}\n" for document in to_documents(reports, look))


def part(reports: Sequence[Report], look: Look, several: bool) -> str:
    """The lines of some reports of many."""
    return to_ndjson(reports, look)
