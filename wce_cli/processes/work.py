"""What is asked of a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


class Work(Generic[T, R, S]):
    """What one worker does: an answer to each item it is given, and at the end what it has seen in all of them."""

    def __init__(self, answer: Callable[[T], R], seen: Callable[[], S]) -> None:
        self.answer, self.seen = answer, seen
