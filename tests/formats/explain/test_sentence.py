"""The answer above the tables: what it says of which batch, and that its numbers are those of the report."""

from __future__ import annotations

import math
import re

import pytest
from msgspec import structs

from tests.formats.reports import BATCHES, LOGITS, report_of, to_table, with_measurements
from wce_cli import explain
from wce_cli.formats.explain.sentence import sentence
from wce_cli.formats.look import Look
from wce_cli.frameworks import ENGINES


def said(report, *methods):
    return sentence(report, Look(methods=methods or None)).replace("\u00a0", " ")


SAYS = {
    "two": (
        "PyTorch's mean is 0.692279 (weighted-mean): the sum of the weighted losses, 0.761507, divided by 0.1"
        " + 1 = 1.1, the weights of the labels in this batch. Divided by N = 2 it is 0.380753 (batch-mean): "
        "reduction='none' and then .mean(), Keras' default. The first is 2 / 1.1 = 1.81818 times the second."
    ),
    "one": (
        "PyTorch's mean is 1.1711 (weighted-mean): the weighted loss of the one sample, 0.11711, divided by "
        "its weight, 0.1. Divided by N = 1 it is 0.11711 (batch-mean): reduction='none' and then .mean(), "
        "Keras' default. The first is 1 / 0.1 = 10 times the second."
    ),
    "hard": (
        "weighted-mean is 2.20932: the sum of the weighted losses, 4.97097, divided by 0 + 0.5 + 1.5 + 0.25 ="
        " 2.25, the sample weights times the weights of the labels in this batch. Divided by N = 5 it is "
        "0.994194 (batch-mean). The first is 5 / 2.25 = 2.22222 times the second."
    ),
    "soft": (
        "PyTorch's mean is 4.11213 (batch-mean): the sum of the weighted losses, 20.5606, divided by N = 5. "
        "weighted-mean/sample is 2.14861: the sum of the losses, each times the weight of its label's class "
        "(the largest in the row), 19.3375, divided by 9, the weights of the largest classes of the labels in"
        " this batch."
    ),
    "negative": (
        "PyTorch's mean is 1.0195 (weighted-mean): the sum of the weighted losses, 3.0585, divided by 1 + "
        "(-0.5) + 2 + 1 + (-0.5) = 3, the weights of the labels in this batch. Divided by N = 5 it is 0.6117 "
        "(batch-mean): reduction='none' and then .mean(), Keras' default. The first is 5 / 3 = 1.66667 times "
        "the second."
    ),
    "many": (
        "PyTorch's mean is 2.09788 (weighted-mean): the sum of the weighted losses, 188.809, divided by 90, "
        "the weights of the labels in this batch. Divided by N = 150 it is 1.25873 (batch-mean): "
        "reduction='none' and then .mean(). The first is 150 / 90 = 1.66667 times the second."
    ),
    "0/0": (
        "weighted-mean is nan: the weighted loss of the one sample, 0, divided by its weight, 0. Divided by N"
        " = 1 it is 0 (batch-mean): reduction='none' and then .mean(), Keras' default."
    ),
    "infinite": (
        "weighted-mean is inf: the sum of the weighted losses is inf. Divided by N = 2 it is inf too (batch-"
        "mean). The loss of sample 0 is infinite (its label's logit is -inf)."
    ),
    "nan": (
        "weighted-mean is nan: the sum of the weighted losses is nan. Divided by N = 3 it is nan too (batch-"
        "mean). The loss of sample 2 is nan (a logit of its row is nan or inf)."
    ),
}


@pytest.mark.parametrize("name", SAYS)
def test_it_explains_the_two_numbers(name):
    assert said(report_of(name)) == SAYS[name]


def test_two_methods_with_one_denominator_are_one_number():
    report = explain(logits=LOGITS, labels=[0, 1, 2, 0, 1], engines=())
    assert said(report) == (
        "PyTorch's mean is 2.02168 (weighted-mean): the sum of the losses, 10.1084, divided by N = 5. There are no "
        "weights and nothing is ignored, so every mean over the samples is this number."
    )


def test_a_weight_is_not_written_as_another_whole_number():
    report = explain(logits=[[1.0, 2], [3, 4]], labels=[0, 1], weight=[-0.9999999, 1], engines=())
    assert "divided by (-0.9999999) + 1 = 1e-07," in said(report)


def test_it_explains_the_methods_that_were_asked_for():
    report = report_of("hard")
    assert said(report, "sum") == "sum is 4.97097: the sum of the weighted losses, divided by nothing."
    assert said(report, "weighted-mean") == (
        "weighted-mean is 2.20932: the sum of the weighted losses, 4.97097, divided by 0 + 0.5 + 1.5 + 0.25 = 2.25, "
        "the sample weights times the weights of the labels in this batch."
    )
    assert said(report, "kept-mean", "nonzero-mean") == (
        "kept-mean is 1.24274: the sum of the weighted losses, 4.97097, divided by N kept = 4. Divided by "
        "N with w ≠ 0 = 3 it is 1.65699 (nonzero-mean). The first is 3 / 4 = 0.75 times the second."
    )
    assert said(report, "batch-mean/sample", "batch-mean/label-mix") == (
        "batch-mean/sample is 0.977952: the sum of the losses, each times its sample weight and the weight of its "
        "label's class, 4.88976, divided by N = 5. batch-mean/label-mix is 1.06033: the sum of the losses, each times "
        "its sample weight and the weight that its label row mixes, 5.30166, divided by N = 5."
    )


def test_pytorch_returns_what_it_returned_in_each_dtype_and_nothing_that_it_did_not():
    report = with_measurements(report_of("two"))
    assert said(report).startswith("PyTorch returns 0.692279 (weighted-mean): the sum")
    first, *others = report.measurements

    def with_first(**changes):
        return said(structs.replace(report, measurements=(structs.replace(first, **changes), *others)))

    in_float32 = with_first(value=0.69228)
    assert in_float32.startswith("PyTorch returns 0.692279 in float32 and 0.69228 in float64 (weighted-mean): the sum")
    assert with_first(value=0.5, methods=()).startswith("weighted-mean is 0.692279: the sum")
    assert with_first(value=None, methods=(), reason="refused").startswith("weighted-mean is 0.692279: the sum")


def test_kerass_default_is_named_where_keras_returns_it():
    keras = "Keras' default"
    assert keras in said(report_of("two"))
    for changed in (
        {"labels": [0, -100]},  # Keras takes the label for a class, or for nan
        {"label_smoothing": 0.1},  # and weighs a whole loss
        {"sample_weight": [1, 2]},
    ):
        assert keras not in said(explain(**{**BATCHES["two"], **changed}, engines=()))


@pytest.mark.parametrize("name", ["two", "negative", "image"])
def test_keras_itself_says_so(name):
    if not ENGINES["keras"].is_installed:
        pytest.skip("keras is not installed")
    report = explain(**BATCHES[name], engines=("keras",))
    returned = [one.value for one in report.measurements if "batch-mean/sample" in one.expresses]
    assert returned
    for value in returned:
        assert value == pytest.approx(report.value("batch-mean"), rel=1e-5)
    assert "Keras' default" in said(report)


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
            "element-mean is 0.406631: the sum of the losses, 1.62652, divided by N · C = 4. Divided by nothing "
            "it is 1.62652 (sum). The first is 1 / 4 = 0.25 times the second.",
        ),
        (
            {"logits": TWO, "labels": [0, 1]},
            ("sum", "batch-mean"),
            "sum is 1.62652: the sum of the losses, divided by nothing. Divided by N = 2 it is 0.813262 (batch-"
            "mean): reduction='none' and then .mean(), Keras' default. The first is 2 times the second.",
        ),
        (
            {"logits": TWO, "labels": [0, 1]},
            ("sum", "sum/sample"),
            "sum is 1.62652: the sum of the losses, divided by nothing. Divided by nothing it is 1.62652 too "
            "(sum/sample).",
        ),
        (
            {"logits": TWO, "labels": [0, 1], "weight": [1, 3], "label_smoothing": 0.1},
            ("unweighted-mean", "batch-mean/sample"),
            "unweighted-mean is 0.813262: the sum of the unweighted losses, 1.62652, divided by N kept = 2. "
            "batch-mean/sample is 1.17652: the sum of the losses, each times the weight of its label's class, "
            "2.35305, divided by N = 2.",
        ),
        (
            {"logits": TWO, "labels": [[0.5, 0.5], [0.0, 1.0]], "weight": [0, 0]},
            (),
            "PyTorch's mean is 0 (batch-mean): the sum of the weighted losses, 0, divided by N = 2. Divided by 0,"
            " the weights of the largest classes of the labels in this batch, it is nan (weighted-mean/sample).",
        ),
        (
            {"logits": [[1.0], [2.0]], "labels": [0, 0], "weight": [5]},
            (),
            "PyTorch's mean is 0 (weighted-mean): the sum of the weighted losses, 0, divided by 5 + 5 = 10, the "
            "weights of the labels in this batch. Divided by N = 2 it is 0 too (batch-mean): reduction='none' and"
            " then .mean(), Keras' default.",
        ),
        (
            {"logits": TWO, "labels": [0, 1], "weight": [INF, 1]},
            (),
            "weighted-mean is nan: the sum of the weighted losses, inf, divided by inf + 1 = inf, the weights of "
            "the labels in this batch. Divided by N = 2 it is inf (batch-mean). The weight of sample 0 is inf.",
        ),
        (
            {"logits": TWO, "labels": [0, 1], "weight": [math.nan, 1]},
            (),
            "weighted-mean is nan: the sum of the weighted losses, nan, divided by nan + 1 = nan, the weights of "
            "the labels in this batch. Divided by N = 2 it is nan too (batch-mean). The weight of sample 0 is "
            "nan.",
        ),
        (
            {"logits": [[-INF, 1], [0, 1]], "labels": [0, 1], "weight": [0, 3]},
            (),
            "weighted-mean is nan: the sum of the weighted losses is nan. Divided by N = 2 it is nan too (batch-"
            "mean). The loss of sample 0 is infinite (its label's logit is -inf). The term of sample 0 is nan: 0 "
            "· inf, its weight times its loss.",
        ),
        (
            {"probs": [[0, 1], [0.2, 0.8]], "labels": [[0.0, 1.0], [0.5, 0.5]]},
            (),
            "batch-mean is nan: the sum of the losses is nan. Divided by N = 2 it is nan too (weighted-"
            "mean/sample). The loss of sample 0 is nan (0 · inf: a class without a share in the label has no "
            "chance).",
        ),
        (
            {"logits": [[-INF, 1], [0.2, 0.8]], "labels": [1, 0], "label_smoothing": 0.1},
            (),
            "weighted-mean is inf: the sum of the losses is inf. Divided by N = 2 it is inf too (batch-mean). "
            "Smoothing gives every class of sample 0 a share, and one has no chance: its loss is inf.",
        ),
        (
            {"logits": [[-INF, -INF], [0.2, 0.8]], "labels": [0, 1]},
            (),
            "weighted-mean is nan: the sum of the losses is nan. Divided by N = 2 it is nan too (batch-mean). The"
            " loss of sample 0 is nan (its logits are all -inf, or one of them is nan or inf).",
        ),
        (
            {"logits": [[1e308, -1e308], [1, 2]], "labels": [1, 1]},
            (),
            "weighted-mean is inf: the sum of the losses is inf. Divided by N = 2 it is inf too (batch-mean). The"
            " loss of sample 0 is infinite (its logits are further apart than float64 reaches).",
        ),
        (
            {"log_probs": [[-INF, 0], [-1, -2]], "labels": [0, 1]},
            (),
            "weighted-mean is inf: the sum of the losses is inf. Divided by N = 2 it is inf too (batch-mean). The"
            " loss of sample 0 is infinite (its label's log-probability is -inf).",
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


@pytest.mark.parametrize("labels", [[[0.3, 0.7], [0.9, 0.1]], [[1.0, 0.0], [0.25, 0.75]]])
def test_both_methods_that_the_answer_names_stand_in_the_table(labels):
    report = explain(logits=[[0.1, 0.9], [0.0, 0.1]], labels=labels, weight=[1, 2], engines=())
    printed = to_table([report], Look())
    assert "weighted-mean/sample is " in printed
    assert re.search(r"^weighted-mean/sample +[\d.]+ +[\d.]+  Σ w\[argmax q\]", printed, re.MULTILINE)
