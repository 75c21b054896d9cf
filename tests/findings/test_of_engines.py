"""Findings about what frameworks returned: with rows as they were measured, and with none that says so."""

from __future__ import annotations

import math

import pytest

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured
from wce_cli.batches.batch import Batch
from wce_cli.findings import FINDINGS
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.report import agreed

TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}
WEIGHTED, BATCH, PLAIN = 0.6922788424257714, 0.3807533633341743, 0.9077486630106744
ENGINES_ONLY = ("zero-over-zero", "frameworks-differ", "index-or-one-hot", "loss-and-metric", "ignored-label-taken")


def row(engine: str, value: float | None, *pairs: str, call: str = "loss(x, y)", dtype: str = "float64") -> Measured:
    return Measured(engine, "1.0", call, dtype, value, pairs)


def message(code: str, measured: list[Measured], **batch) -> str | None:
    built = Batch.build(**{**TWO, **batch})
    totals, facts = one_pass(built)
    values = loss_values(totals, built.spec.class_weight, built.spec.label_smoothing)
    rows = tuple(agreed(one, values, facts.reach) for one in measured)
    return FINDINGS[code][1](Analysis(built.spec, totals, facts, values, rows))


@pytest.mark.parametrize("code", ENGINES_ONLY)
def test_without_measurements_there_is_nothing_to_say(code):
    assert message(code, []) is None
    assert message(code, [], labels=[0, -100]) is None


def test_frameworks_are_grouped_by_what_their_first_call_returned():
    rows = [
        row("PyTorch", WEIGHTED, "weighted-mean"),
        row("PyTorch", BATCH, "batch-mean"),
        row("Keras", BATCH, "batch-mean/sample", dtype="float32"),
        row("ONNX", WEIGHTED + 3e-8, "weighted-mean", dtype="float32"),
    ]
    assert message("frameworks-differ", rows) == (
        "asked plainly, PyTorch and ONNX return 0.692279 (weighted-mean) and Keras returns 0.380753 (batch-mean)"
    )
    assert message("frameworks-differ", [rows[0], rows[3]]) is None
    assert message("frameworks-differ", [rows[0], row("Keras", None, "batch-mean/sample")]) is None


def test_a_placement_is_named_where_it_makes_a_difference():
    exact = {
        value.pair: value.value
        for value in loss_values(
            one_pass(Batch.build(**TWO, label_smoothing=0.1))[0], Batch.build(**TWO).spec.class_weight, 0.1
        )
    }
    rows = [
        row("PyTorch", exact["weighted-mean/class"], "weighted-mean"),
        row("Paddle", exact["weighted-mean/label-mix"], "weighted-mean/label-mix"),
    ]
    found = message("frameworks-differ", rows, label_smoothing=0.1)
    assert found is not None
    assert found.endswith("(weighted-mean/label-mix)")


def test_who_returns_zero_for_zero_over_zero_is_named_beside_who_returns_nan():
    zero = {"weight": [0.0, 0.0]}
    rows = [
        row("PyTorch", math.nan, "weighted-mean"),
        row("Keras", 0.0, "batch-mean/sample"),
        row("Keras", 0.0, "weighted-mean/sample"),
        row("Paddle", 0.0, "weighted-mean"),
    ]
    assert message("zero-over-zero", rows, **zero) == (
        "weighted-mean/sample is 0/0: Keras and Paddle return 0, PyTorch nan"
    )
    assert message("zero-over-zero", rows[:2], **zero) is None
    assert message("measured-differs", rows, **zero) is None


def test_the_numbers_of_one_call_of_one_model_are_set_side_by_side():
    rows = [
        row("Keras", BATCH, "batch-mean/sample", call="model.evaluate(x, y): loss"),
        row("Keras", PLAIN, "unweighted-mean", call="model.evaluate(x, y): metrics="),
        row("Keras", WEIGHTED, "weighted-mean/sample", call="model.evaluate(x, y): weighted_metrics="),
    ]
    assert message("loss-and-metric", rows) == (
        "model.evaluate(x, y) of one Keras model reports loss 0.380753 (batch-mean), metrics= 0.907749 "
        "(unweighted-mean) and weighted_metrics= 0.692279 (weighted-mean)"
    )
    assert message("loss-and-metric", rows[:1]) is None
    assert message("loss-and-metric", [rows[0], row("Keras", PLAIN, "unweighted-mean")]) is None


def test_one_hot_rows_are_told_from_indices():
    index, rows = (
        row("PyTorch", WEIGHTED, "weighted-mean"),
        row("PyTorch", BATCH, "batch-mean", call="f(one_hot(y, 2))"),
    )
    assert message("index-or-one-hot", [index, rows]) == (
        "PyTorch returns 0.692279 for these labels as indices (weighted-mean), and 0.380753 for the same as one-hot "
        "rows (batch-mean)"
    )
    same = message(
        "index-or-one-hot",
        [row("PyTorch", PLAIN, "weighted-mean"), row("PyTorch", PLAIN, "batch-mean", call="f(one_hot(y, 2))")],
        weight=None,
    )
    assert same is None
    assert message("index-or-one-hot", [row("Keras", WEIGHTED, "weighted-mean"), rows]) is None


def test_a_label_that_is_ignored_and_taken_all_the_same_is_told():
    batch = {"labels": [0, -100]}
    taken = row("Keras", 0.05855503329738889, call="loss(y, x)")
    assert message("ignored-label-taken", [taken], **batch) == (
        "Keras takes the label -100 without a word and returns 0.058555: batch-mean, from loss(y, x)"
    )
    assert message("ignored-label-taken", [row("optax", math.nan)], **batch) == (
        "optax takes the label -100 without a word and returns nan, from loss(x, y)"
    )
    assert message("ignored-label-taken", [row("TensorFlow", None)], **batch) is None
    assert message("ignored-label-taken", [taken]) is None
