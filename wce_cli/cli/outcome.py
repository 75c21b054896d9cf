"""What a command hands to `main()`: it writes nothing itself, so that a closed pipe cannot change its verdict."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from msgspec import Struct

CANNOT_ANSWER = 2
"""The exit code where a batch or an option is wrong."""
NOTES = 100
"""Different notes that a run tells: every batch may have one of its own."""


class Outcome(Struct, frozen=True):
    """An answer, where it goes, and the exit code that it means."""

    text: str
    output: str | None = None
    """A file to write instead of stdout."""
    files: tuple[tuple[str, str], ...] = ()
    """Files to write beside the answer: each its name and its text."""
    notes: tuple[str, ...] = ()
    """Lines for stderr."""
    saved: tuple[str, ...] = ()
    """Lines for stderr that are true once everything is written."""
    errors: tuple[str, ...] = ()
    """Lines for stderr of what could not be read, where the rest was answered."""
    code: int = 0
    pieces: Generator[tuple[str, ...], None, None] | None = None
    """Not None: the answer comes little by little, `text` and the texts of `files` are empty, and these are the next
    parts of each of them, the answer's first."""
    end: Callable[[], int] | None = None
    """The exit code once all pieces are written; None: `code`."""


def new_notes(notes: Iterable[str], told: dict[str, None]) -> list[str]:
    """The notes that a run has not told yet, at most NOTES of all; now they are `told`."""
    new = [note for note in dict.fromkeys(notes) if note not in told][: NOTES - len(told)]
    told.update(dict.fromkeys(new))
    return new
