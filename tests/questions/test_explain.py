"""`explain`: the numbers of the question, and a harder batch against a loop written here."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from msgspec import structs

from wce_cli import Report, WceError, explain
from wce_cli.batches.batch import Batch
from wce_cli.questions.explain.of_batch import TERMS_LISTED, explain_batch

TWO = {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]}
LOGITS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1], [-1, 0, 4]]
NAMES = ["cat", "dog", "eel"]
HARD = {
    "logits": LOGITS,
    "labels": [0, 1, -100, 2, 1],
    "classes": NAMES,
    "weight": {"dog": 0.25, "cat": 0, "eel": 3},
    "sample_weight": [1, 2, 5, 0.5, 1],
    "label_smoothing": 0.1,
}


def six(value: float) -> str:
    return f"{value:.6g}"


def test_the_numbers_of_the_question():
    report = explain(**TWO, engines=())
    assert [(six(row.loss), six(row.weight), six(row.term)) for row in report.terms] == [
        ("1.1711", "0.1", "0.11711"),
        ("0.644397", "1", "0.644397"),
    ]
    assert [f"{row.share:.3f}" for row in report.terms] == ["0.154", "0.846"]
    assert [six(row.logsumexp) for row in report.terms] == ["1.2711", "0.744397"]
    assert [row.target_logit for row in report.terms] == [0.1, 0.1]
    assert six(report.totals.loss_sum) == "1.8155"
    assert report.totals.weight_sum == 1.1
    assert six(report.totals.numerator) == "0.761507"
    values = {row.pair: six(row.value) for row in report.methods if row.placement == "class"}
    assert values == {
        "weighted-mean": "0.692279",
        "batch-mean": "0.380753",
        "kept-mean": "0.380753",
        "nonzero-mean": "0.380753",
        "element-mean": "0.190377",
        "sum": "0.761507",
        "unweighted-mean": "0.907749",
    }


def by_hand():
    """(ℓ, w, t) of every kept sample of HARD by placement, one class after the other."""
    w, eps = [0, 0.25, 3], 0.1
    rows = {}
    for n, (x, y, s) in enumerate(zip(LOGITS, HARD["labels"], HARD["sample_weight"], strict=True)):
        if y == -100:
            continue
        a = [math.log(sum(math.exp(v) for v in x)) - v for v in x]
        q = [(1 - eps) * (c == y) + eps / 3 for c in range(3)]
        loss = sum(q[c] * a[c] for c in range(3))
        mix = s * sum(w[c] * q[c] for c in range(3))
        rows[n] = {
            "loss": loss,
            "class": (s * w[y], s * sum(w[c] * q[c] * a[c] for c in range(3))),
            "sample": (s * w[y], s * w[y] * loss),
            "label-mix": (mix, mix * loss),
        }
    return rows


def test_every_term_of_a_hard_batch_is_the_loops():
    report, rows = explain(**HARD, engines=()), by_hand()
    assert [row.kept for row in report.terms] == [True, True, False, True, True]
    for row in report.terms:
        if not row.kept:
            assert (row.loss, row.weight, row.term, row.share, row.logsumexp, row.placements) == (*[None] * 5, {})
            continue
        expected = rows[row.n]
        assert row.label_name == NAMES[row.label]
        assert row.loss == pytest.approx(expected["loss"], rel=1e-14)
        assert (row.weight, row.term) == pytest.approx(expected["class"], rel=1e-14)
        for placement, pair in row.placements.items():
            assert (pair.weight, pair.term) == pytest.approx(expected[placement], rel=1e-14)
        assert set(row.placements) == {
            name for name in ("sample", "label-mix") if expected[name] != pytest.approx(expected["class"], rel=1e-9)
        }


def test_every_method_of_a_hard_batch_is_the_loops():
    report, rows = explain(**HARD, engines=()), list(by_hand().values())
    denominators = {
        "batch-mean": 5,
        "kept-mean": 4,
        "element-mean": 15,
        "sum": 1,
    }
    for placement, (method, d) in product(("class", "sample", "label-mix"), denominators.items()):
        expected = sum(row[placement][1] for row in rows) / d
        assert report.value(f"{method}/{placement}") == pytest.approx(expected, rel=1e-14)
    for placement in ("class", "sample", "label-mix"):
        weights = [row[placement][0] for row in rows]
        numerator = sum(row[placement][1] for row in rows)
        assert report.value(f"weighted-mean/{placement}") == pytest.approx(numerator / sum(weights), rel=1e-14)
        counted = sum(1 for weight in weights if weight != 0)
        assert report.value(f"nonzero-mean/{placement}") == pytest.approx(numerator / counted, rel=1e-14)
    assert report.value("unweighted-mean") == pytest.approx(sum(row["loss"] for row in rows) / 4, rel=1e-14)


def test_classes_gather_the_samples_of_a_label():
    report, rows = explain(**HARD, engines=()), by_hand()
    assert [(row.index, row.name, row.weight, row.count) for row in report.classes] == [
        (0, "cat", 0, 1),
        (1, "dog", 0.25, 2),
        (2, "eel", 3, 1),
    ]
    dog = report.classes[1]
    assert dog.loss_sum == pytest.approx(rows[1]["loss"] + rows[4]["loss"], rel=1e-14)
    assert dog.mean_loss == dog.loss_sum / 2
    assert dog.weight_sum == 0.75
    assert dog.weighted_loss_sum == pytest.approx(rows[1]["sample"][1] + rows[4]["sample"][1], rel=1e-14)
    assert sum(row.numerator_share for row in report.classes) == pytest.approx(1)
    assert [row.weight_share for row in report.classes] == pytest.approx([0, 0.75 / 2.25, 1.5 / 2.25])


def test_the_top_are_the_largest_terms():
    rows = by_hand()
    report = explain(**HARD, engines=())
    largest = sorted(rows, key=lambda n: -rows[n]["class"][1])
    assert [row.n for row in report.top] == largest
    assert report.top[0] == report.terms[largest[0]]


@pytest.mark.parametrize(
    ("weight", "shared"),
    [([1, 2], True), ([-1, -2], True), ([1, -1], False), ([0, 0], False)],
)
def test_shares_are_null_where_terms_have_both_signs_or_add_up_to_0(weight, shared):
    report = explain(logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], weight=weight, engines=())
    shares = [row.share for row in report.terms]
    if shared:
        assert sum(shares) == pytest.approx(1)
    else:
        assert shares == [None, None]


def test_fewer_rows_change_nothing_but_the_rows():
    batch = Batch.build(**HARD)
    whole, two = explain_batch(batch), explain_batch(batch, rows=2)
    assert (two.terms_shown, two.terms_total, len(two.terms)) == (2, 5, 2)
    assert two.terms == whole.terms[:2]
    assert (two.totals, two.methods, two.top, two.classes) == (whole.totals, whole.methods, whole.top, whole.classes)


def test_of_more_than_10_000_samples_none_is_listed_unless_it_is_asked_for():
    n = TERMS_LISTED + 1
    batch = Batch.build(logits=np.eye(2)[np.arange(n) % 2], labels=np.zeros(n, dtype=int))
    report = explain_batch(batch)
    assert (report.terms, report.terms_shown, report.terms_total) == ((), 0, n)
    assert [row.n for row in report.top] == [1, 3, 5, 7, 9]
    assert len(explain_batch(batch, rows=7).terms) == 7
    assert str(n) in str(report)


def test_an_image_keeps_its_layout():
    logits = np.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2) / 7
    report = explain(logits=logits, labels=np.zeros((2, 2, 2), dtype=int), weight=[1, 2, 3], engines=())
    assert report.batch.shape == (2, 3, 2, 2)
    assert [row.index for row in report.terms] == list(np.ndindex(2, 2, 2))
    row = report.terms[5]
    x = logits[1, :, 0, 1]
    assert row.index == (1, 0, 1)
    assert row.loss == pytest.approx(np.log(np.exp(x).sum()) - x[0], rel=1e-14)


def test_lists_arrays_and_tensors_are_the_same_batch():
    torch = pytest.importorskip("torch")
    lists = explain(**TWO, engines=())
    arrays = explain(**{name: np.array(value) for name, value in TWO.items()}, engines=())
    tensors = explain(
        logits=torch.tensor(TWO["logits"], dtype=torch.float64, requires_grad=True),
        labels=torch.tensor(TWO["labels"], dtype=torch.int32),
        weight=torch.tensor([[0.1, 9], [1, 9]], dtype=torch.float64)[:, 0],
        engines=(),
    )
    assert (lists.batch.dtype, arrays.batch.dtype, tensors.batch.dtype) == (None, "float64", "float64")
    assert structs.replace(lists, batch=structs.replace(lists.batch, dtype="float64")) == arrays == tensors


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_narrower_tensor_is_read_as_the_numbers_it_holds(dtype):
    torch = pytest.importorskip("torch")
    logits = torch.tensor(TWO["logits"], dtype=getattr(torch, dtype))
    report = explain(logits=logits, labels=[0, 1], weight=[0.1, 1], engines=())
    exact = explain(logits=logits.double().tolist(), labels=[0, 1], weight=[0.1, 1], engines=())
    assert report.methods == exact.methods
    assert report.value("sum") != explain(**TWO, engines=()).value("sum")


def test_balanced_is_scikit_learns_rule_over_the_kept_samples():
    report = explain(logits=LOGITS, labels=[0, 1, -100, 2, 1], weight="balanced", engines=())
    assert report.batch.weight == (4 / 3, 4 / 6, 4 / 3)
    assert report.batch.weight_rule == "balanced"


def test_engines_are_measured_in_the_order_asked():
    pytest.importorskip("torch")
    assert explain(**TWO, engines=()).measurements == ()
    assert {one.engine for one in explain(**TWO).measurements} == {"PyTorch"}


def test_a_measurement_names_the_methods_it_agrees_with():
    pytest.importorskip("torch")
    report = explain(logits=LOGITS, labels=[0, 1, -100, 2, 1], weight=[0, 0.25, 3], label_smoothing=0.1)
    assert [one.methods for one in report.measurements[:4]] == [
        ("weighted-mean",),
        ("batch-mean",),
        ("sum",),
        ("unweighted-mean",),
    ]


def test_a_value_is_asked_for_by_pair():
    report = explain(**HARD, engines=())
    assert isinstance(report, Report)
    assert report.value("batch-mean") == report.value("batch-mean/class")
    assert report.value("batch-mean") != report.value("batch-mean/sample")


@pytest.mark.parametrize(
    ("batch", "pair", "lines"),
    [
        (TWO, "wieghted-mean", ['error: there is no method "wieghted-mean"', "hint: did you mean 'weighted-mean'?"]),
        (
            TWO,
            "unweighted-mean/sample",
            ["error: unweighted-mean/sample is not defined for index labels", "hint: defined: unweighted-mean"],
        ),
        (
            {"logits": [[1, 2]], "labels": [[0.5, 0.5]]},
            "weighted-mean",
            [
                "error: weighted-mean is not defined for probability labels",
                "hint: defined: weighted-mean/sample, weighted-mean/label-mix",
            ],
        ),
    ],
)
def test_a_pair_that_has_no_value_is_refused(batch, pair, lines):
    report = explain(**batch, engines=())
    for ask in (report.value, lambda pair: report.only((pair,))):
        with pytest.raises(WceError) as caught:
            ask(pair)
        assert caught.value.lines() == lines


def test_only_keeps_the_methods_in_the_order_asked():
    report = explain(**TWO, engines=()).only(("sum", "batch-mean/sample", "sum"))
    assert [row.pair for row in report.methods] == ["sum", "batch-mean/sample"]
