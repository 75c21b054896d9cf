"""probabilities-as-logits: the logits already are probabilities, and softmax is applied to them again.

One row of two numbers says too little: 0.1 and 0.9 may well be logits. So it takes two rows, or three classes.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.loss.methods import divide

PAGE = Page(
    code="probabilities-as-logits",
    severity="caution",
    summary="every row of the logits lies in [0, 1] and sums to 1: softmax would be applied twice",
    meaning="cross_entropy takes scores before the softmax and applies log_softmax itself. Rows that lie in [0, 1] "
    "and sum to 1 are almost always the output of a softmax, which is then squeezed through another one.",
    why="Scores between 0 and 1 cannot say much: even a perfect prediction keeps a loss of log(e + C − 1) − 1, which "
    "is 0.313262 for 2 classes and 0.551445 for 3. Training runs, slowly, and stops far from 0.",
    example="wce explain --logits '0.7 0.2 0.1; 0.1 0.8 0.1' --labels 0,1",
    remedy="give cross_entropy the scores before the softmax; give wce such rows as --probs",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://github.com/pytorch/pytorch/issues/25571",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Show the floor under every loss, and the mean that torch takes, by both readings."""
    spec, totals, as_probs = analysis.spec, analysis.totals, analysis.facts.as_probs
    if spec.scores != "logits" or as_probs is None or totals.n_kept * (spec.n_classes - 1) < 2:
        return None
    value = analysis.value("batch-mean" if spec.is_soft else "weighted-mean")
    assert value is not None
    floor = math.log(math.e + spec.n_classes - 1) - 1
    told = (
        "every row of the logits lies in [0, 1] and sums to 1, as after a softmax, and the loss applies another one: "
        f"−log p cannot be below {format_number(floor)}. {value.method} is {format_number(value.value)}"
    )
    if spec.label_smoothing > 0:  # Σ a[c] of the other reading is not kept
        return told
    read = divide(as_probs.dot(spec.class_weight, None if spec.is_soft else totals.count > 0), value.denominator)
    return f"{told}, and {format_number(read)} with the same rows read as probabilities (--probs)"
