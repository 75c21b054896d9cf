"""nan-in-ignored-row: an ignored sample without a softmax, which the loss leaves out and the gradient does not.

A row has none if it holds NaN or +∞, or nothing but −∞.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="nan-in-ignored-row",
    severity="error",
    summary="an ignored sample holds nan (or inf, or only -inf): the loss does not see it, but the gradient is nan",
    meaning="A sample with the label ignore_index has no term, so that nan in its logits does not reach the loss. The "
    "backward pass of log_softmax multiplies the row's softmax, which is nan, by a gradient of 0: nan. The softmax of "
    "a row that holds inf, or nothing but -inf, is nan too.",
    why="The loss that you watch stays clean while the gradient of that row is nan. What comes before it in the model "
    "is shared by all rows, so after one step every parameter is nan.",
    example="wce explain --logits 'nan 0; 1 2' --labels -100,1",
    remedy="select the kept rows before the loss, logits[labels != ignore_index], or find where the nan comes from",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://github.com/pytorch/pytorch/issues/11551",
        "https://docs.pytorch.org/docs/2.13/autograd.html#anomaly-detection",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Count the ignored samples without a softmax, and show the loss that does not see them."""
    ignored = analysis.facts.broken_ignored
    if ignored.count == 0:
        return None
    mean = analysis.value("weighted-mean")
    assert mean is not None
    one, first = ignored.count == 1, analysis.spec.layout.name(ignored.first)
    who = (
        f"sample {first} is ignored, and its logits hold"
        if one
        else f"{ignored.count} ignored samples, the first is sample {first}, have logits that hold"
    )
    them, rows = ("it", "that row") if one else ("them", "those rows")
    return (
        f"{who} nan, inf, or nothing but -inf: weighted-mean, {format_number(mean.value)}, leaves {them} out, but the "
        f"gradient that PyTorch sends back through {rows} is nan"
    )
