"""tiny-loss-lost: losses above 0 that float32 (or float64) arithmetic returns as 0.

The cause, and how many; what a framework then printed is `float32-differs`. Of logits alone: a probability or a
log-probability was rounded before it came here. Under smoothing no loss is that small.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="tiny-loss-lost",
    severity="note",
    summary="some losses are above 0 but come out as 0 where 1 + S is rounded",
    meaning="ℓ = log(1 + S) with S = Σ exp(x[c] − x[y]) over the other classes. Where S is below 2⁻²⁴ (float32) or "
    "2⁻⁵³ (float64), 1 + S is rounded to 1 and its log is 0. wce uses log1p(S) and keeps them.",
    why="A well-trained model has many such losses. Framework losses of exactly 0 beside small positive ones here are "
    "this rounding; where such losses are all there is, no digit of the sums agrees.",
    example="wce explain --logits '20 0; 3 1' --labels 0,0",
    remedy="compute in float64, logits.double(), if the size of very small losses matters",
    references=(
        "https://docs.pytorch.org/docs/2.13/notes/numerical_accuracy.html",
        "https://numpy.org/doc/stable/reference/generated/numpy.log1p.html",
    ),
)

SHARE = 1e-6
"""The part of Σℓ from which a loss shows in six digits."""
FEW_SAMPLES = 20
"""Up to so many kept samples people look at each."""


def message(analysis: Analysis) -> str | None:
    """Count the losses that the scores' own dtype loses (float32, if they have none), and the size of them."""
    spec, totals, lost = analysis.spec, analysis.totals, analysis.facts.lost
    if spec.scores != "logits" or spec.label_smoothing > 0:
        return None
    own = "float64" if spec.dtypes.get("logits") == "float64" else "float32"
    rows, loss = lost[own].rows, lost[own].loss
    if rows.count == 0:
        return None
    whole = float(totals.loss.values().sum())
    if not (totals.n_kept <= FEW_SAMPLES or loss >= SHARE * whole):
        return None
    verbs = "is above 0 and comes out" if rows.count == 1 else "are above 0 and come out"
    first = spec.layout.name(rows.first)
    which = f"that of sample {first}," if rows.count == 1 else f"the first that of sample {first}, together"
    also = lost["float64"].rows.count if own == "float32" else 0
    wider = f" ({'' if rows.count == 1 else f'{also} of them '}in float64 too)" if also else ""
    losses = "the only loss" if totals.n_kept == 1 else f"{rows.count} of {totals.n_kept} losses"
    return (
        f"{losses} {verbs} as 0 in {own}, where 1 + S is rounded to 1{wider}: {which} "
        f"{format_number(loss)} of Σℓ = {format_number(whole)}"
    )
