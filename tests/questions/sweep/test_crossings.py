"""Where two methods meet, they give one number, and no meeting is left out."""

from __future__ import annotations

import pytest

from tests.questions.batches import GIVEN, LABELS, LOGITS
from wce_cli import explain, sweep


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
