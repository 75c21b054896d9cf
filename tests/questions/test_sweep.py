"""What does the weight do? Each point is what `explain` says of a batch with that weight."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from wce_cli import WceError, explain, sweep
from wce_cli.loss.batch import Batch
from wce_cli.loss.curves import Axis, Curves
from wce_cli.loss.methods import loss_values
from wce_cli.loss.stream import one_pass

LOGITS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1], [2, 0, 1], [1, 0, 0], [0, 0, 3]]
LABELS = [0, 1, -100, 1, 2, 0, 2]
WEIGHT = [1, 0.25, 3]
GIVEN = {"logits": LOGITS, "labels": LABELS, "weight": WEIGHT}


def weights_at(axis, weight, place):
    weight = np.array(weight, dtype=float)
    if axis.kind == "class":
        weight[axis.index] = place
    return weight * place if axis.kind == "scale" else weight


@pytest.mark.parametrize("seed", range(90))
def test_every_point_is_what_explain_says(seed):
    given = random_batch(seed)
    axis = [Axis("class", 1), Axis("smoothing"), Axis("scale")][seed % 3]
    eps = given["label_smoothing"]
    if axis.kind == "smoothing":
        given["label_smoothing"] = 0.5
    batch = Batch.build(**given)
    totals, facts = one_pass(batch)
    weight = batch.spec.class_weight
    places = np.array([0.0, 0.1, 0.25, 0.7, 1.0] + ([] if axis.kind == "smoothing" else [-1.5, 2.0, 13.0]))
    curves = Curves(totals, weight, eps, axis)
    found = curves.at(places)
    assert curves.is_polynomial
    for k, place in enumerate(places.tolist()):
        at_place = place if axis.kind == "smoothing" else eps
        expected = loss_values(totals, weights_at(axis, weight, place), at_place)
        assert [(one.method, one.placement) for one in found] == [(one.method, one.placement) for one in expected]
        scale = facts.reach * max(1.0, abs(place)) * 10
        for one, wanted in zip(found, expected, strict=True):
            assert one.numerators[k] == pytest.approx(wanted.numerator, rel=1e-12, abs=1e-14 * scale), wanted.pair
            assert one.denominators[k] == pytest.approx(wanted.denominator, rel=1e-13, abs=1e-15 * scale), wanted.pair


@pytest.mark.parametrize("axis", [Axis("class", 0), Axis("scale")])
def test_what_is_infinite_is_asked_point_by_point(axis):
    batch = Batch.build(logits=[[0.0, -np.inf], [1.0, 2.0]], labels=[1, 0], weight=[1, 2])
    totals, _ = one_pass(batch)
    curves = Curves(totals, batch.spec.class_weight, 0.0, axis)
    assert not curves.is_polynomial
    places = np.array([0.0, 0.5, 2.0])
    for k, place in enumerate(places.tolist()):
        expected = loss_values(totals, weights_at(axis, batch.spec.class_weight, place))
        for one, wanted in zip(curves.at(places), expected, strict=True):
            assert one.values[k] == pytest.approx(wanted.value, nan_ok=True)


@pytest.mark.parametrize("chunk", [1, 7])
def test_counts_of_nonzero_weights_do_not_depend_on_chunks(monkeypatch, chunk):
    monkeypatch.setattr("wce_cli.loss.curves.CHUNK", chunk)
    answer = sweep(0, **GIVEN, points=5)
    assert answer.method("nonzero-mean").denominators == (4, 6, 6, 6, 6)


def test_arrays_come_back_and_the_smoothing_needs_no_smoothing_before():
    answer = sweep(smoothing=True, **GIVEN, points=3)
    assert answer.at.tolist() == [0, 0.5, 1]
    for eps, value in zip(answer.at, answer.values("weighted-mean"), strict=True):
        expected = explain(**GIVEN, label_smoothing=float(eps), engines=()).value("weighted-mean")
        assert value == pytest.approx(expected, rel=1e-13)
    with pytest.raises(WceError, match='there is no method "mean"'):
        answer.values("mean")


def test_a_class_is_named_or_counted():
    named = {**GIVEN, "classes": ["a", "b", "7"]}
    assert sweep("b", **named).axis.index == sweep(1, **named).axis.index == 1
    assert sweep("7", **named).axis.index == 2
    for wrong, message in (("c", 'there is no class "c"'), (3, "there is no class 3"), (-1, "there is no class -1")):
        with pytest.raises(WceError) as error:
            sweep(wrong, **named)
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give exactly one of class_, smoothing and scale"),
        ({"class_": 0, "scale": True}, "give exactly one of class_, smoothing and scale"),
        ({"class_": 0, "start": 2}, "from 2 to 2 is no range, expected one that rises"),
        ({"class_": 0, "points": 1}, "1 points, expected 2 to 100000"),
        ({"class_": 0, "values": []}, "0 values, expected 1 to 100000"),
        ({"class_": 0, "values": [1, float("nan")]}, "the values hold nan or inf, expected numbers"),
        ({"smoothing": True, "stop": 1.5}, "a label smoothing of 1.0125, expected 0 to 1"),
    ],
)
def test_what_is_no_range_is_refused(arguments, message):
    with pytest.raises(WceError) as error:
        sweep(**arguments, **GIVEN)
    assert str(error.value) == message


def test_where_two_methods_meet_is_found():
    answer = sweep(2, **GIVEN, stop=4, points=10)
    # weighted-mean = batch-mean where Σ w[y] = N: 2·1 + 2·0.25 + 2·w = 7
    meeting = next(one for one in answer.crossings if (one.one, one.other) == ("weighted-mean", "batch-mean"))
    assert meeting.place == pytest.approx(2.25, rel=1e-12)
    weight = [1, 0.25, meeting.place]
    report = explain(logits=LOGITS, labels=LABELS, weight=weight, engines=())
    assert report.value("weighted-mean") == pytest.approx(report.value("batch-mean"), rel=1e-12)
    assert meeting.value == pytest.approx(report.value("batch-mean"), rel=1e-12)
    assert f"weighted-mean and batch-mean meet at 2.25, where both are {meeting.value:.6g}." in answer.sentences


def test_a_meeting_at_a_point_is_told_once_and_of_all_that_meet():
    answer = sweep(0, logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], weight=[0.1, 1])
    assert [one.place for one in answer.crossings] == [1, 1, 1]
    assert answer.sentences[-1] == ("weighted-mean, batch-mean and unweighted-mean meet at 1, where all are 0.907749.")


def test_a_pole_is_no_meeting():
    answer = sweep(0, logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], weight=[0.1, 1], start=-2.05, stop=-0.1, points=40)
    for one in answer.crossings:
        values = sweep(0, logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], weight=[0.1, 1], values=[one.place])
        assert values.values(one.one)[0] == pytest.approx(values.values(one.other)[0], rel=1e-9)


def test_the_bounds_that_are_said_hold():
    answer = sweep(0, **GIVEN, stop=1e6, points=1000)
    kept = [
        explain(logits=[x], labels=[y], engines=()).value("sum") for x, y in zip(LOGITS, LABELS, strict=True) if y >= 0
    ]
    assert answer.sentences[0].endswith(
        f"with weights of 0 or more it cannot leave {min(kept):.6g} to {max(kept):.6g}, the smallest and the largest "
        "loss of a sample."
    )
    values = answer.values("weighted-mean")
    assert (values >= min(kept)).all()
    assert (values <= max(kept)).all()
    alone = explain(logits=[LOGITS[0], LOGITS[5]], labels=[0, 0], engines=()).value("weighted-mean")
    assert f"towards {alone:.6g} (those of class 0 alone)" in answer.sentences[0]
    assert values[-1] == pytest.approx(alone, rel=1e-5)


def said(**given):
    class_ = given.pop("class_", 0)
    return sweep(class_, **given).sentences


def test_what_one_class_alone_or_none_shows_is_said():
    one = {"logits": LOGITS[:2], "labels": [0, 0], "weight": WEIGHT}
    loss = explain(**one, engines=()).value("unweighted-mean")
    assert said(**one)[0] == (
        f"Every kept sample is of class 0, so its weight cancels: weighted-mean is flat at {loss:.6g} "
        "(at 0, it is nan)."
    )
    assert said(**one, class_=1) == ("No kept sample is of class 1: its weight changes nothing.",)
    assert said(**one, class_=1, label_smoothing=0.1) != said(**one, class_=1)


def test_negative_weights_are_bounded_by_nothing():
    assert not any("cannot leave" in one for one in said(**{**GIVEN, "weight": [1, -0.25, 3]}))
    s = np.linspace(0.5, 2, 7)
    assert not any("cannot leave" in one for one in said(**GIVEN, sample_weight=s))


def test_straight_lines_are_straight():
    for given, pair in itertools.product(({"class_": 0}, {"scale": True}, {"smoothing": True}), ("batch-mean", "sum")):
        values = sweep(**given, **GIVEN, points=11).values(pair)
        assert np.diff(values) == pytest.approx(np.full(10, np.diff(values)[0]), rel=1e-9)
    slope = np.diff(sweep(0, **GIVEN, points=3).values("batch-mean"))[0]
    assert f"batch-mean is a straight line: {slope:.6g} more for each 1 of the weight." in said(**GIVEN)
