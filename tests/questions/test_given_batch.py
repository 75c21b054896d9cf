"""A batch that is built once answers every question as the fields given directly do, and is checked once."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pandas as pd
import pytest

import wce_cli
from wce_cli import WceError, assert_loss, batch, check, explain, gradient, identify, split, sweep
from wce_cli.batches.batch import Batch
from wce_cli.fields import FIELDS

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(11)
X = np.round(RNG.standard_normal((6, 3)), 2)
Y = np.array([0, 2, 1, -100, 2, 2])
W, S = [0.5, 1.0, 3.0], [1.0, 2.0, 0.0, 1.0, 0.5, 1.0]
Q = np.round(RNG.dirichlet([1.0, 1.0, 1.0], 6), 3)
FILE = {"logits": X.tolist(), "labels": Y.tolist(), "weight": W, "name": "run", "label_smoothing": 0.1}

KINDS = {
    "lists": lambda folder: {"logits": X.tolist(), "labels": Y.tolist(), "weight": W},
    "arrays": lambda folder: {"logits": X, "labels": Y, "weight": np.array(W), "sample_weight": np.array(S)},
    "float32": lambda folder: {"log_probs": X.astype(np.float32) - 9, "labels": Y.astype(np.int16)},
    "torch": lambda folder: {
        "input": torch.tensor(X, requires_grad=True),
        "target": torch.tensor(Y),
        "class_weight": torch.tensor(W),
    },
    "bfloat16": lambda folder: {"logits": torch.tensor(X).to(torch.bfloat16), "labels": torch.tensor(Y)},
    "pandas": lambda folder: {
        "logits": pd.DataFrame(X, columns=["ant", "bee", "cat"]),
        "labels": pd.Series(["ant", "cat", "bee", "bee", "cat", "cat"]),
        "weight": pd.Series({"cat": 3.0, "bee": 1.0, "ant": 0.5}),
    },
    "memory map": lambda folder: {"logits": mapped(folder, X), "labels": Y, "weight": W},
    "soft": lambda folder: {"logits": X, "labels": Q, "weight": W, "label_smoothing": 0.2},
    "image": lambda folder: {
        "logits": X.reshape(2, 3, 3),
        "labels": np.where(Y < 0, 1, Y).reshape(2, 3),
        "ignore_index": 2,
    },
    "counted from 2": lambda folder: {"logits": X, "labels": [2, 4, 3, 0, 2, 2], "label_base": 2, "ignore_index": 0},
    "balanced": lambda folder: {"probs": Q, "labels": Y, "weight": "balanced"},
}


def mapped(folder, array):
    np.save(folder / "x.npy", array)
    return np.load(folder / "x.npy", mmap_mode="r")


def answers(*arrays, **fields):
    """What every question says of a batch, as text or as it is compared."""
    return [
        explain(*arrays, **fields, engines=()).to_dict(),
        split(*arrays, **fields, size=2).to_dict(),
        sweep(*arrays, **fields, class_=2).to_dict(),
        gradient(*arrays, **fields).to_dict(),
        identify(0.6662, *arrays, **fields).to_dict(),
        str(check(*arrays, **fields, expect={"sum": 1.0})),
        failed(*arrays, **fields),
    ]


def failed(*arrays, **fields):
    with pytest.raises(AssertionError) as caught:
        assert_loss(123.0, "sum", *arrays, **fields)
    return str(caught.value)


def text(found) -> str:
    return json.dumps(found, default=repr)


@pytest.mark.parametrize("kind", KINDS)
def test_every_question_answers_as_of_the_fields_themselves(kind, tmp_path):
    fields = KINDS[kind](tmp_path)
    assert text(answers(batch(**fields))) == text(answers(**fields))


@pytest.mark.parametrize(
    "arrays",
    [
        (X, Y),
        (torch.nn.CrossEntropyLoss(torch.tensor(W)), torch.tensor(X).float(), torch.tensor(Y)),
        ({"y_logits": X, "target": Y},),
    ],
)
def test_it_is_built_of_what_stands_by_position(arrays):
    assert text(answers(batch(*arrays))) == text(answers(*arrays))


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_a_file_is_read_once_and_asked_about_often(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"run.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps(FILE))
    else:
        np.savez(path, **{key: np.array(value) for key, value in FILE.items() if key != "name"})
    whole = batch(path)
    assert explain(whole).to_dict() == explain(path).to_dict()
    assert explain(whole, weight=[1, 1, 1]).methods == explain(path, weight=[1, 1, 1]).methods
    direct = {key: value for key, value in FILE.items() if key != "name"}
    assert explain(whole).value("weighted-mean") == explain(**direct, engines=()).value("weighted-mean")
    if suffix == "json":
        path.unlink()  # what has been read needs no file
    assert len(answers(whole)) == 7


def test_it_is_read_and_checked_once_for_all_questions(monkeypatch):
    built = []
    build = Batch.build.__func__
    monkeypatch.setattr(Batch, "build", classmethod(lambda cls, **given: built.append(1) or build(cls, **given)))
    whole = batch(logits=X, labels=Y, weight=W)
    answers(whole)
    assert len(built) == 1
    answers(logits=X, labels=Y, weight=W)
    assert len(built) == 8


def test_it_stands_wherever_a_function_has_its_batch():
    whole = batch(X, Y, weight=W)
    assert split(whole, 4) == split(4, whole) == split(whole, size=4) == split(4, X, Y, weight=W)
    assert split(whole, [2, 4]) == split([2, 4], logits=X, labels=Y, weight=W)
    assert str(sweep(whole, 0)) == str(sweep(0, whole)) == str(sweep(whole, class_=0)) == str(sweep(0, X, Y, weight=W))
    assert str(sweep(whole, smoothing=True)) == str(sweep(X, Y, weight=W, smoothing=True))
    (found,) = identify(1.1, whole).numbers
    assert found == identify(whole, 1.1).numbers[0] == identify(1.1, X, Y, weight=W).numbers[0]
    assert len(identify(1.1, "0.9", whole).numbers) == 2
    value = explain(whole, engines=())["sum"]
    assert_loss(value, "sum", whole)
    assert_loss(value, whole, "sum")
    assert_loss(value, whole, method="sum")
    assert check(whole, expect={"sum": value}).is_ok


@pytest.mark.parametrize(
    "beside",
    [
        {"weight": [1.0, 1.0, 2.0]},
        {"class_weight": {"0": 1.0, "1": 2.0, "2": 0.0}},
        {"sample_weight": S},
        {"labels": [0, 0, 0, 1, 1, 2]},
        {"y_true": Q},
        {"probs": Q},
        {"label_smoothing": 0.3},
        {"ignore_index": -100},  # the default, and said all the same
        {"classes": ["ant", "bee", "cat"]},
        {"label_base": 1, "labels": [1, 2, 3, 1, 2, 3]},
    ],
)
def test_a_field_beside_it_takes_the_place_of_its_own(beside):
    fields = {"logits": X, "labels": np.where(Y < 0, 1, Y), "weight": W, "ignore_index": 2}
    names = {"class_weight": "weight", "y_true": "labels"}
    expected = {**fields, **{names.get(name, name): value for name, value in beside.items()}}
    if "probs" in beside:
        del expected["logits"]
    whole = batch(**fields)
    if beside == {"ignore_index": -100}:
        assert explain(whole, engines=(), **beside).totals.n_kept == 6
        assert explain(whole, engines=()).totals.n_kept == 3
    assert text(explain(whole, engines=(), **beside).to_dict()) == text(explain(**expected, engines=()).to_dict())
    assert text(split(whole, 2, **beside).to_dict()) == text(split(2, **expected).to_dict())
    assert whole.fields == fields
    assert explain(whole, engines=()) == explain(**fields, engines=())


@pytest.mark.parametrize(
    ("call", "said", "hint"),
    [
        (
            lambda whole: explain(whole, weight=None),
            "weight=None is given, and the batch has weight",
            "leave it out to",
        ),
        (lambda whole: explain(whole, X), "explain takes a batch or arrays, and got both", "by its name: labels="),
        (lambda whole: gradient(whole, whole), "gradient takes a batch or arrays, and got both", "weight="),
        (lambda whole: split(whole, 2, 3), "split takes one size, and got 2", "split takes one size"),
        (lambda whole: split(whole, 2, size=3), "split takes one size, and got 2", "split takes one size"),
        (lambda whole: sweep(whole, 0, smoothing=True), "give exactly one of class_", "class_"),
        (lambda whole: explain(whole, labels=[0, 1]), "6 samples (3 classes) but 2 labels", "weight  (3,)"),
        (lambda whole: explain(whole, gt=Y, labels=Y), "gt= and labels= are both given", "leave one of them out"),
        (lambda whole: batch([X, Y][:1].__iter__()), "blocks are walked once", "explain(blocks=…) walks them"),
        (lambda whole: batch(X), "labels are missing", "give one class index a sample: labels="),
        (lambda whole: batch(), "logits are missing", "labels="),
        (lambda whole: batch("no.json"), "no.json", ""),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_a_hint(call, said, hint):
    with pytest.raises(WceError) as caught:
        call(batch(X, Y, weight=W))
    lines = str(caught.value).splitlines()
    assert said in "\n".join(lines)
    assert hint in lines[-1]


def test_none_beside_it_is_nothing_where_it_has_none():
    whole = batch(X, Y)
    assert explain(whole, weight=None, target=None, engines=()) == explain(X, Y, engines=())


def test_it_says_what_it_holds_and_not_its_numbers():
    assert repr(batch(X, Y, weight=W)) == "<batch of 6 samples, 3 classes: weight, logits, labels>"


FUNCTIONS = ("explain", "identify", "check", "split", "sweep", "gradient", "assert_loss", "batch")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_lists_every_field_and_what_it_is(name):
    function = getattr(wce_cli, name)
    parameters = inspect.signature(function).parameters
    assert [field for field in parameters if field in FIELDS] == list(FIELDS)
    for field, said in FIELDS.items():
        assert parameters[field].default == said.default
        assert f"{field:<16} {said.help}" in function.__doc__
    assert max(map(len, function.__doc__.splitlines())) <= 120
    with pytest.raises(TypeError, match="colour"):
        function(1.0, logits=X, labels=Y, colour=None, **({"expect": {"sum": 1}} if name == "check" else {}))
