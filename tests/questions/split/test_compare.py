"""What if the batch is cut? Every number again by the plain loop over each part."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.loss.random_batches import random_batch, rows_of
from tests.oracle import assert_near, expected_values
from tests.questions.batches import LABELS, LOGITS, WEIGHT
from wce_cli import explain, split
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS
from wce_cli.questions.split import cut_of, split_batch


def picked(rows, which):
    s = None if rows.sample_weight is None else [rows.sample_weight[n] for n in which]
    return replace(
        rows, scores=[rows.scores[n] for n in which], labels=[rows.labels[n] for n in which], sample_weight=s
    )


@pytest.mark.parametrize("seed", range(120))
def test_every_part_has_the_numbers_of_the_plain_loop(seed):
    rng = np.random.default_rng(seed)
    given = random_batch(seed)
    batch, rows = Batch.build(**given), rows_of(given)
    items = batch.sample_shape[0] if batch.sample_shape else 1
    inner = batch.n_samples // items
    shuffle = int(rng.integers(9)) if rng.random() < 0.5 else None
    ranks = int(rng.integers(1, 4))
    size = 1 if ranks == 1 else None
    answer = split_batch(batch, cut_of(batch, size, ranks, shuffle))
    whole = expected_values(rows)
    assert {f"{row.method}/{row.placement}" for row in answer.methods} == set(whole)
    found = {n for part in answer.parts for n in part.items}
    assert found == set(range(items))
    for part in answer.parts:
        which = [item * inner + k for item in part.items for k in range(inner)]
        expected = expected_values(replace(picked(rows, which), items=len(part.items)), batch.spec.n_classes)
        assert part.n == len(which)
        for row in answer.methods:
            if row.method == "sample-mean" and not part.n:
                assert row.denominators[part.part] == 0
                continue
            wanted = expected[f"{row.method}/{row.placement}"]
            numerator, denominator = row.numerators[part.part], row.denominators[part.part]
            assert_near(numerator, wanted.numerator, 4e-14, wanted.numerator_scale, row.pair)
            assert_near(denominator, wanted.denominator, 4e-15, wanted.denominator_scale, row.pair)
            if denominator:
                assert row.values[part.part] == numerator / denominator
                gradient = 1 / (len(answer.parts) * denominator) if part.n_kept else None
                assert row.gradients[part.part] == gradient
    for row in answer.methods:
        assert_near(row.numerator, whole[f"{row.method}/{row.placement}"].numerator, 4e-14,
                    whole[f"{row.method}/{row.placement}"].numerator_scale)  # fmt: skip
        if all(map(math.isfinite, row.values)):
            assert row.mean_of_parts == pytest.approx(sum(row.values) / len(answer.parts), rel=1e-12, abs=1e-300)
        if math.isfinite(row.value) and row.value:
            scale = sum(map(abs, row.numerators)) / abs(row.denominator)
            assert abs(row.remedy - row.value) <= 1e-14 * scale


def test_the_loss_of_each_part_is_that_of_a_batch_of_it_alone():
    answer = split(3, shuffle=4, logits=LOGITS, labels=LABELS, weight=WEIGHT, label_smoothing=0.1)
    for part in answer.parts:
        alone = explain(
            logits=[LOGITS[n] for n in part.items],
            labels=[LABELS[n] for n in part.items],
            weight=WEIGHT,
            label_smoothing=0.1,
            engines=(),
        )
        for row in answer.methods:
            assert row.values[part.part] == pytest.approx(alone.value(row.pair), rel=1e-13, nan_ok=True), row.pair
    assert answer.method("weighted-mean").value == explain(
        logits=LOGITS, labels=LABELS, weight=WEIGHT, label_smoothing=0.1, engines=()
    ).value("weighted-mean")


def test_a_denominator_of_a_part_is_known_for_every_method():
    answer = split(2, logits=LOGITS, labels=LABELS)
    assert list(dict.fromkeys(row.method for row in answer.methods)) == [m for m in METHODS if not METHODS[m].by_item]
    images = split(1, logits=np.reshape(LOGITS[:6], (3, 2, -1)), labels=np.reshape(LABELS[:6], (3, 2)), class_axis=-1)
    assert list(dict.fromkeys(row.method for row in images.methods)) == list(METHODS)
    assert images.method("sample-mean").denominators == (1.0, 1.0, 1.0)


def test_with_probability_labels_equal_parts_change_nothing_of_torchs_mean():
    q = np.random.default_rng(0).dirichlet([1, 1, 1], size=6)
    row = split(2, logits=LOGITS[:6], labels=q, weight=WEIGHT).method("batch-mean")
    assert row.mean_of_parts == pytest.approx(row.value, rel=1e-15)
    assert split(4, logits=LOGITS[:6], labels=q, weight=WEIGHT).method("batch-mean").factor != pytest.approx(1)


def finding(**given):
    size = given.pop("size", 1)
    found = split(size, **given).findings
    return next((one.message for one in found if one.code == "weights-vanish-when-split"), None)


def test_parts_of_one_sample_are_said_to_lose_their_weights():
    kept = {"logits": LOGITS[3:], "labels": LABELS[3:], "weight": WEIGHT}
    answer = split(1, **kept)
    assert answer.method("weighted-mean").mean_of_parts == pytest.approx(
        answer.method("unweighted-mean").value, rel=1e-15
    )
    assert finding(**kept) == (
        "each of the 4 parts has one kept sample, whose weight cancels: the mean of the parts' weighted-mean is the "
        f"unweighted mean, {answer.method('unweighted-mean').value:.6g}, whatever the weights are; the whole batch's "
        f"is {answer.method('weighted-mean').value:.6g}"
    )
    two = {**kept, "logits": LOGITS[:4], "labels": [0, -100, 2, -100], "size": 2}  # one kept sample in each of two
    assert "each of the 2 parts has one kept sample" in finding(**two)
    assert finding(**{**two, "label_smoothing": 0.1}) is None
    assert finding(**{**two, "weight": [0, 1, 2]}) is None
    assert finding(**{**two, "weight": [2, 1, 2]}) is None
    assert finding(**{**kept, "size": 2}) is None
    assert finding(**{**kept, "labels": np.eye(3)[LABELS[3:]]}) is None
