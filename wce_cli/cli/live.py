"""The table on a terminal while frameworks are measured: it fills as they end, and leaves no trace.

It is drawn on the terminal's other screen, as a pager's text is: what stands there never comes into the scrollback,
however tall it is and whatever becomes of the window. A terminal without one is told in a line how far they are.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from wce_cli.answers.report import AWAITED, Report
from wce_cli.cli.destinations import Destination
from wce_cli.engines import AUTO, AUTO_ENGINE
from wce_cli.formats import formatted

TERMINFO_PADDING = re.compile(rb"\$<[^>]*>")
"""What terminfo says of waiting, for terminals of long ago."""
PRETENDED = ("CI", "JPY_PARENT_PID")
"""Set where what looks like a terminal keeps all that it is sent: the log of a build, and the cell of a notebook."""


@contextmanager
def live_table(answers: Sequence[Destination], engines: Sequence[str]) -> Iterator[Callable[[Report], None] | None]:
    """Inside, a function that draws a report which is not complete; None if nobody watches, or nothing takes long."""
    main = answers[0]
    if not is_watched_table(main) or all(name in (AUTO, AUTO_ENGINE) for name in engines):
        yield None
        return
    out, screen, drawn = sys.stdout, _other_screen(sys.stdout), ""

    def show(report: Report) -> None:
        nonlocal drawn
        table, size = formatted(main.format, [report], main.look), shutil.get_terminal_size()
        if screen is None:
            drawn = f"\r{_how_far(report)[: size.columns - 1]}"
        else:
            begin, clear, _ = screen
            fits = len(table.splitlines()) < size.lines
            drawn = f"{clear if drawn else begin + clear}{table if fits else _how_far(report)}"
        out.write(drawn)
        out.flush()

    try:
        yield show
    finally:
        if drawn:
            out.write(f"\r{' ' * (len(drawn) - 1)}\r" if screen is None else screen[2])
            out.flush()


def is_watched_table(answer: Destination) -> bool:
    """Whether somebody is looking at the table while it is made, on a terminal that can be drawn on."""
    if answer.format.name != "table" or answer.file is not None:
        return False
    if sys.stdout is None or not sys.stdout.isatty() or any(name in os.environ for name in PRETENDED):
        return False
    return os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _how_far(report: Report) -> str:
    """`2 of 6 frameworks measured`"""
    awaited = {one.engine for one in report.measurements if one.reason == AWAITED}
    known = {one.engine for one in report.measurements}
    return f"{len(known - awaited)} of {len(known)} frameworks measured"


def _other_screen(stream: TextIO) -> tuple[str, str, str] | None:
    """The codes that go to the terminal's other screen, clears it, and comes back; None where there is none."""
    if "STY" in os.environ:  # GNU screen knows the words, and does nothing unless it is told to
        return None
    codes = terminal_codes(stream, "smcup", "clear", "rmcup")
    if codes is None:
        return None
    begin, clear, end = (code.decode("ascii", "replace") for code in codes)
    return begin, clear, end


def terminal_codes(stream: TextIO, *names: str) -> list[bytes] | None:
    """The codes of a terminal by the names that terminfo has for them; None unless it has all of them."""
    try:
        import curses

        curses.setupterm(fd=stream.fileno())
        codes = [curses.tigetstr(name) for name in names]
    except (ImportError, OSError, ValueError):
        return None
    except curses.error:  # a terminal that nobody has described
        return None
    plain = [TERMINFO_PADDING.sub(b"", code or b"") for code in codes]
    return plain if all(plain) else None
