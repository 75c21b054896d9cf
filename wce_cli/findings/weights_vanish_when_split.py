"""weights-vanish-when-split: parts of one sample each divide by the very weight they multiplied with."""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="weights-vanish-when-split",
    severity="caution",
    summary="every part has one kept sample, so the mean of their weighted means is the unweighted mean",
    meaning="A part of one sample has Σ w·ℓ / Σ w = w·ℓ / w = ℓ: its weight cancels. The mean of the parts is then "
    "Σℓ / N, whatever the weights are.",
    why="Training with micro-batches of one, by accumulation or on as many ranks as samples, is training without "
    "class weights: neither the loss nor any gradient depends on them.",
    example="wce split --logits '0.1 0.9; 0 0.1' --labels 0,1 --weight 0.1,1 --size 1",
    remedy="divide Σ w·ℓ of each part by the Σ w of all parts (accumulate or all-reduce it first), or by N",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.parallel.DistributedDataParallel.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Say what the mean of the parts is, and what the weights would make of it."""
    spec, kept = analysis.spec, analysis.kept_by_part
    if kept is None or len(kept) < 2 or any(n != 1 for n in kept):
        return None
    if spec.is_soft or spec.label_smoothing > 0:  # the weights of other classes are in the numerator alone
        return None
    weights = analysis.kept_weights
    if len(weights) < 2 or not all(weight and math.isfinite(weight) for weight in weights):
        return None
    mean, unweighted = analysis.value("weighted-mean"), analysis.value("unweighted-mean")
    assert mean is not None
    assert unweighted is not None
    return (
        f"each of the {len(kept)} parts has one kept sample, whose weight cancels: the mean of the parts' "
        f"weighted-mean is the unweighted mean, {format_number(unweighted.value)}, whatever the weights are; the "
        f"whole batch's is {format_number(mean.value)}"
    )
