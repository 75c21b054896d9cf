"""A terminal to look at: what stands on its screen, and what somebody who scrolls up sees."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.run import QUIET, ROOT
from wce_cli.cli.live import PRETENDED

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing")
WCE = (sys.executable, "-m", "wce_cli")
PATIENCE = 120
"""Seconds to wait for what is going to be seen."""
HIDDEN = (*QUIET, "LINES", *PRETENDED)
"""What is said of a terminal where the tests run, which may have none."""


def on_a_terminal(*arguments: str, columns: int = 80, lines: int = 50, **environment: str) -> tuple[int, str]:
    """Run `wce` with all three streams on a terminal of its own; its exit code and all that the terminal was sent."""
    import fcntl
    import struct
    import termios

    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    process = subprocess.Popen(
        [*WCE, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=ROOT,
        env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment},
    )
    os.close(follower)
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(leader)
    try:
        return process.wait(timeout=10), seen.decode().replace("\r\n", "\n")
    except subprocess.TimeoutExpired:
        process.kill()
        raise


class Terminal(NamedTuple):
    """A window of tmux."""

    socket: Path

    def do(self, *words: str) -> str:
        """What tmux says to a command."""
        tmux = ["tmux", "-S", str(self.socket), "-f", os.devnull]
        return subprocess.run([*tmux, *words], capture_output=True, encoding="utf-8", check=True).stdout

    def seen(self, *more: str) -> str:
        """What stands on the screen; all lines with `-S -`."""
        return self.do("capture-pane", "-p", "-J", *more)

    def scrollback(self) -> str:
        """All that was ever written and still stands."""
        lines = self.seen("-S", "-").splitlines()
        return "".join(f"{line.rstrip()}\n" for line in lines).rstrip("\n") + "\n"

    def typed(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        self.do("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self.do("resize-window", "-x", str(columns), "-y", str(lines))

    def wait(self, until: Callable[[str], object]) -> str:
        """All that stands there, once it is as awaited."""
        end = time.monotonic() + PATIENCE
        while not until(text := self.scrollback()):
            assert time.monotonic() < end, text
            time.sleep(0.02)
        return text


@contextmanager
def terminal(folder: Path, words: Sequence[str], size: tuple[int, int], **environment: str) -> Iterator[Terminal]:
    """A terminal in which `words` run after the line `before`, and before the line `code` with the exit code."""
    told = [f"{name}={value}" for name, value in environment.items()]
    unset = [word for name in HIDDEN if name != "TERM" for word in ("-u", name)]
    command = f"cd {ROOT}; echo before; {shlex.join(['env', *unset, *told, *words])}; echo code $?; stty -a; sleep 600"
    window = Terminal(folder / "socket")
    window.do("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), command)
    try:
        yield window
    finally:
        window.do("kill-server")
