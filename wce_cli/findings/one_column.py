"""one-column: scores with one column, and labels or scores that are those of binary cross-entropy.

One column of logits with index labels, all of them 0, is `one-class`.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="one-column",
    severity="error",
    summary="scores with one column are the layout of binary cross-entropy, which wce does not cover yet",
    meaning="Binary cross-entropy reads one column: p = sigmoid(x), −y·log p − (1 − y)·log(1 − p). Read as the scores "
    "of one class, logits always have the loss 0, and probabilities −y·log p alone, which is 0 wherever y = 0.",
    why="PyTorch's BCEWithLogitsLoss divides by the number of elements, its weights never are in the denominator, and "
    "its pos_weight multiplies only the part −y·log p. None of the methods here is that number.",
    example="wce explain --logits '0.3; -1.2' --labels '1.0; 0.0'",
    remedy="use BCEWithLogitsLoss, or write the second column: the logits '0 x' have the softmax (1 − sigmoid(x), "
    "sigmoid(x)), and pos_weight is then the weight of class 1 with batch-mean",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCEWithLogitsLoss.html",
        "https://github.com/pytorch/pytorch/issues/54843",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Show what the one column gives here, and what binary cross-entropy would do with it."""
    spec, totals = analysis.spec, analysis.totals
    if spec.n_classes != 1 or totals.n_kept == 0 or (spec.scores == "logits" and not spec.is_soft):
        return None
    sums = analysis.value("sum")
    assert sums is not None
    sigmoid = "p = sigmoid(x), " if spec.scores == "logits" else ""
    return (
        f"the scores have one column, read as one class (sum is {format_number(sums.value)}). Binary cross-entropy, "
        f"which wce does not cover yet, is {sigmoid}−y·log p − (1 − y)·log(1 − p) divided by the number of elements"
    )
