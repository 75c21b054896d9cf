"""multi-hot-labels: labels that are rows of 0 and 1, some of them with several 1s: many classes may be right at once.

Rows of integers are refused, as torch refuses them. A row without a 1 beside one-hot ones is
`labels-not-normalised`: it is as likely one that was masked.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import all_of

PAGE = Page(
    code="multi-hot-labels",
    severity="caution",
    summary="labels are rows of 0 and 1 with several 1s: multi-label, whose loss is BCEWithLogitsLoss",
    meaning="Several classes may be right at once: each class is a question of its own, with a sigmoid, and the loss "
    "is binary cross-entropy, whose mean is over N · C elements. Cross-entropy over the classes reads such a row as "
    "shares of one label, and its softmax makes the classes compete.",
    why="PyTorch takes any floating-point rows for probabilities and does not check their sum. A sample with three 1s "
    "has three times the weight, no prediction has a loss of 0, and a class that is wrong is punished only through the "
    "others.",
    example="wce explain --logits '2 1 0; 0 1 2' --labels '1.0 0.0 1.0; 0.0 1.0 1.0'",
    remedy="use BCEWithLogitsLoss; where one class is meant, give it as an index, or rows that sum to 1",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCEWithLogitsLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Count the rows, and show the mean of binary cross-entropy beside that over the classes."""
    spec, n, rows = analysis.spec, analysis.totals.n, analysis.facts.several_ones
    if rows is None or not rows.count or spec.n_classes == 1:
        return None
    if n == 1:
        which = "the label is a row of 0 and 1 with several 1s"
    elif rows.count == n:
        which = f"{all_of(n)} labels are rows of 0 and 1 with several 1s"
    else:
        name = spec.layout.name(rows.first)
        first = f", the first that of sample {name}" if rows.count > 1 else f", that of sample {name}"
        which = f"the labels are rows of 0 and 1, {rows.count} of {n} with several 1s{first}"
    loss = "BCELoss" if spec.scores == "probs" else "BCEWithLogitsLoss"
    told = f"{which}: several classes at once are multi-label, and their loss is {loss}"
    mean, sums = analysis.value("batch-mean"), analysis.facts.as_elements
    assert mean is not None
    if sums is None or spec.label_smoothing > 0:
        return told
    elements = n * spec.n_classes
    value = sums.dot(spec.class_weight) / elements
    if not (math.isfinite(value) and math.isfinite(mean.value)):
        return told
    return (
        f"{told}, whose mean over N · C = {elements} elements is {format_number(value)}. batch-mean over the classes "
        f"is {format_number(mean.value)}"
    )
