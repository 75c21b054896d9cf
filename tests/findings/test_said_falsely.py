"""Batches of which a finding once said what is not so: numbers that are not finite, labels and weights below 0."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.findings.said import findings_of, message
from tests.loss.random_batches import random_batch
from wce_cli import explain

X = [[1.0, 2], [0, 1]]


@pytest.mark.parametrize("kind", ["logits", "probs", "log_probs"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_may_stand_in_the_label(kind, bad):
    scores = {"logits": X, "probs": [[0.5, 0.5], [0.25, 0.75]], "log_probs": np.log([[0.5, 0.5], [1.0, 1e-300]])}[kind]
    said = message("nan-loss", {kind: scores, "labels": [[bad, -bad], [0.0, 1.0]]})
    assert "or nan or inf in its label" in (said or "")
    assert "labels-not-normalised" not in findings_of({kind: scores, "labels": [[math.nan, 1.0], [0.0, 1.0]]})


def test_a_share_below_0_of_a_class_without_a_chance_is_no_loss_of_inf():
    batch = {"logits": [[-math.inf, 2], [0, 1]], "labels": [[-0.2, 1.2], [0, 1]]}
    assert explain(**batch, engines=()).value("sum") == -math.inf
    assert (message("smoothing-onto-masked", batch) or "").endswith("in sample 0: its loss is infinite")


def test_a_number_below_0_lowers_the_sum_only_where_its_class_weighs_something():
    batch = {"logits": X, "labels": [[-0.2, 1.2], [0, 1]]}
    assert "it lowers the sum" in (message("negative-label", batch) or "")
    for weights in ({"weight": [0, 1]}, {"weight": [-1, 1]}, {"sample_weight": [0, 1]}):
        assert (message("negative-label", {**batch, **weights}) or "").endswith("expected 0 to 1")


@pytest.mark.parametrize("c", [3, 7, 1000])
def test_labels_in_half_precision_sum_to_1_but_for_rounding(c):
    torch = pytest.importorskip("torch")
    for dtype in (torch.bfloat16, torch.float16):
        for q in (torch.full((2, c), 1 / c), torch.rand(2, c).softmax(1)):
            batch = {"logits": torch.zeros(2, c), "labels": q.to(dtype)}
            assert not any(one.code == "labels-not-normalised" for one in explain(**batch, engines=()).findings)
    off = {"logits": torch.zeros(1, 2), "labels": torch.tensor([[0.5, 0.25]], dtype=torch.bfloat16)}
    assert any(one.code == "labels-not-normalised" for one in explain(**off, engines=()).findings)


def test_a_weight_below_0_that_no_label_has_a_share_of_does_nothing():
    assert message("negative-weight", {"logits": X, "labels": [[0.0, 1], [0, 1]], "weight": [-1, 1]}) is None
    assert message("negative-weight", {"logits": X, "labels": [[0.5, 0.5], [0, 1]], "weight": [-1, 1]}) is not None


@pytest.mark.parametrize("smoothing", [0.1, 0.5, 1.0])
def test_d_holds_the_weights_of_the_labels_alone_under_smoothing(smoothing):
    batch = {"logits": X, "labels": [1, 1], "weight": [-1, 1], "label_smoothing": smoothing}
    said = message("negative-weight", batch)
    assert "lowers the sum" in (said or "")
    assert "with its sign" not in (said or "")
    assert "with its sign" in (message("negative-weight", {**batch, "labels": [0, 1]}) or "")


def test_a_log_probability_of_inf_beside_nan_is_said_without_a_sum():
    said = message("log-prob-above-zero", {"log_probs": [[math.inf, -1], [math.nan, -1]], "labels": [0, 0]})
    assert said == (
        "the largest label's log-probability is inf, which would be a probability of more than float64 holds. Are "
        "these logits?"
    )


@pytest.mark.parametrize("seed", range(200))
def test_what_a_weight_below_0_is_said_to_do_is_what_it_does(seed):
    batch = random_batch(seed, kinds=("logits", "log_probs"))
    if "weight" not in batch or min(batch["weight"]) >= 0 or np.min(batch.get("sample_weight", 1)) < 0:
        return
    said = message("negative-weight", batch)
    without = explain(**{**batch, "weight": np.maximum(batch["weight"], 0)}, engines=())
    report = explain(**batch, engines=())
    if said is None:
        assert report.value("sum") == without.value("sum")
    if "with its sign" in (said or ""):
        d = {row.pair: row.denominator for row in (*report.methods,)}["weighted-mean"]
        assert d < {row.pair: row.denominator for row in without.methods}["weighted-mean"]
