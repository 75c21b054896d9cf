"""log-probs-not-normalised: exp of the log-probabilities of a row does not sum to 1, as that of raw logits.

Where the label's own is above 0, `log-prob-above-zero` says so, and where the rows are probabilities,
`probs-as-log-probs` does. How much a row may be off by the digits that it came with is the fact's to know.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings import log_prob_above_zero, probs_as_log_probs
from wce_cli.findings.page import Page
from wce_cli.findings.words import mean_of_divided
from wce_cli.loss.facts import RowSums

PAGE = Page(
    code="log-probs-not-normalised",
    severity="caution",
    summary="exp of the log-probabilities of a row does not sum to 1: these may be logits",
    meaning="log_softmax makes exp(x) of each row sum to 1. NLLLoss and wce take −x at the label for the loss, "
    "whatever stands there, and leave the other numbers of the row alone.",
    why="NLLLoss on the output of a last layer, without log_softmax, has no softmax in it: the other classes have no "
    "part in the loss, and training makes the scores of the labels larger without end.",
    example="wce explain --log-probs '-5 -6; -5 -4' --labels 0,1",
    remedy="give scores before the softmax as --logits; in PyTorch use log_softmax before NLLLoss, or CrossEntropyLoss",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.log_softmax.html",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Count the rows, show what the first sums to, and the mean that they have as logits."""
    sums = analysis.facts.row_sums
    if analysis.spec.scores != "log_probs" or not sums.off.rows.count:
        return None
    if log_prob_above_zero.message(analysis) or probs_as_log_probs.message(analysis):
        return None
    told = which(analysis, sums, "exp of the log-probabilities", ("sums", "does not sum"))
    return f"{told}. They are taken as they stand{both_means(analysis, 'read as logits (--logits)')}"


def which(analysis: Analysis, sums: RowSums, of_what: str, verbs: tuple[str, str]) -> str:
    """`exp of the log-probabilities of sample 0 sums to 0.01, not to 1`; of several rows how many, and the first."""
    rows, n_kept, name = sums.off.rows, analysis.totals.n_kept, analysis.spec.layout.name
    samples = f"{sums.looked} samples{'' if sums.looked == n_kept else ' that were looked at'}"
    total = format_number(sums.off.total) if sums.off.total < math.inf else "more than float64 holds"
    is_, is_not = verbs
    if rows.count == 1:
        whose = "the only sample" if n_kept == 1 else f"sample {name(rows.first)}"
        alone = "" if n_kept == 1 else f" (1 of {samples})"
        return f"{of_what} of {whose} {is_} to {total}, not to 1{alone}"
    return f"{of_what} of {rows.count} of {samples} {is_not} to 1: in the first, sample {name(rows.first)}, to {total}"


def both_means(analysis: Analysis, how: str) -> str:
    """`, and weighted-mean is 4.5; read as logits it is 0.31`; nothing of numbers that are not finite."""
    value, divided = mean_of_divided(analysis)
    if not math.isfinite(value.value):
        return ""
    told = f", and {value.method} is {format_number(value.value)}"
    return told if divided is None or not math.isfinite(divided) else f"{told}; {how} it is {format_number(divided)}"
