"""PyTorch trains: accumulation and two ranks give the loss and the gradient that `split` predicts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.questions.split.launched import on_two_ranks
from wce_cli import split

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
    """dL/dW as a split has it: each sample's own gradient times what its part multiplies it with."""

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
    seen = on_two_ranks(DDP, tmp_path)
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


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_part_without_a_kept_sample_makes_the_loss_nan_and_no_gradient(smoothing):
    """An ignored part, and a rank that has nothing: PyTorch's gradient stays finite, and is the one predicted."""
    (x, y, w), net = model_of_the_runs()
    y = y.clone()
    y[3:6] = -100
    logits = net(x).detach().requires_grad_()
    given = {"logits": logits.detach(), "labels": y, "weight": w, "label_smoothing": smoothing}
    answer = split(3, **given)
    row = answer.method("weighted-mean")
    assert [part.n_kept for part in answer.parts] == [3, 0, 2, 3]
    assert row.gradients[1] is row.ratios[1] is None
    seen = 0.0
    for part in answer.parts:
        items = list(part.items)
        loss = torch.nn.functional.cross_entropy(net(x[items]), y[items], weight=w, label_smoothing=smoothing) / 4
        loss.backward()
        seen += loss.item()
    assert np.isnan(seen)
    assert np.isnan(row.mean_of_parts)
    expected = predicted_gradient(answer, x, logits, y, w, smoothing, [g or 0.0 for g in row.gradients])
    assert torch.isfinite(net.weight.grad).all()
    assert torch.allclose(net.weight.grad, expected, rtol=1e-10, atol=1e-14)
    assert "every gradient nan" not in str(answer)


def test_a_part_whose_kept_samples_weigh_nothing_makes_every_gradient_nan():
    (x, y, w), net = model_of_the_runs()
    y, w = y.clone(), w.clone()
    w[0], y[:3] = 0, 0
    answer = split(3, logits=net(x).detach(), labels=y, weight=w)
    assert "A part whose kept samples weigh 0 together makes every gradient nan." in str(answer)
    for part in answer.parts:
        items = list(part.items)
        torch.nn.functional.cross_entropy(net(x[items]), y[items], weight=w).backward()
    assert torch.isnan(net.weight.grad).all()
