"""One pass over the blocks of a batch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import wce_cli.batches.batch as batch_module
from tests.loss.random_batches import random_batch, rows_of
from tests.oracle import assert_near, expected_values
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import LossValue, loss_values
from wce_cli.loss.rows import ArrayRows
from wce_cli.passes.one_pass import group_bounds, one_pass

ROUNDING = 4e-15


def answers(batch: Batch) -> tuple[LossValue, ...]:
    return loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)


def bounds(batch: Batch) -> list[tuple[int, int]]:
    return [(block.start, block.start + len(block.scores)) for block in batch.blocks()]


def assert_same_bytes(one: tuple[LossValue, ...], other: tuple[LossValue, ...]) -> None:
    assert [(v.pair, repr(v.numerator), repr(v.denominator), repr(v.value)) for v in one] == [
        (v.pair, repr(v.numerator), repr(v.denominator), repr(v.value)) for v in other
    ]


@pytest.mark.parametrize(
    ("c", "rows"),
    [(1, 16_384), (3, 16_384), (32, 16_384), (256, 2048), (257, 2040), (1000, 520), (4096, 128), (32_000, 16)],
)
def test_the_bounds_of_blocks_depend_on_the_number_of_classes_alone(c, rows):
    spec = Batch.build(logits=np.zeros((1, c)), labels=[0]).spec
    for n in (1, rows - 1, rows, rows + 1, 2 * rows - 1, 2 * rows + 3):
        scores = np.broadcast_to(np.zeros(c), (n, c))
        batch = Batch(spec, ArrayRows.of_scores(scores), ArrayRows.of_samples(np.zeros(n, dtype=np.int64)), None)
        whole = n // rows
        expected = [(k * rows, (k + 1) * rows) for k in range(whole)]
        assert bounds(batch) == expected + [(whole * rows, n)] * (n % rows > 0)


def test_blocks_cover_every_row_once_and_in_order(monkeypatch):
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 64)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    for n in (0, 1, 7, 8, 9, 15, 16, 17, 100):
        batch = Batch.build(logits=np.arange(n * 4.0).reshape(n, 4), labels=np.zeros(n, dtype=int))
        found = bounds(batch)
        assert [stop for _, stop in found[:-1]] == [start for start, _ in found[1:]]
        assert sum(stop - start for start, stop in found) == n
        assert all(stop - start == 16 for start, stop in found[:-1])
        rows = [block.scores for block in batch.blocks()]
        if n:
            assert np.concatenate(rows).tobytes() == batch.scores.whole().tobytes()


@pytest.mark.parametrize("seed", range(30))
def test_many_small_blocks_answer_as_one(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    c, n = 4, 203
    soft = seed % 2 == 1
    given = {
        "logits": rng.normal(size=(n, c)) * 5,
        "labels": rng.random(size=(n, c)) if soft else rng.integers(c, size=n),
        "weight": rng.normal(size=c),
        "sample_weight": rng.random(n),
        "label_smoothing": (0.0, 0.1, 1.0)[seed % 3],
    }
    batch = Batch.build(**given)
    one_block = answers(batch)
    assert len(list(batch.blocks())) == 1
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 32)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    assert len(list(batch.blocks())) == 26
    exact = expected_values(rows_of(given))
    for value, whole in zip(answers(batch), one_block, strict=True):
        scale = exact[value.pair]
        assert abs(value.numerator - whole.numerator) <= ROUNDING * scale.numerator_scale
        assert_near(value.numerator, scale.numerator, ROUNDING, scale.numerator_scale, value.pair)
    first, second = one_pass(batch), one_pass(batch)
    assert first[1].top.terms(batch.spec.class_weight) == second[1].top.terms(batch.spec.class_weight)
    assert_same_bytes(answers(batch), answers(batch))


def test_a_batch_of_several_real_blocks_is_the_sum_of_all_its_rows():
    rng = np.random.default_rng(4)
    n, c = 700_000, 3  # 42 blocks of 16 384 rows, and 11 872 more: five groups
    logits, labels = rng.normal(size=(n, c)), rng.integers(c, size=n)
    weight = np.array([0.1, 1.0, 5.0])
    batch = Batch.build(logits=logits, labels=labels, weight=weight)
    assert len(list(batch.blocks())) == 43
    assert len(group_bounds(batch, 0, n)) > 5
    top = logits.max(axis=1)
    losses = top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - logits[np.arange(n), labels]
    numerator, denominator = math.fsum((weight[labels] * losses).tolist()), math.fsum(weight[labels].tolist())
    found = {value.pair: value for value in answers(batch)}
    np.testing.assert_allclose(found["weighted-mean/class"].numerator, numerator, rtol=1e-14)
    np.testing.assert_allclose(found["weighted-mean/class"].denominator, denominator, rtol=1e-15)
    assert found["batch-mean/class"].denominator == n


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (5, 3, 0)])
def test_a_batch_of_no_samples_has_sums_of_zero_and_means_of_nan(shape, smoothing, soft):
    labels = np.zeros(shape) if soft else np.zeros(shape[:1] + shape[2:], dtype=int)
    found = answers(Batch.build(logits=np.zeros(shape), labels=labels, weight=[1, 2, 3], label_smoothing=smoothing))
    assert "sum/class" in {value.pair for value in found}
    for value in found:
        assert value.numerator == 0
        assert value.denominator == (1 if value.method == "sum" else 0)
        assert value.value == 0 if value.method == "sum" else math.isnan(value.value)
    assert "sample-mean" not in {value.method for value in found}  # there is no item with rows


def test_a_layout_answers_with_the_bytes_of_its_rows():
    rng = np.random.default_rng(12)
    image = rng.normal(size=(3, 5, 4, 2))
    labels = rng.integers(5, size=(3, 4, 2))
    s = rng.random((3, 4, 2))
    flat = np.stack([image[n, :, i, j] for n, i, j in np.ndindex(3, 4, 2)])
    for smoothing in (0.0, 0.1):
        common = {"weight": np.arange(5.0), "label_smoothing": smoothing}
        one = Batch.build(logits=image, labels=labels, sample_weight=s, **common)
        other = Batch.build(logits=flat, labels=labels.reshape(-1), sample_weight=s.reshape(-1), **common)
        of_rows = [value for value in answers(one) if value.method != "sample-mean"]
        assert len(of_rows) == len(answers(one)) - 3
        assert_same_bytes(of_rows, answers(other))


def test_one_row_is_one_sample_in_either_layout():
    for seed in range(10):
        given = random_batch(seed, ("logits",)) | {"logits": np.array([0.1, -2.0, 3.5]), "labels": 2}
        given |= {"weight": [1, 2, 3], "sample_weight": 0.5, "ignore_index": -100}
        rows = given | {"logits": given["logits"][None], "labels": [2], "sample_weight": [0.5]}
        assert_same_bytes(answers(Batch.build(**given)), answers(Batch.build(**rows)))
