"""A large batch is shown by its classes, and by the samples with the largest terms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.formats.printed import assert_added_up, tables
from tests.formats.reports import LOGITS, to_table
from wce_cli import explain
from wce_cli.batches.batch import Batch
from wce_cli.formats.look import Look
from wce_cli.questions.explain.of_batch import explain_batch


def many(n: int, c: int, seed: int = 1):
    rng = np.random.default_rng(seed)
    labels = rng.integers(c, size=n)
    labels[rng.random(n) < 0.1] = -100
    return {"logits": rng.normal(size=(n, c)) * 3, "labels": labels, "weight": rng.uniform(0.1, 5, size=c)}


def test_the_table_of_a_large_batch():
    batch = {"logits": LOGITS * 30, "labels": [0, 1, -100, 0, 1] * 30, "weight": [1, 0.5, 2]}
    report = explain(**batch, classes=["cat", "dog", "eel"], engines=())
    assert (
        to_table([report])
        .partition("\n\n")[2]
        .startswith("""\
150 samples × 3 classes, 30 ignored; 1 class has no sample

class  samples       Σℓ   mean ℓ  weight w     Σw·ℓ    share  Σw  share of Σw
cat         60  107.324  1.78873         1  107.324   56.8 %  60       66.7 %
dog         60  162.971  2.71618       0.5  81.4853   43.2 %  30       33.3 %
Σ          120  270.294  2.25245         –  188.809  100.0 %  90      100.0 %

the 5 largest terms
n   label  x[y]       p[y]  logsumexp   loss ℓ  weight w   term t  share
3   cat       0  0.0420101    3.16985  3.16985         1  3.16985  1.7 %
8   cat       0  0.0420101    3.16985  3.16985         1  3.16985  1.7 %
13  cat       0  0.0420101    3.16985  3.16985         1  3.16985  1.7 %
18  cat       0  0.0420101    3.16985  3.16985         1  3.16985  1.7 %
23  cat       0  0.0420101    3.16985  3.16985         1  3.16985  1.7 %
x logits, p = softmax(x); ℓ = −log p[y] = logsumexp − x[y], in nats; w class weight; t = w · ℓ

method                Σt  ÷ D                  = loss
weighted-mean    188.809   90  Σ w[y]         2.09788
""")
    )


@pytest.mark.parametrize("n", [20, 21])
def test_samples_are_listed_up_to_twenty_or_where_they_are_asked_for(n):
    report = explain(**many(n, 3), engines=())
    assert to_table([report]).partition("\n\n")[2].startswith("n ") == (n == 20)
    assert to_table([report], Look(rows=n)).partition("\n\n")[2].startswith("n ")


@pytest.mark.parametrize("width", [None, 40, 80, 200])
def test_many_classes_are_the_largest_twenty_and_the_rest(width):
    batch = many(3000, 50)
    report = explain(**batch, engines=())
    text = to_table([report], Look(width=width))
    classes, top, methods = tables(text)
    assert_added_up(classes, top, methods)
    assert [row["class"] for row in classes[20:]] == ["… 30 more", "Σ"]
    logits, labels, weight = batch["logits"], batch["labels"], batch["weight"]
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3000), np.maximum(labels, 0)]
    by_class = {c: float((weight[c] * losses[labels == c]).sum()) for c in range(50)}
    expected = sorted(by_class, key=by_class.get, reverse=True)[:20]
    assert [int(row["class"]) for row in classes[:20]] == expected
    assert [row["Σw·ℓ"] for row in classes[:20]] == [f"{by_class[c]:.6g}" for c in expected]
    terms = np.where(labels >= 0, weight[np.maximum(labels, 0)] * losses, -math.inf)
    assert [int(row["n"]) for row in top] == np.argsort(-terms)[:5].tolist()


def test_a_class_of_nan_is_shown_first_and_shares_that_nobody_has_are_left_out():
    batch = many(100, 30)
    batch["logits"][0, 0], batch["labels"][0] = math.nan, 7
    classes, _, _ = tables(to_table([explain(**batch, engines=())]))
    assert (classes[0]["class"], classes[0]["Σℓ"]) == ("7", "nan")
    assert "share" not in classes[0]
    assert "share of Σw" in classes[0]


def test_a_large_batch_in_which_everything_is_ignored_has_no_classes():
    batch = many(50, 3) | {"labels": [-100] * 50}
    text = to_table([explain(**batch, engines=())])
    assert text.partition("\n\n")[2].startswith("50 samples × 3 classes, 50 ignored; 3 classes have no sample\n")
    assert "error zero-denominator: all 50 samples are ignored" in text


def test_as_many_of_the_largest_terms_as_were_asked_for():
    batch = Batch.build(**many(100, 3))
    for top in (0, 1, 12):
        report = explain_batch(batch, top=top)
        assert len(report.top) == top
        text = to_table([report])
        assert (f"the {top} largest terms\n" in text) == (top > 1)
        assert ("the largest term\n" in text) == (top == 1)


@pytest.mark.parametrize("soft", [False, True])
def test_a_numerator_that_is_not_the_classes_own_is_said(soft):
    batch = many(60, 3)
    if soft:
        batch["labels"] = np.random.default_rng(2).dirichlet(np.ones(3), size=60)
    report = explain(**batch, label_smoothing=0.0 if soft else 0.1, engines=())
    own, mixed = report.value("sum/sample"), report.value("sum")
    assert (
        f"Σw·ℓ weighs a loss by the class of its label: {own:.6g} (placement sample). Class placement weighs every "
        f"class's part of it: {mixed:.6g}"
    ) in " ".join(to_table([report]).split())
    assert f"{own:.6g}" in to_table([report]).split("\n\n")[2].splitlines()[4]
    assert "placement sample" not in to_table([explain(**many(60, 3), engines=())])


@pytest.mark.parametrize(("n_classes", "last", "hidden"), [(20, "19", ""), (21, "20", ""), (22, "", "… 2 more")])
def test_the_line_that_would_stand_for_one_class_has_that_class(n_classes, last, hidden):
    report = explain(logits=np.eye(n_classes).repeat(30, 0), labels=np.arange(n_classes).repeat(30), engines=())
    names = [row["class"] for row in tables(to_table([report], Look()))[0]]
    assert (last in names, any(name.startswith("…") for name in names)) == (bool(last), bool(hidden))
    assert not hidden or hidden in names
