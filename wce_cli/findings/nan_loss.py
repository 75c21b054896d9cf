"""nan-loss: a kept sample has no softmax, and its loss makes every sum nan.

Infinite weights and 0 · ∞ are another matter, which the sentence names: a row's own loss is a number there.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.findings.page import Page

PAGE = Page(
    code="nan-loss",
    severity="error",
    summary="a kept sample has the loss nan, which makes every method nan",
    meaning="softmax is not defined for a row of logits that holds nan or inf, or nothing but -inf: inf − inf is nan. "
    "One such loss makes the sum nan, and with it every mean, whatever it is divided by.",
    why="After one step on a loss of nan every parameter is nan. What made the row so (a division by 0, an overflow in "
    "float16, a mask over all classes) lies before the loss.",
    example="wce explain --logits 'inf 0; 1 2' --labels 0,1",
    remedy="look at the row that is named, and at what computes it: torch.autograd.detect_anomaly finds the operation",
    references=(
        "https://docs.pytorch.org/docs/2.13/autograd.html#anomaly-detection",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.log_softmax.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Count the samples whose loss is NaN, and name the first."""
    spec = analysis.spec
    rows = analysis.facts.nan_under(spec.label_smoothing)
    if not rows.count:
        return None
    held = {
        "logits": "nan or inf stands in its logits, or nothing but -inf",
        "probs": "nan stands in its probabilities",
        "log_probs": "nan or inf stands in its log-probabilities",
    }[spec.scores]
    if spec.is_soft:
        held += ", or nan or inf in its label, or its label gives 0 to a class without a chance, 0 · inf"
    first = spec.layout.name(rows.first)
    if rows.count == 1:
        return f"the loss of sample {first} is nan, and so is every method that counts it: {held}"
    return f"the losses of {rows.count} samples are nan, and so is every method; of the first, sample {first}: {held}"
