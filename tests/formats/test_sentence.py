"""The sentence below the table: what it says of which batch, and that its numbers are those of the report."""

from __future__ import annotations

import math
import re

import pytest

from tests.formats.reports import BATCHES, LOGITS, report_of
from wce_cli import explain
from wce_cli.formats.look import Look
from wce_cli.formats.sentence import sentence


def said(report, *methods):
    return sentence(report, Look(methods=methods or None)).replace("\u00a0", " ")


SAYS = {
    "two": (
        "0.692279 and 0.380753 share the numerator 0.761507. PyTorch's weighted mean divides it by the weights of the "
        "labels in the batch, Σ w[y] = 0.1 + 1 = 1.1; dividing by N = 2 gives the other (batch-mean). One factor "
        "separates them: N / Σ w[y] = 1.81818."
    ),
    "one": (
        "1.1711 and 0.11711 share the numerator 0.11711. PyTorch's weighted mean divides it by the weights of the "
        "labels in the batch, Σ w[y] = 0.1; dividing by N = 1 gives the other (batch-mean). One factor separates them: "
        "N / Σ w[y] = 10."
    ),
    "hard": (
        "2.20932 and 0.994194 share the numerator 4.97097. weighted-mean divides it by the weights of the labels in "
        "the batch, Σ s·w[y] = 0 + 0.5 + 1.5 + 0.25 = 2.25; dividing by N = 5 gives the other (batch-mean). One factor "
        "separates them: N / Σ s·w[y] = 2.22222."
    ),
    "soft": (
        "PyTorch's mean gives 20.5606 / 5 = 4.11213, dividing by N (batch-mean); weighted-mean/sample gives "
        "19.3375 / 9 = 2.14861, dividing by Σ w[argmax q]. Their numerators differ too, so no single factor separates "
        "them."
    ),
    "negative": (
        "1.0195 and 0.6117 share the numerator 3.0585. PyTorch's weighted mean divides it by the weights of the labels "
        "in the batch, Σ w[y] = 1 + (-0.5) + 2 + 1 + (-0.5) = 3; dividing by N = 5 gives the other (batch-mean). One "
        "factor separates them: N / Σ w[y] = 1.66667."
    ),
    "many": (
        "2.09788 and 1.25873 share the numerator 188.809. PyTorch's weighted mean divides it by the weights of the "
        "labels in the batch, Σ w[y] = 90; dividing by N = 150 gives the other (batch-mean). One factor separates "
        "them: N / Σ w[y] = 1.66667."
    ),
    "0/0": "weighted-mean divides 0 by Σ w[y] = 0: nan. batch-mean divides the same numerator by N = 1: 0.",
    "infinite": (
        "weighted-mean and batch-mean are both inf: the numerator is inf. The loss of sample 0 is infinite (its "
        "label's logit is -inf)."
    ),
    "nan": (
        "weighted-mean and batch-mean are both nan: the numerator is nan. The loss of sample 2 is nan (a logit of its "
        "row is nan or inf)."
    ),
}


@pytest.mark.parametrize("name", SAYS)
def test_it_explains_the_two_numbers(name):
    assert said(report_of(name)) == SAYS[name]


def test_two_methods_with_one_denominator_are_one_number():
    report = explain(logits=LOGITS, labels=[0, 1, 2, 0, 1], engines=())
    assert said(report) == (
        "weighted-mean and batch-mean are both 2.02168: the numerator 10.1084 is divided by "
        "Σ w[y] = 1 + 1 + 1 + 1 + 1 = 5, and N is 5 too."
    )


def test_a_weight_is_not_written_as_another_whole_number():
    report = explain(logits=[[1.0, 2], [3, 4]], labels=[0, 1], weight=[-0.9999999, 1], engines=())
    assert "Σ w[y] = (-0.9999999) + 1 = 1e-07;" in said(report)


def test_it_explains_the_methods_that_were_asked_for():
    report = report_of("hard")
    assert said(report, "sum") == "4.97097 = 4.97097 / 1 (sum)."
    assert said(report, "weighted-mean") == (
        "2.20932 = 4.97097 / 2.25, D = Σ s·w[y] = 0 + 0.5 + 1.5 + 0.25 = 2.25 (weighted-mean)."
    )
    assert said(report, "kept-mean", "nonzero-mean") == (
        "1.24274 and 1.65699 share the numerator 4.97097. kept-mean divides it by N kept = 4; dividing by "
        "N with w ≠ 0 = 3 gives the other (nonzero-mean). One factor separates them: N with w ≠ 0 / N kept = 0.75."
    )
    assert said(report, "batch-mean/sample", "batch-mean/label-mix") == (
        "batch-mean/sample gives 4.88976 / 5 = 0.977952, dividing by N; batch-mean/label-mix gives 5.30166 / 5 = "
        "1.06033, dividing by N. Their numerators differ too, so no single factor separates them."
    )


def test_a_probability_of_0_at_the_label_is_named():
    report = explain(probs=[[0, 1], [0.5, 0.5], [0, 1]], labels=[0, 1, 0], engines=())
    assert said(report).endswith("The loss of sample 0 is infinite (its label's probability is 0), and 1 more.")


TWO = [[1.0, 2], [3, 4]]
INF = math.inf


@pytest.mark.parametrize(
    ("batch", "methods", "expected"),
    [
        (
            {"logits": TWO, "labels": [0, 1]},
            ("element-mean", "sum"),
            "0.406631 and 1.62652 share the numerator 1.62652. element-mean divides it by N · C = 4; dividing by 1 "
            "gives the other (sum). One factor separates them: 1 / (N · C) = 0.25.",
        ),
        (
            {"logits": TWO, "labels": [0, 1]},
            ("sum", "batch-mean"),
            "1.62652 and 0.813262 share the numerator 1.62652. sum divides it by 1; dividing by N = 2 gives the other "
            "(batch-mean). One factor separates them: N = 2.",
        ),
        (
            {"logits": TWO, "labels": [0, 1]},
            ("sum", "sum/sample"),
            "sum and sum/sample are both 1.62652: the numerator 1.62652 is divided by 1 in both.",
        ),
        (
            {"logits": TWO, "labels": [0, 1], "weight": [1, 3], "label_smoothing": 0.1},
            ("unweighted-mean", "batch-mean/sample"),
            "unweighted-mean gives 1.62652 / 2 = 0.813262, dividing by N kept with weights of 1; batch-mean/sample "
            "gives 2.35305 / 2 = 1.17652, dividing by N. "
            "Their numerators differ too, so no single factor separates them.",
        ),
        (
            {"logits": TWO, "labels": [[0.5, 0.5], [0.0, 1.0]], "weight": [0, 0]},
            (),
            "batch-mean divides 0 by N = 2: 0. weighted-mean/sample divides the same numerator by Σ w[argmax q] = 0: "
            "nan.",
        ),
        (
            {"logits": [[1.0], [2.0]], "labels": [0, 0], "weight": [5]},
            (),
            "weighted-mean and batch-mean are both 0: the numerator is 0.",
        ),
        (
            {"logits": TWO, "labels": [0, 1], "weight": [INF, 1]},
            (),
            "weighted-mean is inf / inf = nan. batch-mean is inf / 2 = inf. The weight of sample 0 is inf.",
        ),
        (
            {"logits": TWO, "labels": [0, 1], "weight": [math.nan, 1]},
            (),
            "weighted-mean and batch-mean are both nan: the numerator is nan. The weight of sample 0 is nan.",
        ),
        (
            {"logits": [[-INF, 1], [0, 1]], "labels": [0, 1], "weight": [0, 3]},
            (),
            "weighted-mean and batch-mean are both nan: the numerator is nan. The loss of sample 0 is infinite (its "
            "label's logit is -inf). The term of sample 0 is nan: 0 · inf, its weight times its loss.",
        ),
        (
            {"probs": [[0, 1], [0.2, 0.8]], "labels": [[0.0, 1.0], [0.5, 0.5]]},
            (),
            "batch-mean and weighted-mean/sample are both nan: the numerator is nan. The loss of sample 0 is nan (0 · "
            "inf: a class without a share in the label has no chance).",
        ),
        (
            {"logits": [[-INF, 1], [0.2, 0.8]], "labels": [1, 0], "label_smoothing": 0.1},
            (),
            "weighted-mean and batch-mean are both inf: the numerator is inf. Smoothing gives every class of sample 0 "
            "a share, and one has no chance: its loss is inf.",
        ),
        (
            {"logits": [[-INF, -INF], [0.2, 0.8]], "labels": [0, 1]},
            (),
            "weighted-mean and batch-mean are both nan: the numerator is nan. The loss of sample 0 is nan (its logits "
            "are all -inf, or one of them is nan or inf).",
        ),
        (
            {"logits": [[1e308, -1e308], [1, 2]], "labels": [1, 1]},
            (),
            "weighted-mean and batch-mean are both inf: the numerator is inf. The loss of sample 0 is infinite (its "
            "logits are further apart than float64 reaches).",
        ),
        (
            {"log_probs": [[-INF, 0], [-1, -2]], "labels": [0, 1]},
            (),
            "weighted-mean and batch-mean are both inf: the numerator is inf. The loss of sample 0 is infinite (its "
            "label's log-probability is -inf).",
        ),
    ],
)
def test_it_is_true_of_odd_batches_too(batch, methods, expected):
    assert said(explain(**batch, engines=()), *methods) == expected


@pytest.mark.parametrize("name", BATCHES)
def test_every_number_of_the_sentence_is_one_of_the_report(name):
    report = report_of(name)
    known = {f"{term.weight:.6g}" for term in report.terms if term.weight is not None} | {"1", "2"}
    for row in report.methods:
        known |= {f"{number:.6g}" for number in (row.numerator, row.denominator, row.value)}
        for other in report.methods:
            if other.denominator:
                known.add(f"{row.denominator / other.denominator:.6g}")
    for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w])", said(report)):
        assert number in known or f"sample {number}" in said(report), number
