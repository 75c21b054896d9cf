"""weight-cancels: weighted-mean divides by the very weight it multiplied with.

Not said of a loss of 0, which no method shows a weight in.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number, format_weight
from wce_cli.findings.page import Page
from wce_cli.findings.words import all_of

PAGE = Page(
    code="weight-cancels",
    severity="caution",
    summary="all kept samples weigh the same, so weighted-mean cannot see the weight",
    meaning="Σ w·ℓ / Σ w with one distinct weight is w·Σℓ / (w·N) = Σℓ / N: the weight is in the numerator and in "
    "the denominator, and cancels. A batch of one sample, or of one class, always does this.",
    why="With batches of one (or micro-batches of one under gradient accumulation) class weights have no effect "
    "on training at all: neither the loss nor its gradient changes.",
    example="wce explain --logits '0.1 0.9' --labels 0 --weight 0.1,1",
    remedy="divide by N instead, cross_entropy(…, reduction='none').mean(), or use batches that mix classes",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://github.com/pytorch/pytorch/issues/8062",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Say which weight cancels, and what batch-mean makes of it."""
    spec, totals = analysis.spec, analysis.totals
    if spec.is_soft or (spec.weight is None and not spec.has_sample_weight):
        return None
    if spec.label_smoothing > 0 and len(set(analysis.class_weight)) > 1:
        return None  # smoothing brings the weights of the other classes into the numerator alone
    if len(analysis.kept_weights) != 1:  # none where nothing is kept, or every sample weight is nan
        return None
    (weight,) = analysis.kept_weights
    if weight == 0 or not math.isfinite(weight):
        return None
    if weight == 1 and set(analysis.class_weight) == {1} and len(analysis.present) > 1:
        return None  # weights of 1 all over are no weights
    mean, batch = analysis.value("weighted-mean"), analysis.value("batch-mean")
    assert mean is not None
    assert batch is not None
    if batch.value == 0:
        return None
    plain = analysis.value("unweighted-mean")
    if plain is not None and math.isfinite(plain.value) and not math.isfinite(mean.value):
        return None  # a weight that is nan, or overflows
    who = "the only kept sample weighs" if totals.n_kept == 1 else f"{all_of(totals.n_kept)} kept samples weigh"
    several = len(analysis.present) > 1 or spec.has_sample_weight  # weights that may be the same by chance
    told = (
        f"{who} {format_weight(weight)}, and weighted-mean divides by the same weight: it is "
        f"{format_number(mean.value)} whatever that weight is, unless it is 0"
    )
    if several and totals.n_kept > 1:
        told += ", as long as it is one weight for all of them"
    shown = format_number(batch.value)
    if weight == 1 or shown == format_number(mean.value):  # N kept may be N times the weight
        return f"{told}. batch-mean would change with it"
    return f"{told}. batch-mean sees it: {shown}"
