"""one-hot-labels: one-hot rows are probability labels, whose mean torch divides by N.

Without unequal weights both means are the same number; then this is only said where torch refuses the labels.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import weight_sum
from wce_cli.loss.methods import divide

PAGE = Page(
    code="one-hot-labels",
    severity="caution",
    summary="one-hot rows are divided by N, where the same labels as class indices are divided by their weights",
    meaning="PyTorch takes labels in the shape of the scores for probabilities, one-hot or not. For probability labels "
    "reduction='mean' divides by N; for class indices it divides by Σ w[y].",
    why="The same data, weights and model give two losses, and gradients of two sizes, depending on how the labels are "
    "written. With rare classes of large weight the two are far apart.",
    example="wce explain --logits '0.1 0.9; 0 0.1' --labels '1.0 0.0; 0.0 1.0' --weight 0.1,1",
    remedy="use class indices, labels.argmax(1), if the weighted mean is what you want",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://github.com/pytorch/pytorch/issues/107680",
    ),
)

REFUSAL = "PyTorch refuses one-hot rows of integers (expected floating point type)"


def message(analysis: Analysis) -> str | None:
    """Show the mean of these rows and the mean of the same labels as indices."""
    spec = analysis.spec
    if not analysis.facts.one_hot or analysis.totals.n_kept == 0:
        return None
    rows, index = analysis.value("batch-mean"), analysis.value("weighted-mean/sample")
    assert rows is not None
    assert index is not None
    by_index = divide(rows.numerator, index.denominator)
    shown = format_number(rows.value)
    differ = f"the labels are one-hot rows, whose mean is divided by N = {analysis.totals.n}: {shown} (batch-mean)"
    if math.isfinite(rows.numerator):  # 0·∞ is NaN in a row, while an index leaves the other classes out
        if shown == format_number(by_index):
            return REFUSAL if spec.integer_one_hot else None
        divisor = f"{weight_sum(spec)} = {format_number(index.denominator)}"
        differ += (
            f". The same labels as class indices are divided by {divisor}: {format_number(by_index)} (weighted-mean)"
        )
    return f"{REFUSAL}; {differ}" if spec.integer_one_hot else differ
