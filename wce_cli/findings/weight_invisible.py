"""weight-invisible: the classes whose weight is not 1 have next to no loss, so that the sum cannot see it.

Of index labels without smoothing. A class of weight 0 is `zero-weight-class`, and one weight all over is
`weight-cancels`.
"""

from __future__ import annotations

import math

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number, format_weight
from wce_cli.findings.page import Page
from wce_cli.findings.words import class_name, weight_sum
from wce_cli.loss.methods import loss_values

PAGE = Page(
    code="weight-invisible",
    severity="caution",
    summary="the class with another weight has almost no loss, so sum and batch-mean are the same without weights",
    meaning="A weight multiplies a loss. Where the samples of that class are predicted almost perfectly their losses "
    "are almost 0, and so is whatever they are multiplied by. Only the denominator Σ w[y] still holds the weight.",
    why="Printing sum or batch-mean with and without weights gives the same digits, which looks as if the weights were "
    "not used. weighted-mean changes, and with it the gradient of every other sample.",
    example="wce explain --logits '30 0; 2 1; 1 0' --labels 0,1,1 --weight 5,1",
    remedy="look at Σ w[y] and at weighted-mean, or at a batch where that class has a loss",
    references=(
        "https://github.com/pytorch/pytorch/issues/8062",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
)

INVISIBLE = 1e-5
"""The part of the sum that the weights may move without showing in six digits."""


def message(analysis: Analysis) -> str | None:
    """Name the class whose weight moves the denominator most, and show what it changes and what not."""
    spec, totals, weight = analysis.spec, analysis.totals, analysis.class_weight
    odd = [c for c in analysis.present if weight[c] != 1]
    if spec.is_soft or spec.label_smoothing > 0 or not odd or any(weight[c] == 0 for c in odd):
        return None
    sums, unweighted = analysis.value("sum"), analysis.value("unweighted-mean")
    assert sums is not None
    assert unweighted is not None
    loss = unweighted.numerator
    if not spec.has_sample_weight and abs(sums.value - loss) > 2 * INVISIBLE * abs(loss):  # what is moved is no less
        return None
    s_loss = totals.s_loss.values().tolist()
    moved = sum(abs((weight[c] - 1) * s_loss[c]) for c in odd)
    if moved > 2 * INVISIBLE * sum(abs(s_loss[c]) for c in analysis.present):  # most batches end here
        return None
    plain = {value.pair: value for value in loss_values(totals, np.ones(spec.n_classes))}
    batch, mean = analysis.value("batch-mean"), analysis.value("weighted-mean")
    assert batch is not None
    assert mean is not None
    bare, bare_mean = plain["sum/class"].value, plain["weighted-mean/class"]
    if bare == 0 or not math.isfinite(bare) or not moved <= INVISIBLE * abs(bare):
        return None
    same = format_number(sums.value) == format_number(bare)
    if not same or format_number(mean.denominator) == format_number(bare_mean.denominator):
        return None
    s = totals.s.values().tolist()
    c = max(odd, key=lambda c: abs((weight[c] - 1) * s[c]))
    more = f" (likewise {len(odd) - 1} more)" if len(odd) > 1 else ""
    count = analysis.count[c]
    samples = "its only kept sample has" if count == 1 else f"its {count} kept samples have"
    return (
        f"{class_name(spec, c)} weighs {format_weight(weight[c])}, but {samples} Σℓ = "
        f"{format_number(float(totals.loss.values()[c]))}{more}: sum is {format_number(sums.value)} and batch-mean "
        f"{format_number(batch.value)} with the weights and without. Only {weight_sum(spec)} changes, from "
        f"{format_number(bare_mean.denominator)} to {format_number(mean.denominator)}, and weighted-mean from "
        f"{format_number(bare_mean.value)} to {format_number(mean.value)}"
    )
