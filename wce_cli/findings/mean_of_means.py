"""mean-of-means: items that keep different counts, whose own means averaged are not the mean over all rows.

Said of batches whose items are several rows each, where the two numbers differ in what is printed.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="mean-of-means",
    severity="note",
    summary="items keep different counts, so the mean of their own means is not the mean over all kept rows",
    meaning="The mean over all rows is Σt / D of the batch: a row counts alike wherever it stands. The mean of the "
    "items' means first divides each item's Σt by its own D: a row counts for more in an item that keeps few.",
    why="Two pieces of code that both average one loss, (loss * mask).sum() / mask.sum() and ((loss * mask).sum(1) / "
    "mask.sum(1)).mean(), train different things: the second weighs short sequences as much as long ones. "
    "Micro-batches of one sequence each, or ranks with one each, do the second.",
    example="wce explain --logits '[[[2,1,0],[0,1,2]],[[0,3,1],[1,0,0]]]' --labels '[[0,1,1],[1,-100,-100]]'",
    remedy="decide which one is meant; for the mean over all rows sum the terms and D over all items before dividing",
    references=(
        "https://huggingface.co/blog/gradient_accumulation",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Say both numbers, and what the items differ in."""
    found = analysis.by_sample
    if found is None or found.mean_of_values is None or found.total - found.n_empty < 2:
        return None
    whole = analysis.value(found.method)
    assert whole is not None
    mean, of_means = format_number(whole.value), format_number(found.mean_of_values)
    if mean == of_means or not math.isfinite(whole.value + found.mean_of_values):
        return None
    if found.least_kept < found.most_kept:
        differ = f"keep {found.least_kept} to {found.most_kept} samples each"
    else:
        differ = f"keep {found.most_kept} samples each, which do not weigh the same together"
    word = "sequence" if analysis.spec.layout.shift else "item"
    told = (
        f"the {found.total} {word}s {differ}: {found.method} over all samples is {mean}, and the mean of the {word}s' "
        f"own {found.method} is {of_means}"
    )
    if not found.n_empty:
        return told
    none = f"{word} that keeps none" if found.n_empty == 1 else f"{word}s that keep none"
    return f"{told}, without the {found.n_empty} {none}, whose own is 0/0"
