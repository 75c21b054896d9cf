"""absent-class-weight: a weight was given to a class that no kept sample has.

Of index labels without smoothing: in the others every weight has a part. Said where the weights tell classes
apart, of those that weigh other than 1, for which someone chose a number; and not of a vocabulary, most of which
is absent from every batch.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_weight
from wce_cli.findings.page import Page
from wce_cli.findings.words import CLASSES_NAMED, class_names, listed

PAGE = Page(
    code="absent-class-weight",
    severity="note",
    summary="a class with a weight of its own has no kept sample: its weight changes nothing here",
    meaning="An index label reads one weight, that of its own class. The weight of a class that no kept sample has is "
    "in no term and in no denominator.",
    why="Changing such a weight and seeing the same loss does not mean that weights do not work. In small batches rare "
    "classes, the very ones that weigh most, are often absent.",
    example="wce explain --logits '2 1 0; 0 1 2; 1 1 1' --labels 0,1,0 --weight 1,2,5",
    remedy="use a batch that has the class, or larger batches, to see what its weight does",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://discuss.pytorch.org/t/weight-in-cross-entropy-loss/78256",
    ),
)

MANY_ABSENT = 20
"""With more absent classes than this, that they are absent is no news."""


def message(analysis: Analysis) -> str | None:
    """Name the first of these classes and their weights."""
    spec, weight = analysis.spec, analysis.class_weight
    if spec.is_soft or spec.label_smoothing > 0 or analysis.totals.n_kept == 0 or len(set(weight)) == 1:
        return None
    absent = [c for c, count in enumerate(analysis.count) if count == 0 and weight[c] != 1]
    if not 0 < len(absent) <= MANY_ABSENT:
        return None
    names, weights = class_names(spec, absent), [format_weight(weight[c]) for c in absent[:CLASSES_NAMED]]
    if len(absent) == 1:
        return f"{names} (weight {weights[0]}) has no kept sample: its weight changes nothing here"
    told = listed(weights) if len(absent) <= CLASSES_NAMED else ", ".join([*weights, "…"])
    return f"{names} (weights {told}) have no kept sample: their weights change nothing here"
