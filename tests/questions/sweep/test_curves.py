"""Each point of a curve is what the totals give with that weight."""

from __future__ import annotations

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from tests.questions.batches import GIVEN
from wce_cli import sweep
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.sweep.curves import Axis, Curves


def weights_at(axis, weight, place):
    weight = np.array(weight, dtype=float)
    if axis.kind == "class":
        weight[axis.index] = place
    return weight * place if axis.kind == "scale" else weight


@pytest.mark.parametrize("seed", range(90))
def test_every_point_is_what_explain_says(seed):
    given = random_batch(seed)
    axis = [Axis("class", 1), Axis("smoothing"), Axis("scale")][seed % 3]
    eps = given["label_smoothing"]
    if axis.kind == "smoothing":
        given["label_smoothing"] = 0.5
    batch = Batch.build(**given)
    totals, facts = one_pass(batch)
    weight = batch.spec.class_weight
    places = np.array([0.0, 0.1, 0.25, 0.7, 1.0] + ([] if axis.kind == "smoothing" else [-1.5, 2.0, 13.0]))
    curves = Curves(totals, weight, eps, axis)
    found = curves.at(places)
    assert curves.is_polynomial
    for k, place in enumerate(places.tolist()):
        at_place = place if axis.kind == "smoothing" else eps
        expected = loss_values(totals, weights_at(axis, weight, place), at_place)
        assert [(one.method, one.placement) for one in found] == [(one.method, one.placement) for one in expected]
        scale = facts.reach * max(1.0, abs(place)) * 10
        for one, wanted in zip(found, expected, strict=True):
            assert one.numerators[k] == pytest.approx(wanted.numerator, rel=1e-12, abs=1e-14 * scale), wanted.pair
            assert one.denominators[k] == pytest.approx(wanted.denominator, rel=1e-13, abs=1e-15 * scale), wanted.pair


@pytest.mark.parametrize("axis", [Axis("class", 0), Axis("scale")])
def test_what_is_infinite_is_asked_point_by_point(axis):
    batch = Batch.build(logits=[[0.0, -np.inf], [1.0, 2.0]], labels=[1, 0], weight=[1, 2])
    totals, _ = one_pass(batch)
    curves = Curves(totals, batch.spec.class_weight, 0.0, axis)
    assert not curves.is_polynomial
    places = np.array([0.0, 0.5, 2.0])
    for k, place in enumerate(places.tolist()):
        expected = loss_values(totals, weights_at(axis, batch.spec.class_weight, place))
        for one, wanted in zip(curves.at(places), expected, strict=True):
            assert one.values[k] == pytest.approx(wanted.value, nan_ok=True)


@pytest.mark.parametrize("chunk", [1, 7])
def test_counts_of_nonzero_weights_do_not_depend_on_chunks(monkeypatch, chunk):
    monkeypatch.setattr("wce_cli.questions.sweep.curves.CHUNK", chunk)
    answer = sweep(0, **GIVEN, points=5)
    assert answer.method("nonzero-mean").denominators == (4, 6, 6, 6, 6)
