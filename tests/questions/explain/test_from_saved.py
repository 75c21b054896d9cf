"""What saved parts answer: any cut of a batch, saved and read back, is the one pass over all of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.oracle import Rows, assert_near, expected_values
from tests.saved_parts import again, part_of, parts_of, with_odd_rows
from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Report
from wce_cli.batches.batch import Batch
from wce_cli.errors import WceError
from wce_cli.findings import find
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.from_saved import added_up, explain_saved
from wce_cli.questions.explain.of_batch import explain_pass
from wce_cli.saved.encoded import to_json
from wce_cli.saved.part import Saved

ROUNDING = 4e-15
SIGNED = (1.0, 1.0, -1.0)


@st.composite
def cut_batches(draw) -> tuple[dict[str, Any], list[int], dict[str, Any]]:
    """The arguments of a batch, where it is cut, and the weight and smoothing that are asked of its parts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, c = draw(st.integers(0, 24)), draw(st.integers(1, 5))
    kind = draw(st.sampled_from(["logits", "logits", "probs", "log_probs"]))
    logits = rng.normal(size=(n, c)) * draw(st.sampled_from([1.0, 30.0]))
    probs = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-1e9))
    probs /= probs.sum(axis=1, keepdims=True)
    scores = {"logits": logits, "probs": probs, "log_probs": np.log(np.maximum(probs, 1e-300))}[kind]
    if draw(st.booleans()) and kind == "logits":
        scores = draw(st.sampled_from([probs, np.log(np.maximum(probs, 1e-300))]))  # what they may be taken for
    if draw(st.booleans()):
        scores = (
            np.where(rng.random(scores.shape) < 0.1, 0.0, scores)
            if kind == "probs"
            else with_odd_rows(rng, scores, 0.03)
        )
    batch: dict[str, Any] = {kind: scores.astype(draw(st.sampled_from(["float32", "float64"])))}
    labels = draw(st.sampled_from(["index", "index", "ignored", "soft", "one-hot", "whole"]))
    index = rng.integers(c, size=n)
    if labels == "soft":
        batch["labels"] = rng.dirichlet(np.ones(c), n) * rng.choice([1.0, 1.0, 0.9], size=(n, 1))
    elif labels in ("one-hot", "whole"):
        batch["labels"] = np.eye(c, dtype=float if labels == "one-hot" or c == 1 else int)[index]
    else:
        batch["labels"] = np.where(rng.random(n) < 0.3, -100, index) if labels == "ignored" else index
    if draw(st.booleans()):
        batch["sample_weight"] = rng.uniform(0.1, 3, n) * rng.choice(
            draw(st.sampled_from([(1.0,), (0.0, 1.0), SIGNED])), n
        )
    if draw(st.booleans()):
        batch["weight"] = rng.uniform(0.1, 3, c) * rng.choice(draw(st.sampled_from([(1.0,), (0.0, 1.0), SIGNED])), c)
    batch["label_smoothing"] = draw(st.sampled_from([0.0, 0.0, 0.1, 1.0]))
    asked: dict[str, Any] = {}
    if draw(st.booleans()):
        asked["weight"] = rng.uniform(0, 3, c) * rng.choice(draw(st.sampled_from([(1.0,), (0.0, 1.0), SIGNED])), c)
    if (batch["label_smoothing"] or batch["labels"].ndim > 1) and draw(st.booleans()):
        asked["label_smoothing"] = draw(st.sampled_from([0.0, 0.3, 1.0]))
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=4)))
    return batch, cuts, asked


def one_pass_of(batch: dict[str, Any], asked: dict[str, Any]) -> tuple[Batch, Report, Facts]:
    built = Batch.build(**{**batch, **asked})
    totals, facts = one_pass(built)
    return built, explain_pass(built, totals, facts), facts


def scales(batch: dict[str, Any], asked: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Σ|t| and Σ|w| by pair: the same batch with every factor by its size."""
    given = {**batch, **asked}
    sizes = {name: np.abs(given[name]) for name in ("weight", "sample_weight") if name in given}
    if given["labels"].ndim > 1:
        sizes["labels"] = np.abs(given["labels"])
    built = Batch.build(**{**given, **sizes})
    values = loss_values(one_pass(built)[0], built.spec.class_weight, built.spec.label_smoothing)
    return {value.pair: (value.numerator, value.denominator) for value in values}


def assert_alike(mine: float, theirs: float, scale: float, about: object) -> None:
    if mine == theirs or (np.isnan(mine) and np.isnan(theirs)):
        return
    assert abs(mine - theirs) <= ROUNDING * scale, (about, mine, theirs)


def assert_same_facts(mine: Facts, theirs: Facts) -> None:
    """Everything but what is a sum of floats, or was made for the weight of the pass."""
    sums = ("as_probs", "clipped", "renormalised", "undivided", "log_totals", "as_elements", "by_sorted_name")
    for field in (*sums, "lost", "reach", "top"):
        if field in sums:
            assert (getattr(mine, field) is None) == (getattr(theirs, field) is None), field
    for dtype, lost in theirs.lost.items():
        assert mine.lost[dtype].rows == lost.rows
        np.testing.assert_allclose(mine.lost[dtype].loss, lost.loss, rtol=1e-14)
    for field in ("labels_ahead", "labels_behind"):
        one, other = getattr(mine, field), getattr(theirs, field)
        assert one.positions == other.positions
        np.testing.assert_allclose(
            [one.own, one.other, one.squares], [other.own, other.other, other.squares], rtol=1e-12, atol=1e-12
        )
    beside = {field: getattr(mine, field) for field in ("labels_ahead", "labels_behind")}
    theirs = structs.replace(theirs, **beside)
    empty = {"lost": {}, "reach": 0.0, "top": mine.top, **dict.fromkeys(sums)}
    assert to_json(structs.replace(mine, **empty)) == to_json(structs.replace(theirs, **empty))


@settings(max_examples=250, deadline=None)
@given(cut_batches())
def test_any_cut_of_a_batch_answers_as_the_one_pass_whatever_is_asked(drawn):
    batch, cuts, asked = drawn
    whole = added_up(parts_of(cuts, **batch))
    report = explain_saved(whole, **asked)
    built, one, facts = one_pass_of(batch, asked)
    size = scales(batch, asked)
    assert [row.pair for row in report.methods] == [row.pair for row in one.methods]
    for mine, theirs in zip(report.methods, one.methods, strict=True):
        numerator, denominator = size[f"{mine.method}/{mine.placement}"]
        assert_alike(mine.numerator, theirs.numerator, numerator, mine.pair)
        assert_alike(mine.denominator, theirs.denominator, denominator, mine.pair)
    assert_same_facts(whole.facts, one_pass(Batch.build(**batch))[1])
    assert report.findings == one.findings
    assert report.batch.shape == one.batch.shape
    assert report.totals.first_nan == one.totals.first_nan
    for mine, theirs in zip(report.classes, one.classes, strict=True):
        assert (mine.index, mine.count) == (theirs.index, theirs.count)
        np.testing.assert_allclose(mine.weighted_loss_sum, theirs.weighted_loss_sum, rtol=1e-12, atol=1e-300)
    weight = built.spec.class_weight
    by_class = not built.spec.is_soft and batch["label_smoothing"] == 0
    at_save = batch.get("weight", np.ones(len(weight)))
    if by_class and ((at_save < 0) == (weight < 0)).all():
        assert [(row.term, row.n) for row in report.top] == list(facts.top.terms(weight))
        assert [row.n for row in report.top] == [row.n for row in one.top]
        assert [row.label for row in report.top] == [row.label for row in one.top]
    else:
        assert report.top == ()


@settings(max_examples=60, deadline=None)
@given(cut_batches())
def test_parts_are_the_plain_loop_too(drawn):
    batch, cuts, asked = drawn
    kind = next(name for name in ("logits", "probs", "log_probs") if name in batch)
    if not np.isfinite(batch[kind]).all() or (kind == "probs" and (batch[kind] == 0).any()) or not len(batch["labels"]):
        return  # the loop has 0·∞ where the sums have what they can
    report = explain_saved(added_up(parts_of(cuts, **batch)), **asked)
    given_now = {**batch, **asked}
    exact = expected_values(
        Rows(
            batch[kind].astype(np.float64).tolist(),
            batch["labels"].astype(float).tolist() if batch["labels"].ndim > 1 else batch["labels"].tolist(),
            given_now["weight"].tolist() if "weight" in given_now else None,
            batch["sample_weight"].tolist() if "sample_weight" in batch else None,
            -100,
            given_now["label_smoothing"],
            kind,
        )
    )
    for row in report.methods:
        pair = exact[f"{row.method}/{row.placement}"]
        assert_near(row.numerator, pair.numerator, ROUNDING, pair.numerator_scale, row.pair)
        assert_near(row.denominator, pair.denominator, ROUNDING, pair.denominator_scale, row.pair)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parts_of_many_blocks_answer_as_the_one_pass(dtype):
    rng = np.random.default_rng(3)
    n, c = 120_000, 7
    batch = {
        "logits": (rng.normal(size=(n, c)) * 3).astype(dtype),
        "labels": np.where(rng.random(n) < 0.1, -100, rng.integers(c, size=n)),
        "sample_weight": rng.uniform(0, 2, n),
    }
    whole = added_up(parts_of([1, 20_000, 20_003, 77_777], **batch))
    for weight in (rng.uniform(0, 2, c), np.eye(c)[2]):
        report, (built, one, facts) = explain_saved(whole, weight=weight), one_pass_of(batch, {"weight": weight})
        for mine, theirs in zip(report.methods, one.methods, strict=True):
            assert abs(mine.numerator - theirs.numerator) <= ROUNDING * abs(theirs.numerator)
            assert abs(mine.denominator - theirs.denominator) <= ROUNDING * theirs.denominator
        assert [row.n for row in report.top] == [n for _, n in facts.top.terms(built.spec.class_weight)]
        assert report.findings == one.findings


def test_mixed_dtypes_and_lists_are_told_as_one_batch_of_files_is():
    rng = np.random.default_rng(5)
    probs = rng.dirichlet(np.ones(3), 20)
    probs[2] = [0, 0.5, 0.5]
    labels = np.zeros(20, dtype=np.int64)
    half, single = probs[:10].astype("float16"), probs[10:].astype("float32")
    mixed = added_up([part_of(probs=half, labels=labels[:10]), part_of(probs=single, labels=labels[10:])])
    assert mixed.header.dtypes == {"probs": "float64", "labels": "int64"}
    assert mixed.facts.clipped is None
    listed = part_of(logits=probs.tolist(), labels=labels.tolist()) + part_of(logits=probs, labels=labels)
    assert "logits" not in listed.header.dtypes


# what is asked


def messages(saved: Saved, **asked: Any) -> list[str]:
    with pytest.raises(WceError) as error:
        explain_saved(saved, **asked)
    return [problem.message for problem in error.value.problems]


X = np.array([[0.1, 0.9, 0.0], [0.0, 0.1, 2.0], [1.0, 2.0, 3.0], [0.5, 0.1, 0.2]])
Y = np.array([0, 1, 2, 0])


def test_parts_of_different_weights_are_asked_for_one():
    one, other = part_of(logits=X, labels=Y, weight=[1, 2, 3]), part_of(logits=X, labels=Y, weight=[1, 2, 4])
    assert messages(one + other) == ["the parts were saved with different weights"]
    assert messages(again(one + other) + one) == ["the parts were saved with different weights"]
    given_now = explain_saved(one + other, weight=[1, 2, 3])
    assert given_now.value("sum") == pytest.approx(2 * explain_saved(one).value("sum"), rel=1e-15)
    assert explain_saved(one + one).value("weighted-mean") == explain_saved(one).value("weighted-mean")
    ones = part_of(logits=X, labels=Y, weight=[1, 1, 1])
    assert explain_saved(ones + part_of(logits=X, labels=Y)).batch.n == 8  # no weight is one of 1
    assert messages(one + part_of(logits=X, labels=Y)) == ["the parts were saved with different weights"]


def test_parts_of_different_smoothings_are_asked_for_one():
    one, other = (part_of(logits=X, labels=Y, label_smoothing=eps) for eps in (0.1, 0.2))
    assert messages(one + other) == ["the parts were saved with different label smoothings"]
    twice = {"logits": np.concatenate([X, X]), "labels": np.concatenate([Y, Y])}
    expected = one_pass_of(twice, {"label_smoothing": 0.2})[1]
    assert explain_saved(one + other, label_smoothing=0.2).value("sum") == pytest.approx(
        expected.value("sum"), rel=1e-15
    )


def test_balanced_counts_the_labels_of_all_parts():
    labels = np.array([0, 0, 0, 1, 1, 2, 0, 1, 2, 2, 1, 2])
    batch = {"logits": np.random.default_rng(1).normal(size=(12, 3)), "labels": labels}
    expected = one_pass_of({**batch, "weight": "balanced"}, {})[1]
    asked_then = explain_saved(added_up(parts_of([6], **batch)), weight="balanced")
    asked_at_first = explain_saved(added_up(parts_of([6], **batch, weight="balanced")))
    for report in (asked_then, asked_at_first):
        assert (report.batch.weight, report.batch.weight_rule) == (expected.batch.weight, "balanced")
        assert report.value("weighted-mean") == pytest.approx(expected.value("weighted-mean"), rel=1e-15)
    absent = part_of(logits=X, labels=[0, 1, 1, 1], classes=["cat", "dog", "cow"])
    expected_words = 'balanced divides by the number of samples of each class, and class "cow" has none'
    assert messages(absent, weight="balanced") == [expected_words]


def test_balanced_counts_one_hot_rows_and_no_others():
    one_hot = part_of(logits=X, labels=np.eye(3)[Y])
    expected = one_pass_of({"logits": X, "labels": np.eye(3)[Y], "weight": "balanced"}, {})[1]
    assert explain_saved(one_hot, weight="balanced").batch.weight == expected.batch.weight
    soft = part_of(logits=X, labels=np.full((4, 3), 1 / 3))
    assert messages(soft, weight="balanced") == ["balanced counts labels, and probability rows have no count"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"weight": [1, 2]}, "2 weights for 3 classes"),
        ({"weight": {"cat": 1}}, "weight names 1 class, but the scores have 3"),
        ({"weight": "evenly"}, 'weight is "evenly", expected numbers or balanced'),
        ({"classes": ["a"]}, "1 class name for 3 classes of scores"),
        ({"label_smoothing": 2}, "label_smoothing is 2, expected 0 to 1"),
        ({"label_smoothing": 0.1}, "these totals were saved without label smoothing, which needs Σ s·a[c]"),
    ],
)
def test_what_cannot_be_asked_is_said(asked, message):
    assert messages(part_of(logits=X, labels=Y), **asked) == [message]


def test_a_smoothing_is_not_asked_of_a_part_of_nothing_kept_either():
    nothing = part_of(logits=X[:0], labels=Y[:0])
    assert np.isnan(explain_saved(nothing).value("weighted-mean"))
    assert messages(nothing, label_smoothing=0.1)[0].startswith("these totals were saved without")


def test_names_are_those_of_the_parts_or_those_asked_with():
    named = part_of(logits=X, labels=Y, classes=["cat", "dog", "cow"])
    report = explain_saved(named, weight={"cat": 1, "dog": 2, "cow": 3})
    assert [row.name for row in report.classes] == ["cat", "dog", "cow"]
    assert [row.weight for row in report.classes] == [1, 2, 3]
    bare = part_of(logits=X, labels=Y)
    assert [row.name for row in explain_saved(bare, weight={"a": 1, "b": 2, "c": 3}).classes] == ["a", "b", "c"]
    assert [row.name for row in explain_saved(named, classes=["x", "y", "z"]).classes] == ["x", "y", "z"]


def test_the_largest_terms_say_where_they_stand_in_the_layout():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3, 4, 5)), rng.integers(3, size=(6, 4, 5))
    whole, one = added_up(parts_of([2, 3], logits=x, labels=y)), one_pass_of({"logits": x, "labels": y}, {})[1]
    report = explain_saved(whole)
    assert report.batch.shape == (6, 3, 4, 5)
    assert [(row.n, row.index, row.label, row.term) for row in report.top] == [
        (row.n, row.index, row.label, row.term) for row in one.top
    ]
    row = explain_saved(part_of(logits=X[0], labels=0)).top[0]
    assert (row.n, row.index) == (0, ())


def test_findings_speak_of_the_labels_as_they_were_given():
    """Those that lean on the spec, not on totals: one-hot rows of integers, labels counted from 1."""
    for batch in (
        {"logits": X, "labels": np.eye(3, dtype=int)[Y]},
        {"logits": np.tile(X, (20, 1)), "labels": np.tile([2, 3, 3, 2], 20), "label_base": 1},
        {"logits": np.tile(X, (20, 1)), "labels": np.tile([1, 2, 2, 1], 20)},
    ):
        report = explain_saved(added_up(parts_of([2], **batch)))
        assert report.findings == one_pass_of(batch, {})[1].findings
    assert any(finding.code == "label-base" for finding in report.findings)


def test_probabilities_that_one_pass_would_not_sum_are_not_told_of_parts():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(3), 400_000)
    probs[3] = [0, 0.5, 0.5]
    batch = {"probs": probs, "labels": rng.integers(3, size=400_000)}
    batch["labels"][3] = 0
    whole = added_up(parts_of([200_000], **batch))
    assert whole.facts.renormalised is None
    assert explain_saved(whole).findings == one_pass_of(batch, {})[1].findings


def test_nothing_is_found_in_a_sum_that_depends_on_the_order_of_adding():
    batch = {"logits": np.random.default_rng(2).normal(size=(30, 3)), "labels": np.arange(30) % 3}
    parts = parts_of([4, 9, 20], **batch)
    left = explain_saved(added_up(parts))
    right = explain_saved(parts[0] + (parts[1] + (parts[2] + parts[3])))
    for mine, theirs in zip(left.methods, right.methods, strict=True):
        assert mine.value == pytest.approx(theirs.value, rel=1e-15)
    assert [row.n for row in left.top] == [row.n for row in right.top]


def test_an_analysis_of_parts_is_one_that_findings_read():
    part = part_of(logits=X, labels=Y)
    spec = Batch.build(logits=X, labels=Y).spec
    values = loss_values(part.totals, spec.class_weight)
    assert find(Analysis(spec, part.totals, part.facts, values, ())) == explain_saved(part).findings
    assert json.loads(json.dumps(explain_saved(part).to_dict()))["terms"] == []
