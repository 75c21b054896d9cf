"""weight-invisible: the classes whose weight is not 1 have next to no loss, so that the sum cannot see it.

Of index labels without smoothing. A class of weight 0 is `zero-weight-class`, and one weight all over is
`weight-cancels`.
"""

from __future__ import annotations

import math

import numpy as np

from wce_cli.digits import format_number, format_weight
from wce_cli.findings.page import Page
from wce_cli.findings.words import class_name, weight_sum
from wce_cli.loss.methods import loss_values
from wce_cli.report import Analysis

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
    spec, totals = analysis.spec, analysis.totals
    weight, present = spec.class_weight, totals.count > 0
    odd = present & (weight != 1)
    if spec.is_soft or spec.label_smoothing > 0 or not odd.any() or (weight[odd] == 0).any():
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        moved = float(np.abs((weight - 1)[odd] * totals.s_loss.values()[odd]).sum())
        if moved > 2 * INVISIBLE * float(np.abs(totals.s_loss.values()[present]).sum()):  # most batches end here
            return None
    plain = {value.pair: value for value in loss_values(totals, np.ones(spec.n_classes))}
    sums, batch, mean = (analysis.value(method) for method in ("sum", "batch-mean", "weighted-mean"))
    assert sums is not None
    assert batch is not None
    assert mean is not None
    bare, bare_mean = plain["sum/class"].value, plain["weighted-mean/class"]
    with np.errstate(invalid="ignore", over="ignore"):
        grown = np.where(odd, np.abs((weight - 1) * totals.s.values()), -1.0)
    if bare == 0 or not math.isfinite(bare) or not moved <= INVISIBLE * abs(bare):
        return None
    same = format_number(sums.value) == format_number(bare)
    if not same or format_number(mean.denominator) == format_number(bare_mean.denominator):
        return None
    c = int(grown.argmax())
    more = f" (likewise {int(odd.sum()) - 1} more)" if odd.sum() > 1 else ""
    samples = "its only kept sample has" if totals.count[c] == 1 else f"its {totals.count[c]} kept samples have"
    return (
        f"{class_name(spec, c)} weighs {format_weight(float(weight[c]))}, but {samples} Σℓ = "
        f"{format_number(float(totals.loss.values()[c]))}{more}: sum is {format_number(sums.value)} and batch-mean "
        f"{format_number(batch.value)} with the weights and without. Only {weight_sum(spec)} changes, from "
        f"{format_number(bare_mean.denominator)} to {format_number(mean.denominator)}, and weighted-mean from "
        f"{format_number(bare_mean.value)} to {format_number(mean.value)}"
    )
