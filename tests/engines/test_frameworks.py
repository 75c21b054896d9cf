"""The other frameworks: what they return, what the kept table says of them, and what they have been seen to print."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.run import ROOT
from wce_cli.batches.batch import Batch
from wce_cli.engines.calls import read_line
from wce_cli.engines.table import Entry, read_table
from wce_cli.frameworks import ENGINES
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.passes.one_pass import one_pass

RTOL = {"float64": 1e-14, "float32": 2e-6}
RUNS = json.loads((Path(__file__).parents[1] / "data" / "framework_runs.json").read_text("utf-8"))
SEEN_AS = {
    "torch": "torch",
    "keras[torch]": "keras",
    "scikit-learn": "scikit-learn",
    "optax": "optax",
    "onnxruntime": "onnxruntime",
    "onnx ref": "onnxruntime",
    "tensorflow": "tensorflow",
    "paddle": "paddle",
}
"""The engine that a framework of the reported runs is; tensorflow.js is none of them."""


@pytest.mark.parametrize("name", ENGINES)
def test_the_kept_table_is_what_the_framework_returns(name):
    """Measured anew in a process of its own: the same calls, the same numbers, of the version that the table names."""
    if not ENGINES[name].is_installed:
        pytest.skip(f"{name} is not installed")
    if name == "keras" and not ENGINES["torch"].is_installed:
        pytest.skip("Keras was measured on torch, and what it makes of a label that is no class is its backend's")
    command = [sys.executable, "-m", "wce_cli.questions.methods", "--print", name]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    found = json.loads(ran.stdout)["entries"][name]
    fresh = [Entry(batch, read_line(json.dumps(row).encode())) for batch, rows in found.items() for row in rows]
    kept = read_table().entries[name]
    assert [(one.batch, one.measured.call, one.measured.dtype) for one in fresh] == [
        (one.batch, one.measured.call, one.measured.dtype) for one in kept
    ]
    for one, other in zip(fresh, kept, strict=True):
        assert one.measured.version == other.measured.version
        assert one.measured.reason == other.measured.reason
        assert one.measured.expresses == other.measured.expresses
        assert one.measured.methods == other.measured.methods
        assert (one.measured.value is None) == (other.measured.value is None)
        if one.measured.value is not None and other.measured.value is not None:
            rtol = RTOL[one.measured.dtype]
            np.testing.assert_allclose(one.measured.value, other.measured.value, rtol=rtol, equal_nan=True)


def printed() -> list[object]:
    return [
        pytest.param(
            SEEN_AS[entry["framework"]], batch, float(number), id=f"{entry['framework']} {entry['call']} {batch}"
        )
        for part in ("claimed", "zero_over_zero", "unclaimed")
        for entry in RUNS[part]
        if entry["framework"] in SEEN_AS
        for batch, number in entry["printed"].items()
        if number is not None and "weight" not in entry
    ]


@pytest.mark.parametrize(("name", "batch", "number"), printed())
def test_every_number_that_was_printed_is_measured(name, batch, number):
    found = [one.measured.value for one in read_table().entries[name] if one.batch == batch]
    assert any(value is not None and np.isclose(value, number, rtol=2e-6, atol=0, equal_nan=True) for value in found), (
        found
    )


def entries() -> list[object]:
    return [
        pytest.param(one, id=f"{name} {one.batch} {one.measured.call} {one.measured.dtype}")
        for name, found in read_table().entries.items()
        for one in found
        if one.measured.value is not None
    ]


@pytest.mark.parametrize("entry", entries())
def test_a_call_returns_the_pair_that_it_is_said_to_express(entry):
    """Or 0 where that divides 0 by 0; or it is Paddle without a weight, which counts what it ignores."""
    batch, one = Batch.build(**RUNS["batches"][entry.batch]), entry.measured
    values = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    by_pair = {value.pair: value.value for value in values}
    for pair in one.expresses:
        method, _, placement = pair.partition("/")
        assert method in METHODS
        expected = by_pair[f"{method}/{placement or 'class'}"]
        if math.isnan(expected) and one.value == 0:
            assert one.engine in ("Keras", "TensorFlow", "PaddlePaddle")
        elif one.engine == "PaddlePaddle" and one.call == "F.cross_entropy(x, y, ignore_index=-100)":
            assert pair == "unweighted-mean"
            kept, n = one_pass(batch)[0].n_kept, batch.n_samples
            np.testing.assert_allclose(one.value, expected * kept / n, rtol=2e-6)
        else:
            np.testing.assert_allclose(one.value, expected, rtol=RTOL[one.dtype], equal_nan=True)


def test_the_batches_of_the_table_are_those_of_the_reported_runs():
    assert read_table().batches == RUNS["batches"]


def test_every_engine_is_in_the_table_with_the_day_it_was_measured():
    table = read_table()
    assert set(table.entries) == set(table.dates) == set(ENGINES)
    for name, found in table.entries.items():
        assert {one.batch for one in found} == set(table.batches)
        assert all(one.measured.engine == ENGINES[name].title and one.measured.version for one in found)
