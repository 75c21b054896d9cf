"""PyTorch trains a causal model: micro-batches and ranks whose sequences hold unequally many tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.run import ROOT, run
from wce_cli import split

torch = pytest.importorskip("torch")

from tests.language_models.causal import (  # noqa: E402
    COUNTS,
    Causal,
    batch,
    gradient_of,
    token_count,
    token_losses,
    token_mean,
)

IDS, LABELS = batch()
CLOSE = {"rtol": 1e-10, "atol": 1e-13}


def predicted_loss_of(**cut):
    """The answer of `wce split` about the scores of the model, and its row of the mean over tokens."""
    scores = Causal()(IDS).detach()
    answer = split(**cut, logits=scores, labels=LABELS, class_axis=-1, shift=True)
    return answer, answer.method("weighted-mean")


def predicted_gradient(answer, factors):
    """The gradient of all parameters, each part's token losses times the factor that a split gives it."""
    net = Causal()
    losses = token_losses(net(IDS), LABELS).sum(1)
    total = sum(losses[list(part.items)].sum() * factor for part, factor in zip(answer.parts, factors, strict=True))
    total.backward()
    return gradient_of(net)


def whole_batch():
    """Loss and gradient of the batch in one step."""
    net = Causal()
    loss = token_mean(net(IDS), LABELS)
    loss.backward()
    return loss.item(), gradient_of(net)


def test_the_sequences_hold_unequally_many_tokens():
    assert [int(token_count(LABELS[k : k + 1])) for k in range(len(LABELS))] == list(COUNTS)
    assert not torch.equal(LABELS[:, 0], torch.full((len(LABELS),), -100))
    assert sum(parameter.numel() for parameter in Causal().parameters()) < 1000


@pytest.mark.parametrize("cut", [{"size": 1}, {"size": 2}, {"size": (5, 3)}, {"size": 3, "shuffle": 4}], ids=str)
def test_accumulation_has_the_predicted_loss_and_gradient(cut):
    answer, row = predicted_loss_of(**cut)
    k, net, logged = len(answer.parts), Causal(), 0.0
    for part in answer.parts:
        some = list(part.items)
        loss = token_mean(net(IDS[some]), LABELS[some]) / k
        loss.backward()
        logged += loss.item()
    whole, whole_gradient = whole_batch()
    assert row.value == pytest.approx(whole, rel=1e-12)
    assert row.mean_of_parts == pytest.approx(logged, rel=1e-12)
    assert abs(logged - whole) > 1e-3
    assert torch.allclose(gradient_of(net), predicted_gradient(answer, row.gradients), **CLOSE)
    assert not torch.allclose(gradient_of(net), whole_gradient, rtol=1e-2)
    assert row.denominators == tuple(sum(COUNTS[item] for item in part.items) for part in answer.parts)
    assert row.ratios == pytest.approx([sum(COUNTS) / (k * count) for count in row.denominators], rel=1e-12)


@pytest.mark.parametrize("cut", [{"size": 1}, {"size": 2}, {"size": (5, 3)}, {"size": 3, "shuffle": 4}], ids=str)
def test_counting_tokens_before_the_first_backward_gives_the_whole_batch(cut):
    answer, row = predicted_loss_of(**cut)
    parts = [list(part.items) for part in answer.parts]
    count = sum(token_count(LABELS[some]) for some in parts)
    net, logged = Causal(), 0.0
    for some in parts:
        loss = token_losses(net(IDS[some]), LABELS[some]).sum() / count
        loss.backward()
        logged += loss.item()
    whole, whole_gradient = whole_batch()
    assert row.denominator == int(count)
    assert row.remedy == pytest.approx(logged, rel=1e-12)
    assert logged == pytest.approx(whole, rel=1e-12)
    assert torch.allclose(gradient_of(net), whole_gradient, **CLOSE)
    assert torch.allclose(whole_gradient, predicted_gradient(answer, [row.gradient] * len(parts)), **CLOSE)


def test_a_mean_over_sequences_is_another_loss_again_and_no_split_of_it_matters():
    """Each sequence's own mean, over the sequences: what `--by sample` calls the mean of parts."""
    _, row = predicted_loss_of(size=1)
    losses = token_losses(Causal()(IDS), LABELS).sum(1)
    by_sequence = losses / torch.tensor(COUNTS)
    assert row.values == pytest.approx(by_sequence.tolist(), rel=1e-12)
    assert row.mean_of_parts == pytest.approx(by_sequence.mean().item(), rel=1e-12)


def test_by_sample_is_a_sequence_a_part(tmp_path):
    np.savez(tmp_path / "x.npz", logits=Causal()(IDS).detach().numpy(), labels=LABELS.numpy())
    ran = run("split", str(tmp_path / "x.npz"), "--by", "sample", "--class-axis", "-1", "--shift", "-f", "json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [part["n_kept"] for part in found["parts"]] == list(COUNTS)
    _, row = predicted_loss_of(size=1)
    shown = next(one for one in found["methods"] if one["method"] == "weighted-mean")
    assert (shown["mean_of_parts"], shown["gradients"]) == (row.mean_of_parts, list(row.gradients))


@pytest.fixture(scope="module")
def two_ranks():
    """What two processes of PyTorch's DistributedDataParallel logged, and their gradients."""
    pytest.importorskip("torch.distributed")
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    ran = subprocess.run(
        [*launch, "-m", "tests.language_models.data_parallel"],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("size", [4, 1], ids=["one batch a rank", "a sequence a micro-batch"])
def test_two_ranks_have_the_predicted_loss_and_gradient(two_ranks, size):
    answer, row = predicted_loss_of(size=size, ranks=2)
    logged, gradient = two_ranks[f"{size} plain"]
    whole, whole_gradient = whole_batch()
    assert row.mean_of_parts == pytest.approx(logged, rel=1e-12)
    assert abs(logged - whole) > 1e-3
    gradient = torch.tensor(gradient, dtype=torch.float64)
    assert torch.allclose(gradient, predicted_gradient(answer, row.gradients), **CLOSE)
    assert not torch.allclose(gradient, whole_gradient, rtol=1e-2)


@pytest.mark.parametrize("size", [4, 1], ids=["one batch a rank", "a sequence a micro-batch"])
def test_an_all_reduced_count_times_the_number_of_ranks_gives_the_whole_batch(two_ranks, size):
    _, row = predicted_loss_of(size=size, ranks=2)
    logged, gradient = two_ranks[f"{size} remedied"]
    whole, whole_gradient = whole_batch()
    assert logged == pytest.approx(whole, rel=1e-12)
    assert row.remedy == pytest.approx(logged, rel=1e-12)
    assert torch.allclose(torch.tensor(gradient, dtype=torch.float64), whole_gradient, **CLOSE)
