"""What one worker does with its groups, and how their parts are handed on in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

P = TypeVar("P")
S = TypeVar("S")


class Walk(Generic[P, S]):
    """What one worker does: a part for each group it takes, and at the end what it has seen in all of them."""

    def __init__(self, group: Callable[[int], P], seen: Callable[[], S]) -> None:
        self.group, self.seen = group, seen


class InOrder(Generic[P]):
    """Hands parts on in the order of their groups."""

    def __init__(self, fold: Callable[[P], None]) -> None:
        self.fold, self.next, self.waiting = fold, 0, dict[int, P]()

    def put(self, k: int, part: P) -> None:
        """Take the part of group k, and hand on what is next."""
        self.waiting[k] = part
        while self.next in self.waiting:
            self.fold(self.waiting.pop(self.next))
            self.next += 1
