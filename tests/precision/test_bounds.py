"""How far answers may be off because inputs were printed rounded: no input within the digits goes further."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.loss.terms import block_terms, pairs
from wce_cli.passes.one_pass import one_pass
from wce_cli.precision.bounds import factors, rounding_errors
from wce_cli.precision.row_bounds import rounded_rows

SCORES = ("logits", "probs", "log_probs")


def values_of(batch: Batch) -> dict[str, float]:
    found = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    return {value.pair: value.value for value in found}


def errors_of(batch: Batch) -> dict[str, float]:
    totals, _ = one_pass(batch)
    return dict(
        rounding_errors(batch, loss_values(totals, batch.spec.class_weight, batch.spec.label_smoothing)),
    )


@pytest.mark.parametrize("seed", range(60))
def test_the_factors_of_a_row_make_the_pairs_of_the_reference(seed):
    batch = Batch.build(**random_batch(seed))
    block, spec = batch.block(0, batch.n_samples), batch.spec
    terms, rows = block_terms(block, spec), rounded_rows(block, spec)
    for placement, (term, weight) in pairs(terms, spec.class_weight, spec.label_smoothing).items():
        v, _, x, _, u = factors(rows, placement)
        size = np.abs(rows.s * rows.w * v * x).sum(axis=1)
        assert np.all(np.abs((rows.s * rows.w * v * x).sum(axis=1) - term[terms.kept]) <= 1e-14 * size)
        if weight is not None:
            size = np.abs(rows.s * rows.w * u).sum(axis=1)
            assert np.all(np.abs((rows.s * rows.w * u).sum(axis=1) - weight[terms.kept]) <= 1e-14 * size)


TWO: dict[str, Any] = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}
P = [1 / (1 + math.exp(0.8)), 1 / (1 + math.exp(-0.1))]
"""The labels' probabilities in TWO."""


def test_exact_inputs_leave_nothing_open():
    assert errors_of(Batch.build(**TWO)) == {}
    assert errors_of(Batch.build(**TWO, half_units={"logits": np.zeros(4), "weight": 0.0})) == {}


def test_a_rounded_logit_moves_each_method_by_its_own_sum_of_weights():
    found = errors_of(Batch.build(**TWO, half_units={"logits": 5e-5}))
    moves = [math.log1p((1 - p) * math.expm1(1e-4)) for p in P]
    weighted = 0.1 * moves[0] + moves[1]
    for pair, expected in {
        "weighted-mean/class": weighted / 1.1,
        "batch-mean/class": weighted / 2,
        "sum/class": weighted,
        "unweighted-mean/class": sum(moves) / 2,
        "element-mean/class": weighted / 4,
    }.items():
        assert found[pair] == pytest.approx(expected, rel=1e-12), pair


def test_each_logit_has_a_half_unit_of_its_own():
    # 9999 is known to 0.05, −0.12 to 5e-6: the label's own and the largest other one count, by the chance of the rest.
    given = {"logits": [[-0.12345, 9999.0, 0.0]], "labels": [0], "half_units": {"logits": [5e-6, 0.05, 0.5]}}
    assert errors_of(Batch.build(**given))["sum/class"] == pytest.approx(0.5 + 5e-6, rel=1e-9)
    given["half_units"] = {"logits": [5e-6, 0.05, 1e-6]}
    assert errors_of(Batch.build(**given))["sum/class"] == pytest.approx(0.05 + 5e-6, rel=1e-9)
    given["half_units"] = {"logits": [0.05, 5e-6, 1e-6]}
    assert errors_of(Batch.build(**given))["sum/class"] == pytest.approx(0.05 + 5e-6, rel=1e-9)
    given["labels"] = [1]
    assert errors_of(Batch.build(**given))["sum/class"] == 0
    one = Batch.build(logits=[[1.0], [2.0]], labels=[0, 0], half_units={"logits": 0.5})
    assert set(errors_of(one).values()) == {0.0}


def test_the_half_units_of_a_weight_by_class_are_given_by_class():
    mapping = Batch.build(
        **TWO | {"weight": {"b": 1.0, "a": 0.1}}, classes=["a", "b"], half_units={"weight": {"a": 5e-5}}
    )
    assert errors_of(mapping) == errors_of(Batch.build(**TWO, half_units={"weight": [5e-5, 0]}))
    indices = Batch.build(**TWO | {"weight": {"1": 1.0, "0": 0.1}}, half_units={"weight": {"0": 5e-5}})
    assert errors_of(indices) == errors_of(mapping)


def test_a_rounded_weight_moves_numerator_and_denominator_together():
    found = errors_of(Batch.build(**TWO, half_units={"weight": 5e-5}))
    losses = [-math.log(p) for p in P]
    mean = (0.1 * losses[0] + losses[1]) / 1.1
    by_hand = 5e-5 * sum(abs(loss - mean) for loss in losses) / (1.1 - 2 * 5e-5)
    assert found["weighted-mean/class"] == pytest.approx(by_hand, rel=1e-12)
    assert found["batch-mean/class"] == pytest.approx(5e-5 * sum(losses) / 2, rel=1e-12)
    assert found["unweighted-mean/class"] == 0


def test_a_rounded_sample_weight_moves_them_together_too():
    found = errors_of(Batch.build(**TWO, sample_weight=[1.0, 2.0], half_units={"sample_weight": [0.0, 5e-5]}))
    losses = [-math.log(p) for p in P]
    mean = (0.1 * losses[0] + 2 * losses[1]) / 2.1
    assert found["weighted-mean/class"] == pytest.approx(5e-5 * abs(losses[1] - mean) / (2.1 - 5e-5), rel=1e-12)
    assert found["batch-mean/class"] == pytest.approx(5e-5 * losses[1] / 2, rel=1e-12)
    assert found["unweighted-mean/class"] == 0


def test_a_rounded_probability_label_moves_the_loss_by_every_a():
    q = [[0.3, 0.7], [0.9, 0.1]]
    found = errors_of(Batch.build(**TWO | {"labels": q}, half_units={"labels": 5e-5}))
    a = [[-math.log(p), -math.log(1 - p)] for p in (P[0], 1 - P[1])]
    assert found["batch-mean/class"] == pytest.approx(5e-5 * sum(0.1 * one + two for one, two in a) / 2, rel=1e-12)
    assert found["unweighted-mean/class"] == pytest.approx(5e-5 * sum(map(sum, a)) / 2, rel=1e-12)


def test_a_label_whose_argmax_is_open_may_have_either_weight():
    given: dict[str, Any] = {"logits": [[0.1, 0.9]], "labels": [[0.5, 0.5]], "weight": [0.25, 1.0]}
    found = errors_of(Batch.build(**given, half_units={"labels": 5e-5}))
    loss = -0.5 * (math.log(P[0]) + math.log(1 - P[0]))
    assert 0.75 * loss < found["sum/sample"] < 0.75 * loss * 1.001
    # Where the classes weigh the same it does not matter which of them it is.
    even = errors_of(Batch.build(**given | {"weight": [2.0, 2.0]}, half_units={"labels": 5e-5}))
    assert even["sum/sample"] < 5e-4


def test_one_class_of_a_rounded_weight_is_not_off_at_all_by_weighted_mean():
    batch = Batch.build(logits=[[0.1, 0.9], [3, 0]], labels=[0, 0], weight=[0.1, 1], half_units={"weight": 5e-5})
    assert errors_of(batch)["weighted-mean/class"] == pytest.approx(0, abs=1e-16)


def test_a_denominator_that_may_be_0_leaves_the_mean_without_bound():
    batch = Batch.build(**TWO | {"weight": [1.0, -0.99995]}, half_units={"weight": 5e-5})
    found = errors_of(batch)
    assert found["weighted-mean/class"] == math.inf
    assert 0 < found["batch-mean/class"] < 1e-4


def test_a_weight_printed_0_may_count_or_not():
    batch = Batch.build(**TWO | {"weight": [0.0, 1.0]}, half_units={"weight": 5e-5})
    loss = -math.log(P[1])
    assert values_of(batch)["nonzero-mean/class"] == pytest.approx(loss)
    found = errors_of(batch)["nonzero-mean/class"]
    assert loss < found < loss + 1e-3  # the true count may be 2, and then it is half of that
    exact = Batch.build(**TWO | {"weight": [0.0, 1.0]}, half_units={"weight": [0, 5e-5]})
    assert errors_of(exact)["nonzero-mean/class"] < 1e-4


def moved(given: dict[str, Any], half: dict[str, Any], rng: np.random.Generator, corner: bool) -> dict[str, Any]:
    """Every number somewhere within its half-unit: at one of the ends, or anywhere between."""

    def off(field: str) -> Any:
        shape = np.shape(given[field])
        steps = rng.choice([-1.0, 1.0], size=shape) if corner else rng.uniform(-1, 1, size=shape)
        found = np.asarray(given[field], dtype=float) + np.broadcast_to(half[field], shape) * steps
        return np.clip(found, 0, 1) if field == "probs" else found

    return given | {field: off(field) for field in half}


def rounded_batch(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A random batch and the half-units of its fields, each number's own."""
    rng = np.random.default_rng(seed)
    given = random_batch(seed)
    kind = next(name for name in SCORES if name in given)
    size = float(rng.choice([1e-7, 1e-4, 1e-2]))
    fields = [kind, *(field for field in ("weight", "sample_weight") if field in given)]
    if np.shape(given["labels"]) == np.shape(given[kind]) and np.asarray(given["labels"]).dtype.kind == "f":
        fields.append("labels")
    chosen = [field for field in fields if rng.random() < 0.6] or [kind]
    return given, {field: size * rng.choice([0.0, 0.1, 1.0], size=np.shape(given[field])) for field in chosen}


@pytest.mark.parametrize("seed", range(100))
def test_no_input_within_the_digits_goes_further(seed):
    given, half = rounded_batch(7000 + seed)
    batch = Batch.build(**given, half_units=half)
    values, bounds = values_of(batch), errors_of(batch)
    if any(np.any(one) for one in half.values()):
        assert {pair for pair, value in values.items() if math.isfinite(value)} <= set(bounds)
    rng = np.random.default_rng(seed)
    for step in range(30):
        for pair, value in values_of(Batch.build(**moved(given, half, rng, step % 4 != 0))).items():
            bound = bounds.get(pair, 0.0)
            if math.isfinite(values[pair]) and math.isfinite(bound):
                assert abs(value - values[pair]) <= bound * (1 + 1e-9) + 1e-12 * abs(values[pair]) + 1e-15, pair


@pytest.mark.parametrize("field", ["logits", "probs", "log_probs", "weight", "sample_weight", "labels"])
def test_the_bound_is_near_the_worst_there_is(field):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(3, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = {"logits": logits, "probs": p, "log_probs": np.log(p)}
    kind = field if field in scores else "logits"
    given: dict[str, Any] = {
        kind: scores[kind],
        "labels": [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.7, 0.2, 0.1]] if field == "labels" else [1, 2, 1],
        "weight": [0.5, 1.0, 2.0],
        "sample_weight": [1.0, 0.5, 2.0],
    }
    half = {field: 1e-4}
    batch = Batch.build(**given, half_units=half)
    values, bounds = values_of(batch), errors_of(batch)
    worst = dict.fromkeys(values, 0.0)
    for _ in range(600):
        for pair, value in values_of(Batch.build(**moved(given, half, rng, True))).items():
            worst[pair] = max(worst[pair], abs(value - values[pair]))
    for pair, bound in bounds.items():
        assert worst[pair] <= bound * (1 + 1e-9) <= 3 * worst[pair] + 1e-15, pair


def test_the_bound_is_reached_where_the_label_has_no_chance():
    # p[y] ≈ 0: the loss moves by the whole of both logits' errors.
    given = {"logits": [[0.0, 30.0], [0.0, 30.0]], "labels": [0, 0]}
    bound = errors_of(Batch.build(**given, half_units={"logits": 0.01}))["batch-mean/class"]
    moved = values_of(Batch.build(logits=[[-0.01, 30.01]] * 2, labels=[0, 0]))["batch-mean/class"]
    assert moved - values_of(Batch.build(**given))["batch-mean/class"] == pytest.approx(bound, rel=1e-9)


def test_a_probability_smaller_than_its_rounding_leaves_everything_open():
    batch = Batch.build(probs=[[0.00004, 0.99996]], labels=[0], half_units={"probs": 5e-5})
    assert errors_of(batch)["sum/class"] == math.inf


def test_a_probability_printed_0_has_no_bound_and_a_true_0_nothing_open():
    zero: dict[str, Any] = {"probs": [[0.0, 1.0]], "labels": [0]}
    assert set(errors_of(Batch.build(**zero, half_units={"probs": 5e-5})).values()) == {math.inf}
    assert errors_of(Batch.build(**zero, weight=[1, 2], half_units={"weight": 5e-5})) == {}
    masked = Batch.build(logits=[[-math.inf, 1.0]], labels=[0], half_units={"logits": [0, 5e-5]})
    assert errors_of(masked) == {}


def test_rows_beyond_the_first_block_count():
    n = 20_000
    given: dict[str, Any] = {"logits": np.zeros((n, 2)), "labels": np.zeros(n, dtype=int), "weight": [1.0, 2.0]}
    one = errors_of(Batch.build(**given, half_units={"logits": 1e-4, "weight": 1e-4}))
    few = {field: value[:1] if field != "weight" else value for field, value in given.items()}
    assert one["sum/class"] == pytest.approx(
        n * errors_of(Batch.build(**few, half_units={"logits": 1e-4, "weight": 1e-4}))["sum/class"], rel=1e-9
    )


def test_a_mean_divided_by_a_rounded_0_has_no_bound_and_one_divided_by_a_true_0_nothing_open():
    for weight in ([1.0, -1.0], [0.0, 0.0]):
        found = errors_of(Batch.build(**TWO | {"weight": weight}, half_units={"weight": 5e-5}))
        assert found["weighted-mean/class"] == math.inf
        assert 0 < found["batch-mean/class"] < 1e-4
    exact = errors_of(Batch.build(**TWO | {"weight": [1.0, -1.0]}, half_units={"logits": 5e-5}))
    assert "weighted-mean/class" not in exact
    assert "batch-mean/class" in exact
