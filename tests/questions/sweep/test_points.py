"""What does the weight do? Each point is what `explain` says of a batch with that weight."""

from __future__ import annotations

import pytest

from tests.questions.batches import GIVEN
from wce_cli import WceError, explain, sweep


def test_arrays_come_back_and_the_smoothing_needs_no_smoothing_before():
    answer = sweep(smoothing=True, **GIVEN, points=3)
    assert answer.at.tolist() == [0, 0.5, 1]
    for eps, value in zip(answer.at, answer.values("weighted-mean"), strict=True):
        expected = explain(**GIVEN, label_smoothing=float(eps), engines=()).value("weighted-mean")
        assert value == pytest.approx(expected, rel=1e-13)
    with pytest.raises(WceError, match='there is no method "mean"'):
        answer.values("mean")
