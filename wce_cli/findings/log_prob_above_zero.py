"""log-prob-above-zero: a log-probability above 0 is that of a probability above 1.

Rows that are probabilities themselves are `probs-as-log-probs`.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import mean_of_divided

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
    is_doubt=True,
)

HALF_PRECISION_EXCESS = 1e-3
"""How far above 0 a log-probability in half precision may be for want of digits."""


def message(analysis: Analysis) -> str | None:
    """Show the largest log-probability, the probability that it would be, and the loss."""
    largest = -analysis.facts.smallest_a
    if analysis.spec.scores != "log_probs" or not largest > HALF_PRECISION_EXCESS or not analysis.totals.n_kept:
        return None
    if analysis.facts.as_probs is not None:
        return None
    whose = "log-probability" if analysis.spec.is_soft or analysis.spec.label_smoothing else "label's log-probability"
    p = format_number(math.exp(largest)) if largest < 700 else "more than float64 holds"
    sums = analysis.value("sum")
    assert sums is not None
    lowers = "" if math.isnan(sums.value) else f": it lowers the sum, {format_number(sums.value)} here"
    mean, divided = mean_of_divided(analysis)
    told = (
        f"the largest {whose} is {format_number(largest)}, which would be a probability of {p}{lowers}. Are these "
        "logits?"
    )
    if divided is None or not math.isfinite(divided):
        return told
    return f"{told} Read so, {mean.method} is {format_number(divided)} (--logits)"
