"""What several findings say in a message: how classes and rows are named, and numbers that two of them show."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.answers.analysis import Analysis
from wce_cli.loss.facts import CountedRows
from wce_cli.loss.methods import METHODS, LossValue, divide
from wce_cli.loss.spec import Spec

CLASSES_NAMED = 3
"""Classes that a message names; it counts the rest."""


def class_name(spec: Spec, c: int) -> str:
    """`class 1`, or `class "cat"` where the classes have names."""
    return f"class {c}" if spec.class_names is None else f'class "{spec.class_names[c]}"'


def class_names(spec: Spec, classes: Sequence[int]) -> str:
    """`class 1`, `classes 1 and 4`, `classes 1, 4, 5 and 12 more`."""
    if len(classes) == 1:
        return class_name(spec, classes[0])
    names = [class_name(spec, c).removeprefix("class ") for c in classes[:CLASSES_NAMED]]
    if len(classes) > CLASSES_NAMED:
        names.append(f"{len(classes) - CLASSES_NAMED} more")
    return f"classes {listed(names)}"


def counted_rows(spec: Spec, rows: CountedRows) -> str:
    """`sample 1`, `2 samples, the first is sample 0,17`."""
    first = spec.layout.name(rows.first)
    return f"sample {first}" if rows.count == 1 else f"{rows.count} samples, the first is sample {first}"


def all_of(n: int) -> str:
    """`both`, `all 3`."""
    return "both" if n == 2 else f"all {n}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def mean_of_divided(analysis: Analysis) -> tuple[LossValue, float | None]:
    """The mean that torch takes, and what it is once the probabilities of each row are divided by their sum.

    None where the sums are not known, or in which of the shares of a smoothed probability label they have a part.
    """
    spec, sums = analysis.spec, analysis.facts.log_totals
    value = analysis.value("batch-mean" if spec.is_soft else "weighted-mean")
    assert value is not None
    if sums is None or (spec.is_soft and spec.label_smoothing > 0):
        return value, None
    weight, eps = spec.class_weight, spec.label_smoothing
    moved = sums.dot(weight, None if spec.is_soft else analysis.totals.count > 0)
    if eps > 0:
        moved = (1 - eps) * moved + eps / spec.n_classes * float(weight.sum()) * float(sums.values().sum())
    return value, divide(value.numerator + moved, value.denominator)


def weight_sum(spec: Spec) -> str:
    """D of weighted-mean for index labels, in letters."""
    return METHODS["weighted-mean"].formula_for("class", False, spec.has_sample_weight)
