"""What real frameworks printed, claimed by the pair that says how they compute it. The facts are in tests/data."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.loss.random_batches import rows_of
from tests.oracle import assert_near, expected_values
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.loss.placements import PLACEMENTS
from wce_cli.passes.one_pass import one_pass

RUNS = json.loads((Path(__file__).parent.parent / "data" / "framework_runs.json").read_text("utf-8"))
RTOL = {"float32": 1e-6, "float64": 1e-14}
SIX = ("torch", "keras[torch]", "scikit-learn", "optax", "onnx ref", "onnxruntime", "paddle")


def runs(part: str, key: str = "framework") -> list[Any]:
    """One parameter for every printed number of the entries of a part that have a key."""
    return [
        pytest.param(entry, batch, number, id=f"{entry['framework']} {entry['version']} {entry['call']} {batch}")
        for entry in RUNS[part]
        if key in entry
        for batch, number in entry["printed"].items()
    ]


def batch_of(entry: dict[str, Any], name: str) -> dict[str, Any]:
    given = dict(RUNS["batches"][name])
    if "weight" in entry:
        given["weight"] = entry["weight"]
    return given


def answers(given: dict[str, Any]) -> dict[str, float]:
    batch = Batch.build(**given)
    found = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    return {value.pair: value.value for value in found}


@pytest.mark.parametrize(("entry", "name", "printed"), runs("claimed"))
def test_the_pair_gives_the_number_that_the_framework_printed(entry, name, printed):
    found = answers(batch_of(entry, name))[entry["pair"]]
    dtype = entry.get("smoothed_in", entry["dtype"])
    np.testing.assert_allclose(found, float(printed), rtol=RTOL[dtype], atol=0)


@pytest.mark.parametrize(("entry", "name", "printed"), runs("claimed", "smoothed_in"))
def test_rows_smoothed_in_float32_meet_every_digit_that_paddle_printed(entry, name, printed):
    given = batch_of(entry, name)
    labels, c = np.array(given["labels"]), len(given["logits"][0])
    q = np.eye(c, dtype=np.float32)[labels] if labels.ndim == 1 else labels
    eps = np.float32(given.pop("label_smoothing"))
    given["labels"] = ((1 - eps) * q + eps / np.float32(c)).astype(np.float64)
    np.testing.assert_allclose(answers(given)[entry["pair"]], printed, rtol=RTOL[entry["dtype"]], atol=0)


@pytest.mark.parametrize(("entry", "name", "printed"), runs("zero_over_zero"))
def test_the_framework_prints_zero_where_its_rule_divides_zero_by_zero(entry, name, printed):
    assert printed == 0
    assert math.isnan(answers(batch_of(entry, name))[entry["pair"]])


@pytest.mark.parametrize(("entry", "name", "printed"), runs("unclaimed"))
def test_no_pair_gives_the_number_of_an_unclaimed_run(entry, name, printed):
    assert entry["reason"]
    if printed is None:
        return  # it raised or hung: there is no number
    for pair, value in answers(batch_of(entry, name)).items():
        assert not np.isclose(value, float(printed), rtol=1e-6, atol=0, equal_nan=True), pair


@pytest.mark.parametrize("name", RUNS["batches"])
def test_the_batches_of_the_runs_are_also_the_plain_loops(name):
    given = RUNS["batches"][name]
    batch = Batch.build(**given)
    exact = expected_values(rows_of(given))
    found = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    assert {value.pair for value in found} == set(exact)
    for value in found:
        assert_near(value.numerator, exact[value.pair].numerator, 4e-15, exact[value.pair].numerator_scale, value.pair)
        assert_near(value.denominator, exact[value.pair].denominator, 1e-15, about=value.pair)


def test_every_entry_names_a_pair_that_exists_and_a_call_with_its_version():
    for part in ("claimed", "zero_over_zero", "unclaimed"):
        for entry in RUNS[part]:
            assert entry["framework"] in RUNS["source"]
            assert entry["version"]
            assert entry["call"]
            assert set(entry["printed"]) <= set(RUNS["batches"])
            if part != "unclaimed":
                method, placement = entry["pair"].split("/")
                assert placement in METHODS[method].placements


def test_every_one_of_the_six_frameworks_is_claimed_by_a_pair():
    claimed = {entry["framework"] for entry in RUNS["claimed"]}
    assert set(SIX) <= claimed


def test_every_method_and_placement_is_held_to_a_real_framework():
    held = {tuple(entry["pair"].split("/")) for entry in RUNS["claimed"]}
    assert {placement for _, placement in held} == set(PLACEMENTS)
    # element-mean is what hand-written code does, and its evidence is a source; these batches have no positions.
    assert {method for method, _ in held} == set(METHODS) - {"element-mean", "sample-mean"}
    assert not any("measured" in claim for claim in METHODS["element-mean"].used_by)
