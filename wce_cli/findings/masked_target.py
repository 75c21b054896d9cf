"""masked-target: the label's own score is −∞, so that its loss is infinite."""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.findings.page import Page

PAGE = Page(
    code="masked-target",
    severity="error",
    summary="the score of the label itself is -inf (a probability of 0), so its loss is infinite",
    meaning="The loss of an index label is −log p of that label. A logit of -inf, which is how a mask forbids a class, "
    "or a probability of 0 gives p = 0 and a loss of inf.",
    why="One such sample makes the sum and every mean infinite, whatever the others are, or nan where it weighs 0. "
    "A mask that hides the right answer is a mistake in the mask or in the label.",
    example="wce explain --logits '-inf 0; 1 2' --labels 0,1",
    remedy="let the mask leave the label in, or give these samples the label ignore_index",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.Tensor.masked_fill_.html",
    ),
)

SCORE = {"logits": "logit is -inf", "log_probs": "log-probability is -inf", "probs": "probability is 0"}


def message(analysis: Analysis) -> str | None:
    """Count the samples, name the first, and show what becomes of weighted-mean."""
    masked = analysis.facts.masked
    if masked.count == 0:
        return None
    mean = analysis.value("weighted-mean")
    assert mean is not None
    score, first = SCORE[analysis.spec.scores], analysis.spec.layout.name(masked.first)
    if masked.count == 1:
        where = f"the label's own {score} in sample {first}: its loss is inf"
    else:
        many = counted(masked.count, "sample", "samples")
        where = f"the label's own {score} in {many}, the first is sample {first}: their losses are inf"
    return f"{where}, and weighted-mean is {format_number(mean.value)}{_rounded(analysis)}"


def _rounded(analysis: Analysis) -> str:
    """A 0 that was printed may be a rounded one."""
    half = analysis.spec.half_units.get("probs")
    if half is None or math.inf not in analysis.rounding.values():
        return ""
    largest = float(half.max())
    least = format_number(-math.log(largest), 3)
    return f"; a printed 0 may be a rounded one, of up to {format_number(largest, 2)}: a loss of about {least} or more"
