"""The answer on a terminal while PyTorch is imported: all that does not depend on it stands there at once.

What it returns is written in place when it is known, so that nothing moves, and the answer is left once and whole. That
is on the terminal's own screen, for a second or two; of an answer that is taller than the screen its top is drawn.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TextIO

from msgspec import Struct, structs

from wce_cli.cli.answers import Answer
from wce_cli.cli.delivery import say_notes
from wce_cli.cli.live import PADDING
from wce_cli.cli.outcome import Outcome
from wce_cli.engines import AUTO, AUTO_ENGINE
from wce_cli.formats import FORMATS
from wce_cli.formats.look import Look
from wce_cli.processes import told_of_stops
from wce_cli.report import Report

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""Between these a terminal that knows them shows nothing half done; others pass over them."""


class _Words(Struct, frozen=True):
    """How a terminal is told to clear what is right of the cursor and what is below it, and to take the cursor up."""

    line: str
    below: str
    up: bytes

    def back(self, rows: int) -> str:
        """What takes the cursor `rows` up, to the first column; what is typed meanwhile stands right of it."""
        import curses

        return f"\r{curses.tparm(self.up, rows).decode('ascii')}"


class Draft:
    """What is drawn of an answer before all of it is known."""

    def __init__(self, out: TextIO | None, look: Look, notes: tuple[str, ...]) -> None:
        self._out = out
        self._look = look
        self._notes = notes
        self._words = None if out is None else _words(out)
        self._lines: list[str] = []
        self._columns = 0
        self.is_possible = self._words is not None

    def show(self, report: Report) -> None:
        """Draw what there is of a report, or its top, below the notes: from then on it has its place."""
        if self._out is None or self._words is None or self._lines:
            return
        from rich.cells import cell_len

        from wce_cli.formats.cells import rounding_note
        from wce_cli.formats.table import to_table

        lines = to_table([report], self._look).splitlines()
        columns, rows = _size(self._out)
        if len(lines) >= rows:
            lines = [*lines[: max(rows - 2, 0)], self._look.text("…")]
        if max(cell_len(COLOUR.sub("", line)) for line in lines) > columns:
            return
        self._notes += tuple(rounding_note(report))
        say_notes(self._notes)
        self._lines, self._columns = lines, columns
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()

    def over(self, outcome: Outcome) -> Outcome:
        """The outcome, its answer written over what is drawn: line by line, so that what is equal stands still.

        What is told or written before the answer finds the screen as it was; the notes have been told.
        """
        if self._lines and outcome.notes == self._notes:
            outcome = structs.replace(outcome, notes=())
        if outcome.notes or outcome.errors or outcome.files or outcome.pieces is not None:
            self.wipe()
        if self._words is None or not self._lines:
            return outcome
        parts = [BEGIN, self._back(), self._words.below if self._is_resized() else ""]
        for position, line in enumerate(outcome.text.splitlines()):
            is_equal = self._lines[position : position + 1] == [line]
            parts += ["" if is_equal else self._words.line, line, "\n"]
        self._lines = []
        return structs.replace(outcome, text="".join([*parts, self._words.below, END]))

    def wipe(self) -> None:
        """Leave no trace of what is drawn."""
        if self._out is not None and self._words is not None and self._lines:
            self._out.write(self._back() + self._words.below)
            self._out.flush()
        self._lines = []

    def forget(self) -> None:
        """Take what is drawn for what somebody else wrote: this process was stopped, and a shell has been there."""
        self._lines = []

    def _is_resized(self) -> bool:
        return self._out is not None and _size(self._out)[0] != self._columns

    def _back(self) -> str:
        """What takes the cursor to where the draft begins; a window that is narrower by now has broken its lines."""
        from rich.cells import cell_len

        assert self._out is not None
        assert self._words is not None
        columns = _size(self._out)[0]
        widths = (cell_len(COLOUR.sub("", line)) for line in self._lines)
        return self._words.back(sum(max(1, -(-width // columns)) for width in widths))


@contextmanager
def drafted(answers: Sequence[Answer], engines: Sequence[str], n_batches: int, notes: Sequence[str]) -> Iterator[Draft]:
    """A draft of the answer to one batch, wiped if there will be none; an impossible one where nobody watches."""
    main = answers[0]
    is_asked = main.format is FORMATS["table"] and main.file is None and n_batches == 1 and bool(engines)
    is_alone = all(name in (AUTO, AUTO_ENGINE) for name in engines)
    draft = Draft(sys.stdout if is_asked and is_alone and _is_watched() else None, main.look, tuple(notes))
    with told_of_stops(draft.forget) if draft.is_possible else nullcontext():
        try:
            yield draft
        except BaseException:
            draft.wipe()
            raise


def _is_watched() -> bool:
    """Whether stdout is a terminal that can be drawn on, and nobody else writes there: a shell does, where this process
    runs in the background."""
    if sys.stdout is None or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return False
    with suppress(OSError, AttributeError):  # it is not the terminal that this process was started from
        return os.tcgetpgrp(sys.stdout.fileno()) == os.getpgrp()
    return True


def _size(stream: TextIO) -> tuple[int, int]:
    """The columns and lines that a terminal truly has; what the environment says where it does not know."""
    columns, lines = shutil.get_terminal_size()
    with suppress(OSError, ValueError):
        own = os.get_terminal_size(stream.fileno())
        columns, lines = own.columns or columns, own.lines or lines
    return columns, lines


def _words(stream: TextIO) -> _Words | None:
    """The words of a terminal; None where it cannot go back."""
    try:
        import curses

        curses.setupterm(fd=stream.fileno())
        up, line, below = (curses.tigetstr(name) for name in ("cuu", "el", "ed"))
    except (ImportError, OSError, ValueError):
        return None
    except curses.error:  # a terminal that nobody has described
        return None
    if not (up and line and below):
        return None
    return _Words(PADDING.sub(b"", line).decode("ascii"), PADDING.sub(b"", below).decode("ascii"), PADDING.sub(b"", up))
