"""log-probs-as-logits: the logits already are log-probabilities, which is harmless."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="log-probs-as-logits",
    severity="note",
    summary="the logits already are log-probabilities, which log_softmax leaves as they are",
    meaning="logsumexp of every row is 0, so that p = exp(x) sums to 1: the rows are log-probabilities, most likely "
    "the output of log_softmax. Another log_softmax subtracts their logsumexp, 0.",
    why="It does no harm: cross_entropy gives what nll_loss gives. It is worth knowing when the two are compared, and "
    "the same habit with softmax instead of log_softmax does harm (probabilities-as-logits).",
    example="wce explain --logits '-0.2231435513 -1.6094379124; -0.6931471806 -0.6931471806' --labels 0,1",
    remedy="leave out one of the two log_softmax, or use nll_loss; give wce such rows as --log-probs",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.log_softmax.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Say how far from 0 a logsumexp is, which is how far apart the two readings of a loss are."""
    facts = analysis.facts
    if not facts.as_log_probs or analysis.totals.n_kept == 0:
        return None
    farthest = max(abs(facts.logsumexp.smallest), abs(facts.logsumexp.largest))
    apart = "are the same" if farthest == 0 else f"differ by no more than {format_number(farthest)}"
    return (
        f"every row of the logits already is log-probabilities, |logsumexp| ≤ {format_number(farthest)}: log_softmax "
        f"leaves them, and −log p by cross_entropy and by nll_loss {apart}"
    )
