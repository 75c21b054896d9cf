"""The four batches of the question that started this: what the asker saw, and what is true."""

from __future__ import annotations

import json
import math

import pytest

from tests.run import ROOT, run

pytest.importorskip("torch")

SAMPLES = ROOT / "samples"
SEEN = {
    "one-sample-weight-1.json": {"weighted-mean": 1.171101, "batch-mean": 1.171101, "sum": 1.171101},
    "one-sample-weight-0.1.json": {"weighted-mean": 1.171101, "batch-mean": 0.1171101, "sum": 0.1171101},
    "one-sample-weight-0.json": {"weighted-mean": math.nan, "batch-mean": 0, "sum": 0},
    "two-samples.json": {"weighted-mean": 0.692279, "batch-mean": 0.380753, "sum": 0.761507},
}


def report_of(name: str):
    ran = run("explain", str(SAMPLES / name), "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_these_are_the_samples():
    assert {path.name for path in SAMPLES.glob("*.json")} == set(SEEN)


@pytest.mark.parametrize("name", SEEN)
def test_the_methods_give_what_is_known(name):
    rows = {row["method"]: row for row in report_of(name)["methods"] if row["placement"] == "class"}
    for method, value in SEEN[name].items():
        assert float(rows[method]["value"]) == pytest.approx(value, rel=1e-6, nan_ok=True)
    assert rows["unweighted-mean"]["value"] == pytest.approx(0.907749 if name == "two-samples.json" else 1.171101)


@pytest.mark.parametrize("name", SEEN)
def test_torch_returns_the_same(name):
    report = report_of(name)
    values = {(row["method"], row["placement"]): row["value"] for row in report["methods"]}
    returned = [one for one in report["measurements"] if one["dtype"] == "float64"]
    assert len(returned) == 4
    for one in returned:
        for method in one["expresses"]:
            assert method in one["methods"]
            assert float(one["value"]) == pytest.approx(float(values[method, "class"]), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", SEEN)
def test_every_number_that_was_reported_is_named_in_the_answer(name):
    sample = json.loads((SAMPLES / name).read_text("utf-8"))
    assert sample["question"].endswith("?")
    assert sample["reported"]
    values = [float(row["value"]) for row in report_of(name)["methods"]]
    for reported in sample["reported"]:
        assert reported["by"]
        unit = 10.0 ** -len(reported["printed"].partition(".")[2])  # the asker cut 0.692279 to 0.69227
        assert any(
            abs(value - float(reported["value"])) <= unit or (math.isnan(value) and reported["value"] == "NaN")
            for value in values
        ), reported


def test_a_weight_of_0_on_the_only_sample_is_nan_and_not_the_0_that_was_seen():
    sample = SAMPLES / "one-sample-weight-0.json"
    seen = {one["printed"]: one["by"] for one in json.loads(sample.read_text("utf-8"))["reported"]}
    assert "0" in seen
    assert "torch 2.13.0" in seen["nan"]
    ran = run("explain", str(sample))
    flat = " ".join(ran.out.split())
    assert (
        "PyTorch returns nan (weighted-mean): the weighted loss of the one sample, 0, divided by its weight, 0. "
        in flat
    )
    assert "the only kept sample weighs 0: weighted-mean and nonzero-mean are 0/0 = nan" in flat


def test_the_two_numbers_of_the_question_are_explained_first():
    ran = run("explain", str(SAMPLES / "two-samples.json"), "--width", "300")
    assert (
        "PyTorch returns 0.692279 (weighted-mean): the sum of the weighted losses, 0.761507, divided by 0.1 + 1 = 1.1, "
        "the weights of the labels in this batch. Divided by N = 2 it is 0.380753 (batch-mean): reduction='none' and "
        "then .mean(), Keras' default. The first is 2 / 1.1 = 1.81818 times the second."
    ) in " ".join(ran.out.replace("\u00a0", " ").split())


def test_the_weight_of_a_single_sample_is_said_to_cancel():
    for name in ("one-sample-weight-0.1.json", "one-sample-weight-1.json"):
        assert "weight-cancels" in [finding["code"] for finding in report_of(name)["findings"]]
