"""Sequences with different counts are trained on: each remedy, run in PyTorch as it is printed, is the whole batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.questions.split.launched import on_two_ranks
from tests.run import run
from wce_cli import WceError, batch, split
from wce_cli.answers.split import Split

COUNT = "count the kept samples", "add up D = Σ w[y]"
DIVIDE = "divide the sum Σt of each by that"
MODEL = """
import torch

def batch():
    g = torch.Generator().manual_seed(3)
    x = torch.randn(8, 6, 4, generator=g, dtype=torch.float64)
    y = torch.randint(5, (8, 6), generator=g)
    for item, length in enumerate((6, 1, 5, 2, 6, 3, 1, 4)):
        y[item, length:] = -100
    return x, y

def model():
    g = torch.Generator().manual_seed(5)
    layer = torch.nn.Linear(4, 5, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(5, 4, generator=g, dtype=torch.float64))
    return layer

def summed(net, x, y, w):
    return torch.nn.functional.cross_entropy(net(x).flatten(0, -2), y.flatten(), weight=w, reduction="sum")

def counted(y, w):
    kept = y[y >= 0]
    return torch.tensor(float(len(kept)), dtype=torch.float64) if w is None else w[kept].sum()

WEIGHTS = (None, torch.tensor([0.1, 1, 3, 0.5, 2], dtype=torch.float64))
"""

RANKS = (
    MODEL
    + """
import json, os
import torch.distributed as dist
from contextlib import nullcontext
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
x, y = batch()
mine = list(DistributedSampler(range(len(x)), shuffle=False))
answers = {}
for weighted, w in enumerate(WEIGHTS):
    for steps in (1, 2):
        of_step = len(mine) // steps
        micro = [mine[k * of_step:(k + 1) * of_step] for k in range(steps)]
        for remedied in (False, True):
            net, seen = DistributedDataParallel(model()), torch.zeros((), dtype=torch.float64)
            d = sum(counted(y[part], w) for part in micro).clone()
            dist.all_reduce(d)
            for k, part in enumerate(micro):
                with net.no_sync() if k < steps - 1 else nullcontext():
                    if remedied:
                        loss = summed(net, x[part], y[part], w) / d * size
                    else:
                        loss = summed(net, x[part], y[part], w) / counted(y[part], w) / steps
                    loss.backward()
                seen += loss.detach()
            dist.all_reduce(seen)
            answers[f"{weighted} {steps} {remedied}"] = [seen.item() / size, net.module.weight.grad.tolist()]
if rank == 0:
    print(json.dumps(answers), flush=True)
dist.barrier()
os._exit(0)  # gloo's threads may abort a process that takes itself apart
"""
)


@pytest.fixture(scope="module")
def training():
    """What the runs are made of."""
    scope: dict[str, object] = {}
    exec(MODEL, scope)
    return scope


def whole_gradient(training, x, y, w) -> torch.Tensor:
    net = training["model"]()
    (training["summed"](net, x, y, w) / training["counted"](y, w)).backward()
    return net.weight.grad


def cut(training, w, **how) -> Split:
    x, y = training["batch"]()
    logits = training["model"]()(x).detach().movedim(-1, 1)
    return split(**how, logits=logits, labels=y, **({} if w is None else {"weight": w}))


def remedies(answer: Split) -> Iterator[str]:
    yield from re.findall(r"^Remedy: .*?(?=\n\S|\n\n)", str(answer), re.MULTILINE | re.DOTALL)


def remedy_of(answer: Split) -> str:
    (said,) = remedies(answer)
    return " ".join(said.split())


@pytest.mark.parametrize("how", [{"size": 2}, {"size": (1, 5, 2)}, {"by": "sample"}, {"size": 3, "shuffle": 1}])
@pytest.mark.parametrize("weighted", [0, 1])
def test_counting_before_the_first_backward_is_the_whole_batch(training, weighted, how):
    w = training["WEIGHTS"][weighted]
    x, y = training["batch"]()
    answer = cut(training, w, **how)
    row, k = answer.method("weighted-mean"), len(answer.parts)
    net, seen, d = training["model"](), 0.0, sum(training["counted"](y[list(one.items)], w) for one in answer.parts)
    for part in answer.parts:
        loss = training["summed"](net, x[list(part.items)], y[list(part.items)], w) / d
        loss.backward()
        seen += loss.item()
    assert seen == pytest.approx(row.value, rel=1e-12)
    assert torch.allclose(net.weight.grad, whole_gradient(training, x, y, w), rtol=1e-10, atol=1e-14)
    count = COUNT[weighted]
    assert remedy_of(answer).startswith(
        f"Remedy: before the first backward {count} of all {k} micro-batches, {d.item():.6g}; {DIVIDE}, "
        f"without the / {k}: {seen:.6g}."
    )


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("weighted", [0, 1])
def test_two_ranks_give_what_is_predicted_and_with_the_remedy_the_whole_batch(training, two_ranks, weighted, steps):
    w = training["WEIGHTS"][weighted]
    x, y = training["batch"]()
    answer = cut(training, w, ranks=2, **({} if steps == 1 else {"size": 2}))
    row, whole = answer.method("weighted-mean"), whole_gradient(training, x, y, w)
    plain, gradient = two_ranks[f"{weighted} {steps} False"]
    assert plain == pytest.approx(row.mean_of_parts, rel=1e-12)
    assert abs(plain - row.value) > 1e-3
    assert not torch.allclose(torch.tensor(gradient, dtype=torch.float64), whole, rtol=1e-3)
    remedied, gradient = two_ranks[f"{weighted} {steps} True"]
    assert remedied == pytest.approx(row.value, rel=1e-12)
    assert torch.allclose(torch.tensor(gradient, dtype=torch.float64), whole, rtol=1e-10, atol=1e-14)
    count = COUNT[weighted]
    first = f"before the first backward {count} of the 2 micro-batches of both ranks" if steps == 2 else (
        f"{count} of both ranks"
    )  # fmt: skip
    assert remedy_of(answer).startswith(
        f"Remedy: {first}, {row.denominator:.6g} (torch.distributed.all_reduce of a copy); {DIVIDE}"
        f"{', without the / 2' * (steps == 2)}, and multiply it by 2, because DDP averages the gradients: "
        f"{remedied:.6g}."
    )


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory):
    """Two processes that train."""
    return on_two_ranks(RANKS, tmp_path_factory.mktemp("ranks"))


def test_the_names_of_the_count_are_said_of_tokens_without_weights_alone(training):
    names = "transformers' Trainer (4.46 and later) has num_items_in_batch for it; Megatron-LM has"
    assert names in remedy_of(cut(training, None, size=2))
    over = "(4.47 and later) has num_items_in_batch for it, over all ranks with average_tokens_across_devices;"
    assert over in remedy_of(cut(training, None, ranks=2))
    for answer in (
        cut(training, training["WEIGHTS"][1], size=2),
        cut(training, None, by="row", size=10),
        split(1, logits=np.zeros((2, 3, 2, 2)), labels=[[[0, 1], [2, 0]], [[-100, -100], [1, 1]]]),
        split(2, logits=np.eye(3), labels=[0, -100, 2]),
        split(1, logits=np.eye(12).reshape(4, 3, 12)[:2], labels=np.eye(2, 12).astype(int) * 255, ignore_index=255),
    ):
        assert "Trainer" not in str(answer)


def test_where_all_parts_divide_by_the_same_nothing_is_to_be_done(training):
    x, y = training["batch"]()
    y = torch.where(y < 0, 1, y)
    answer = split(2, logits=training["model"]()(x).detach().movedim(-1, 1), labels=y)
    assert "No remedy is needed: every part divides by the same D, 12.\n" in str(answer)
    assert "Remedy" not in str(answer)


def test_parts_of_one_value_that_divide_by_other_numbers_have_a_remedy():
    """The mean of the parts is the whole batch's by chance, and no gradient is."""
    answer = split((1, 2), logits=np.zeros((3, 4)), labels=[0, 1, 2])
    row = answer.method("weighted-mean")
    assert row.mean_of_parts == pytest.approx(row.value, rel=1e-14)
    assert "Remedy: before the first backward count the kept samples of both micro-batches, 3;" in " ".join(
        str(answer).split()
    )


# What is cut.


def test_rows_are_cut_as_they_are_flattened(training):
    x, y = training["batch"]()
    logits = training["model"]()(x).detach()
    for how in ({"size": 10}, {"ranks": 3}, {"size": (8, 40)}, {"size": 7, "shuffle": 3}, {}):
        found = cut(training, None, by="row", **how)
        flat = split(**(how or {"size": 1}), logits=logits.flatten(0, 1), labels=y.flatten())
        assert found.parts == flat.parts
        assert (found.cut.by, found.cut.items) == ("row", 48)
        assert [row.pair for row in found.methods] == [row.pair for row in flat.methods]
        for row, other in zip(found.methods, flat.methods, strict=True):
            np.testing.assert_array_equal(row.values, other.values)


def test_a_part_of_each_sequence_is_the_sequence_alone(training):
    x, y = training["batch"]()
    answer = cut(training, None, by="sample")
    assert (answer.cut.by, answer.cut.size, answer.cut.items) == ("sample", 1, 8)
    assert [(part.n, part.n_kept) for part in answer.parts] == [(6, int((own >= 0).sum())) for own in y]
    logits = training["model"]()(x).detach()
    own = [torch.nn.functional.cross_entropy(one, label).item() for one, label in zip(logits, y, strict=True)]
    assert answer.method("weighted-mean").values == pytest.approx(own, rel=1e-12)


def test_what_is_cut_is_refused_where_it_is_neither(training):
    with pytest.raises(WceError, match='by is "token", expected sample or row'):
        cut(training, None, by="token")


def test_the_command_cuts_either_and_says_of_how_many(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "b.npz", logits=rng.normal(size=(4, 3, 6)), labels=rng.integers(3, size=(4, 6)))
    file = str(tmp_path / "b.npz")
    for arguments, said in (
        (["--by", "sample"], "24 samples, 4 items of 6, in 4 parts of 1 item"),
        (["--by", "sample", "--size", "2"], "24 samples, 4 items of 6, in 2 parts of 2 items"),
        (["--size", "3"], "24 samples, 4 items of 6, in 2 parts of up to 3 items"),
        (["--ranks", "2"], "24 samples, 4 items of 6, in 2 parts, dealt in turn to 2 ranks"),
        (["--by", "row", "--size", "10"], "24 samples in 3 parts of up to 10"),
        (["--by", "row", "--ranks", "5"], "24 samples in 5 parts, dealt in turn to 5 ranks"),
        (["--by", "row"], "24 samples in 24 parts of 1"),
    ):
        assert f"\n{said}\n" in run("split", file, *arguments).out
    shifted = run("split", file, "--by", "sample", "--shift").out
    assert "\n20 samples, 4 sequences of 5, in 4 parts of 1 sequence\n" in shifted
    document = json.loads(run("split", file, "--by", "row", "--ranks", "5", "-f", "json").out)
    assert document["cut"] == {"size": None, "sizes": None, "ranks": 5, "shuffle": None, "items": 24, "by": "row"}
    assert [part["n_kept"] for part in document["parts"]] == [5, 5, 5, 5, 4]


def test_by_stands_beside_every_way_to_give_a_batch():
    x, y = np.random.default_rng(0).normal(size=(3, 4, 5)), np.zeros((3, 5), dtype=int)
    built = batch(x, y)
    for answer, by, parts in (
        (split(built, by="sample"), "sample", 3),
        (split(built, by="row"), "row", 15),
        (split(x, y, by="row"), "row", 15),
        (split(x, y, by="sample", size=2), "sample", 2),
        (split(built, 2, by="row"), "row", 8),
        (split(2, x, y, by="row"), "row", 8),
        (split(2, x, y), "sample", 2),
        (split(1, x[:, :, 0], y[:, 0], by="row"), "sample", 3),  # each row is one
    ):
        assert (answer.cut.by, len(answer.parts)) == (by, parts)


def test_rows_have_no_mean_over_samples(training):
    assert cut(training, None, size=2).method("sample-mean") is not None
    assert cut(training, None, size=2, by="row").method("sample-mean") is None
