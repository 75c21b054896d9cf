"""methods-coincide: this batch cannot tell some methods apart.

With a single class `one-class` or `one-column` says what there is to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import listed, weight_sum
from wce_cli.loss.methods import METHODS, LossValue

PAGE = Page(
    code="methods-coincide",
    severity="note",
    summary="several methods give the same number on this batch",
    meaning="Their denominators (or numerators and denominators both) happen to be equal: with nothing ignored "
    "N kept = N, with no weight of 0 every kept sample counts, with one sample N = 1 is a sum.",
    why="A number that fits several methods does not say which one a framework uses.",
    example="wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1 --findings all",
    remedy="add an ignored sample, unequal weights and a class of weight 0 to tell them apart",
    references=("https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",),
)


def message(analysis: Analysis) -> str | None:
    """Name the groups of methods that share a value, with the denominators that make them do so."""
    if analysis.spec.n_classes == 1:
        return None
    groups: list[list[LossValue]] = []
    for value in analysis.values:
        if value.placement != "class":
            continue
        for group in groups:
            if _equal(group[0].value, value.value):
                group.append(value)
                break
        else:
            groups.append([value])
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        return None
    reasons = dict.fromkeys(reason for group in groups for reason in _reasons(analysis, group))
    return "; ".join(map(_told, groups)) + (f": {listed(list(reasons))}" if reasons else "")


def _told(group: list[LossValue]) -> str:
    names = listed([value.method for value in group])
    text = f"{names} are {'both' if len(group) == 2 else 'all'} {format_number(group[0].value)}"
    denominator = group[0].denominator
    if denominator != 1 and all(_equal(value.denominator, denominator) for value in group):
        text += f", dividing by {format_number(denominator)}"
    return text


def _reasons(analysis: Analysis, group: list[LossValue]) -> Iterator[str]:
    """What makes the methods of a group one number on this batch."""
    spec, totals = analysis.spec, analysis.totals
    there = {value.method: value for value in group}
    names = set(there)
    numerator = group[0].numerator
    if not totals.n_kept:
        yield "nothing is kept" if totals.n else "the batch is empty"
        return
    if numerator == 0 or not math.isfinite(numerator):
        yield f"the numerator is {format_number(numerator)}"
        return
    unweighted = spec.weight is None and not spec.has_sample_weight
    one = totals.n_kept == 1 and "sum" in there and len({"batch-mean", "kept-mean", "unweighted-mean"} & names) > 0
    if one:
        yield "there is one sample" if totals.n == 1 else "one sample is kept"
    if {"batch-mean", "kept-mean"} <= names and totals.n > 1:
        yield "nothing is ignored"
    if unweighted and len({"weighted-mean", "nonzero-mean", "unweighted-mean"} & names) > 0:
        yield "there are no weights"
    elif {"kept-mean", "nonzero-mean"} <= names:
        yield "no weight is 0"
    if "weighted-mean" in there and not unweighted:
        yield from _of_weighted_mean(analysis, there)


def _of_weighted_mean(analysis: Analysis, there: Mapping[str, LossValue]) -> Iterator[str]:
    """Σ w[y] is the same number as another denominator, or the weight cancels."""
    d, letters = there["weighted-mean"].denominator, weight_sum(analysis.spec)
    equal = [name for name, value in there.items() if name != "weighted-mean" and _equal(value.denominator, d)]
    weighted = [name for name in equal if METHODS[name].is_weighted]
    if weighted:
        yield f"{letters} = {METHODS[weighted[0]].formula}"
    if "unweighted-mean" in there and len(analysis.kept_weights) == 1:
        yield "all kept samples weigh the same" if analysis.totals.n_kept > 1 else "the only weight cancels"


def _equal(a: float, b: float) -> bool:
    return a == b or math.isclose(a, b, rel_tol=1e-12) or (math.isnan(a) and math.isnan(b))
