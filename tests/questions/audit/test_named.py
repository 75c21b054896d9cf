"""Every fixture is named by its mistake, and no function that is right is accused of one."""

from __future__ import annotations

import ast
import math
from importlib.util import find_spec

import numpy as np
import pytest

from tests.questions.audit.inside import FIXTURES, audited_here
from tests.run import ROOT

torch = pytest.importorskip("torch")

SAMPLE = str(ROOT / "samples" / "handwritten_loss.py") + ":weighted_loss"

WRONG = {
    "double_softmax": "weighted-mean; softmax of the probabilities: they were passed as logits",
    "weight_normalised": "batch-mean; weights normalised to sum 1",
    "ignored_rows_in_n": "batch-mean",
    "SmoothingOverOthers": "weighted-mean/sample; ε/(C−1) on the other classes",
    "weight_by_prediction": "batch-mean; weights looked up by the prediction, w[argmax x]",
    "mean_over_everything": "element-mean",
    "divided_twice": "weighted-mean; divided by N once more",
    "wrong_axis": "weighted-mean; softmax runs over the batch, not the classes",
    "numpy_squared": "weighted-mean; weights squared, divided by the plain ones",
    "bits": "weighted-mean; the log has base 2",
    "over_all_weights": "Σt / Σ_c w[c], the weights of all classes",
    "weight_in_logits": "kept-mean; the class weight multiplies the logits",
    "no_log": "weighted-mean; the log is missing: −p[y]",
    "one_sample_weight_a_class": "batch-mean; the weight vector read as one weight a sample",
    "forgets_the_weight": "unweighted-mean",
    "clipped": "weighted-mean; p is clipped to [1e-7, 1 − 1e-7] (Keras)",
    "log_of_softmax": "weighted-mean",
    "detached": "weighted-mean",
    "takes_probabilities": "batch-mean; the scores are read as probabilities, no softmax",
    "smoothing_built_in": "weighted-mean",
    "two_mistakes": "element-mean; softmax of the probabilities: they were passed as logits; weights squared",
}
NONE = {
    "ignored_weigh_as_class_0": ("weighted-mean", "labels are ignored"),
    "fixed_ignore_index": ("weighted-mean", "ignore_index is a class"),
    "focal": (None, "nothing is special"),
}


def functions(file: str) -> list[str]:
    """The names of the functions and classes of a fixture."""
    tree = ast.parse((FIXTURES / file).read_text("utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def wrong(answer) -> dict[str, str]:
    return {row.name: row.said for row in answer.rows if row.verdict == "wrong"}


@pytest.mark.parametrize(("name", "title"), WRONG.items(), ids=list(WRONG))
def test_a_mistake_is_named(name, title):
    own = audited_here(f"wrong.py:{name}").own
    assert own.is_followed
    assert own.title == title


@pytest.mark.parametrize(("name", "expected"), NONE.items(), ids=list(NONE))
def test_what_is_no_rule_is_said_to_be_none_with_the_first_batch_that_shows_it(name, expected):
    own = audited_here(f"wrong.py:{name}").own
    nearest, when = expected
    assert not own.is_followed
    assert own.pairs == ()
    assert own.departs.when == when
    assert own.departs.got != pytest.approx(own.departs.expected)
    assert set(own.departs.probe) >= {"logits", "labels", "weight"}
    assert len(own.departs.probe["labels"]) <= 2
    if nearest is not None:
        assert own.title == nearest


def test_every_fixture_is_tested():
    assert set(functions("wrong.py")) == {*WRONG, *NONE}
    assert len(WRONG) >= 8


RIGHT = {
    "right.py:torch_function": "weighted-mean",
    "right.py:ByHand": "weighted-mean",
    "right.py:numpy_weighted": "weighted-mean",
    "right.py:one_hot_labels": "batch-mean",
    "right.py:criterion": "weighted-mean",
    "right.py:module": "unweighted-mean",
    "right.py:float32_inside": "weighted-mean",
    "right.py:guarded": "weighted-mean",
    "right.py:per_token": "w·ℓ of each sample",
    "torch.nn.functional:cross_entropy": "weighted-mean",
}


@pytest.mark.parametrize(("target", "rule"), RIGHT.items(), ids=list(RIGHT))
def test_no_function_that_is_right_is_accused(target, rule):
    answer = audited_here(target)
    assert [(one.is_followed, one.departures) for one in answer.computed] == [(True, ())] * len(answer.computed)
    assert answer.own.title == rule
    assert wrong(answer) == {}


@pytest.mark.parametrize(("name", "rule"), [("averaged", "weighted-mean"), ("compiled", "batch-mean")])
def test_functions_of_jax_are_named_with_their_gradient(name, rule):
    if find_spec("jax") is None:  # imported here, it would warn of every fork of the tests that follow
        pytest.skip("jax is not installed")
    answer = audited_here(f"right_jax.py:{name}")
    assert (answer.arrays, answer.own.title, wrong(answer)) == ("jax", rule, {})
    assert answer.row("dL/dlogits").said == f"that of {rule}"


def test_each_reduction_is_named():
    answer = audited_here("torch.nn:CrossEntropyLoss")
    titles = {one.reduction: one.title for one in answer.computed}
    assert titles == {None: "weighted-mean", "mean": "weighted-mean", "sum": "sum", "none": "w·ℓ of each sample"}
    assert all(one.agreed == one.probes > 10 for one in answer.computed)


def test_probability_labels_of_torch_are_divided_by_n():
    answer = audited_here("torch.nn:CrossEntropyLoss", call="CrossEntropyLoss(weight)(logits, one_hot)")
    assert answer.own.title == "batch-mean"


def test_the_function_of_the_question():
    answer = audited_here(SAMPLE, expect="weighted-mean")
    assert answer.own.pairs == ("batch-mean", "kept-mean")
    assert answer.is_expected is False
    assert (answer.file, answer.line) == ("samples/handwritten_loss.py", 6)
    largest = answer.row("largest logit")
    assert largest.verdict == "wrong"
    edge32, edge64 = (math.log(np.finfo(dtype).max) for dtype in (np.float32, np.float64))
    assert f"{edge32:.4g} (float32), {edge64:.4g} (float64), then inf" == largest.said
    assert largest.probe == {"logits": [[89.0, 79.0, 79.0]], "labels": [0]}
    assert answer.row("ignore_index").said.startswith("none")
    assert any("weight[labels].sum()" in line for line in answer.advice)
    assert any("logsumexp" in line for line in answer.advice)
    assert any("ignore_index" in line for line in answer.advice)


@pytest.mark.parametrize("pair", ["batch-mean", "kept-mean", "batch-mean/class"])
def test_a_rule_that_cannot_be_told_from_it_is_as_expected(pair):
    assert audited_here(SAMPLE, expect=pair).is_expected


def test_the_value_of_a_rule_without_its_gradient_is_not_the_rule():
    answer = audited_here("wrong.py:detached", expect="weighted-mean")
    assert answer.row("dL/dlogits").verdict == "wrong"
    assert answer.is_expected is False
