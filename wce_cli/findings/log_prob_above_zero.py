"""log-prob-above-zero: a log-probability above 0 is that of a probability above 1."""

from __future__ import annotations

import math

from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import counted_rows
from wce_cli.report import Analysis

PAGE = Page(
    code="log-prob-above-zero",
    severity="error",
    summary="a log-probability is above 0, so its probability would be above 1: these may be logits",
    meaning="log p is at most 0. NLLLoss and wce take what they are given for log p, do not look, and do not divide by "
    "the sum of the row: a number above 0 becomes a loss below 0.",
    why="The loss has no lower end then: training makes the scores of the labels larger and larger, and the loss falls "
    "without end while the model learns nothing.",
    example="wce explain --log-probs '2.1 0.3; -0.4 1.2' --labels 0,1",
    remedy="give scores before the softmax as --logits; in PyTorch use log_softmax before NLLLoss, or CrossEntropyLoss",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.log_softmax.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Count the samples, show the largest log-probability, the probability that it would be, and the loss."""
    rows, largest = analysis.facts.above_one, -analysis.facts.smallest_a
    if not rows.count:
        return None
    whose = (
        "log-probability of a class"
        if analysis.spec.is_soft or analysis.spec.label_smoothing
        else "label's log-probability"
    )
    p = format_number(math.exp(largest)) if largest < 700 else "beyond all numbers"
    sums = analysis.value("sum")
    assert sums is not None
    return (
        f"the {whose} is above 0 in {counted_rows(rows)}; the largest is {format_number(largest)}, which would be a "
        f"probability of {p}: it lowers the sum, {format_number(sums.value)} here. Are these logits?"
    )
