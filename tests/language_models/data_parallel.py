"""What `DistributedDataParallel` gives: torchrun --nproc-per-node R -m tests.language_models.data_parallel

Each rank takes its sequences as `DistributedSampler` deals them, in micro-batches of SIZE. Rank 0 prints, by run, the
loss averaged over all ranks and the gradient, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

from tests.language_models.causal import Causal, batch, gradient_of, token_count, token_losses, token_mean


def micro_batches(size: int) -> list[tuple[Tensor, Tensor]]:
    """Ids and labels of this rank's micro-batches."""
    ids, labels = batch()
    mine = torch.tensor(list(DistributedSampler(range(len(ids)), shuffle=False)))
    return [(ids[some], labels[some]) for some in mine.split(size)]


def trained(size: int, *, remedied: bool) -> tuple[float, list[float]]:
    """The loss that is logged and the gradient that is stepped along."""
    net, parts = DistributedDataParallel(Causal()), micro_batches(size)
    count = sum(token_count(labels) for _, labels in parts)
    dist.all_reduce(count)
    logged = torch.zeros((), dtype=torch.float64)
    for step, (ids, labels) in enumerate(parts, 1):
        waits = contextlib.nullcontext() if step == len(parts) else net.no_sync()
        with waits:
            if remedied:
                loss = token_losses(net(ids), labels).sum() / count * dist.get_world_size()
            else:
                loss = token_mean(net(ids), labels) / len(parts)
            loss.backward()
        logged += loss.detach()
    dist.all_reduce(logged)
    return logged.item() / dist.get_world_size(), gradient_of(net.module).tolist()


def main() -> None:
    """Train one step for every way, and print what came of it."""
    dist.init_process_group("gloo")
    answers = {
        f"{size} {'remedied' if remedied else 'plain'}": trained(size, remedied=remedied)
        for size in (4, 1)
        for remedied in (False, True)
    }
    if dist.get_rank() == 0:
        sys.stdout.write(json.dumps(answers))
        sys.stdout.flush()
    dist.barrier()
    os._exit(0)  # gloo's threads may abort a process that takes itself apart


if __name__ == "__main__":
    main()
