"""Each part's sums, whoever adds them up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec import structs

import wce_cli.batches.batch as batch_module
from tests.loss.random_batches import long_batch
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.passes.batch_parts import Cut, Shuffled
from wce_cli.passes.one_pass import cut_pass, group_bounds, one_pass
from wce_cli.questions.split import cut_of


@pytest.mark.parametrize("seed", range(40))
def test_the_sizes_of_parts_are_the_counts_of_their_rows(seed):
    rng = np.random.default_rng(seed)
    items, inner = int(rng.integers(1, 60)), int(rng.integers(1, 4))
    bounds = tuple(sorted({*rng.integers(1, items + 1, 3).tolist(), items})) if seed % 4 == 0 else ()
    ranks = 1 if bounds else int(rng.integers(1, 6))
    size = None if bounds or (seed % 4 == 1) else int(rng.integers(1, 9))
    cut = Cut(items, inner, size, bounds, ranks, Shuffled.by(seed, items) if seed % 2 else None)
    parts = cut.part_of(np.arange(items * inner))
    assert cut.sizes().tolist() == np.bincount(parts, minlength=cut.parts).tolist()


def drawn(n: int) -> dict[str, Any]:
    """The fields of a batch of everything: ignored samples, a class of weight 0, sample weights, smoothing."""
    rng = np.random.default_rng(3)
    return {
        "logits": rng.normal(size=(n, 5)) * 9,
        "labels": np.where(rng.random(n) < 0.2, -100, rng.integers(5, size=n)),
        "weight": [0, 1, 0.3, 7, 2],
        "sample_weight": rng.random(n),
        "label_smoothing": 0.2,
    }


@pytest.mark.parametrize("workers", [1, 3])
def test_blocks_workers_and_groups_do_not_show(monkeypatch, workers):
    batch = Batch.build(**drawn(997))
    cut = cut_of(batch, 10, 1, 6)
    one = cut_pass(batch, cut)[2]
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 64)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    monkeypatch.setattr("wce_cli.passes.one_pass.GROUP_WORK", 1 << 12)
    other = cut_pass(batch, cut, workers=workers)[2]
    assert cut.sizes().tolist() == [10] * 99 + [7]
    assert one.n_kept.tolist() == other.n_kept.tolist()
    for name, sums in one.terms.items():
        assert sums.values() == pytest.approx(other.terms[name].values(), rel=4e-15)
    for name, weights in one.weights.items():
        assert weights.values() == pytest.approx(other.weights[name].values(), rel=4e-15)


def test_ten_thousand_parts_of_many_classes_keep_a_few_numbers_each():
    import pickle

    c, n = 3200, 1000
    batch = Batch.build(logits=np.broadcast_to(np.zeros(c, dtype="float32"), (n, c)), labels=np.arange(n) % c)
    sums = cut_pass(batch, Cut(n, 1, 1))[2]
    assert len(pickle.dumps(sums)) < 250 * n


def test_a_group_of_a_shuffled_batch_has_rows_for_all_parts_unless_groups_become_few():
    batch = Batch.build(
        logits=np.broadcast_to(np.zeros(40, np.float32), (2_000_000, 40)), labels=np.zeros(2_000_000, int)
    )
    plain = group_bounds(batch, 0, batch.n_samples)
    assert group_bounds(batch, 0, batch.n_samples, 100) == plain
    longer = group_bounds(batch, 0, batch.n_samples, 90_000)
    assert {stop - start for start, stop in longer[:-1]} == {-(-90_000 // batch.block_rows) * batch.block_rows}
    most = group_bounds(batch, 0, batch.n_samples, 10**9)
    assert len(most) >= 16
    for bounds in (plain, longer, most):
        assert [start for start, _ in bounds[1:]] == [stop for _, stop in bounds[:-1]]
        assert (bounds[0][0], bounds[-1][1]) == (0, batch.n_samples)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("shuffle", [None, 6])
def test_one_two_and_seven_workers_leave_the_same_bytes(monkeypatch, shuffle):
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 64)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    monkeypatch.setattr("wce_cli.passes.one_pass.GROUP_WORK", 1 << 9)
    batch = Batch.build(**drawn(3000))
    cut = cut_of(batch, 100, 1, shuffle)
    answers = [cut_pass(batch, cut, workers=count)[2] for count in (1, 2, 7)]
    seen = {
        tuple(
            part.tobytes()
            for sums in (one.loss, *one.terms.values(), *one.weights.values())
            for part in (sums.high, sums.low)
        )
        for one in answers
    }
    assert len(seen) == 1


def test_what_a_part_counts_is_what_the_row_of_the_method_says(monkeypatch):
    """D of an invented method, the samples that weigh more than 0, beside that of the totals of each part."""
    positive = structs.replace(METHODS["nonzero-mean"], name="positive-mean", of=lambda w: w > 0)
    monkeypatch.setitem(METHODS, positive.name, positive)
    batch = Batch.build(**long_batch(4, soft=False, smoothing=0.0) | {"weight": [1.0, -2.0, 0.0, 3.0, -1.0]})
    n = batch.n_samples
    counts = cut_pass(batch, Cut(n, 1, 50))[2].nonzero["positive-mean/sample"]
    for k, count in enumerate(counts.tolist()):
        totals, _ = one_pass(batch, rows=(50 * k, min(50 * k + 50, n)))
        values = {value.pair: value for value in loss_values(totals, batch.spec.class_weight)}
        assert count == values["positive-mean/sample"].denominator
        assert count != values["nonzero-mean/sample"].denominator
