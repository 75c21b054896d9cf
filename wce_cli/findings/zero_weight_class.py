"""zero-weight-class: samples of a class that weighs 0 are in some denominators and not in others.

Where every kept sample weighs 0, `zero-denominator` says so.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import class_names, weight_sum

PAGE = Page(
    code="zero-weight-class",
    severity="note",
    summary="samples of a class of weight 0 are kept: N and N kept count them, Σ w[y] and nonzero-mean do not",
    meaning="A weight of 0 is not an ignored label: the sample stays in the batch and its own term is 0. Dividing by N "
    "or by N kept counts it; Σ w[y] adds 0 for it, and N with w ≠ 0 leaves it out.",
    why="The same batch has up to four means. Leaving a class out by a weight of 0 makes batch-mean smaller the more "
    "of its samples there are, and does not touch weighted-mean.",
    example="wce explain --logits '0.1 0.9; 0 0.1; 1 0' --labels 0,1,0 --weight 0,1",
    remedy="use ignore_index to leave samples out, or pick the method whose D is meant",
    references=(
        "https://github.com/torch/nn/issues/775",
        "https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses/Reduction",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Count the samples, and show the denominators that they are in and those that they are not in."""
    spec, totals = analysis.spec, analysis.totals
    classes = [c for c in analysis.present if analysis.class_weight[c] == 0]
    if spec.is_soft or not classes or not (spec.class_weight[totals.count_weighted > 0] != 0).any():
        return None
    verb, whose = ("weighs", "its") if len(classes) == 1 else ("weigh", "their")
    count = sum(analysis.count[c] for c in classes)
    samples = f"{whose} only kept sample counts" if count == 1 else f"{whose} {count} kept samples count"
    kept = f" and N kept = {totals.n_kept}" if totals.n_kept < totals.n else ""
    nonzero = analysis.value("nonzero-mean")
    assert nonzero is not None
    return (
        f"{class_names(spec, classes)} {verb} 0: {samples} in N = {totals.n}{kept}, and not in {weight_sum(spec)} nor "
        f"in N with w ≠ 0 = {format_number(nonzero.denominator)} (nonzero-mean {format_number(nonzero.value)})"
    )
