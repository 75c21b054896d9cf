"""naive-overflow: log(Σ exp x), written down as it stands, leaves the range of the numbers here.

The sum is infinite where logsumexp(x) is beyond the range of a dtype, and 0 where every summand is rounded to 0: where
the largest x is. [−104, −104] is such a row in float32, although its logsumexp, −103.3, would be in range.

Where a label is masked the loss is infinite by any formula, and `masked-target` says so.
"""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import listed
from wce_cli.loss.facts import UNDERFLOW

PAGE = Page(
    code="naive-overflow",
    severity="note",
    summary="written by hand, log(sum(exp(x))) is not finite for some of these logits",
    meaning="exp(x) is infinite above the log of the largest number of its dtype (11.09 in float16, 88.72 in float32, "
    "709.78 in float64), and 0 below the log of half the smallest (−17.3, −103.97, −745.13). PyTorch and wce take the "
    "largest logit of a row out of the sum first, and are not affected.",
    why="A loss of inf or nan in your own code beside a finite one from the framework is this, and not another rule. "
    "log(softmax(x)) is no better: it is -inf as soon as one probability is rounded to 0.",
    example="wce explain --logits '100 90; 0 1' --labels 0,1",
    remedy="use torch.logsumexp or log_softmax, or subtract the largest logit of each row before exp",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.logsumexp.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.log_softmax.html",
    ),
)

OVERFLOW = {
    "float16": math.log(65504),
    "bfloat16": math.log(float.fromhex("0x1.fep127")),
    "float32": math.log(float.fromhex("0x1.fffffep127")),
    "float64": math.log(float.fromhex("0x1.fffffffffffffp1023")),
}
"""By dtype: the log of the largest number."""
UPWARDS = {
    "float16": ("float16", "float32", "float64"),
    "bfloat16": ("bfloat16", "float32", "float64"),
    "float64": ("float64",),
}
"""The dtypes to speak of, by that of the scores; others, and plain numbers, begin at float32."""


def message(analysis: Analysis) -> str | None:
    """Name the farthest row, and the dtypes from the scores' own upwards that do not hold it."""
    if analysis.facts.masked.count:
        return None
    dtypes = UPWARDS.get(analysis.spec.dtypes.get("logits", ""), ("float32", "float64"))
    sums, peaks = analysis.facts.logsumexp, analysis.facts.peak
    over = [name for name in dtypes if sums.largest > OVERFLOW[name]]
    under = [name for name in dtypes if peaks.smallest <= UNDERFLOW[name]]
    told, name = [], analysis.spec.layout.name
    if over:
        told.append(
            f"Σ exp(x) of sample {name(sums.largest_row)} is exp({format_number(sums.largest)}), which overflows in "
            f"{listed(over)}: log(sum(exp(x))) written by hand is inf there"
        )
    if under:
        told.append(
            f"no logit of sample {name(peaks.smallest_row)} is above {format_number(peaks.smallest)}, so that every "
            f"exp(x) is rounded to 0 in {listed(under)}: log(sum(exp(x))) written by hand is -inf there"
        )
    return "; ".join(told) or None
