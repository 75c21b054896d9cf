"""What a pass lists of each row: the terms of `block_terms`, whichever kernel read them, no more memory than a
few chunks, and no loss of a small batch twice."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from tests.run import ROOT
from wce_cli.batches.batch import Batch
from wce_cli.loss import small_batches
from wce_cli.loss.fast import index_labels
from wce_cli.loss.readings import READINGS, Reading, read_logits
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import block_terms, pairs, smoothed_losses
from wce_cli.passes.all_classes import EveryKernel
from wce_cli.passes.listed_rows import Listed, read_listed
from wce_cli.passes.one_pass import listing_pass
from wce_cli.questions.explain.of_batch import explain_batch


def assert_as_one_by_one(batch: Batch, listed: Listed) -> None:
    """Hold the columns to the reference arithmetic, row by row."""
    spec = batch.spec
    with np.errstate(all="ignore"):
        terms = block_terms(batch.block(0, batch.n_samples), spec)
        loss = smoothed_losses(terms, spec.label_smoothing)
        expected = pairs(terms, spec.class_weight, spec.label_smoothing)
    kept = np.flatnonzero(terms.kept)
    assert listed.row.tolist() == kept.tolist()
    assert listed.label.tolist() == terms.label[kept].tolist()
    np.testing.assert_allclose(listed.loss, loss[kept], rtol=4e-15, atol=1e-300)
    for name, (term, weight) in expected.items():
        own_term, own_weight = listed.pairs[name]
        scale = np.abs(np.where(np.isfinite(term), term, 0.0)).max(initial=0.0)
        np.testing.assert_allclose(own_term, term[kept], rtol=1e-14, atol=4e-15 * scale, err_msg=name)
        assert (own_weight is None) == (weight is None)
        if weight is not None and own_weight is not None:
            np.testing.assert_allclose(own_weight, weight[kept], rtol=1e-14, atol=1e-15)
    if terms.logsumexp is not None:
        assert listed.logsumexp is not None
        np.testing.assert_allclose(listed.logsumexp, terms.logsumexp[kept], rtol=4e-15, atol=1e-15)
    if terms.target_score is not None:
        assert listed.target_score is not None
        assert listed.target_score.tolist() == terms.target_score[kept].tolist()


@pytest.mark.parametrize("small", [small_batches.SMALL, 0])
@pytest.mark.parametrize("seed", range(60))
def test_it_is_what_the_reference_says_row_by_row(seed, small, monkeypatch):
    monkeypatch.setattr(small_batches, "SMALL", small)  # 0: the kernels of large batches
    batch = Batch.build(**random_batch(seed))
    assert_as_one_by_one(batch, read_listed(batch, 0, batch.n_samples))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_infinite_and_nan_scores_too(smoothing, monkeypatch):
    monkeypatch.setattr(small_batches, "SMALL", 0)
    logits = np.array([[0, -math.inf, 1], [math.nan, 1, 2], [700.3, 0.1, 0], [-math.inf] * 3, [1e308, -1e308, 0]])
    batch = Batch.build(logits=logits, labels=[0, 1, 1, 2, 0], weight=[1, 0, 3], label_smoothing=smoothing)
    listed = read_listed(batch, 0, 5)
    with np.errstate(all="ignore"):
        terms = block_terms(batch.block(0, 5), batch.spec)
        expected = pairs(terms, batch.spec.class_weight, smoothing)["class"][0]
    np.testing.assert_allclose(listed.pairs["class"][0], expected, rtol=1e-14)


@pytest.mark.parametrize("given", [{}, {"label_smoothing": 0.1}, {"sample_weight": True}, {"soft": True}])
def test_the_pass_leaves_what_is_read_again_by_itself(given):
    rng = np.random.default_rng(3)
    n, c = 40_000, 600  # more than one worker, and several groups
    logits = rng.standard_normal((n, c), dtype=np.float32)
    labels = rng.integers(0, c, n)
    labels[rng.random(n) < 0.3] = -100
    fields = {"logits": logits, "labels": labels, "weight": rng.uniform(0.1, 3, c)}
    if "soft" in given:
        fields["labels"] = rng.dirichlet(np.ones(8), n).repeat(c // 8, axis=1) / (c // 8)
    if "sample_weight" in given:
        fields["sample_weight"] = rng.uniform(0, 2, n)
    if "label_smoothing" in given:
        fields["label_smoothing"] = 0.1
    batch = Batch.build(**fields)
    totals, _, listed, _ = listing_pass(batch, n)
    again = read_listed(batch, 0, n)
    assert listed is not None
    assert len(listed.row) == totals.n_kept
    for mine, other in zip((listed.row, listed.label, listed.loss), (again.row, again.label, again.loss), strict=True):
        assert np.array_equal(mine, other)
    for name, (term, _) in listed.pairs.items():
        assert np.array_equal(term, again.pairs[name][0])


def test_of_some_rows_no_more_than_their_groups_are_kept():
    batch = Batch.build(logits=np.zeros((200_000, 4)), labels=np.zeros(200_000, dtype=int))
    _, _, listed, _ = listing_pass(batch, 10)
    assert listed is not None
    assert 10 <= len(listed.row) < 100_000
    assert listing_pass(batch, 0)[2] is None


@pytest.mark.parametrize("given", [{}, {"label_smoothing": 0.1}, {"labels": [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]}])
@pytest.mark.parametrize(("rows", "sort"), [(None, "index"), (0, "index"), (1, "loss"), (2, "term")])
def test_a_loss_of_a_small_batch_is_computed_once_for_a_report(given, rows, sort, monkeypatch):
    read = []

    def counting(scores: Floats) -> Reading:
        read.append(len(scores))
        return read_logits(scores)

    def never(*_: object) -> None:
        raise AssertionError("a kernel of large batches has no part in it")

    fields = {"logits": [[0.5, 2.0], [1.0, 0.0], [3.0, 1.0]], "labels": [0, 1, 1], "weight": [1, 2]}
    batch = Batch.build(**(fields | given))
    monkeypatch.setattr(small_batches, "SMALL", 1 << 14)
    monkeypatch.setitem(READINGS, "logits", counting)
    monkeypatch.setattr(index_labels, "label_losses", never)
    monkeypatch.setattr(EveryKernel, "losses", never)
    report = explain_batch(batch, (), rows, sort)
    assert len(report.top) == 3
    assert read == [3]


MEASURED = """
import sys
import numpy as np
import wce_cli.questions.explain
from wce_cli import explain

def status(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

x, y = np.load(sys.argv[1], mmap_mode="r"), np.load(sys.argv[2])
before = status("VmRSS")
report = explain(logits=x, labels=y, label_smoothing=float(sys.argv[3]), engines=())
assert len(report.terms) == len(y)
anonymous = status("RssAnon")
print(anonymous - before, status("VmHWM") - status("RssFile") - before)
"""


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_listing_a_batch_of_a_language_model_takes_little_memory(smoothing, tmp_path):
    """(2048, 32000), 250 MB in a file: all its rows are listed within 128 MB of what was there before."""
    if not os.path.exists("/proc/self/status"):
        pytest.skip("the memory of a process is read where Linux has it")
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2048, 32_000), dtype=np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", rng.integers(0, 32_000, 2048))
    arguments = [tmp_path / "x.npy", tmp_path / "y.npy", str(smoothing)]
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    after, peak = map(int, ran.stdout.split())
    assert after <= 128 * 1024
    assert peak <= 128 * 1024
