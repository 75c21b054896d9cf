"""labels-not-normalised: probability labels that do not sum to 1.

A single number a row is `one-column`, and rows of 0 and 1 with several 1s are `multi-hot-labels`.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="labels-not-normalised",
    severity="caution",
    summary="some probability labels do not sum to 1, and nothing divides them by their sum",
    meaning="The loss of a probability label is Σ q[c]·a[c], for whatever numbers q stand there. A row that sums to 2 "
    "has twice the loss of the same row divided by 2, and N counts it once.",
    why="PyTorch does not check the rows. Labels of several classes at once (1 1 0) or rows that lost a class in a "
    "mask look like this, and quietly change the weight of their samples.",
    example="wce explain --logits '2 1 0; 0 1 2' --labels '1.0 1.0 0.0; 0.0 0.5 0.5'",
    remedy="divide each row by its sum; for several right answers at once use BCEWithLogitsLoss",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCEWithLogitsLoss.html",
    ),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Count the rows, and show the first and its sum."""
    found, n, several = analysis.facts.unnormalised, analysis.totals.n, analysis.facts.several_ones
    if found.rows.count == 0 or analysis.spec.n_classes == 1 or (several is not None and several.count):
        return None
    total, first = format_number(found.total), analysis.spec.layout.name(found.rows.first)
    if n == 1:
        return f"the only label does not sum to 1, but to {total}, and counts as one of N = 1"
    if found.rows.count == 1:
        which = f"1 of {n} labels does not sum to 1: that of sample {first} sums to {total}"
    else:
        which = f"{found.rows.count} of {n} labels do not sum to 1: the first, that of sample {first}, sums to {total}"
    return f"{which}, and counts as one of N = {n}"
