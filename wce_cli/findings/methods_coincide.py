"""methods-coincide: this batch cannot tell some methods apart.

With a single class `one-class` or `one-column` says what there is to say.
"""

from __future__ import annotations

import math

from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import listed
from wce_cli.loss.methods import LossValue
from wce_cli.report import Analysis

PAGE = Page(
    code="methods-coincide",
    severity="note",
    summary="several methods give the same number on this batch",
    meaning="Their denominators (or numerators and denominators both) happen to be equal: with nothing ignored "
    "N kept = N, with no weight of 0 every kept sample counts, with one sample N = 1 is a sum.",
    why="A number that fits several methods does not say which one a framework uses.",
    example="wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1",
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
        home = next((group for group in groups if _equal(group[0].value, value.value)), None)
        if home is None:
            groups.append([value])
        else:
            home.append(value)
    told = [_told(group) for group in groups if len(group) > 1]
    if not told:
        return None
    reasons = _reasons(analysis)
    return "; ".join(told) + (f": {listed(reasons)}" if reasons else "")


def _told(group: list[LossValue]) -> str:
    names = listed([value.method for value in group])
    text = f"{names} are {'both' if len(group) == 2 else 'all'} {format_number(group[0].value)}"
    denominator = group[0].denominator
    if denominator != 1 and all(_equal(value.denominator, denominator) for value in group):
        text += f", dividing by {format_number(denominator)}"
    return text


def _reasons(analysis: Analysis) -> list[str]:
    """What is missing from this batch that would tell methods apart."""
    spec, totals = analysis.spec, analysis.totals
    sums = analysis.value("sum")
    if sums is not None and totals.n_kept and (sums.numerator == 0 or not math.isfinite(sums.numerator)):
        return [f"the numerator is {format_number(sums.numerator)}"]
    reasons = []
    if totals.n == 1:
        reasons.append("there is one sample")
    elif totals.n_kept == totals.n:
        reasons.append("nothing is ignored")
    if spec.weight is None and not spec.has_sample_weight:
        reasons.append("there are no weights")
    elif totals.n_kept and not (spec.class_weight[totals.count > 0] == 0).any():
        reasons.append("no weight is 0")
    return reasons


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12) or (math.isnan(a) and math.isnan(b))
