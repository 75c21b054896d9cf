"""Where two methods meet, they give one number, and no meeting is left out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.questions.batches import GIVEN, LABELS, LOGITS
from wce_cli import explain, sweep
from wce_cli.batches.batch import Batch
from wce_cli.questions.sweep import sweep_batch
from wce_cli.questions.sweep.curves import Axis


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


def told(answer, *methods):
    return [(one.place, one.value) for one in answer.crossings if (one.one, one.other) == methods]


@pytest.mark.parametrize("points", [2, 3, 10, 41, 1000])
def test_the_meetings_are_the_same_for_any_number_of_points(points):
    # N = a + b·v and D = c + d·v: weighted-mean = batch-mean where D = N, and where the numerator is 0
    answer = sweep(2, **GIVEN, start=-10, stop=10, points=points)
    found = told(answer, "weighted-mean", "batch-mean")
    assert [place for place, _ in found] == pytest.approx([-a_over_b(), 2.25], rel=1e-12)
    assert found[0][1] == 0
    assert answer.crossings == sweep(2, **GIVEN, start=-10, stop=10).crossings


def a_over_b():
    a, b = (explain(**{**GIVEN, "weight": w}, engines=()).value("sum") for w in ([1, 0.25, 0], [0, 0, 1]))
    return a / b


def test_two_meetings_between_two_points_are_both_found():
    answer = sweep(2, **GIVEN, values=[-1, 2.35])
    gap = answer.values("weighted-mean") - answer.values("batch-mean")
    assert (gap < 0).all()
    assert min(answer.method("weighted-mean").denominators) > 0
    assert len(told(answer, "weighted-mean", "batch-mean")) == 2


@pytest.mark.parametrize("points", [2, 4, 41, 999])
def test_curves_that_touch_meet_once(points):
    """(1 · v + 4 · 0.5) over v + 4 and over 2: the numerator is 0 where the denominators are one, at −2."""
    touching = {"log_probs": [[-1.0, -0.2], [-9.0, -0.5]], "labels": [0, 1], "weight": [1, 4]}
    answer = sweep(0, **touching, start=-3.9, stop=3, points=points)
    assert told(answer, "weighted-mean", "batch-mean") == [(-2, 0)]


@pytest.mark.parametrize("eps", [0.0, 0.2])
def test_of_one_curve_nothing_is_told(eps):
    pairs = ["batch-mean", "batch-mean/sample", "kept-mean", "nonzero-mean", "weighted-mean", "weighted-mean/sample"]
    batch = Batch.build(**{**GIVEN, "labels": [0, 1, 0, 1, 2, 0, 2], "label_smoothing": eps})
    answer = sweep_batch(batch, Axis("class", 0), np.linspace(0.1, 3, 7), pairs)
    same = {frozenset(("batch-mean", "kept-mean")), frozenset(("batch-mean", "nonzero-mean"))}
    same |= {frozenset(("kept-mean", "nonzero-mean"))}
    if eps == 0:
        same |= {frozenset((pair, f"{pair}/sample")) for pair in ("batch-mean", "weighted-mean")}
    met = {frozenset((one.one, one.other)) for one in answer.crossings}
    assert not met & same
    assert frozenset(("batch-mean", "weighted-mean")) in met


def test_a_count_that_jumps_has_its_own_meetings():
    """nonzero-mean divides by 6, but by 4 where the weight of class 0 is 0: there it is weighted-mean's equal."""
    batch = Batch.build(**{**GIVEN, "weight": [9, 1, 1]})
    pairs = ["weighted-mean", "nonzero-mean"]
    for places in (np.linspace(-0.5, 3, 7), np.linspace(-0.5, 3, 8), np.array([-0.5, 3])):
        answer = sweep_batch(batch, Axis("class", 0), places, pairs)
        assert [one.place for one in answer.crossings] == [0, 1]  # Σ w[y] is 4 there, and 6
        for one in answer.crossings:
            at_place = {**GIVEN, "weight": [one.place, 1, 1]}
            for pair in pairs:
                assert explain(**at_place, engines=()).value(pair) == pytest.approx(one.value, rel=1e-13)


def test_curves_that_are_no_polynomials_are_searched_between_the_points():
    batch = {"logits": [[0.0, -np.inf], [1.0, 2.0], [3.0, 1.0]], "labels": [0, 1, 0], "weight": [1, 2]}
    answer = sweep(0, **batch, sample_weight=[1, np.inf, 1], start=0, stop=3, points=7)
    assert answer.crossings == ()
    infinite = {"logits": [[2.0, 1, 0], [0, 1, 2], [1, 1, 1]], "labels": [0, 1, 1], "weight": [1, 0.25, np.inf]}
    answer = sweep(0, **infinite, start=0, stop=4, points=7)
    found = told(answer, "weighted-mean", "batch-mean")
    assert [place for place, _ in found] == pytest.approx([2.5], rel=1e-12)  # v + 2 · 0.25 = 3
