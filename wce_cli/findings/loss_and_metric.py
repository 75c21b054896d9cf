"""loss-and-metric: one call of one model reports several numbers for the same batch, each by its own rule."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import listed

PAGE = Page(
    code="loss-and-metric",
    severity="note",
    summary="the loss, the metric and the weighted metric of one model are different numbers",
    meaning="Keras reports three numbers that are all called cross-entropy: the loss divides the weighted sum by N, "
    "what stands under metrics= ignores the weights, and what stands under weighted_metrics= divides by their sum. "
    "One model and one call reported them for this batch.",
    why="A metric beside the loss is there to be compared with it, and it never agrees as soon as weights are unequal.",
    example="wce explain samples/two-samples.json --engine keras",
    remedy="put the metric under weighted_metrics=, and give the loss reduction='mean_with_sample_weight'",
    references=("https://github.com/keras-team/keras/issues/19740",),
)


def message(analysis: Analysis) -> str | None:
    """Name the numbers that one call reported, where they are not one."""
    reported: dict[str, list[Measured]] = {}
    for one in analysis.measured:
        asked, colon, _ = one.call.rpartition(": ")
        if colon and one.value is not None:
            reported.setdefault(asked, []).append(one)
    for asked, rows in reported.items():
        told = [
            f"{one.call.rpartition(': ')[2]} {format_number(one.value or 0.0)} ({one.expresses[0].partition('/')[0]})"
            for one in rows
        ]
        if len({format_number(one.value or 0.0, 5) for one in rows}) > 1:
            return f"{asked} of one {rows[0].engine} model reports {listed(told)}"
    return None
