"""one-class: with a single class there is nothing to get wrong, and the loss is always 0.

Of logits and index labels. Where the labels are probability rows, or the scores are not logits, one column is more
likely binary cross-entropy: then `one-column` speaks. methods-coincide and weight-cancels are quiet with one class,
where every value is the same for this reason and no other.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.findings.page import Page
from wce_cli.findings.words import all_of

PAGE = Page(
    code="one-class",
    severity="error",
    summary="the scores have one class, so the loss is 0 whatever they are",
    meaning="Softmax over one class is 1, and −log 1 = 0. Neither the logit nor the weight has a part in it.",
    why="A loss of exactly 0 has a gradient of exactly 0: nothing is learned. This is usually a model with one output "
    "for a question with two answers, whose loss is binary cross-entropy.",
    example="wce explain --logits '0.3; -1.2' --labels 0,0",
    remedy="use BCEWithLogitsLoss for one output a sample, or give the model two outputs",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCEWithLogitsLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Say how many losses are 0 for this reason; a logit that is not finite makes its loss NaN instead."""
    spec, totals = analysis.spec, analysis.totals
    if spec.n_classes != 1 or spec.is_soft or spec.scores != "logits" or totals.n_kept == 0 or analysis.facts.nan.count:
        return None
    who = f"{all_of(totals.n_kept)} losses are" if totals.n_kept > 1 else "the only loss is"
    return f"the scores have one class, and softmax over one class is 1: {who} 0"
