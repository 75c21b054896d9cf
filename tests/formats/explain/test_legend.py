"""The letters of the samples' columns: what they are said to stand for is what the numbers of the report are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.formats.printed import tables
from tests.formats.reports import BATCHES, report_of, to_table
from wce_cli import explain
from wce_cli.formats.explain.legend import legend
from wce_cli.formats.look import Look


def said(report):
    return legend(report, Look()).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "two",
            "x logits, p = softmax(x); ℓ = −log p[y] = logsumexp − x[y], in nats; w class weight; t = w · ℓ",
        ),
        (
            "hard",
            "x logits, p = softmax(x); q the label as a row, smoothed by ε = 0.1; ℓ = Σ_c q[c] · −log p[c], in nats; "
            "s sample weight; w class weight; t = s · Σ_c w[c] · q[c] · −log p[c]",
        ),
        (
            "soft",
            "x logits, p = softmax(x); q the label row; ℓ = Σ_c q[c] · −log p[c], in nats; w[c] weight of class c; "
            "t = Σ_c w[c] · q[c] · −log p[c]",
        ),
        ("probs", "p as given; ℓ = −log p[y], in nats; w class weight; t = w · ℓ"),
        ("log_probs", "log p as given; ℓ = −log p[y], in nats; s sample weight, w = 1, none was given; t = s · ℓ"),
    ],
)
def test_it_names_what_there_is(name, expected):
    assert said(report_of(name)) == expected


def test_without_weights_it_says_so():
    report = explain(logits=BATCHES["two"]["logits"], labels=[0, 1], engines=())
    assert said(report).endswith("w = 1, none was given, t = ℓ")


@pytest.mark.parametrize("name", ["two", "probs", "log_probs", "negative", "image"])
def test_what_it_says_of_a_plain_sample_is_so(name):
    report = report_of(name)
    for row in report.terms:
        assert row.term == pytest.approx(row.weight * row.loss, rel=1e-15)
        assert row.target_probability == pytest.approx(math.exp(-row.loss), rel=1e-12)
        if row.logsumexp is not None:
            assert row.loss == pytest.approx(row.logsumexp - row.target_logit, rel=1e-12)


def test_what_it_says_of_a_smoothed_sample_is_so():
    report = report_of("hard")
    x = np.array(BATCHES["hard"]["logits"])
    minus_log_p = np.log(np.exp(x).sum(axis=1, keepdims=True)) - x
    w, s = np.array(BATCHES["hard"]["weight"]), BATCHES["hard"]["sample_weight"]
    for row in report.terms:
        if row.kept:
            q = np.full(3, 0.1 / 3) + 0.9 * np.eye(3)[row.label]
            assert row.loss == pytest.approx(q @ minus_log_p[row.n], rel=1e-14)
            assert row.term == pytest.approx(s[row.n] * (w * q) @ minus_log_p[row.n], rel=1e-14)
            assert row.weight == pytest.approx(s[row.n] * w[row.label])


@pytest.mark.parametrize(
    ("scores", "row", "p"),
    [
        ("logits", [0.1, 0.9], 0.31002551887238755),
        ("logits", [0.1, 700.3], math.exp(-700.2)),
        ("logits", [-math.inf, 1], 0.0),
        ("log_probs", [-0.5, -1], math.exp(-0.5)),
        ("log_probs", [800, -1], math.inf),
        ("probs", [0.25, 0.75], 0.25),
    ],
)
def test_a_column_has_the_probability_of_the_label(scores, row, p):
    report = explain(**{scores: [row]}, labels=[0], engines=())
    assert report.terms[0].target_probability == pytest.approx(p, rel=1e-12)
    assert float(tables(to_table([report]))[0][0]["p[y]"]) == pytest.approx(p, rel=1e-5)


def test_an_ignored_sample_and_a_probability_label_have_none():
    assert [row.target_probability is None for row in report_of("hard").terms] == [False, False, True, False, False]
    assert all(row.target_probability is None for row in report_of("soft").terms)
    assert "p[y]" not in to_table([report_of("soft")])


@pytest.mark.parametrize(
    ("given", "head"),
    [
        ({"weight": [0.1, 1]}, "weight w"),
        ({}, "weight w"),
        ({"sample_weight": [2, 3]}, "weight s"),
        ({"sample_weight": [2, 3], "weight": [0.1, 1]}, "weight s·w"),
    ],
)
def test_the_head_of_the_weights_says_which_they_are(given, head):
    report = explain(logits=BATCHES["two"]["logits"], labels=[0, 1], engines=(), **given)
    columns = to_table([report], Look(only="terms")).splitlines()[0].split("  ")
    assert [column.strip() for column in columns if "weight" in column] == [head]
