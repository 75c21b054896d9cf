"""Clipped probabilities, held to what Keras and scikit-learn returned for them."""

from __future__ import annotations

import json
import math
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.run import ROOT
from wce_cli.batches.batch import Batch
from wce_cli.loss.clipped import SUMMED
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass

RUNS = json.loads((ROOT / "tests" / "data" / "clipped_runs.json").read_text("utf-8"))
PRINTED = [(run, name) for run in RUNS["runs"] for name in run["printed"]]


def facts_of(**given: Any) -> Facts:
    return one_pass(Batch.build(**given))[1]


@pytest.mark.parametrize(("run", "name"), PRINTED, ids=[f"{run['framework']}-{name}" for run, name in PRINTED])
def test_the_sums_are_what_the_frameworks_returned(run, name):
    given = dict(RUNS["batches"][name])
    if run["framework"] == "scikit-learn":
        given["probs"] = np.array(given["probs"], dtype=run["dtype"])
    batch = Batch.build(**given)
    totals, facts = one_pass(batch)
    sums = facts.clipped if run["framework"] == "scikit-learn" else facts.renormalised
    assert sums is not None
    values = {value.pair.removesuffix("/class"): value for value in loss_values(totals, batch.spec.class_weight)}
    found = sums.dot(batch.spec.class_weight) / values[run["pair"]].denominator
    np.testing.assert_allclose(found, run["printed"][name], rtol=1e-12 if run["dtype"] == "float64" else 5e-7)


@pytest.mark.parametrize("given", [{"logits": [[0.5, 0.5]]}, {"log_probs": [[-1, -2]]}, {"probs": [[0.5]]}])
def test_there_is_nothing_to_clip_but_probabilities_of_two_classes_or_more(given):
    facts = facts_of(**given, labels=[0])
    assert facts.clipped is facts.renormalised is None


def test_clipped_alone_is_what_is_left_of_keras_without_the_division():
    p, labels = np.array([[0.0, 0.5, 0.1], [0.2, 0.2, 0.2], [1.0, 0.0, 0.0]]), [0, 1, 0]
    alone = facts_of(probs=p, labels=labels).undivided
    assert alone is not None
    high = 1 - 2.0**-23
    np.testing.assert_allclose(alone.values(), [-math.log(1e-7) - math.log(high), -math.log(0.2), 0], rtol=1e-15)
    q = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    soft = facts_of(probs=p, labels=q).undivided
    assert soft is not None
    by_hand = [0.5 * (-math.log(1e-7) - math.log(0.5)), -math.log(0.2), -math.log(1e-7)]
    np.testing.assert_allclose(soft.values(), by_hand, rtol=1e-15)


def test_what_one_framework_refuses_the_other_still_answers():
    soft = facts_of(probs=[[0.0, 1.0]], labels=[[0.5, 0.5]])
    assert soft.clipped is None
    assert soft.renormalised is not None
    half = facts_of(probs=np.array([[0.25, 0.75]], dtype="float16"), labels=[0])
    assert half.clipped is None
    assert half.renormalised is not None
    whole = facts_of(probs=np.array([[0, 1]]), labels=[0])
    assert whole.clipped is not None
    assert whole.clipped.values()[0] == -math.log(2.0**-52)


def test_ignored_rows_are_left_out_and_parts_add_up():
    rng = np.random.default_rng(3)
    p = rng.random((40, 3)) * (rng.random((40, 3)) < 0.7)
    y = np.where(rng.random(40) < 0.3, -100, rng.integers(3, size=40))
    s = rng.random(40)
    batch = Batch.build(probs=p, labels=y, sample_weight=s)
    whole = one_pass(batch)[1]
    parts = [one_pass(batch, rows=bounds)[1] for bounds in pairwise([0, 0, 7, 8, 30, 40])]
    summed = reduce(lambda a, b: a + b, parts)
    kept = y >= 0
    rows, own, weights = p[kept], p[kept][np.arange(kept.sum()), y[kept]], s[kept]
    with np.errstate(invalid="ignore"):  # a row of zeros is 0/0
        scaled = np.clip(own / rows.sum(axis=1), 1e-7, np.float64(np.float32(1 - 1e-7)))
    for name, clip in (("clipped", np.clip(own, 2.0**-52, 1 - 2.0**-52)), ("renormalised", scaled)):
        by_hand = [(weights * -np.log(clip))[y[kept] == c].sum() for c in range(3)]
        for facts in (whole, summed):
            np.testing.assert_allclose(getattr(facts, name).values(), by_hand, rtol=1e-13)


def test_a_long_batch_is_not_summed_by_row_but_still_clipped():
    c = 1 << 17
    batch = Batch.build(probs=np.full((SUMMED // c + 1, c), 1 / c), labels=np.zeros(SUMMED // c + 1, dtype=int))
    facts = one_pass(batch)[1]
    assert facts.renormalised is None
    assert facts.clipped is not None
    assert one_pass(batch, rows=(0, SUMMED // c))[1].renormalised is not None
