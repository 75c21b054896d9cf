"""The same pass under torchrun: each rank takes a share, and rank 0 adds up what all of them send.

What is sent is what `--totals-out` saves: its size goes with the classes and not with the samples. A rank that cannot
answer sends the error in the same message, so that nobody waits for it and its cause is told once. Ranks make their
pass before they meet: worker processes are forked in it, which threads of torch.distributed would not survive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells each process."""
OK, FAILED = 0, 1


class Rank(Struct, frozen=True):
    """Which of how many processes this is."""

    number: int
    size: int

    def share(self, count: int) -> slice:
        """The part of `count` things that is this rank's: in order, so that all shares together are all of them."""
        return slice(count * self.number // self.size, count * (self.number + 1) // self.size)


def this_rank() -> Rank | None:
    """The rank that torchrun made this process; None where it is alone."""
    try:
        number, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        return None
    return Rank(number, size) if size > 1 and all(name in os.environ for name in VARIABLES) else None


def gathered(rank: Rank, find: Callable[[], bytes]) -> list[bytes] | None:
    """What every rank has found, on rank 0 and in the order of the ranks; None on the others.

    `find` makes this rank's part, b"" for none. Raises WceError on rank 0 if any rank could not, with what it said.
    """
    status, content = OK, b""
    try:
        content = find()
    except WceError as error:
        status, content = FAILED, json.dumps([[p.message, p.hint] for p in error.problems]).encode()
    parts = _gather(rank, status, content)
    if parts is None:
        return None
    failed = [(number, part) for number, (state, part) in enumerate(parts) if state == FAILED]
    if failed:
        number, part = failed[0]
        more = f" ({len(failed) - 1} more of {rank.size} ranks cannot either)" if len(failed) > 1 else ""
        said = [Problem(f"rank {number}: {message}{more}", hint) for message, hint in json.loads(part)]
        raise WceError(said)
    return [part for _, part in parts]


def _gather(rank: Rank, status: int, content: bytes) -> Sequence[tuple[int, bytes]] | None:
    try:
        import torch
        import torch.distributed as distributed
    except Exception as error:
        raise WceError(Problem(f"torch.distributed cannot be used: {error}")) from error
    try:
        distributed.init_process_group("gloo", rank=rank.number, world_size=rank.size)
        mine = torch.tensor([status, len(content)])
        sizes = [torch.zeros_like(mine) for _ in range(rank.size)]
        distributed.all_gather(sizes, mine)
        longest = max(int(size[1]) for size in sizes)
        message = torch.zeros(longest, dtype=torch.uint8)
        message[: len(content)] = torch.frombuffer(bytearray(content or b"\0"), dtype=torch.uint8)[: len(content)]
        found: list[Any] | None = [torch.zeros_like(message) for _ in sizes] if rank.number == 0 else None
        if longest:
            distributed.gather(message, found, dst=0)
        distributed.barrier()
        distributed.destroy_process_group()
    except (RuntimeError, ValueError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WceError(Problem(f"rank {rank.number}: the ranks have lost each other: {first}")) from error
    if found is None:
        return None
    return [(int(size[0]), part[: int(size[1])].numpy().tobytes()) for size, part in zip(sizes, found, strict=True)]
