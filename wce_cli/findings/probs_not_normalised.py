"""probs-not-normalised: the probabilities of a row do not sum to 1, and nothing divides them by their sum."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.findings.log_probs_not_normalised import both_means, which
from wce_cli.findings.page import Page

PAGE = Page(
    code="probs-not-normalised",
    severity="caution",
    summary="the probabilities of a row do not sum to 1, and the loss takes the one of the label as it stands",
    meaning="A softmax makes the probabilities of a row sum to 1; a sigmoid for each class does not, nor do rows that "
    "lost a class. −log p reads one of them, so nothing but the sum shows it. Keras divides each row by its sum first.",
    why="Probabilities of 0.9 for every class have a small loss whatever the labels are: a model can lower such a loss "
    "without telling the classes apart.",
    example="wce explain --probs '0.5 0.2; 0.9 0.9' --labels 0,1",
    remedy="use softmax over the classes, or divide each row by its sum; several right classes at once are "
    "BCEWithLogitsLoss",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmax.html",
        "https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Count the rows, show what the first sums to, and the mean that they have once they are divided by that."""
    sums = analysis.facts.row_sums
    if analysis.spec.scores != "probs" or not sums.off.rows.count:
        return None
    told = which(analysis, sums, "the probabilities", ("sum", "do not sum"))
    return f"{told}. They are taken as they stand{both_means(analysis, 'divided by their sum, as Keras does,')}"
