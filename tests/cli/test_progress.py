"""The bar of a long pass is for a terminal, after a second, and leaves nothing behind."""

from __future__ import annotations

import io
import sys

import pytest

from wce_cli.cli import progress
from wce_cli.cli.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nobody_is_told_anything_off_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_bar() as tell:
        assert tell is None


@pytest.mark.parametrize(("wait", "drawn"), [(0.0, True), (1e9, False)])
def test_a_bar_is_drawn_after_a_while_and_taken_away_again(wait, drawn, monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "SILENT_SECONDS", wait)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as tell:
        assert tell is not None
        for done in range(1, 11):
            tell(done, 10)
    written = stderr.getvalue()
    assert ("%" in written) == drawn
    assert written == "" or written.endswith("\x1b[2K")


def test_a_pass_that_ends_early_still_takes_the_bar_away(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as tell:
        assert tell is not None
        assert "\x1b[?25h" not in stderr.getvalue()
        tell(1, 10)
    assert "\x1b[?25h" in stderr.getvalue()  # the cursor is back
