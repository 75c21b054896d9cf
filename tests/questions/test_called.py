"""The functions as people call them: arrays by position, a loss before them, a mapping, other libraries' keywords."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import wce_cli
from wce_cli import WceError, assert_loss, audit, check, explain, gradient, identify, split, sweep

torch = pytest.importorskip("torch")

X, Y, W = np.array([[0.1, 0.9], [0.0, 0.1]]), np.array([0, 1]), [0.1, 1.0]
NAMED = {"logits": X, "labels": Y, "weight": W}


def refused(call) -> str:
    with pytest.raises(WceError) as caught:
        call()
    return str(caught.value)


def test_scores_and_labels_by_position_are_the_batch_in_every_function():
    assert explain(X, Y, weight=W, engines=()) == explain(**NAMED, engines=())
    plain = explain(X.tolist(), Y.tolist(), weight=W, engines=())
    assert plain.methods == explain(**NAMED, engines=()).methods
    assert explain(X, labels=Y, weight=W, engines=()) == explain(**NAMED, engines=())
    assert explain([0.1, 0.9], 0, engines=()).value("sum") == explain(logits=[0.1, 0.9], labels=0, engines=()).value(
        "sum"
    )
    assert str(gradient(X, Y, weight=W)) == str(gradient(**NAMED))
    assert split(1, X, Y, weight=W) == split(X, Y, size=1, weight=W) == split(1, **NAMED)
    assert str(sweep(0, X, Y, weight=W)) == str(sweep(X, Y, class_=0, weight=W)) == str(sweep(0, **NAMED))
    assert check(X, Y, weight=W, expect={"sum": "0.761507"}).is_ok
    assert_loss(0.761507, "sum", X, Y, weight=W, tolerance=1e-6)
    assert_loss(0.692279, X, Y, weight=W, tolerance=1e-6)


def test_smoothing_is_what_sweep_calls_its_own_and_elsewhere_what_timm_calls_it():
    assert str(sweep(X, Y, smoothing=True)) == str(sweep(logits=X, labels=Y, smoothing=True))
    assert explain(X, Y, smoothing=0.1, engines=()) == explain(X, Y, label_smoothing=0.1, engines=())


@pytest.mark.parametrize(
    "call",
    [
        lambda: identify(0.38, X, Y, weight=W),
        lambda: identify(0.38, X, labels=Y, weight=W),
        lambda: identify("0.38", X.tolist(), [0, 1], weight=W),
        lambda: identify(0.38, torch.nn.CrossEntropyLoss(torch.tensor(W, dtype=torch.float64)), X, Y),
        lambda: identify(0.38, input=X, target=Y, class_weight=W),
    ],
)
def test_identify_takes_the_batch_behind_its_numbers(call):
    found = call()
    assert [one.title for one in found.numbers[0].simplest][:1] == ["batch-mean"]


def test_numbers_that_are_a_list_stay_numbers():
    assert len(identify([0.38, 0.69], **NAMED).numbers) == 2
    assert len(identify(0.38, 0.69, X, Y, weight=W).numbers) == 2
    assert "logits are missing" in refused(lambda: identify(0.38, 0.69))
    assert "logits are missing" in refused(lambda: identify([0.38, 0.69]))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_loss_of_pytorch_gives_what_it_was_made_with(reduction):
    x, y, w = torch.tensor(X), torch.tensor([1, -1]), torch.tensor(W, dtype=torch.float64)
    criterion = torch.nn.CrossEntropyLoss(w, ignore_index=-1, label_smoothing=0.1, reduction=reduction)
    report = explain(criterion, x, y, engines=())
    method = {"mean": "weighted-mean", "sum": "sum", "none": "sum"}[reduction]
    assert report[method] == pytest.approx(criterion(x, y).sum().item(), rel=1e-14)
    nll = torch.nn.NLLLoss(w)
    labels = torch.tensor([0, 1])
    report = explain(nll, x, labels, engines=())  # not normalised, and NLLLoss does not mind
    assert report["weighted-mean"] == pytest.approx(nll(x, labels).item(), rel=1e-14)
    cross_entropy = torch.nn.functional.cross_entropy
    assert explain(cross_entropy, x, labels, weight=w, engines=())["weighted-mean"] == pytest.approx(
        cross_entropy(x, labels, weight=w).item(), rel=1e-14
    )


def test_a_mapping_is_a_batch_by_every_name():
    assert explain({"y_logits": X, "target": Y, "class_weights": W}, engines=()) == explain(**NAMED, engines=())
    assert "explain has no weights=" in refused(lambda: explain({"logits": X, "labels": Y, "weights": W}))


@pytest.mark.parametrize(
    ("call", "said", "hint"),
    [
        (lambda: explain(X, Y, W), "explain takes scores and labels by position, and got 3 arrays", "weight= is one"),
        (lambda: explain(Y, X), "labels have shape (2, 2)", "each looks like the other: swap logits= and labels="),
        (lambda: explain(X), "labels are missing", "give one class index a sample: labels="),
        (lambda: explain(X, Y, labels=Y), "labels is given twice, by position and by name", "leave one of them out"),
        (lambda: explain(logits=X, labels=Y, y_true=Y), "labels= and y_true= are both given", "leave one of them out"),
        (lambda: explain(y_true=Y, y_pred=X), "explain has no y_pred=", "logits= before the softmax, probs= after it"),
        (lambda: identify(0.38, X, Y, from_logits=True), "identify has no from_logits=", "probs= probabilities"),
        (lambda: explain(X, Y, reduction="sum"), "explain has no reduction=", "sum is sum, none are the terms"),
        (lambda: gradient(X, Y, pos_weight=2.0), "gradient has no pos_weight=", "sigmoid losses are not there yet"),
        (lambda: explain(torch.nn.BCEWithLogitsLoss(), X, Y), "does not know BCEWithLogitsLoss", "sigmoid losses are"),
        (
            lambda: explain(torch.nn.MSELoss(), X, Y),
            "explain does not know MSELoss",
            "known: CrossEntropyLoss, NLLLoss",
        ),
        (lambda: explain(torch.nn.CrossEntropyLoss, X, Y), "got the class CrossEntropyLoss", "CrossEntropyLoss()"),
        (lambda: explain(torch.nn.CrossEntropyLoss(), X, Y, W), "takes 2 arguments, and got 3", "with input, target"),
        (
            lambda: explain(X, Y, criterion=torch.nn.CrossEntropyLoss()),
            "and arrays by position",
            "explain(criterion, x",
        ),
        (
            lambda: split(torch.nn.NLLLoss(), X, Y, size=1, criterion="nn.NLLLoss()"),
            "criterion is given twice, by position and by name",
            "leave one of them out",
        ),
        (lambda: explain(iter([(X, Y)])), "and got a list_iterator", "explain(blocks=…) walks the blocks"),
        (lambda: explain([(X, Y)]), "explain takes scores and labels by position, and got a list", "explain(blocks=…)"),
        (lambda: explain(X, Y, blocks=[(X, Y)]), "blocks, or what stands by position, and got both", "weight="),
        (
            lambda: explain(torch.nn.CrossEntropyLoss(), torch.tensor(X), torch.tensor(Y), reduction="sum"),
            "explain has no reduction=",
            "sum is sum",
        ),
        (
            lambda: explain(torch.nn.CrossEntropyLoss(torch.ones(2)), X, Y, weight=W),
            "weight is given twice",
            "leave one of them out",
        ),
        (
            lambda: split(1, "batch.json"),
            'got the name "batch.json"',
            "batch(FILE) reads a file",
        ),
        (
            lambda: audit(torch.nn.CrossEntropyLoss()),
            "no function at the top of a file",
            "audit('torch.nn.modules.loss:",
        ),
        (
            lambda: explain(X, Y, engines=()).value("mean"),
            'there is no method "mean"',
            "PyTorch's mean is weighted-mean;",
        ),
        (
            lambda: explain(X, X / X.sum(1, keepdims=True), engines=())["mean"],
            "no method",
            "batch-mean for probability",
        ),
        (lambda: explain(X, Y, engines=())["none"], 'there is no method "none"', "the terms"),
        (lambda: explain(X, Y, engines=())["batch_mean"], "there is no method", "did you mean 'batch-mean'?"),
    ],
)
def test_what_could_mean_two_things_is_an_error_whose_text_has_the_hint(call, said, hint):
    first, *rest = refused(call).splitlines()
    assert said in first
    assert hint in rest[-1]


def test_a_report_gives_a_loss_by_its_method():
    report = explain(X, Y, weight=W, engines=())
    assert report["weighted-mean"] == report.value("weighted-mean")
    assert report["batch-mean/sample"] == report.value("batch-mean/sample")
    with pytest.raises(TypeError, match="METHOD"):
        report[0]


def test_a_keyword_that_nobody_has_is_what_python_says_of_it():
    with pytest.raises(TypeError, match="colour"):
        explain(X, Y, colour=1)


def test_the_signature_is_that_of_the_function():
    for name in ("explain", "identify", "check", "split", "sweep", "gradient", "assert_loss"):
        parameters = inspect.signature(getattr(wce_cli, name)).parameters
        assert {"logits", "labels", "weight"} <= set(parameters)
        assert getattr(wce_cli, name).__doc__
