"""The totals of a batch too large to keep, against those of its rows read class by class."""

import itertools

import numpy as np
import pytest

from tests.questions.identify.batches import drawn
from wce_cli.batches.batch import Batch
from wce_cli.loss.totals import block_totals
from wce_cli.questions.identify import evaluation, large_batches
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.large_batches import totals_by_reading
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.rereading import reread
from wce_cli.questions.identify.rules import rules

KINDS = ("logits", "probs", "log_probs")


def needed_of(batch):
    kind, has_weight = batch.spec.scores, batch.spec.weight is not None
    readings = [
        name
        for name, reading in ODD_READINGS.items()
        if kind in reading.kinds and not reading.whole_batch and (has_weight or not reading.takes_weight)
    ]
    groupings = ("label", "prediction", "plain") + ("row",) * (batch.n_samples == batch.spec.n_classes)
    return set(itertools.product(["", *readings], groupings))


def class_by_class(batch, needed):
    with np.errstate(all="ignore"):
        found = reread(batch.block(0, batch.n_samples), batch.spec, needed, None)
        return {key: block_totals(terms, batch.spec.n_classes) for key, terms in found}


def assert_alike(found, expected):
    assert found.keys() == expected.keys()
    for key, totals in expected.items():
        got = found[key]
        assert (got.n, got.n_kept) == (totals.n, totals.n_kept)
        np.testing.assert_array_equal(got.count, totals.count, err_msg=str(key))
        np.testing.assert_array_equal(got.count_weighted, totals.count_weighted, err_msg=str(key))
        for field in ("s", "loss", "s_loss"):
            sums = [getattr(one, field).values() for one in (got, totals)]
            least = 1e-15 if key[0] else 1e-300  # an odd reading may cancel: −log(w·p) where w·p is 1
            np.testing.assert_allclose(*sums, rtol=2e-13, atol=least, err_msg=f"{key} {field}")


@pytest.mark.parametrize(
    "given",
    [
        {"kind": kind, "is_soft": soft, "sampled": sampled, "smoothing": smoothing}
        for kind, soft, sampled, smoothing in itertools.product(KINDS, (False, True), (False, True), (0.0, 0.1))
    ],
    ids=str,
)
def test_totals_are_those_of_rows_read_class_by_class(given):
    batch, _ = drawn(**given)
    needed = needed_of(batch)
    assert_alike(totals_by_reading(batch, needed), class_by_class(batch, needed))


HARD = [
    [0.0, 0.0, 0.0, 0.0],
    [900.0, -900.0, 3.0, 1.0],
    [-800.0, -801.0, -799.0, -805.0],
    [40.0, -3.0, 2.0, 1.0],
    [-40.0, 3.0, -50.0, 1.0],
    [1e-9, 30.0, -2.0, 30.0],
    [0.1, 700.3, 0.2, -5.0],
    [-np.inf, 1.0, 2.0, 3.0],
    [0.25, 0.25, 0.25, 0.25],
]


@pytest.mark.parametrize("label", range(4))
@pytest.mark.parametrize("row", HARD, ids=str)
def test_rows_that_a_plain_exp_does_not_reach_are_read_as_they_should_be(row, label):
    batch = Batch.build(logits=[row, row, [0.5, 1.0, -1.0, 0.0]], labels=[label, -100, 2], weight=[0.5, 2.0, 1.0, 3.0])
    needed = needed_of(batch)
    assert_alike(totals_by_reading(batch, needed), class_by_class(batch, needed))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_without_a_softmax_is_nan_in_its_own_class_alone(bad):
    batch = Batch.build(logits=[[1.0, bad, 0.0], [0.5, 1.0, -1.0]], labels=[0, 1], weight=[0.5, 2.0, 1.0])
    needed = {("", "label"), ("softmax-twice", "label"), ("binary-terms", "label"), ("weight-in-logits", "label")}
    for totals in totals_by_reading(batch, needed).values():
        assert np.isnan(totals.loss.values()[0])
        assert np.isfinite(totals.loss.values()[1:]).all()


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("shape", [(900, 3000), (30_000, 5)], ids=str)
def test_any_number_of_workers_and_groups_give_the_same_bytes(monkeypatch, shape, workers):
    """Of many classes groups leave rows, of few their totals."""
    rng = np.random.default_rng(0)
    (n, c), labels = shape, rng.integers(0, shape[1], shape[0])
    labels[rng.random(n) < 0.3] = -100
    batch = Batch.build(
        logits=rng.normal(size=shape).astype(np.float32),
        labels=labels,
        weight=rng.uniform(0, 2, c),
        sample_weight=rng.integers(0, 3, n).astype(np.float64),
    )
    needed = needed_of(batch)
    walk = large_batches.walk_batch
    monkeypatch.setattr(
        large_batches,
        "walk_batch",
        lambda batch, rows, make, fold, none, progress, least: walk(batch, rows, make, fold, workers, progress, least),
    )
    found = totals_by_reading(batch, needed)
    assert_alike(found, class_by_class(batch, needed))
    monkeypatch.undo()
    alone = totals_by_reading(batch, needed)
    for key, totals in alone.items():
        assert found[key].s_loss.high.tobytes() == totals.s_loss.high.tobytes()
        assert found[key].s_loss.low.tobytes() == totals.s_loss.low.tobytes()


def test_a_large_batch_is_not_kept(monkeypatch):
    rng = np.random.default_rng(0)
    batch = Batch.build(logits=rng.normal(size=(50, 40)), labels=rng.integers(0, 40, 50), weight=rng.uniform(size=40))
    monkeypatch.setattr(evaluation, "KEPT_SCORES", 1000)
    listed = list(rules(case_of(batch), 1))
    large = Evaluation(batch, listed)
    monkeypatch.undo()
    kept = Evaluation(batch, listed)
    assert not large._terms
    assert kept._terms
    for rule in listed:
        assert large.value(rule) == pytest.approx(kept.value(rule), rel=1e-12, nan_ok=True), rule
