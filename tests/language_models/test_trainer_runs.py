"""What transformers' Trainer logged for one batch, two versions of it, is what `split` says of that batch.

`tests/data/trainer_runs.json` was printed by `tests/language_models/trainer_runs.py`.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.run import ROOT
from wce_cli import split

RUNS = json.loads((ROOT / "tests" / "data" / "trainer_runs.json").read_text("utf-8"))
BEFORE_THE_SHIFT, AFTER_THE_SHIFT = "4.57.1", "5.24.0"
SCORES = np.array(RUNS["batch"]["logits"])
LABELS = np.array(RUNS["batch"]["labels"])


def row_of(**cut):
    """The mean over the tokens, of the batch and of its parts."""
    answer = split(**cut, logits=SCORES, labels=LABELS, class_axis=-1, shift=True)
    return answer.method("weighted-mean")


def counted_before_the_shift(items):
    """Labels that are not ignored, the first of each sequence among them, which no position predicts."""
    return int((LABELS[items] != -100).sum())


def test_these_are_the_runs():
    assert list(RUNS["logged"]) == [AFTER_THE_SHIFT, BEFORE_THE_SHIFT]
    assert counted_before_the_shift(slice(None)) == row_of(size=1).denominator + len(LABELS)


@pytest.mark.parametrize("run", ["accumulated", "2 processes, average_tokens_across_devices=True"])
def test_the_trainer_divides_by_the_tokens_of_all_micro_batches_and_devices(run):
    row = row_of(size=1)
    assert RUNS["logged"][AFTER_THE_SHIFT][run] == pytest.approx(row.value, rel=1e-6)
    before = row.numerator / counted_before_the_shift(slice(None))
    assert RUNS["logged"][BEFORE_THE_SHIFT][run] == pytest.approx(before, rel=1e-6)
    assert abs(before - row.value) > 0.5


@pytest.mark.parametrize("version", RUNS["logged"])
def test_a_model_that_does_not_take_the_count_is_logged_as_the_mean_of_micro_batches(version):
    row = row_of(size=1)
    assert RUNS["logged"][version]["accumulated, model without **kwargs"] == pytest.approx(row.mean_of_parts, rel=1e-6)
    assert abs(row.mean_of_parts - row.value) > 0.05


def test_devices_that_count_alone_are_logged_as_the_mean_of_ranks():
    row, run = row_of(size=3), "2 processes, average_tokens_across_devices=False"
    assert RUNS["logged"][AFTER_THE_SHIFT][run] == pytest.approx(row.mean_of_parts, rel=1e-6)
    own = np.divide(row.numerators, [counted_before_the_shift(slice(0, 3)), counted_before_the_shift(slice(3, 6))])
    assert RUNS["logged"][BEFORE_THE_SHIFT][run] == pytest.approx(own.mean(), rel=1e-6)


def test_evaluation_is_the_mean_over_batches_each_counted_as_often_as_it_has_sequences():
    row = row_of(size=4)
    values = np.array(row.values)
    assert RUNS["logged"][AFTER_THE_SHIFT]["evaluated"] == pytest.approx((4 * values[0] + 2 * values[1]) / 6, rel=1e-6)
    values = np.divide(row.numerators, [counted_before_the_shift(slice(0, 4)), counted_before_the_shift(slice(4, 6))])
    assert RUNS["logged"][BEFORE_THE_SHIFT]["evaluated"] == pytest.approx((4 * values[0] + 2 * values[1]) / 6, rel=1e-6)
