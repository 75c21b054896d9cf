"""probs-as-log-probs: what is given for log-probabilities are probabilities, so that −p is taken for −log p."""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.loss.methods import divide

PAGE = Page(
    code="probs-as-log-probs",
    severity="caution",
    summary="every row of the log-probabilities lies in [0, 1] and sums to 1: −p is taken for −log p",
    meaning="A log-probability is at most 0. Rows from 0 to 1 that sum to 1 are the output of a softmax, and NLLLoss "
    "takes minus the one of the label for its loss.",
    why="The loss lies between −1 and 0. The worst prediction costs 0 instead of inf, and next to nothing pulls at it: "
    "the gradient of −p is p times that of −log p. None of it can be compared with a cross-entropy.",
    example="wce explain --log-probs '0.7 0.2 0.1; 0.1 0.8 0.1' --labels 0,1",
    remedy="use log_softmax instead of softmax before NLLLoss, or CrossEntropyLoss without either; give wce such rows "
    "as --probs",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.log_softmax.html",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Show the mean by both readings."""
    spec, totals, as_probs = analysis.spec, analysis.totals, analysis.facts.as_probs
    if spec.scores != "log_probs" or as_probs is None or totals.n_kept == 0:
        return None
    value = analysis.value("batch-mean" if spec.is_soft else "weighted-mean")
    assert value is not None
    rows = "the only row lies" if totals.n_kept == 1 else "every row lies"
    told = (
        f"{rows} in [0, 1] and sums to 1, as after a softmax, so that −p is taken for −log p: {value.method} is "
        f"{format_number(value.value)}"
    )
    if spec.label_smoothing > 0:  # Σ a[c] of the other reading is not kept
        return told
    read = divide(as_probs.dot(spec.class_weight, None if spec.is_soft else totals.count > 0), value.denominator)
    if not math.isfinite(read):
        return told
    return f"{told}, and {format_number(read)} with the same rows read as probabilities (--probs)"
