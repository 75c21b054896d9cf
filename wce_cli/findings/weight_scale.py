"""weight-scale: the weights are far from 1 on average, which batch-mean and sum show and weighted-mean does not.

Where all kept samples weigh the same, `weight-cancels` says so; where weights of 0 alone make the average small,
`zero-weight-class` does; with weights below 0 an average says nothing, and `negative-weight` speaks.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="weight-scale",
    severity="note",
    summary="the kept samples weigh far from 1 on average, which scales batch-mean and sum but not weighted-mean",
    meaning="Multiplying every weight by k multiplies the numerator by k. weighted-mean divides by Σ w[y], which is k "
    "times as large too; batch-mean and sum do not.",
    why="With batch-mean or sum, the scale of the weights scales the gradient, like a learning rate. Moving weights "
    "from one framework to another can change a training run by that factor, with the same classes favoured.",
    example="wce explain --logits '0.1 0.9; 0 0.1; 1 0' --labels 0,1,0 --weight 10,40",
    remedy="divide the weights by their average over the samples if the loss should keep its size",
    references=(
        "https://github.com/pytorch/pytorch/issues/8062",
        "https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html",
    ),
)

ORDINARY = (0.5, 2.0)
"""The average weights that are not worth a word."""


def message(analysis: Analysis) -> str | None:
    """Show the average weight, and what it makes of batch-mean and sum."""
    totals, weights = analysis.totals, analysis.kept_weights
    if len(weights) < 2 or any(weight < 0 for weight in weights):
        return None
    mean = analysis.value("weighted-mean")
    if mean is None:
        return None
    counted = analysis.value("nonzero-mean")
    assert counted is not None
    if counted.denominator == 0 or not math.isfinite(mean.value):
        return None
    average, without_zeros = mean.denominator / totals.n_kept, mean.denominator / counted.denominator
    if any(ORDINARY[0] <= scale <= ORDINARY[1] for scale in (average, without_zeros)):
        return None
    return (
        f"the {totals.n_kept} kept samples weigh {format_number(average)} on average: batch-mean and sum are that many "
        "times what they would be with the same weights scaled to an average of 1; weighted-mean would be the same"
    )
