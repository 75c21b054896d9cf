"""What the reader must know and did not ask: one rule a file, each `Analysis → message or nothing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wce_cli.findings import (
    float32_differs,
    ignored_samples,
    measured_differs,
    methods_coincide,
    weight_cancels,
    zero_denominator,
)
from wce_cli.findings.page import Page
from wce_cli.report import Analysis, Finding

if TYPE_CHECKING:
    Rule = tuple[Page, Callable[[Analysis], str | None]]

FINDINGS: dict[str, Rule] = {
    rule.PAGE.code: (rule.PAGE, rule.message)
    for rule in (
        zero_denominator,
        weight_cancels,
        measured_differs,
        ignored_samples,
        float32_differs,
        methods_coincide,
    )
}
"""The rules by code, in the order their findings are shown."""


def find(analysis: Analysis) -> tuple[Finding, ...]:
    """Every finding of an analysis."""
    found = []
    for page, rule in FINDINGS.values():
        message = rule(analysis)
        if message is not None:
            found.append(Finding(page.code, page.severity, message, page.remedy))
    return tuple(found)
