"""smoothing-onto-masked: label smoothing, or a probability label, gives a share to a class that has no chance."""

from __future__ import annotations

import math

from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.report import Analysis

PAGE = Page(
    code="smoothing-onto-masked",
    severity="error",
    summary="smoothing or a probability label gives a share to a class whose logit is -inf: the loss is infinite",
    meaning="With label smoothing every class has a share ε/C of each label, also one that is masked with -inf (or has "
    "the probability 0): ε/C · inf is inf. A probability label does the same for every class with a share above 0.",
    why="Masking classes and smoothing labels are both common, and together they make every loss infinite. A large "
    "finite mask such as -1e4 hides it: the loss is then finite and thousands of times too large.",
    example="wce explain --logits '1 2 -inf; 2 0 1' --labels 0,1 --label-smoothing 0.1",
    remedy="smooth over the classes that are not masked, or set the label's share of masked classes to 0",
    references=("https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",),
)


def message(analysis: Analysis) -> str | None:
    """Say what shares the samples of infinite loss have, and what becomes of the sum."""
    spec, facts = analysis.spec, analysis.facts
    sums = analysis.value("unweighted-mean")
    assert sums is not None
    if not (spec.is_soft or spec.label_smoothing > 0) or facts.nan.count or facts.masked.count:
        return None
    if sums.numerator != math.inf:
        return None
    share = (
        f"label smoothing {format_number(spec.label_smoothing)} gives every class a share of "
        f"{format_number(spec.label_smoothing / spec.n_classes)}"
        if spec.label_smoothing > 0
        else "the probability labels give a share"
    )
    where = "one has no chance (-inf)" if spec.label_smoothing > 0 else "to a class that has no chance (-inf)"
    joined = f"{share}, and {where}" if spec.label_smoothing > 0 else f"{share} {where}"
    first = f", sample {facts.infinite.first} is the first" if facts.infinite.count else ""
    return f"{joined}: the loss is inf{first}"
