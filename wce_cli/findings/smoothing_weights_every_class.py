"""smoothing-weights-every-class: under label smoothing torch's numerator holds all weights, its denominator few."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import weight_sum

PAGE = Page(
    code="smoothing-weights-every-class",
    severity="caution",
    summary="label smoothing brings the weights of all classes into the numerator, and D has those of the labels alone",
    meaning="Smoothing spreads ε of each label over all classes, and PyTorch weighs each class's part with that "
    "class's own weight: w[c]·ε/C. The denominator stays Σ w[y] (N for probability labels). Keras multiplies the "
    "smoothed loss by w[y], Paddle by the mixed weight Σ w[c]·q[c], which it also divides by.",
    why="Three frameworks give three numbers for the same batch. In PyTorch a heavy class pulls on every sample of a "
    "light one: with w = 0.1 and 0.9 and ε = 0.1 the heavy class's part of a light sample is almost half its own.",
    example="wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1 --weight 0.1,1 --label-smoothing 0.1",
    remedy="choose weights or smoothing, or weigh the smoothed losses of reduction='none' without weights yourself",
    references=(
        "https://github.com/pytorch/pytorch/issues/104776",
        "https://github.com/PaddlePaddle/Paddle/issues/47813",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Show the number of each framework's rule, where they differ."""
    spec, totals = analysis.spec, analysis.totals
    if spec.label_smoothing == 0 or len(set(analysis.class_weight)) == 1 or totals.n_kept == 0:
        return None
    torchs = "batch-mean" if spec.is_soft else "weighted-mean"
    counted = "batch-mean/sample" if totals.n_kept == totals.n else "kept-mean/sample"  # Keras is given the kept rows
    told = {}
    for pair in (torchs, counted, "weighted-mean/sample", "weighted-mean/label-mix"):
        value = analysis.value(pair)
        assert value is not None
        told[pair] = format_number(value.value)
    compared = (counted,) if spec.is_soft else ("weighted-mean/sample", "weighted-mean/label-mix")
    if all(told[pair] == told[torchs] for pair in compared):
        return None
    keras = f"{told[counted]} ({counted})"
    if told["weighted-mean/sample"] != told[counted]:
        keras += f" or {told['weighted-mean/sample']} (weighted-mean/sample)"
    d = "is N" if spec.is_soft else f"only {weight_sum(spec)}"
    return (
        f"with label smoothing {format_number(spec.label_smoothing)} PyTorch's numerator holds the weight of every "
        f"class and its D {d}: {torchs} is {told[torchs]}. Keras's rule gives {keras}, Paddle's "
        f"{told['weighted-mean/label-mix']} (weighted-mean/label-mix)"
    )
