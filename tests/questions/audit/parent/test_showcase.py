"""The batch that a picture shows: its numbers by other routes, and that it is the one which tells most."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.questions.audit.inside import audited_here
from tests.run import ROOT, run
from wce_cli.loss.methods import METHODS

torch = pytest.importorskip("torch")
SAMPLE = str(ROOT / "samples" / "handwritten_loss.py") + ":weighted_loss"
F = torch.nn.functional


@pytest.fixture(scope="module")
def sample():
    return audited_here(SAMPLE, expect="weighted-mean")


def values(answer) -> dict[str, float]:
    return {one.pair: one.value for one in answer.compared.methods}


def by_hand(probe) -> dict[str, float]:
    """Every method, by a plain loop over the samples of an index-label batch."""
    total, weights, plain, kept, nonzero = 0.0, 0.0, 0.0, 0, 0
    for row, label in zip(probe["logits"], probe["labels"], strict=True):
        if label == probe.get("ignore_index", -100):
            continue
        loss = math.log(sum(math.exp(x) for x in row)) - row[label]
        w = probe["weight"][label]
        total, weights, plain = total + w * loss, weights + w, plain + loss
        kept, nonzero = kept + 1, nonzero + (w != 0)
    n, c = len(probe["labels"]), len(probe["logits"][0])
    return {
        "weighted-mean": total / weights,
        "batch-mean": total / n,
        "kept-mean": total / kept,
        "nonzero-mean": total / nonzero,
        "element-mean": total / (n * c),
        "sum": total,
        "unweighted-mean": plain / kept,
    }


@pytest.mark.parametrize("target", [SAMPLE, "torch.nn:CrossEntropyLoss", "wrong.py:focal", "wrong.py:bits"])
def test_the_methods_are_those_of_a_plain_loop(target):
    answer = audited_here(target)
    assert list(values(answer)) == [name for name, method in METHODS.items() if not method.by_item]
    assert values(answer) == pytest.approx(by_hand(answer.compared.probe), rel=1e-9)


def test_what_it_gave_is_what_it_gives(sample):
    probe = sample.compared.probe
    logits, weight = (torch.tensor(probe[key], dtype=torch.float64) for key in ("logits", "weight"))
    losses = F.cross_entropy(logits, torch.tensor(probe["labels"]), weight=weight, reduction="none")
    assert sample.compared.got == pytest.approx(losses.mean().item(), rel=1e-9)
    assert sample.compared.rule == pytest.approx(sample.compared.got, rel=1e-9)


def test_wce_explain_says_the_same_of_the_batch(sample):
    ran = run("explain", "-", "--engine", "none", "--format", "json", stdin=json.dumps(sample.compared.probe).encode())
    found = {row["method"]: row["value"] for row in json.loads(ran.out)["methods"] if row["placement"] == "class"}
    assert values(sample) == pytest.approx(found, rel=1e-9)


def test_a_rule_stands_apart_where_it_can():
    compared = audited_here("torch.nn:CrossEntropyLoss").compared
    gaps = [abs(one.value - compared.got) for one in compared.methods if one.pair != "weighted-mean"]
    assert min(gaps) > 0.1
    odd = audited_here("wrong.py:SmoothingOverOthers").compared
    assert odd.probe["label_smoothing"] == 0.2
    assert all(abs(one.value - odd.rule) > 1e-3 for one in odd.methods)
    by_place = audited_here("wrong.py:one_sample_weight_a_class").compared
    assert all(abs(one.value - by_place.rule) > 1e-3 for one in by_place.methods)


def test_what_is_expected_and_not_given_is_far_off(sample):
    assert abs(values(sample)["weighted-mean"] - sample.compared.got) > 0.3 * values(sample)["weighted-mean"]


def test_an_expected_placement_is_among_the_methods():
    answer = audited_here("torch.nn:CrossEntropyLoss", expect="weighted-mean/sample")
    assert answer.is_expected is False
    probe, found = answer.compared.probe, values(answer)
    assert probe["label_smoothing"] > 0
    assert abs(found["weighted-mean/sample"] - answer.compared.got) > 1e-3
    assert found["weighted-mean"] == pytest.approx(answer.compared.got, rel=1e-6)
    same = audited_here("torch.nn:CrossEntropyLoss", expect="weighted-mean/class")
    assert same.is_expected is True
    assert "weighted-mean" in values(same)


@pytest.mark.parametrize("name", ["focal", "fixed_ignore_index", "ignored_weigh_as_class_0"])
def test_where_no_rule_is_followed_the_batch_shows_it(name):
    answer = audited_here(f"wrong.py:{name}")
    compared = answer.compared
    if answer.own.title:
        assert compared.got is None or abs(compared.got - compared.rule) > 1e-4
    else:
        assert compared.rule is None
        return
    assert values(answer)[answer.own.title] == pytest.approx(compared.rule)
    if answer.own.agreed:
        assert compared.about.startswith(answer.own.departs.when)


def test_there_is_none_of_a_loss_for_each_sample():
    assert audited_here("right.py:per_token").compared is None


def test_limits_are_where_floats_end(sample):
    found = {(one.name, one.dtype): one for one in sample.limits}
    assert set(found) == {
        (name, dtype)
        for name in ("largest logit", "lowest logits", "largest gap")
        for dtype in ("float64", "float32", "float16", "bfloat16")
    }
    for dtype in (np.float16, np.float32, np.float64):
        name, info = np.dtype(dtype).name, np.finfo(dtype)
        assert found["largest logit", name].limit == pytest.approx(math.log(float(info.max)), rel=1e-3)
        lowest = -math.log(float(info.smallest_subnormal))
        assert found["lowest logits", name].limit == pytest.approx(lowest, abs=1.0)
        assert (found["largest gap", name].limit, found["largest gap", name].beyond) == (None, "")
    assert (found["largest logit", "float32"].beyond, found["largest logit", "float32"].tried) == ("inf", 1e6)
    assert found["largest logit", "float16"].tried == 30000
