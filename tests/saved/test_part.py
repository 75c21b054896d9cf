"""Saved parts: nothing is lost on the way to JSON and back, and parts add up to the one pass."""

from __future__ import annotations

import base64
import json
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loss.random_batches import random_batch, random_cuts
from wce_cli.answers.report import MethodRow
from wce_cli.batches.batch import Batch
from wce_cli.errors import WceError
from wce_cli.inputs.totals import as_text
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import loss_values
from wce_cli.loss.totals import Totals
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.from_saved import added_up, explain_saved
from wce_cli.questions.explain.of_batch import explain_batch, explain_pass
from wce_cli.saved.document import document_of, saved_of
from wce_cli.saved.encoded import from_json, to_json
from wce_cli.saved.part import Saved

ROUNDING = 4e-15


def part_of(batch: Batch, rows: tuple[int, int] | None = None) -> Saved:
    totals, facts = one_pass(batch, rows=rows)
    if rows is not None:
        facts = facts.shifted(-rows[0])
    n = batch.n_samples if rows is None else rows[1] - rows[0]
    return Saved.of(batch.spec, (n, batch.spec.n_classes), totals, facts)


def again(saved: Saved) -> Saved:
    """The same part, from the text of its file."""
    return saved_of(json.loads(as_text(saved)), "part.json")


def same(one: object, other: object) -> bool:
    """Equal in every bit, NaN included."""
    return as_text_of(one) == as_text_of(other)


def as_text_of(value: object) -> str:
    return json.dumps(to_json(value))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_part_that_was_saved_is_the_part(seed):
    part = part_of(Batch.build(**random_batch(np.random.default_rng(seed))))
    assert same(again(part), part)
    assert same(from_json(Totals, to_json(part.totals)), part.totals)
    assert same(from_json(Facts, to_json(part.facts)), part.facts)


def with_strange_rows(arguments: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Some scores NaN or infinite; a probability of 0, which costs ∞."""
    kind = next(name for name in ("logits", "probs", "log_probs") if name in arguments)
    far = -1e300 if kind == "log_probs" else 1e300  # a loss below 0 would be no part of what `sizes` adds up
    strange = [np.nan, 0.0] if kind == "probs" else [np.nan, -np.inf, np.inf, far]
    scores = np.array(arguments[kind])
    there = rng.random(scores.shape) < 0.1
    scores[there] = rng.choice(strange, size=int(there.sum()))
    return {**arguments, kind: scores}


def sizes(arguments: dict[str, Any]) -> dict[str, MethodRow]:
    """By pair Σ|t| and Σ|w|, which 4e-15 is of: the same batch without any sign."""
    plain = {name: np.abs(arguments[name]) for name in ("weight", "sample_weight") if arguments.get(name) is not None}
    labels = np.asarray(arguments["labels"])
    batch = Batch.build(**{**arguments, **plain, "labels": np.abs(labels) if labels.dtype.kind == "f" else labels})
    return {row.pair: row for row in explain_batch(batch).methods}


def near(mine: float, theirs: float, size: float) -> bool:
    return mine == theirs or (np.isnan(mine) and np.isnan(theirs)) or abs(mine - theirs) <= ROUNDING * size


ASKED_WEIGHTS = ("that of the pass", None, "positive", "some zero", "signed")


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 1 << 32), asked=st.sampled_from(ASKED_WEIGHTS), strange=st.booleans())
def test_parts_add_up_to_the_one_pass_whatever_is_asked_of_them(seed, asked, strange):
    rng = np.random.default_rng(seed)
    arguments = random_batch(rng)
    if strange:
        arguments = with_strange_rows(arguments, rng)
    batch = Batch.build(**arguments)
    bounds = list(pairwise([0, *random_cuts(rng, batch.n_samples), batch.n_samples]))
    whole = added_up([again(part_of(batch, rows)) for rows in bounds])
    assert_facts_are(whole.facts, one_pass(batch)[1], batch)

    now: dict[str, Any] = {}
    if asked != "that of the pass":
        weight = None if asked is None else rng.uniform(0.1, 3.0, size=batch.spec.n_classes)
        if weight is not None:
            weight *= rng.random(len(weight)) < 0.5 if asked == "some zero" else 1.0
            weight *= rng.choice([-1.0, 1.0], size=len(weight)) if asked == "signed" else 1.0
        now["weight"] = np.ones(batch.spec.n_classes) if weight is None else weight
    if whole.totals.every is not None:
        now["label_smoothing"] = float(rng.choice([0.0, 0.2, 1.0]))
    one_arguments = {**arguments, **now}
    one_batch, size = Batch.build(**one_arguments), sizes(one_arguments)
    one, added = explain_pass(one_batch, *one_pass(one_batch)), explain_saved(whole, **now)

    assert [row.pair for row in added.methods] == [row.pair for row in one.methods]
    for mine, theirs in zip(added.methods, one.methods, strict=True):
        part = size[mine.pair]
        assert near(mine.numerator, theirs.numerator, part.numerator), mine.pair
        assert near(mine.denominator, theirs.denominator, part.denominator), mine.pair
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient = np.float64(mine.numerator) / np.float64(mine.denominator)
        assert mine.value == quotient or np.isnan(mine.value)
    told = [finding.code for finding in one.findings if finding.code != "class-axis-last"]  # which needs the rows
    assert [finding.code for finding in added.findings] == told
    assert [(row.index, row.count) for row in added.classes] == [(row.index, row.count) for row in one.classes]
    known = one_batch.spec.label_smoothing == 0 and not one_batch.spec.is_soft and batch.spec.label_smoothing == 0
    signs = [None if w is None else (np.asarray(w) < 0).tolist() for w in (batch.spec.weight, one_batch.spec.weight)]
    if known and (not any(any(sign or ()) for sign in signs) or signs[0] == signs[1]):
        assert [row.n for row in added.top] == [row.n for row in one.top]
        np.testing.assert_allclose([row.term for row in added.top], [row.term for row in one.top], rtol=1e-15)
    else:
        assert added.top == ()


def assert_facts_are(mine: Facts, theirs: Facts, batch: Batch) -> None:
    """Facts of single rows are the same; sums of them are, to their rounding."""
    summed = (
        "reach",
        "lost",
        "as_probs",
        "clipped",
        "renormalised",
        "undivided",
        "log_totals",
        "as_elements",
        "by_sorted_name",
    )
    beside = ("labels_ahead", "labels_behind")  # parts do not know of each other's rows
    for name in theirs.__struct_fields__:
        if name not in (*summed, *beside, "top"):
            assert as_text_of(getattr(mine, name)) == as_text_of(getattr(theirs, name)), name
    assert {dtype: lost.rows for dtype, lost in mine.lost.items()} == {d: lost.rows for d, lost in theirs.lost.items()}
    assert all(getattr(mine, name).positions <= getattr(theirs, name).positions for name in beside)
    for name in summed[2:]:
        one, other = getattr(mine, name), getattr(theirs, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_allclose(one.values(), other.values(), rtol=1e-13, atol=1e-13)
    if theirs.top.by_class:
        assert as_text_of(mine.top) == as_text_of(theirs.top)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_any_weight_can_be_asked_afterwards(smoothing):
    rng = np.random.default_rng(4)
    x, y, s = rng.normal(size=(60, 5)), rng.integers(0, 5, 60), rng.uniform(0, 2, 60)
    y[7] = -100

    def batch(weight, rows=slice(None)):
        return Batch.build(
            logits=x[rows], labels=y[rows], weight=weight, sample_weight=s[rows], label_smoothing=smoothing
        )

    parts = [again(part_of(batch(None, slice(a, b)))) for a, b in pairwise([0, 11, 12, 40, 60])]
    whole = added_up(parts)
    for weight in (None, rng.uniform(0, 3, 5), np.array([1.0, -2, 0, 3, 0.5])):
        totals, _ = one_pass(batch(weight))
        spec = batch(weight).spec
        expected = {v.pair: v for v in loss_values(totals, spec.class_weight, smoothing)}
        report = explain_saved(whole, weight=None if weight is None else weight.tolist())
        for row in report.methods:
            pair = expected[f"{row.method}/{row.placement}"]
            scale = float(np.abs(spec.class_weight).max() * totals.s_loss.values().sum()) + 1
            assert abs(row.numerator - pair.numerator) <= ROUNDING * scale
            np.testing.assert_allclose(row.value, pair.value, rtol=1e-12)
        one = explain_pass(batch(weight), *one_pass(batch(weight)))
        if smoothing == 0 and (weight is None or (weight >= 0).all()):
            assert [row.n for row in report.top] == [row.n for row in one.top]
            np.testing.assert_allclose([row.term for row in report.top], [row.term for row in one.top], rtol=1e-15)
        else:
            assert report.top == ()
    if smoothing:
        other = Batch.build(logits=x, labels=y, sample_weight=s, label_smoothing=0.3)
        expected = explain_pass(other, *one_pass(other)).value("weighted-mean/sample")
        asked = explain_saved(whole, label_smoothing=0.3).value("weighted-mean/sample")
        assert asked == pytest.approx(expected, rel=1e-13)


def test_balanced_counts_the_labels_of_all_parts():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), np.repeat([0, 1, 2], [25, 10, 5])
    parts = [part_of(Batch.build(logits=x[a:b], labels=y[a:b])) for a, b in ((0, 25), (25, 40))]  # one class each
    whole = Batch.build(logits=x, labels=y, weight="balanced")
    expected = explain_pass(whole, *one_pass(whole))
    assert explain_saved(added_up(parts), weight="balanced").value("batch-mean") == expected.value("batch-mean")
    with pytest.raises(WceError, match="class 1 has none"):
        explain_saved(parts[0], weight="balanced")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"logits": np.zeros((2, 4)), "labels": [0, 1]}, "the parts differ in n_classes: 3 and 4"),
        ({"probs": np.full((2, 3), 1 / 3), "labels": [0, 1]}, "the parts differ in scores: logits and probs"),
        ({"logits": np.zeros((2, 3)), "labels": np.eye(3)[:2]}, "the parts differ in labels: index and probability"),
        (
            {"logits": np.zeros((2, 3)), "labels": [0, 1], "ignore_index": 1},
            "the parts differ in ignore_index: -100 and 1",
        ),
        (
            {"logits": np.zeros((2, 3)), "labels": [0, 1], "classes": ["a", "b", "c"]},
            "the parts differ in classes: None and a, b, c",
        ),
        (
            {"logits": np.zeros((2, 3)), "labels": [0, 1], "label_smoothing": 0.1},
            "some parts were saved with label smoothing and some without",
        ),
    ],
)
def test_what_are_no_parts_of_one_batch_is_said(changed, said):
    first = part_of(Batch.build(logits=np.zeros((2, 3)), labels=[0, 1]))
    with pytest.raises(WceError) as error:
        _ = first + part_of(Batch.build(**changed))
    assert error.value.problems[0].message == said


def test_smoothing_cannot_be_asked_of_totals_without_it():
    part = part_of(Batch.build(logits=np.zeros((2, 3)), labels=[0, 1]))
    with pytest.raises(WceError, match="saved without label smoothing"):
        explain_saved(part, label_smoothing=0.1)


def broken(change) -> str:
    document = json.loads(as_text(part_of(Batch.build(logits=np.zeros((3, 2)), labels=[0, 1, 1]))))
    change(document)
    with pytest.raises(WceError) as error:
        saved_of(document, "part.json")
    (problem,) = error.value.problems
    return problem.message


EDITED = "part.json was edited or damaged: its checksum is another one"


def test_a_broken_document_is_named_by_the_place_that_is_wrong():
    assert broken(lambda d: d["totals"].pop("n")) == "part.json $.totals: object missing required field n"
    assert broken(lambda d: d["totals"].update(more=1)) == "part.json $.totals: object contains unknown field more"
    assert broken(lambda d: d.update(more=1)) == "part.json $: object contains unknown field more"
    assert broken(lambda d: d["facts"]["peak"].update(more=1)).startswith("part.json $.facts.peak: object contains")
    assert broken(lambda d: d.pop("checksum")) == "part.json $: object missing required field checksum"
    assert broken(lambda d: d["totals"].update(n="three")) == "part.json $.totals.n: expected int, got str"
    assert broken(lambda d: d["totals"].update(n=[3])) == "part.json $.totals.n: expected int, got array"
    assert broken(lambda d: d.update(format="wce.totals/9")) == (
        "part.json has the format wce.totals/9, expected wce.totals/1"
    )
    assert broken(lambda d: d["header"].update(scores="guesses")) == (
        "part.json $.header.scores: invalid enum value 'guesses'"
    )
    loss = "part.json $.totals.loss.high:"
    assert f"{loss} [] is no text of numbers" in broken(lambda d: d["totals"]["loss"].update(high=[]))
    assert f"{loss} " in broken(lambda d: d["totals"]["loss"].update(high="f8:AAAA"))
    assert f"{loss} " in broken(lambda d: d["totals"]["loss"].update(high="f8:%%%"))
    cut = broken(lambda d: d["totals"]["loss"].update(high=d["totals"]["loss"]["high"][:-8]))
    assert cut.startswith(loss)
    shorter = to_json(np.zeros(1))
    expected = "1 number, expected 2, one for each class"
    assert broken(lambda d: d["totals"]["loss"].update(high=shorter)) == f"{loss} {expected}"
    assert broken(lambda d: d["header"].update(weight=shorter)) == f"part.json $.header.weight: {expected}"
    assert broken(lambda d: d["facts"].update(s=[shorter, shorter])) == f"part.json $.facts.s[0]: {expected}"
    assert broken(lambda d: d["header"]["sources"].update({"\ud800": 1})).startswith("part.json $")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["totals"].update(n=1),
        lambda d: d["totals"].update(n=2**70),
        lambda d: d["totals"]["loss"].update(high=to_json(np.array([1.5, np.nan]))),
        lambda d: d["facts"]["top"].update(row=to_json(np.array([0, 1, 9]))),
        lambda d: d["facts"].update(reach=d["facts"]["reach"] * (1 + 2**-52)),
        lambda d: d["facts"].update(smallest_q="NaN"),
        lambda d: d["facts"]["lost"].pop("float32"),
        lambda d: d["facts"]["lost"].update({"more": d["facts"]["lost"]["float32"]}),
        lambda d: d["header"].update(shape=[2, 3]),
        lambda d: d["header"].update(label_smoothing=0.1),
        lambda d: d["header"].update(classes=["a", "b"]),
        lambda d: d.update(checksum=d["checksum"][::-1]),
    ],
)
def test_whatever_was_edited_the_checksum_says_so(change):
    assert broken(change) == EDITED


def test_a_document_may_be_written_in_another_way():
    part = part_of(Batch.build(logits=np.zeros((3, 2)), labels=[0, 1, 1], weight=[1.0, 2.0]))

    def others(value: Any) -> Any:
        """Keys in another order, whole floats as integers, arrays compressed by another hand."""
        if isinstance(value, dict):
            return {key: others(value[key]) for key in reversed(value)}
        if isinstance(value, list):
            return [others(item) for item in value]
        if isinstance(value, str) and value[:3] in ("f8:", "i8:"):
            return value[:3] + base64.b64encode(zlib.compress(zlib.decompress(base64.b64decode(value[3:])), 9)).decode()
        return int(value) if isinstance(value, float) and value % 1 == 0 else value

    document = others(document_of(part))
    assert list(document) == ["facts", "totals", "header", "checksum", "format"]
    assert as_text(part).rstrip() != json.dumps(document, separators=(",", ":"))
    found = saved_of(document, "part.json")
    assert same(found.totals, part.totals)
    assert same(found.facts.top, part.facts.top)


def test_a_class_may_be_called_by_the_word_for_a_number():
    part = part_of(Batch.build(logits=np.zeros((3, 2)), labels=[0, 1, 1], classes=["NaN", "null"]))
    assert again(part).header.classes == ("NaN", "null")


def test_a_part_of_many_classes_is_small():
    rng = np.random.default_rng(0)
    batch = Batch.build(logits=rng.normal(size=(50, 32_000)).astype("float32"), labels=rng.integers(0, 32_000, 50))
    assert len(as_text(part_of(batch))) < 100_000
