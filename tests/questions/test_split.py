"""What if the batch is cut? Every number again by the plain loop over each part, and by PyTorch that trains so."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import wce_cli.loss.batch as batch_module
from tests.loss.random_batches import random_batch, rows_of
from tests.oracle import assert_near, expected_values
from tests.run import ROOT
from wce_cli import WceError, explain, split
from wce_cli.loss.batch import Batch
from wce_cli.loss.cut import Cut
from wce_cli.loss.methods import METHODS
from wce_cli.loss.stream import cut_pass
from wce_cli.questions.split import cut_of, split_batch

LOGITS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1], [2, 0, 1], [1, 0, 0], [0, 0, 3]]
LABELS = [0, 1, -100, 1, 2, 0, 2]
WEIGHT = [1, 0.25, 3]


def picked(rows, which):
    s = None if rows.sample_weight is None else [rows.sample_weight[n] for n in which]
    return replace(
        rows, scores=[rows.scores[n] for n in which], labels=[rows.labels[n] for n in which], sample_weight=s
    )


@pytest.mark.parametrize("seed", range(120))
def test_every_part_has_the_numbers_of_the_plain_loop(seed):
    rng = np.random.default_rng(seed)
    given = random_batch(seed)
    batch, rows = Batch.build(**given), rows_of(given)
    items = batch.sample_shape[0] if batch.sample_shape else 1
    inner = batch.n_samples // items
    shuffle = int(rng.integers(9)) if rng.random() < 0.5 else None
    ranks = int(rng.integers(1, 4))
    size = 1 if ranks == 1 else None
    answer = split_batch(batch, cut_of(batch, size, ranks, shuffle))
    whole = expected_values(rows)
    assert {f"{row.method}/{row.placement}" for row in answer.methods} == set(whole)
    found = {n for part in answer.parts for n in part.items}
    assert found == set(range(items))
    for part in answer.parts:
        which = [item * inner + k for item in part.items for k in range(inner)]
        expected = expected_values(picked(rows, which), batch.spec.n_classes)
        assert part.n == len(which)
        for row in answer.methods:
            wanted = expected[f"{row.method}/{row.placement}"]
            numerator, denominator = row.numerators[part.part], row.denominators[part.part]
            assert_near(numerator, wanted.numerator, 4e-14, wanted.numerator_scale, row.pair)
            assert_near(denominator, wanted.denominator, 4e-15, wanted.denominator_scale, row.pair)
            if denominator:
                assert row.values[part.part] == numerator / denominator
                assert row.gradients[part.part] == 1 / (len(answer.parts) * denominator)
    for row in answer.methods:
        assert_near(row.numerator, whole[f"{row.method}/{row.placement}"].numerator, 4e-14,
                    whole[f"{row.method}/{row.placement}"].numerator_scale)  # fmt: skip
        if all(map(math.isfinite, row.values)):
            assert row.mean_of_parts == pytest.approx(sum(row.values) / len(answer.parts), rel=1e-12, abs=1e-300)
        if math.isfinite(row.value) and row.value:
            scale = sum(map(abs, row.numerators)) / abs(row.denominator)
            assert abs(row.remedy - row.value) <= 1e-14 * scale


def test_the_loss_of_each_part_is_that_of_a_batch_of_it_alone():
    answer = split(3, shuffle=4, logits=LOGITS, labels=LABELS, weight=WEIGHT, label_smoothing=0.1)
    for part in answer.parts:
        alone = explain(
            logits=[LOGITS[n] for n in part.items],
            labels=[LABELS[n] for n in part.items],
            weight=WEIGHT,
            label_smoothing=0.1,
            engines=(),
        )
        for row in answer.methods:
            assert row.values[part.part] == pytest.approx(alone.value(row.pair), rel=1e-13, nan_ok=True), row.pair
    assert answer.method("weighted-mean").value == explain(
        logits=LOGITS, labels=LABELS, weight=WEIGHT, label_smoothing=0.1, engines=()
    ).value("weighted-mean")


def test_a_denominator_of_a_part_is_known_for_every_method():
    answer = split(2, logits=LOGITS, labels=LABELS)
    assert list(dict.fromkeys(row.method for row in answer.methods)) == list(METHODS)


def test_blocks_are_cut_in_order_and_the_last_may_be_smaller():
    assert [part.items for part in split(3, logits=LOGITS, labels=LABELS).parts] == [(0, 1, 2), (3, 4, 5), (6,)]
    assert [part.items for part in split((2, 5), logits=LOGITS, labels=LABELS).parts] == [(0, 1), (2, 3, 4, 5, 6)]


def test_ranks_are_dealt_to_as_torchs_sampler_deals():
    torch_data = pytest.importorskip("torch.utils.data")
    answer = split(ranks=2, logits=LOGITS[:6], labels=LABELS[:6])
    for part in answer.parts:
        sampler = torch_data.DistributedSampler(range(6), 2, part.rank, shuffle=False)
        assert list(part.items) == list(sampler)
    both = split(2, ranks=2, logits=LOGITS, labels=LABELS)
    assert [(part.rank, part.step, part.items) for part in both.parts] == [
        (0, 0, (0, 2)),
        (1, 0, (1, 3)),
        (0, 1, (4, 6)),
        (1, 1, (5,)),
    ]


@pytest.mark.parametrize("seed", range(40))
def test_the_sizes_of_parts_are_the_counts_of_their_rows(seed):
    rng = np.random.default_rng(seed)
    items, inner = int(rng.integers(1, 60)), int(rng.integers(1, 4))
    bounds = tuple(sorted({*rng.integers(1, items + 1, 3).tolist(), items})) if seed % 4 == 0 else ()
    ranks = 1 if bounds else int(rng.integers(1, 6))
    size = None if bounds or (seed % 4 == 1) else int(rng.integers(1, 9))
    cut = Cut(items, inner, size, bounds, ranks, seed if seed % 2 else None)
    parts = cut.part_of(np.arange(items * inner))
    assert cut.sizes().tolist() == np.bincount(parts, minlength=cut.parts).tolist()


def test_an_image_is_one_item_with_all_its_pixels():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(3, 4, 2, 5)), rng.integers(4, size=(3, 2, 5))
    answer = split(2, logits=logits, labels=labels, weight=[1, 2, 3, 0])
    assert [(part.n, part.items) for part in answer.parts] == [(20, (0, 1)), (10, (2,))]
    alone = explain(logits=logits[:2], labels=labels[:2], weight=[1, 2, 3, 0], engines=())
    assert answer.method("weighted-mean").values[0] == pytest.approx(alone.value("weighted-mean"), rel=1e-14)


@pytest.mark.parametrize("workers", [1, 3])
def test_blocks_workers_and_groups_do_not_show(monkeypatch, workers):
    rng = np.random.default_rng(3)
    given = {
        "logits": rng.normal(size=(997, 5)) * 9,
        "labels": np.where(rng.random(997) < 0.2, -100, rng.integers(5, size=997)),
        "weight": [0, 1, 0.3, 7, 2],
        "sample_weight": rng.random(997),
        "label_smoothing": 0.2,
    }
    batch = Batch.build(**given)
    cut = cut_of(batch, 10, 1, 6)
    one = cut_pass(batch, cut)[2]
    monkeypatch.setattr(batch_module, "BLOCK_ELEMENTS", 64)
    monkeypatch.setattr(batch_module, "BLOCK_ROWS", (8, 64))
    monkeypatch.setattr("wce_cli.loss.stream.GROUP_WORK", 1 << 12)
    other = cut_pass(batch, cut, workers=workers)[2]
    assert cut.sizes().tolist() == [10] * 99 + [7]
    assert one.n_kept.tolist() == other.n_kept.tolist()
    for name, sums in one.terms.items():
        assert sums.values() == pytest.approx(other.terms[name].values(), rel=4e-15)
    for name, weights in one.weights.items():
        assert weights.values() == pytest.approx(other.weights[name].values(), rel=4e-15)


def test_a_part_without_a_kept_sample_is_nan_and_is_said():
    answer = split(1, logits=LOGITS[:3], labels=LABELS[:3], weight=WEIGHT)
    row = answer.method("weighted-mean")
    assert math.isnan(row.values[2])
    assert math.isnan(row.mean_of_parts)
    assert row.factor is None
    assert row.remedy == row.value == explain(
        logits=LOGITS[:3], labels=LABELS[:3], weight=WEIGHT, engines=()
    ).value("weighted-mean")  # fmt: skip
    assert answer.notes[0].startswith("part 2 has no kept sample: ")
    assert answer.method("batch-mean").values[2] == 0


def test_parts_whose_weights_are_all_zero_are_said():
    answer = split(2, logits=LOGITS[:4], labels=[0, 0, 1, 2], weight=[0, 1, 2])
    assert math.isnan(answer.method("weighted-mean").values[0])
    assert answer.notes == ("part 0: the weights of the kept samples add up to 0, weighted-mean is 0/0 = nan there",)


def test_with_probability_labels_equal_parts_change_nothing_of_torchs_mean():
    q = np.random.default_rng(0).dirichlet([1, 1, 1], size=6)
    row = split(2, logits=LOGITS[:6], labels=q, weight=WEIGHT).method("batch-mean")
    assert row.mean_of_parts == pytest.approx(row.value, rel=1e-15)
    assert split(4, logits=LOGITS[:6], labels=q, weight=WEIGHT).method("batch-mean").factor != pytest.approx(1)


def finding(**given):
    size = given.pop("size", 1)
    found = split(size, **given).findings
    return next((one.message for one in found if one.code == "weights-vanish-when-split"), None)


def test_parts_of_one_sample_are_said_to_lose_their_weights():
    kept = {"logits": LOGITS[3:], "labels": LABELS[3:], "weight": WEIGHT}
    answer = split(1, **kept)
    assert answer.method("weighted-mean").mean_of_parts == pytest.approx(
        answer.method("unweighted-mean").value, rel=1e-15
    )
    assert finding(**kept) == (
        "each of the 4 parts has one kept sample, whose weight cancels: the mean of the parts' weighted-mean is the "
        f"unweighted mean, {answer.method('unweighted-mean').value:.6g}, whatever the weights are; the whole batch's "
        f"is {answer.method('weighted-mean').value:.6g}"
    )
    two = {**kept, "logits": LOGITS[:4], "labels": [0, -100, 2, -100], "size": 2}  # one kept sample in each of two
    assert "each of the 2 parts has one kept sample" in finding(**two)
    assert finding(**{**two, "label_smoothing": 0.1}) is None
    assert finding(**{**two, "weight": [0, 1, 2]}) is None
    assert finding(**{**two, "weight": [2, 1, 2]}) is None
    assert finding(**{**kept, "size": 2}) is None
    assert finding(**{**kept, "labels": np.eye(3)[LABELS[3:]]}) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "size is missing: into which parts?"),
        ({"size": 0}, "size is 0, expected a whole number of 1 or more"),
        ({"size": (3, 5)}, "size 3,5 adds up to 8, but the batch has 7 items"),
        ({"size": (3, 4), "ranks": 2}, "size 3,4 cannot be dealt to 2 ranks"),
        (
            {"size": 3, "ranks": 2},
            "7 items dealt to 2 ranks in blocks of 3 give some ranks 2 parts and others 1: data parallel training "
            "waits for the missing ones",
        ),
    ],
)
def test_a_cut_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(WceError) as error:
        split(arguments.pop("size", None), **arguments, logits=LOGITS, labels=LABELS)
    assert str(error.value) == message


def test_too_many_parts_are_refused():
    with pytest.raises(WceError, match="1048577 parts are more than 1048576"):
        split(1, logits=np.broadcast_to(np.zeros(2), (2**20 + 1, 2)), labels=np.zeros(2**20 + 1, dtype=int))


def test_ten_thousand_parts_of_many_classes_keep_a_few_numbers_each():
    import pickle

    c, n = 3200, 1000
    batch = Batch.build(logits=np.broadcast_to(np.zeros(c, dtype="float32"), (n, c)), labels=np.arange(n) % c)
    sums = cut_pass(batch, Cut(n, 1, 1))[2]
    assert len(pickle.dumps(sums)) < 250 * n


# PyTorch


MODEL = """
import json, os
import torch

def batch():
    g = torch.Generator().manual_seed(3)
    x = torch.randn(12, 5, generator=g, dtype=torch.float64)
    y = torch.tensor([0, 1, 2, 1, -100, 0, 2, 1, -100, 1, 0, 0])
    return x, y, torch.tensor([0.1, 1.0, 3.0], dtype=torch.float64)

def model():
    g = torch.Generator().manual_seed(5)
    layer = torch.nn.Linear(5, 3, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(3, 5, generator=g, dtype=torch.float64))
        layer.bias.copy_(torch.randn(3, generator=g, dtype=torch.float64))
    return layer
"""
DDP = (
    MODEL
    + """
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
x, y, w = batch()
mine = list(DistributedSampler(range(len(x)), shuffle=False))
answers = {}
for smoothing in (0.0, 0.1):
    for remedied in (False, True):
        net = DistributedDataParallel(model())
        loss = torch.nn.functional.cross_entropy(net(x[mine]), y[mine], weight=w, label_smoothing=smoothing)
        if remedied:
            d = w[y[mine][y[mine] >= 0]].sum()
            whole = d.clone()  # all_reduce writes into what backward still reads
            dist.all_reduce(whole)
            loss = loss * d / whole * size
        loss.backward()
        seen = loss.detach().clone()
        dist.all_reduce(seen)
        answers[f"{smoothing} {remedied}"] = [seen.item() / size, net.module.weight.grad.tolist()]
if rank == 0:
    print(json.dumps(answers), flush=True)
dist.barrier()
os._exit(0)  # gloo's threads may abort a process that takes itself apart
"""
)


def model_of_the_runs():
    scope = {}
    exec(MODEL, scope)
    return scope["batch"](), scope["model"]()


def predicted_gradient(answer, x, logits, y, w, smoothing, gradients):
    """dL/dW as --split has it: each sample's own gradient times what its part multiplies it with."""
    import torch

    loss = torch.nn.functional.cross_entropy(logits, y, weight=w, label_smoothing=smoothing, reduction="none")
    factor = torch.zeros(len(y), dtype=torch.float64)
    for part, gradient in zip(answer.parts, gradients, strict=True):
        factor[list(part.items)] = gradient
    (by_logits,) = torch.autograd.grad((loss * factor).sum(), logits)
    return by_logits.T @ x


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shuffle", [None, 3])
def test_accumulating_in_pytorch_gives_the_predicted_loss_and_gradient(smoothing, shuffle):
    torch = pytest.importorskip("torch")
    (x, y, w), net = model_of_the_runs()
    logits = net(x).detach().requires_grad_()
    given = {"logits": logits.detach(), "labels": y, "weight": w, "label_smoothing": smoothing}
    answer = split(5, shuffle=shuffle, **given)
    row = answer.method("weighted-mean")
    k, seen = len(answer.parts), 0.0
    assert k == 3
    for part in answer.parts:
        items = list(part.items)
        loss = torch.nn.functional.cross_entropy(net(x[items]), y[items], weight=w, label_smoothing=smoothing) / k
        loss.backward()
        seen += loss.item()
    assert row.mean_of_parts == pytest.approx(seen, rel=1e-12)
    assert abs(row.mean_of_parts - row.value) > 1e-3
    expected = predicted_gradient(answer, x, logits, y, w, smoothing, row.gradients)
    assert torch.allclose(net.weight.grad, expected, rtol=1e-10, atol=1e-14)

    net.weight.grad = None  # the whole batch, and the remedy
    torch.nn.functional.cross_entropy(net(x), y, weight=w, label_smoothing=smoothing).backward()
    whole = net.weight.grad.clone()
    expected = predicted_gradient(answer, x, logits, y, w, smoothing, [row.gradient] * k)
    assert torch.allclose(whole, expected, rtol=1e-10, atol=1e-14)
    net.weight.grad, seen = None, 0.0
    for part in answer.parts:
        items = list(part.items)
        total = torch.nn.functional.cross_entropy(
            net(x[items]), y[items], weight=w, label_smoothing=smoothing, reduction="sum"
        )
        (total / row.denominator).backward()
        seen += total.item() / row.denominator
    assert row.remedy == pytest.approx(seen, rel=1e-12)
    assert torch.allclose(net.weight.grad, whole, rtol=1e-10, atol=1e-14)


def test_data_parallel_training_on_two_processes_gives_the_predicted_loss_and_gradient(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch.distributed")
    (tmp_path / "train.py").write_text(DDP)
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    ran = subprocess.run(
        [*launch, str(tmp_path / "train.py")],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    (x, y, w), net = model_of_the_runs()
    logits = net(x).detach().requires_grad_()
    for smoothing in (0.0, 0.1):
        given = {"logits": logits.detach(), "labels": y, "weight": w, "label_smoothing": smoothing}
        answer = split(ranks=2, **given)
        row = answer.method("weighted-mean")
        assert abs(row.mean_of_parts - row.value) > 1e-3
        for remedied, loss, gradients in (
            (False, row.mean_of_parts, row.gradients),
            (True, row.value, [row.gradient] * 2),
        ):
            value, gradient = seen[f"{smoothing} {remedied}"]
            assert value == pytest.approx(loss, rel=1e-12)
            expected = predicted_gradient(answer, x, logits, y, w, smoothing, gradients)
            assert torch.allclose(torch.tensor(gradient, dtype=torch.float64), expected, rtol=1e-10, atol=1e-14)


def test_counting_tokens_is_a_weighted_mean_of_weights_of_1():
    """Language models: micro-batches whose sequences are padded unequally."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(4, 7, 6)), rng.integers(7, size=(4, 6))
    for item, length in enumerate((6, 2, 5, 1)):
        labels[item, length:] = -100
    answer = split(2, logits=logits, labels=labels)
    row = answer.method("weighted-mean")
    assert row.denominators == (8.0, 6.0)
    parts = [
        torch.nn.functional.cross_entropy(torch.tensor(logits[k : k + 2]), torch.tensor(labels[k : k + 2])).item()
        for k in (0, 2)
    ]
    assert row.values == pytest.approx(parts, rel=1e-12)
    whole = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
    assert row.value == pytest.approx(whole, rel=1e-12)
    assert row.mean_of_parts == pytest.approx(sum(parts) / 2, rel=1e-12)
