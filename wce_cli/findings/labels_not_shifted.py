"""labels-not-shifted: the labels of sequences fit the scores of the position before them far better than their own.

Scores that say nothing fit every label alike, and those of one distribution for all positions nearly so: what is told
apart is so many standard deviations from chance, and so much smaller, that no such batch is.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.loss.facts import BesideNeighbour

PAGE = Page(
    code="labels-not-shifted",
    severity="caution",
    summary="the scores of sequences fit the labels one position later far better than those beside them",
    meaning="A causal language model predicts at position t the token of position t + 1. Labels that are a copy of its "
    "input tokens have to be moved by one before the loss: the scores without the last position beside the labels "
    "without the first.",
    why="The loss is finite, and a model that is trained on it learns to repeat its input. Of a model that was trained "
    "rightly it is far too high.",
    example="wce explain --logits '[[[0,0,5,0,0,5,0,0,5,0,0,5,0],[5,0,0,5,0,0,5,0,0,5,0,0,5],"
    "[0,5,0,0,5,0,0,5,0,0,5,0,0]]]' --labels '[[0,1,2,0,1,2,0,1,2,0,1,2,0]]'",
    remedy="--shift (shift=True in Python) pairs the scores at t with the labels at t + 1, as scores[:, :-1] and "
    "labels[:, 1:] do",
    references=("https://github.com/huggingface/transformers/blob/main/src/transformers/loss/loss_utils.py",),
    is_doubt=True,
)

FEWEST = 12
"""Positions that say something."""
DEVIATIONS = 6.0
"""Standard deviations of the mean difference that chance does not reach."""
SHARE = 0.7
"""What is far better: so much of the own loss at most, and of the loss of a guess."""


def message(analysis: Analysis) -> str | None:
    """The mean loss for both labels."""
    paired = analysis.facts.labels_ahead
    if not fits_better(paired, analysis.spec.n_classes):
        return None
    return f"the scores fit the label one position later far better than the one beside them: {both_means(paired)}"


def fits_better(paired: BesideNeighbour, n_classes: int) -> bool:
    """Whether the neighbour's label fits far better than a position's own, and than a guess."""
    n = paired.positions
    return (
        n >= FEWEST
        and paired.other <= SHARE * min(paired.own, n * math.log(n_classes))
        and paired.deviations >= DEVIATIONS
    )


def both_means(paired: BesideNeighbour) -> str:
    """Both losses, each over the positions."""
    n = paired.positions
    other, own = format_number(paired.other / n), format_number(paired.own / n)
    return f"over {n} positions the mean of −log p is {other} for it and {own} for their own"
