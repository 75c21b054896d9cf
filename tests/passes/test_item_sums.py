"""The sums of each item: every number by the plain loop, whoever walks the rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

import wce_cli.batches.batch as batch_module
from tests.loss.random_batches import rows_of
from tests.oracle import expected_values
from tests.questions.split.test_compare import picked
from wce_cli.batches.batch import Batch
from wce_cli.passes.item_sums import ItemSums
from wce_cli.passes.one_pass import listing_pass

COLUMNS = ("loss", "term", "weight")


def fields(seed: int, shape: tuple[int, ...] = (13, 4, 7)) -> dict[str, object]:
    """Sequences or images with ignored rows, and what else there may be."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(shape[1], size=(shape[0], *shape[2:]))
    labels[rng.random(labels.shape) < 0.3] = -100
    labels[3], labels[-1, 1:] = -100, -100
    given = {"logits": rng.normal(size=shape) * 4, "labels": labels}
    if seed % 4 >= 1:
        given["weight"] = rng.uniform(0, 3, size=shape[1])
    if seed % 4 >= 2:
        given["sample_weight"] = rng.uniform(0, 2, size=labels.shape)
    if seed % 4 == 3:
        given["label_smoothing"] = 0.1
    if seed % 5 == 4:
        given["labels"] = np.moveaxis(rng.dirichlet(np.ones(shape[1]), size=labels.shape), -1, 1)
    return given


def sums_of(given: dict[str, object]) -> ItemSums:
    items = listing_pass(Batch.build(**given), 0, by_item=True)[3]
    assert items is not None
    return items


@pytest.fixture(params=["one block", "blocks of 8 rows, groups of few"])
def blocks(request, monkeypatch):
    """A batch in one block, or cut anywhere within its items."""
    if request.param != "one block":
        monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 8)
        monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 8))
        monkeypatch.setattr("wce_cli.passes.one_pass.GROUP_WORK", 1)


@pytest.mark.parametrize("shape", [(13, 4, 7), (6, 3, 2, 5), (5, 2, 1, 1, 3), (4, 3, 40)])
@pytest.mark.parametrize("seed", range(10))
def test_every_item_has_the_numbers_of_the_plain_loop(seed, shape, blocks):
    given = fields(seed, shape)
    rows, found, inner = rows_of(given), sums_of(given), math.prod(shape[2:])
    is_soft = np.asarray(given["labels"]).ndim == len(shape)
    assert (found.positions, len(found.n_kept)) == (inner, shape[0])
    for item in range(shape[0]):
        which = [item * inner + k for k in range(inner)]
        expected = expected_values(picked(rows, which), shape[1])
        kept = expected["kept-mean/class"]
        assert found.n_kept[item] == kept.denominator
        assert found.term[item] == pytest.approx(expected["sum/class"].numerator, rel=1e-12, abs=1e-300)
        assert found.loss[item] == pytest.approx(expected["unweighted-mean/class"].numerator, rel=1e-12, abs=1e-300)
        d = float(inner) if is_soft else expected["weighted-mean/class"].denominator
        assert found.weight[item] == pytest.approx(d, rel=1e-13, abs=1e-300)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_one_two_and_seven_workers_leave_the_same_bytes(monkeypatch):
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 64)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    monkeypatch.setattr("wce_cli.passes.one_pass.GROUP_WORK", 1 << 9)
    seen = set()
    for count in (1, 2, 7):
        monkeypatch.setattr("wce_cli.passes.workers.cores", lambda count=count: count)
        monkeypatch.setattr("wce_cli.passes.workers.WORTH_WORKERS", 0 if count > 1 else 10**9)
        found = sums_of(fields(1, (300, 5, 11)))
        seen.add(tuple(getattr(found, name).tobytes() for name in COLUMNS))
    assert len(seen) == 1


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_within_its_item(odd):
    given = fields(1)
    whole = sums_of(given)
    given["logits"][2, :, 3], given["labels"][2, 3] = odd, 1
    found = sums_of(given)
    assert math.isnan(found.term[2])
    others = np.arange(13) != 2
    assert np.array_equal(found.term[others], whole.term[others])


def test_a_sum_is_right_to_the_last_digits_however_long_an_item_is():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 3, 100_000)), rng.integers(3, size=(2, 100_000))
    found = sums_of({"logits": x, "labels": y})
    losses = np.log(np.exp(x).sum(axis=1)) - np.take_along_axis(x, y[:, None], 1)[:, 0]
    assert found.term.tolist() == pytest.approx([math.fsum(row) for row in losses], rel=4e-15)
