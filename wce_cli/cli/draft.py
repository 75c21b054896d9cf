"""The answer on a terminal while PyTorch is imported: all that does not depend on it stands there at once.

What it returns is written in place when it is known, so that nothing moves, and the answer is left once and whole. That
is on the terminal's own screen, for a second or two; of an answer that is taller than the screen its top is drawn. Only
what scrolls away while somebody makes the window smaller cannot be taken back: it stays above the whole answer.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from typing import Any, TextIO, cast

from msgspec import Struct, structs

from wce_cli.answers.report import Report
from wce_cli.cli.delivery import say_notes
from wce_cli.cli.destinations import Destination
from wce_cli.cli.live import is_watched_table, terminal_codes
from wce_cli.cli.outcome import Outcome
from wce_cli.engines import AUTO, AUTO_ENGINE
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.look import Look
from wce_cli.processes.signals import told_of_stops

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""Between these a terminal that knows them shows nothing half done; others pass over them."""
FEWEST_LINES = 3
"""Lines of a screen on which there is something to see: one of the answer, the dots below it, and the cursor's."""


@contextmanager
def drafted(
    answers: Sequence[Destination], engines: Sequence[str], n_batches: int, notes: Sequence[str]
) -> Iterator[Draft]:
    """Inside, a draft of the answer to one batch: wiped if no answer comes, never drawn where nobody watches."""
    is_alone = n_batches == 1 and bool(engines) and all(name in (AUTO, AUTO_ENGINE) for name in engines)
    is_watched = is_alone and is_watched_table(answers[0]) and _is_in_front(sys.stdout)
    with ExitStack() as until_the_end:
        draft = Draft(sys.stdout if is_watched else None, answers[0].look, tuple(notes), until_the_end)
        try:
            yield draft
        except BaseException:
            draft.wipe()
            raise


class Draft:
    """What is drawn of an answer before all of it is known."""

    def __init__(self, out: TextIO | None, look: Look, notes: tuple[str, ...], until_the_end: ExitStack) -> None:
        self._out = out
        self._look = look
        self._notes = notes
        self._until_the_end = until_the_end
        self._words = None if out is None else _words(out)
        self._lines: list[str] = []
        self._size = (0, 0)
        self.is_possible = self._words is not None

    def show(self, report: Report) -> None:
        """Draw what there is of a report, or its top, below the notes: from then on it has its place."""
        if self._out is None or self._words is None or self._lines:
            return
        from wce_cli.formats.cells import rounding_note

        lines = formatted(formats_of("explain")["table"], [report], self._look).splitlines()
        columns, rows = _size(self._out)
        if len(lines) >= rows:
            lines = [*lines[: rows - 2], self._look.text("…")]
        if max(map(_width, lines)) > columns or rows < FEWEST_LINES:
            return
        self._notes += tuple(rounding_note(report))
        say_notes(self._notes)
        for undone in (told_of_stops(self.forget), unechoed(self._out), _behind(self.wipe)):
            self._until_the_end.enter_context(undone)
        self._lines, self._size = lines, (columns, rows)
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
        is_resized = self._out is not None and _size(self._out) != self._size
        parts = [BEGIN, self._cleared() if is_resized else self._words.back(len(self._lines))]
        for position, line in enumerate(outcome.text.splitlines()):
            is_equal = self._lines[position : position + 1] == [line]
            parts += ["" if is_equal else self._words.line, line, "\n"]
        self._lines = []
        return structs.replace(outcome, text="".join([*parts, self._words.below, END]))

    def wipe(self) -> None:
        """Leave no trace of what is drawn."""
        if self._out is not None and self._lines:
            self._out.write(self._cleared())
            self._out.flush()
        self._lines = []

    def forget(self) -> None:
        """Take what is drawn for what somebody else wrote: this process was stopped, and a shell has been there."""
        self._lines = []

    def _cleared(self) -> str:
        """What takes the cursor to where the draft begins, and the draft away. A window that is narrower by now has
        broken its lines, but xterm's, which cuts them.
        """
        assert self._out is not None
        assert self._words is not None
        columns, rows = _size(self._out)
        is_cut = "XTERM_VERSION" in os.environ
        taken = sum(1 if is_cut else max(1, -(-_width(line) // columns)) for line in self._lines)
        taken = min(taken, max(rows - 1, 1))  # the others have been scrolled away
        back = self._words.back(taken)
        return back + (self._words.line + "\n") * taken + back  # tmux would save a screen that is cleared as a whole


class _DraftWords(Struct, frozen=True):
    """How a terminal is told to clear what is right of the cursor and what is below it, and to take the cursor up."""

    line: str
    below: str
    up: bytes

    def back(self, rows: int) -> str:
        """What takes the cursor `rows` up, to the first column."""
        import curses

        return f"\r{curses.tparm(self.up, rows).decode('ascii')}"


def _words(stream: TextIO) -> _DraftWords | None:
    """The words of a terminal; None where it cannot go back."""
    codes = terminal_codes(stream, "cuu", "el", "ed")
    if codes is None:
        return None
    up, line, below = codes
    return _DraftWords(line.decode("ascii"), below.decode("ascii"), up)


def _width(line: str) -> int:
    """The columns that a line takes."""
    from rich.cells import cell_len

    return cell_len(COLOUR.sub("", line))


def _size(stream: TextIO) -> tuple[int, int]:
    """The columns and lines that a terminal truly has; what the environment says where it does not know."""
    columns, lines = shutil.get_terminal_size()
    with suppress(OSError, ValueError):
        own = os.get_terminal_size(stream.fileno())
        columns, lines = own.columns or columns, own.lines or lines
    return columns, lines


def _is_in_front(stream: TextIO) -> bool:
    """Whether nobody else writes on the terminal: a shell does, where this process runs in the background."""
    with suppress(OSError, AttributeError):  # it is not the terminal that this process was started from
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    return True


@contextmanager
def unechoed(stream: TextIO) -> Iterator[None]:
    """Inside, what is typed does not move what is drawn: it is read, and shown, by whoever comes next."""
    try:
        import termios
    except ImportError:
        yield
        return
    place = stream.fileno()
    before = termios.tcgetattr(place)
    silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(place, termios.TCSANOW, silent)
    try:
        yield
    finally:
        if _is_in_front(stream):  # else a shell, which has its own settings, would stop this process here
            termios.tcsetattr(place, termios.TCSANOW, before)


@contextmanager
def _behind(first: Callable[[], None]) -> Iterator[None]:
    """Inside, `first` is called before anything is written to stderr: packages warn while they are imported."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    with redirect_stderr(cast("TextIO", _Preceded(sys.stderr, first))):
        yield


class _Preceded:
    """A stream before whose every word something is done."""

    def __init__(self, stream: TextIO, first: Callable[[], None]) -> None:
        self._stream = stream
        self._first = first

    def write(self, text: str) -> int:
        self._first()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
