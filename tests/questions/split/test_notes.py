"""Parts with nothing to divide by are said to be such."""

from __future__ import annotations

import math

from tests.questions.batches import LABELS, LOGITS, WEIGHT
from wce_cli import explain, split


def test_a_part_without_a_kept_sample_is_nan_and_is_said():
    answer = split(1, logits=LOGITS[:3], labels=LABELS[:3], weight=WEIGHT)
    row = answer.method("weighted-mean")
    assert math.isnan(row.values[2])
    assert math.isnan(row.mean_of_parts)
    assert row.factor is None
    assert row.remedy == row.value == explain(
        logits=LOGITS[:3], labels=LABELS[:3], weight=WEIGHT, engines=()
    ).value("weighted-mean")  # fmt: skip
    assert answer.notes[0].startswith("part 2 has no kept sample: ")
    assert answer.method("batch-mean").values[2] == 0


def test_of_a_batch_without_a_kept_sample_no_part_is_named():
    answer = split(1, logits=LOGITS[:3], labels=[-100] * 3, weight=WEIGHT)
    assert answer.notes == ()
    assert [one.code for one in answer.findings] == ["zero-denominator", "methods-coincide"]


def test_parts_whose_weights_are_all_zero_are_said():
    answer = split(2, logits=LOGITS[:4], labels=[0, 0, 1, 2], weight=[0, 1, 2])
    assert math.isnan(answer.method("weighted-mean").values[0])
    assert answer.notes == ("part 0: the weights of the kept samples add up to 0, weighted-mean is 0/0 = nan there",)


def test_what_is_above_a_denominator_of_0_is_infinite_and_in_torch_nan_under_smoothing():
    given = {"logits": [[1.0, 2], [0, 1], [2, 0]], "labels": [0, 0, 1]}
    (note, *_) = split(2, **given, weight=[0, 1], label_smoothing=0.1).notes
    assert note.endswith("add up to 0, weighted-mean is infinite (in PyTorch nan) there")
    (note, *_) = split(2, logits=[[1.0, 2], [0, 2], [2, 0]], labels=[0, 1, 1], weight=[1, -1]).notes
    assert note.endswith("add up to 0, weighted-mean is infinite there")
