"""negative-weight: a weight below 0 rewards a loss instead of punishing it.

A class without a kept sample has no part in index labels; `absent-class-weight` names it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number, format_weight
from wce_cli.findings.page import Page
from wce_cli.findings.words import class_name, weight_sum

PAGE = Page(
    code="negative-weight",
    severity="caution",
    summary="a weight is below 0: it turns its samples' losses into gains, and D can come near 0",
    meaning="A term is w·ℓ. With w < 0 the term falls as the prediction gets worse, and Σ w[y] adds weights of both "
    "signs, so that it can be small, 0 or negative while the numerator is not.",
    why="PyTorch accepts any number as a weight. Training drives such samples towards the largest loss there is, and "
    "weighted-mean can be huge, or change its sign, from one batch to the next.",
    example="wce explain --logits '0.1 0.9; 0 0.1; 1 0' --labels 0,1,0 --weight -0.5,2",
    remedy="use weights of 0 or more; 0 leaves a class out",
    references=(
        "https://github.com/pytorch/pytorch/issues/31295",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Name the weights below 0 and show the denominator that they are in."""
    spec, totals = analysis.spec, analysis.totals
    by_label = not spec.is_soft and spec.label_smoothing == 0
    if by_label and not any(weight < 0 for weight in analysis.kept_weights):  # s·w may be above 0 again
        return None
    told = []
    has_part = _classes_with_a_part(analysis)
    classes = [c for c, w in enumerate(analysis.class_weight) if w < 0 and has_part[c]]
    if classes and totals.n_kept:
        more = f" (and {len(classes) - 1} more below 0)" if len(classes) > 1 else ""
        first = format_weight(analysis.class_weight[classes[0]])
        told.append(f"{class_name(spec, classes[0])} weighs {first}{more}")
    smallest = float(analysis.facts.s[0].min(initial=np.inf))
    if smallest < 0:
        told.append(f"the smallest sample weight is {format_weight(smallest)}")
    if not told:
        return None
    mean, sums = analysis.value("weighted-mean"), analysis.value("sum")
    assert sums is not None
    effect = f"a weight below 0 lowers the sum, {format_number(sums.value)} here, the larger the loss is"
    if mean is not None and any(weight < 0 for weight in analysis.kept_weights):
        effect += f", and D = {weight_sum(spec)} = {format_weight(mean.denominator)} holds it with its sign"
    return f"{' and '.join(told)}: {effect}"


def _classes_with_a_part(analysis: Analysis) -> Sequence[float]:
    """By class something other than 0 where its weight has a part in a term: as a label, a share of one, or of all."""
    every = analysis.totals.every
    if analysis.spec.label_smoothing > 0:
        return [1.0] * analysis.spec.n_classes
    return analysis.count if every is None or every.soft is None else every.soft.s_q.values().tolist()
