"""The table people read: the answer, samples, methods, measurements, and what else they must know."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.answers.report import Report
from wce_cli.formats.explain.blocks import Shown, shown
from wce_cli.formats.look import Look
from wce_cli.formats.screen import Screen


def to_table(reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports as text, one below the other, ending in a newline."""
    look = look or Look()
    return "\n".join(_drawn(shown(report, look, titled=len(reports) > 1), look) for report in reports)


def _drawn(parts: Shown, look: Look) -> str:
    screen = Screen(look)
    if parts.title:
        screen.title(parts.title)
        screen.line()
    if parts.sentence:
        screen.prose(parts.sentence)
        screen.line()
    if parts.size:
        screen.prose(parts.size)
        screen.line()
    if parts.classes:
        screen.columns(parts.classes)
    if parts.classes_note:
        screen.prose(parts.classes_note)
    if parts.classes and parts.samples:
        screen.line()
        screen.prose(parts.top_title)
    if parts.samples:
        screen.columns(parts.samples)
    if parts.legend:
        screen.prose(parts.legend, hanging=4)
    if parts.weights:
        screen.prose(parts.weights)
    if (parts.samples or parts.classes) and parts.methods:
        screen.line()
    if parts.methods:
        whole = [*parts.methods, *parts.engines]
        screen.columns(whole if screen.fits([column.shortened() for column in whole]) else parts.methods)
        screen.side_by_side([f"[{mark}] {call}" for mark, call in enumerate(parts.calls, 1)])
    if parts.measured:
        screen.line()
        if screen.fits(parts.measured):
            screen.columns(parts.measured)
        for line in () if screen.fits(parts.measured) else parts.measured_lines:
            screen.prose(line.strip(), indent=len(line) - len(line.lstrip()), hanging=2)
    for remark in parts.remarks:
        screen.prose(remark)
    if parts.findings or parts.unshown:
        screen.line()
    for finding in parts.findings:
        screen.finding(finding.severity, finding.code, finding.message)
    if parts.unshown:
        screen.prose(parts.unshown)
    return str(screen)
