"""labels-shifted-twice: labels of sequences that fit the scores behind them far better than those beside them."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.findings.labels_not_shifted import both_means, fits_better
from wce_cli.findings.page import Page

PAGE = Page(
    code="labels-shifted-twice",
    severity="caution",
    summary="the scores of sequences fit the labels one position earlier far better than those beside them",
    meaning="The labels are one position further ahead than the scores know of. Mostly they were moved twice: by the "
    "data loader, or the model itself, and once more before the loss.",
    why="The loss is finite, and a model that is trained on it learns to predict the token after the next one.",
    example="wce explain --logits '[[[5,0,0,5,0,0,5,0,0,5,0,0,5],[0,5,0,0,5,0,0,5,0,0,5,0,0],"
    "[0,0,5,0,0,5,0,0,5,0,0,5,0]]]' --labels '[[1,2,0,1,2,0,1,2,0,1,2,0,1]]'",
    remedy="move the labels once: leave out --shift, or the shift of the data, where both are done",
    references=("https://github.com/huggingface/transformers/blob/main/src/transformers/loss/loss_utils.py",),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """The mean loss for both labels."""
    paired = analysis.facts.labels_behind
    if not fits_better(paired, analysis.spec.n_classes):
        return None
    return f"the scores fit the label one position earlier far better than the one beside them: {both_means(paired)}"
