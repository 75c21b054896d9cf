"""The same pass under torchrun: each rank takes a share, and rank 0 adds up what all of them send.

What is sent is what `--totals-out` saves: its size goes with the classes and not with the samples. A rank that cannot
answer sends the error in the same message, so that nobody waits for it and its cause is told once. Ranks make their
pass before they meet: worker processes are forked in it, which threads of torch.distributed would not survive.
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

from msgspec import Struct

from wce_cli.errors import Problem, WceError

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID")
"""What torchrun tells each process. Clusters set the first two for a shell in which nobody else runs, too."""
LONGEST_WAIT = timedelta(days=1)
"""How long a rank waits for one that has more to read. torchrun ends all of them as soon as one is gone."""
OK, FAILED = 0, 1
ANSWERED, REFUSED = 0, 2
"""What a rank exits with that is not the first."""

T = TypeVar("T")


class RankError(WceError):
    """An error of this rank that the other ranks do not know of."""


class Rank(Struct, frozen=True):
    """Which of how many processes this is."""

    number: int
    size: int
    local_size: int = 1
    """Processes on this machine."""

    def share(self, count: int) -> slice:
        """The part of `count` things that is this rank's: in order, so that all shares together are all of them."""
        return slice(count * self.number // self.size, count * (self.number + 1) // self.size)


def this_rank() -> Rank | None:
    """The rank that torchrun made this process; None where it is alone."""
    if not all(name in os.environ for name in VARIABLES):
        return None
    try:
        number, size, local_size = (int(os.environ[name]) for name in VARIABLES[:3])
    except ValueError:
        return None
    return Rank(number, size, max(local_size, 1)) if size > 1 else None


def together(rank: Rank, find: Callable[[], bytes], answer: Callable[[list[bytes]], T]) -> T | int:
    """On rank 0 the answer to what all ranks have found, in their order; on the others what they exit with.

    Raises WceError on rank 0 if any rank cannot find its part, with what it said, or if there is no answer. The others
    then end after rank 0, which torchrun might otherwise end before it has said why.
    """
    status, content = OK, b""
    try:
        content = find()
    except WceError as error:
        status, content = FAILED, json.dumps([[[p.message, p.hint] for p in error.problems], error.context]).encode()
    meeting = _Meeting(rank)
    parts = meeting.gather(status, content)
    if parts is None:
        return meeting.hear()
    try:
        failed = [(number, part) for number, (state, part) in enumerate(parts) if state == FAILED]
        if failed:
            raise _refusal(failed, rank)
        answered = answer([part for _, part in parts])
    except WceError:
        meeting.tell(REFUSED)
        raise
    meeting.tell(ANSWERED)
    return answered


def _refusal(failed: list[tuple[int, bytes]], rank: Rank) -> WceError:
    """What the first of the ranks said that failed; whose rank it was, unless all say the same."""
    number, said = failed[0]
    problems, context = json.loads(said)
    if len(failed) == rank.size and all(part == said for _, part in failed):
        return WceError([Problem(*problem) for problem in problems], context)
    more = f" ({len(failed) - 1} more of {rank.size} ranks cannot either)" if len(failed) > 1 else ""
    return WceError([Problem(f"rank {number}: {message}{more}", hint) for message, hint in problems], context)


class _Meeting:
    """All ranks, connected by gloo."""

    def __init__(self, rank: Rank) -> None:
        self.rank = rank
        try:
            import torch
            import torch.distributed
        except Exception as error:
            raise RankError(Problem(f"torch.distributed cannot be used: {error}")) from error
        self.torch, self.distributed = torch, torch.distributed
        with self._connected():
            self.distributed.init_process_group("gloo", rank=rank.number, world_size=rank.size, timeout=LONGEST_WAIT)

    def gather(self, status: int, content: bytes) -> list[tuple[int, bytes]] | None:
        """The status and the bytes of all ranks, on rank 0."""
        torch, size = self.torch, self.rank.size
        mine = torch.tensor([status, len(content)])
        heads = [torch.zeros_like(mine) for _ in range(size)]
        with self._connected():
            self.distributed.all_gather(heads, mine)
        longest = max(1, *(int(head[1]) for head in heads))
        message = torch.zeros(longest, dtype=torch.uint8)
        message[: len(content)] = torch.frombuffer(bytearray(content or b"\0"), dtype=torch.uint8)[: len(content)]
        found: list[Any] | None = [torch.zeros_like(message) for _ in heads] if self.rank.number == 0 else None
        with self._connected():
            self.distributed.gather(message, found, dst=0)
        if found is None:
            return None
        return [(int(head[0]), part[: int(head[1])].numpy().tobytes()) for head, part in zip(heads, found, strict=True)]

    def tell(self, code: int) -> None:
        """Tell the other ranks what they exit with. If it is no answer they are held until this rank has said why."""
        with self._connected():
            self.distributed.broadcast(self.torch.tensor([code]), src=0)
        if code == ANSWERED:
            self._part()
        else:
            atexit.register(self._part)

    def hear(self) -> int:
        """The exit code that rank 0 tells."""
        code = self.torch.zeros(1, dtype=self.torch.int64)
        with self._connected():
            self.distributed.broadcast(code, src=0)
        self._part()
        return int(code)

    def _part(self) -> None:
        with suppress(RuntimeError):  # a rank that is gone already has nothing more to say
            self.distributed.barrier()
            self.distributed.destroy_process_group()

    @contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, OSError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            problem = Problem(f"rank {self.rank.number}: the ranks have lost each other: {first}")
            raise RankError(problem) from error
