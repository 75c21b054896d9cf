"""The sums over the gradients of all rows: those of the gradients one by one, whoever adds them."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

import wce_cli.batches.batch as batch_module
from tests.loss.random_batches import random_batch
from wce_cli.batches.batch import Batch
from wce_cli.processes import pool
from wce_cli.questions.gradient.per_row import PULL_KINDS, gradients_of
from wce_cli.questions.gradient.totals import gradient_totals

pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # other tests may have started threads, or jax
CASES = [(labels, eps) for labels in ("index", "soft") for eps in (0.0, 0.3, 1.0)]
N, C = 700, 5


def large(labels, eps):
    rng = np.random.default_rng(4)
    index = np.where(rng.random(N) < 0.2, -100, rng.integers(C - 1, size=N))  # one class has no sample
    given = {
        "logits": rng.normal(size=(N, C)) * 3,
        "labels": index if labels == "index" else rng.dirichlet(np.ones(C), size=N) * rng.uniform(0.5, 1.5, (N, 1)),
        "weight": [0.2, 1.0, 0.0, 3.0, 7.0],
        "sample_weight": np.where(rng.random(N) < 0.1, 0.0, rng.uniform(0.1, 2, N)),
    }
    return Batch.build(**given, label_smoothing=eps)


def in_pieces(monkeypatch):
    """Blocks of 16 rows, chunks of 3, groups of 2 blocks."""
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 16 * C)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    monkeypatch.setattr("wce_cli.passes.one_pass.GROUP_WORK", 32 * (C + 32))
    monkeypatch.setattr("wce_cli.questions.gradient.totals.SCORES_AT_ONCE", 3 * C)


def row_by_row(batch):
    """The same from the gradients in full, by math.fsum."""
    found = gradients_of(batch, 0, batch.n_samples)
    g = found.gradients
    products = [[math.fsum((g[i] * g[k]).ravel()) for k in range(len(PULL_KINDS))] for i in range(len(PULL_KINDS))]
    norms = np.sqrt((g**2).sum(axis=2))
    by_class = [
        [math.fsum(norms[kind][found.label == c]) for c in range(batch.spec.n_classes)]
        for kind in range(len(PULL_KINDS))
    ]
    return np.array(products), np.array(by_class)


@pytest.mark.parametrize("seed", range(60))
def test_the_sums_are_those_of_the_rows(seed):
    batch = Batch.build(**random_batch(seed))
    found, (products, by_class) = gradient_totals(batch), row_by_row(batch)
    scale = np.sqrt(np.outer(np.diag(products), np.diag(products)))
    assert np.abs(found.products - products).max() <= 1e-14 * scale.max()
    assert found.by_class == pytest.approx(by_class, rel=1e-14, abs=1e-15 * by_class.max())
    assert (found.broken, found.first_broken) == (0, -1)


@pytest.mark.parametrize(("labels", "eps"), CASES)
def test_a_large_batch_is_walked_in_pieces(monkeypatch, labels, eps):
    batch = large(labels, eps)
    products, by_class = row_by_row(batch)
    in_pieces(monkeypatch)
    found = gradient_totals(batch)
    assert found.products == pytest.approx(products, rel=1e-14)
    assert found.by_class == pytest.approx(by_class, rel=1e-14)


@pytest.mark.parametrize("how", ["processes", "threads"])
@pytest.mark.parametrize(("labels", "eps"), CASES[:2] + CASES[4:5])
def test_one_two_and_seven_workers_leave_the_same_bytes(monkeypatch, how, labels, eps):
    if how == "processes" and sys.platform != "linux":
        pytest.skip("processes are forked on Linux alone")
    batch = large(labels, eps)
    in_pieces(monkeypatch)
    monkeypatch.setattr(pool, "may_fork", lambda: how == "processes")
    told: list[tuple[int, int]] = []
    answers = [gradient_totals(batch, lambda *at: told.append(at), workers=count) for count in (1, 2, 7)]
    assert told[-1] == (22, 22)
    assert len({(one.products.tobytes(), one.by_class.tobytes()) for one in answers}) == 1


def test_what_is_lost_in_a_plain_sum_is_kept():
    """A sample that outweighs the others by 2⁶⁰, and one that takes it back."""
    n = 4096
    labels, logits = np.zeros(n, dtype=int), np.zeros((n, 2))
    s = np.ones(n)
    s[0], s[-1] = 2.0**60, -(2.0**60)
    found = gradient_totals(Batch.build(logits=logits, labels=labels, sample_weight=s))
    assert found.products[1, 3] == 0.5 * (n - 2)  # ⟨s·u, u⟩ with u = (−1/2, 1/2)
    norms = gradient_totals(Batch.build(logits=logits, labels=labels, sample_weight=np.where(s > 1, s, 1.0)))
    assert norms.by_class[1, 0] == (2.0**60 + n - 1) * math.sqrt(0.5)


@pytest.mark.parametrize("count", [1, 3])
def test_the_first_gradient_that_is_not_finite_is_the_first_of_all_groups(monkeypatch, count):
    given = large("index", 0.1)
    logits = np.array(given.scores.rows(0, N), dtype=float)
    labels = given.labels_of(0, N)
    kept = np.flatnonzero(labels >= 0)
    bad, ignored = kept[[50, 300, 301, 420]], np.flatnonzero(labels < 0)[3]
    logits[bad] = [[np.nan, 0, 0, 0, 0], [np.inf, 0, 0, 0, 0], [-np.inf] * 5, [0, 0, 0, 0, np.nan]]
    logits[ignored] = np.nan
    in_pieces(monkeypatch)
    found = gradient_totals(Batch.build(logits=logits, labels=labels, weight=[1, 2, 3, 4, 5]), workers=count)
    assert (found.broken, found.first_broken) == (4, bad[0])
    fine = np.isfinite(logits).all(axis=1)
    others = gradient_totals(Batch.build(logits=logits[fine], labels=labels[fine], weight=[1, 2, 3, 4, 5]))
    assert found.products == pytest.approx(others.products, rel=1e-14)
    assert found.by_class == pytest.approx(others.by_class, rel=1e-14)


def test_no_rows_leave_nothing():
    found = gradient_totals(Batch.build(logits=np.zeros((0, 3)), labels=np.zeros(0, dtype=int)))
    assert not found.products.any()
    assert found.by_class.shape == (4, 3)
