"""The page of a finding: what `wce findings CODE` prints, under fixed heads."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Page(Struct, frozen=True):
    """Everything about a finding that does not depend on a batch."""

    code: str
    severity: Literal["note", "caution", "error"]
    summary: str
    meaning: str
    """What it means."""
    why: str
    """Why it matters."""
    example: str
    """A command that raises it."""
    remedy: str
    """What to do; also the help that stands beside the message."""
    references: tuple[str, ...]
    is_doubt: bool = False
    """Whether it doubts how the scores, the labels or the weights are read: then every other number is in doubt too,
    and other answers than a report say it as well."""
