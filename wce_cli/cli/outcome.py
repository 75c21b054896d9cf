"""What a command hands to `main()`: it writes nothing itself, so that a closed pipe cannot change its verdict."""

from __future__ import annotations

from msgspec import Struct


class Outcome(Struct, frozen=True):
    """An answer, where it goes, and the exit code that it means."""

    text: str
    output: str | None = None
    """A file to write instead of stdout."""
    files: tuple[tuple[str, str], ...] = ()
    """Files to write beside the answer: each its name and its text."""
    notes: tuple[str, ...] = ()
    """Lines for stderr."""
    errors: tuple[str, ...] = ()
    """Lines for stderr of what could not be read, where the rest was answered."""
    code: int = 0
