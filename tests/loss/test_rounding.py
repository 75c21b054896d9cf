"""How far answers may be off because inputs were printed rounded: no input within the digits goes further."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from wce_cli.loss.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.loss.rounding import rounding_errors
from wce_cli.loss.stream import one_pass


def values_of(batch: Batch) -> dict[str, float]:
    found = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    return {value.pair: value.value for value in found}


def errors_of(batch: Batch) -> dict[str, float]:
    totals, _ = one_pass(batch)
    values = loss_values(totals, batch.spec.class_weight, batch.spec.label_smoothing)
    return dict(rounding_errors(batch, totals, values))


TWO: dict[str, Any] = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}


def test_exact_inputs_leave_nothing_open():
    assert errors_of(Batch.build(**TWO)) == {}


def test_a_rounded_logit_moves_each_method_by_its_own_sum_of_weights():
    found = errors_of(Batch.build(**TWO, half_units={"logits": 5e-5}))
    for pair, expected in {
        "weighted-mean/class": 1.1 * 1e-4 / 1.1,
        "batch-mean/class": 1.1 * 1e-4 / 2,
        "sum/class": 1.1 * 1e-4,
        "unweighted-mean/class": 2 * 1e-4 / 2,
        "element-mean/class": 1.1 * 1e-4 / 4,
    }.items():
        assert found[pair] == pytest.approx(expected, rel=1e-12), pair


def test_a_rounded_weight_moves_numerator_and_denominator_together():
    found = errors_of(Batch.build(**TWO, half_units={"weight": 5e-5}))
    losses = [math.log(math.exp(0.1) + math.exp(0.9)) - 0.1, math.log(1 + math.exp(0.1)) - 0.1]
    mean = (0.1 * losses[0] + losses[1]) / 1.1
    by_hand = 5e-5 * sum(abs(loss - mean) for loss in losses) / (1.1 - 2 * 5e-5)
    assert found["weighted-mean/class"] == pytest.approx(by_hand, rel=1e-12)
    assert found["batch-mean/class"] == pytest.approx(5e-5 * sum(losses) / 2, rel=1e-12)
    assert found["unweighted-mean/class"] == 0


def test_one_sample_of_a_rounded_weight_is_not_off_at_all_by_weighted_mean():
    batch = Batch.build(logits=[[0.1, 0.9]], labels=[0], weight=[0.1, 1], half_units={"weight": 5e-5})
    assert errors_of(batch)["weighted-mean/class"] == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize("seed", range(80))
def test_no_input_within_the_digits_goes_further(seed):
    given = random_batch(7000 + seed)
    kind = next(name for name in ("logits", "probs", "log_probs") if name in given)
    delta, omega = 1e-4, 1e-4 if "weight" in given else 0.0
    batch = Batch.build(**given, half_units={kind: delta, "weight": omega})
    values, bounds = values_of(batch), errors_of(batch)
    assert set(bounds) == {pair for pair, value in values.items() if math.isfinite(value)}
    rng = np.random.default_rng(seed)
    worst = dict.fromkeys(bounds, 0.0)
    for _ in range(30):
        scores = np.asarray(given[kind]) + delta * rng.choice([-1.0, 1.0], size=np.shape(given[kind]))
        moved = given | {kind: np.clip(scores, 0, 1) if kind == "probs" else scores}
        if omega:
            # A weight of 0 stays one: nonzero-mean counts samples, and a count has no rounding.
            nonzero = np.asarray(given["weight"]) != 0
            moved["weight"] = given["weight"] + omega * nonzero * rng.choice([-1.0, 1.0], size=len(given["weight"]))
        for pair, value in values_of(Batch.build(**moved)).items():
            if pair in bounds:
                worst[pair] = max(worst[pair], abs(value - values[pair]))
    for pair, bound in bounds.items():
        if math.isfinite(bound):
            assert worst[pair] <= bound * (1 + 1e-9) + 1e-12 * abs(values[pair]), pair


def test_the_bound_is_reached_where_the_label_has_no_chance():
    # p[y] ≈ 0: the loss moves by the whole of both logits' errors.
    given = {"logits": [[0.0, 30.0], [0.0, 30.0]], "labels": [0, 0]}
    bound = errors_of(Batch.build(**given, half_units={"logits": 0.01}))["batch-mean/class"]
    moved = values_of(Batch.build(logits=[[-0.01, 30.01]] * 2, labels=[0, 0]))["batch-mean/class"]
    assert moved - values_of(Batch.build(**given))["batch-mean/class"] == pytest.approx(bound, rel=1e-9)


def test_a_probability_smaller_than_its_rounding_leaves_everything_open():
    batch = Batch.build(probs=[[0.00004, 0.99996]], labels=[0], half_units={"probs": 5e-5})
    assert errors_of(batch)["sum/class"] == math.inf
