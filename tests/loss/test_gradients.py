"""The sums over the gradients of all rows."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli.loss.batch import Batch
from wce_cli.loss.gradients import gradient_totals

RNG = np.random.default_rng(4)


N, C = 9, 4


LOGITS = RNG.normal(size=(N, C)) * 2


INDEX = np.array([0, 1, 3, -100, 2, 2, 0, 3, -100])


SOFT = RNG.dirichlet(np.ones(C), size=N) * RNG.uniform(0.5, 1.5, size=(N, 1))  # which need not sum to 1


WEIGHT = np.array([0.2, 1.0, 0.0, 3.0])


S = RNG.uniform(0.1, 2, size=N)


def given(labels, eps, s):
    batch = {"logits": LOGITS, "labels": INDEX if labels == "index" else SOFT, "weight": WEIGHT}
    return {**batch, "label_smoothing": eps, **({} if s is None else {"sample_weight": s})}


def test_a_large_batch_is_walked_in_pieces(monkeypatch):
    batch = Batch.build(**given("index", 0.1, S))
    whole = gradient_totals(batch)
    monkeypatch.setattr("wce_cli.loss.gradients.CHUNK", C)
    pieces = gradient_totals(batch)
    assert pieces.products == pytest.approx(whole.products, rel=1e-13)
    assert pieces.by_class == pytest.approx(whole.by_class, rel=1e-13)
