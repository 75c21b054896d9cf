"""counts-as-weights: the weights are how often each class occurs, so that the commonest weighs most.

Said of a Counter, whose name says what it holds, and of weights that are the label counts (or the frequencies) of the
batch itself. Of a few labels that may be chance; then the sentence is still what is seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number, format_weight
from wce_cli.findings.page import Page
from wce_cli.findings.words import CLASSES_NAMED, class_name, listed
from wce_cli.loss.methods import loss_values

PAGE = Page(
    code="counts-as-weights",
    severity="caution",
    summary="the weights are label counts: the commonest class weighs most, where weights are mostly for the rare ones",
    meaning="A class weight multiplies the losses of its class. Counts (or frequencies) as weights make the class that "
    "is there most often count for more still: a class with 9 times the labels has 81 times the weight in the sum.",
    why="The loss falls while rare classes are given up, the opposite of what class weights are mostly there for. "
    "Nothing fails: PyTorch takes any numbers.",
    example="wce explain --logits '2 1; 0 1; 1 3' --labels 1,1,0 --weight 'Counter({1: 900, 0: 100})'",
    remedy="turn them over: total / (C · count), as --weight balanced does for the labels of the batch; nothing is "
    "wrong if the commonest class is meant to weigh most",
    references=(
        "https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
    is_doubt=True,
)

FEWEST_EQUAL = 4
"""Kept labels from which equal numbers are worth a word."""
FEWEST_PROPORTIONAL = 20
"""Kept labels from which numbers that are only proportional are."""
EQUAL = 1e-9


def message(analysis: Analysis) -> str | None:
    """Say whose counts they are, which class weighs most, and what weights of the inverse would make of the mean."""
    spec, weight = analysis.spec, analysis.class_weight
    numbers = spec.class_weight
    if spec.weight is None or not ((numbers >= 0) & (numbers < np.inf)).all() or (numbers == numbers[:1]).all():
        return None
    told = "are counts, as a Counter has them" if spec.weight_rule == "counts" else _of_this_batch(analysis)
    if told is None:
        return None
    most = max(range(len(weight)), key=weight.__getitem__)
    said = f"the weights {told}: {class_name(spec, most)} has the most, {format_weight(weight[most])}, and weighs most"
    if any(w == 0 for w in weight) or analysis.totals.n_kept == 0:
        return said
    inverse = [sum(weight) / (len(weight) * w) for w in weight]
    pair = "batch-mean" if spec.is_soft else "weighted-mean"
    values = loss_values(analysis.totals, np.array(inverse), spec.label_smoothing)
    value = next(one.value for one in values if one.pair == f"{pair}/class")
    own = analysis.value(pair)
    assert own is not None
    if not (math.isfinite(value) and math.isfinite(own.value)):
        return said
    return (
        f"{said}. {pair} is {format_number(own.value)}; with total / (C · count), {_shown(inverse)}, which favours the "
        f"rarest, it is {format_number(value)}"
    )


def _of_this_batch(analysis: Analysis) -> str | None:
    """`are the label counts of this batch, 1 and 3`; None where they are not."""
    weight, count, n = analysis.class_weight, analysis.count, analysis.totals.n_kept
    if n < FEWEST_EQUAL or (analysis.spec.is_soft and not analysis.facts.one_hot):
        return None
    if len({count[c] for c in analysis.present}) < 2:
        return None
    total = sum(weight)
    if not all(math.isclose(w * n, k * total, rel_tol=EQUAL) for w, k in zip(weight, count, strict=True)):
        return None
    if math.isclose(total, n, rel_tol=EQUAL):
        return f"are the label counts of this batch, {_shown(weight)}"
    if math.isclose(total, 1.0, rel_tol=EQUAL):
        return f"are the shares of the labels in this batch, {_shown(weight)}"
    return f"go as the label counts of this batch, {_shown(count)}" if n >= FEWEST_PROPORTIONAL else None


def _shown(numbers: Sequence[float]) -> str:
    """The numbers, if they are few; else the first of them."""
    shown = [format_number(float(number)) for number in numbers[:CLASSES_NAMED]]
    return listed(shown) if len(numbers) <= CLASSES_NAMED else ", ".join([*shown, "…"])
