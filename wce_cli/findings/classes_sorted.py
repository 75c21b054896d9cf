"""classes-sorted: names of classes in another order than scikit-learn has their columns in."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.loss.methods import divide

PAGE = Page(
    code="classes-sorted",
    severity="caution",
    summary="the labels are names, and the columns of the scores are not in the sorted order that scikit-learn takes",
    meaning="Given names as labels, scikit-learn's log_loss sorts them and takes the first column for the first of the "
    "sorted names: by code points, so that Zebra stands before apple and 10 before 9. labels= does not change that: it "
    "is sorted too. Here the columns are those of the names in the order that was given.",
    why="Nothing fails, at most a warning is printed, and each sample is charged for the probability of another class.",
    example="wce explain --probs '0.9 0.1; 0.1 0.9' --labels dog,cat --classes dog,cat",
    remedy="for log_loss by name, put the columns in sorted order: x[:, np.argsort(classes)]; or give it class indices",
    references=("https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html",),
)

NAMED = 4
"""Classes that are named."""


def message(analysis: Analysis) -> str | None:
    """The order, and the mean over the weights by both."""
    spec, totals, sums = analysis.spec, analysis.totals, analysis.facts.by_sorted_name
    value = analysis.value("weighted-mean")
    if sums is None or value is None or spec.class_names is None or spec.label_smoothing > 0:
        return None
    read = divide(sums.dot(spec.class_weight, totals.count > 0), value.denominator)
    told, found = format_number(read), format_number(value.value)
    if told == found:
        return None
    names = sorted(spec.class_names)
    shown = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return (
        f"given these labels by name, scikit-learn's log_loss takes the columns in sorted order, {shown}: so read, "
        f"{value.method} is {told}, not {found}"
    )
