"""ignored-samples: some labels are ignore_index, and methods differ in whether they count.

Where all of them are, `zero-denominator` says so.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="ignored-samples",
    severity="note",
    summary="samples with the label ignore_index add nothing to the numerator, but may count in the denominator",
    meaning="A sample whose label is ignore_index has no term. Σ w[y] and N kept leave it out; N counts it.",
    why="reduction='none' followed by .mean() divides by N, ignored samples included, so padding makes that loss "
    "smaller; Keras with ignore_class and PyTorch's own mean do not.",
    example="wce explain --logits '0.1 0.9; 0 0.1; 2 1' --labels 0,1,-100",
    remedy="decide whether padding should dilute the loss; divide by (labels != ignore_index).sum() if not",
    references=("https://github.com/qubvel-org/segmentation_models.pytorch/issues/852",),
)


def message(analysis: Analysis) -> str | None:
    """Count the ignored samples and show the two denominators."""
    totals = analysis.totals
    ignored = totals.n - totals.n_kept
    if ignored == 0 or totals.n_kept == 0:
        return None
    kept = analysis.value("kept-mean")
    assert kept is not None
    verb, them = ("is", "it") if ignored == 1 else ("are", "them")
    return (
        f"{ignored} of {totals.n} samples {verb} ignored (label {analysis.spec.ignore_index}): "
        f"N = {totals.n}, by which batch-mean divides, counts {them}; "
        f"N kept = {totals.n_kept} does not: kept-mean is {format_number(kept.value)}"
    )
