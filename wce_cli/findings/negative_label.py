"""negative-label: a probability label holds a number below 0."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import counted_rows

PAGE = Page(
    code="negative-label",
    severity="error",
    summary="a probability label holds a number below 0: it turns a class's loss into a gain",
    meaning="A probability label weighs −log p of each class with a number q of its own, a probability. PyTorch takes "
    "any floating-point numbers for q and checks nothing; below 0, q·(−log p) falls as p falls.",
    why="The loss can go below 0 and has no lower end: training drives p of such a class to 0 without stopping. Labels "
    "like these come from a subtraction, a normalisation around 0, or columns that are no labels.",
    example="wce explain --logits '0.1 0.9; 0 0.1' --labels '-0.2 1.2; 1.0 0.0'",
    remedy="look where the labels come from; probabilities are clipped at 0, and each row divided by its sum",
    references=("https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",),
    is_doubt=True,
)


def message(analysis: Analysis) -> str | None:
    """Count the labels, and show the smallest number of them."""
    rows, smallest = analysis.facts.negative_q, analysis.facts.smallest_q
    if not rows.count:
        return None
    sums = analysis.value("sum")
    assert sums is not None
    told = (
        f"a number of the probability label is below 0 in {counted_rows(analysis.spec, rows)}; the smallest is "
        f"{format_number(smallest)}, expected 0 to 1"
    )
    if min(analysis.class_weight) <= 0 or float(analysis.facts.s[0].min(initial=1.0)) <= 0:
        return told  # whether it lowers the sum is a matter of its class and its sample
    return f"{told}: it lowers the sum, {format_number(sums.value)} here, the less likely its class is"
