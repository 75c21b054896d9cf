"""The finding about names of classes that are not sorted, held to what scikit-learn returns for them."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from tests.findings.said import f, message
from tests.run import run
from wce_cli import explain
from wce_cli.answers.report import Report
from wce_cli.batches.batch import Batch
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.from_saved import as_asked, explain_saved
from wce_cli.saved.part import Saved

RNG = np.random.default_rng(7)
ORDERS = {
    "two": ["dog", "cat"],
    "three": ["dog", "cat", "bird"],
    "case": ["apple", "Zebra", "mango"],
    "numerals": ["9", "10", "2"],
    "accents": ["été", "zoo", "eta", "Øl"],
    "five": ["e", "d", "c", "b", "a"],
}


def log_loss(names: list[str], p: np.ndarray, classes: list[str], s: np.ndarray | None = None) -> float:
    """What scikit-learn returns for labels by name, whatever it warns of."""
    metrics = pytest.importorskip("sklearn.metrics")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(metrics.log_loss(np.array(names), p, labels=classes, sample_weight=s))


def batch(classes: list[str], n: int = 12) -> tuple[np.ndarray, list[str]]:
    return RNG.dirichlet(np.ones(len(classes)), size=n), [classes[k % len(classes)] for k in range(n)]


@pytest.mark.parametrize("kind", ["probs", "logits", "log_probs"])
@pytest.mark.parametrize("order", ORDERS)
def test_the_number_of_scikit_learn_is_said_beside_ours(order, kind):
    classes = ORDERS[order]
    p, names = batch(classes)
    scores = p if kind == "probs" else np.log(p) + (3.0 if kind == "logits" else 0.0)
    weight, s = RNG.uniform(0.5, 2, len(classes)), RNG.uniform(0.5, 2, len(names))
    y = [classes.index(name) for name in names]
    for given, by_row in (({}, None), ({"weight": weight, "sample_weight": s}, s * weight[y])):
        theirs = log_loss(names, p, classes, by_row)
        ours = np.average(-np.log(p[range(len(y)), y]), weights=by_row)
        shown = ", ".join(sorted(classes)[:4]) + (", …" if len(classes) > 4 else "")
        assert message("classes-sorted", {kind: scores, "labels": names, "classes": classes, **given}) == (
            f"given these labels by name, scikit-learn's log_loss takes the columns in sorted order, {shown}: so read, "
            f"weighted-mean is {f(theirs)}, not {f(ours)}"
        )
        assert log_loss(names, p[:, np.argsort(classes)], classes, by_row) == pytest.approx(ours, rel=1e-12)


def test_it_is_said_only_of_labels_by_name_in_another_order():
    p, names = batch(["dog", "cat"])
    given = {"probs": p, "labels": names, "classes": ["dog", "cat"]}
    assert message("classes-sorted", given) is not None
    assert message("classes-sorted", {**given, "labels": [0, 1] * 6}) is None
    assert message("classes-sorted", {**given, "classes": ["cat", "dog"]}) is None
    assert message("classes-sorted", {**given, "probs": np.full((12, 2), 0.5)}) is None  # both are one number
    assert message("classes-sorted", {**given, "label_smoothing": 0.1}) is None  # it has none


def test_a_weight_by_name_has_an_order_of_classes_too():
    p, names = batch(["dog", "cat"])
    assert message("classes-sorted", {"probs": p, "labels": names, "weight": {"dog": 1, "cat": 2}}) is not None


def test_large_batches_of_images_say_it_too():
    classes = ["b", "c", "a"]
    x = RNG.normal(size=(40, 3, 20, 10))
    y = RNG.integers(3, size=(40, 20, 10))
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    names = np.array(classes)[y]
    rows = np.moveaxis(p, 1, -1).reshape(-1, 3)
    said = message("classes-sorted", {"logits": x, "labels": names.tolist(), "classes": classes})
    assert said is not None
    assert f"is {f(log_loss(names.ravel().tolist(), rows, classes))}, not " in said


def test_parts_add_up_and_other_names_forget_it():
    classes = ["b", "c", "a"]
    p, names = batch(classes)
    parts = []
    for rows in (slice(0, 5), slice(5, 12)):
        one = Batch.build(probs=p[rows], labels=names[rows], classes=classes)
        parts.append(Saved.of(one.spec, one.scores.shape, *one_pass(one)))
    whole = parts[0] + parts[1]

    def said(report: Report) -> str | None:
        return next((one.message for one in report.findings if one.code == "classes-sorted"), None)

    assert said(explain_saved(whole)) == message("classes-sorted", {"probs": p, "labels": names, "classes": classes})
    assert said(explain_saved(whole)) is not None
    assert said(explain_saved(whole, classes=["x", "z", "y"])) is None
    assert said(explain_saved(as_asked(whole, classes=["x", "z", "y"]))) is None


@pytest.mark.parametrize("weighted", [False, True])
def test_the_engine_asks_by_index_and_by_name(weighted):
    pytest.importorskip("sklearn")
    classes = ["dog", "cat", "bird"]
    p, names = batch(classes)
    given = {"weight": [1.0, 2.0, 0.5]} if weighted else {}
    report = explain(probs=p, labels=names, classes=classes, engines=("scikit-learn",), **given)
    y = np.array([classes.index(name) for name in names])
    by_row = np.array([1.0, 2.0, 0.5])[y] if weighted else None
    by_call = {one.call: one for one in report.measurements}
    w = ", sample_weight=w[y]" if weighted else ""
    named = by_call[f"log_loss(np.array(classes)[y], x, labels=classes{w})"]
    assert named.value == pytest.approx(log_loss(names, p, classes, by_row), rel=1e-14)
    assert named.methods == ()
    index = by_call[f"log_loss(y, x, labels=range(3){w})"]
    assert index.value == pytest.approx(np.average(-np.log(p[range(12), y]), weights=by_row), rel=1e-14)
    assert [one.code for one in report.findings].count("measured-differs") == 0


def test_the_engine_asks_by_index_alone_where_names_are_sorted():
    pytest.importorskip("sklearn")
    p, names = batch(["cat", "dog"])
    report = explain(probs=p, labels=names, classes=["cat", "dog"], engines=("scikit-learn",))
    assert not any("classes" in one.call for one in report.measurements)


def test_the_command_shows_both_numbers():
    arguments = ("--probs", "0.9 0.1; 0.1 0.9", "-y", "dog,cat", "--classes", "dog,cat")
    ran = run("explain", *arguments, "--engine", "none")
    assert "so read, weighted-mean is 2.30259, not 0.105361" in " ".join(ran.out.split())
    found = json.loads(run("explain", *arguments, "--engine", "none", "--format", "json").out)
    assert [one["severity"] for one in found["findings"] if one["code"] == "classes-sorted"] == ["caution"]
