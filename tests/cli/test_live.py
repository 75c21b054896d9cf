"""The table on a terminal while frameworks are measured."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import pytest

from tests.run import ROOT, spawn
from wce_cli.engines import ENGINES

TWO = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")
ASKED = ("--engine", "scikit-learn", "--engine", "onnxruntime")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
OTHER, BACK = "\x1b[?1049h", "\x1b[?1049l"
"""What goes to a terminal's other screen, and what comes back from it."""

pytestmark = [
    pytest.mark.skipif(
        not (ENGINES["scikit-learn"].is_installed and ENGINES["onnxruntime"].is_installed),
        reason="frameworks are missing",
    ),
    pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals"),
]


def on_a_terminal(**environment: str) -> str:
    """All that a terminal is sent."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wce_cli", *TWO, *ASKED],
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", "LINES": "60", **environment},
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            news = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not news:
            break
        seen += news
    os.close(ours)
    assert process.wait(60) == 0
    return seen.decode().replace("\r\n", "\n")


def test_it_fills_as_engines_end_on_the_other_screen_and_the_answer_is_left_on_this_one():
    seen = on_a_terminal(TERM="xterm")
    assert (seen.count(OTHER), seen.count(BACK)) == (1, 1)
    before, _, rest = seen.partition(OTHER)
    live, _, left = rest.partition(BACK)
    assert before == ""
    assert "scikit-learn is being measured" in live
    assert "scikit-learn 1" in live.rpartition("is being measured")[2]
    assert "is being measured" not in left
    assert ESCAPE.sub("", left).count("unweighted-mean  ") == 1


def test_a_table_that_does_not_fit_is_told_of_in_a_line():
    seen = on_a_terminal(TERM="xterm", LINES="6")
    live, _, left = seen.partition(OTHER)[2].partition(BACK)
    assert re.findall(r"\d of 2 frameworks measured", live)[:1] == ["0 of 2 frameworks measured"]
    assert "unweighted-mean" not in live
    assert ESCAPE.sub("", left).count("unweighted-mean  ") == 1


@pytest.mark.parametrize("environment", [{"TERM": "vt100"}, {"TERM": "xterm", "STY": "1.a"}, {"TERM": "of my own"}])
def test_a_terminal_with_one_screen_is_told_in_a_line_that_is_wiped(environment):
    seen = on_a_terminal(**environment)
    assert OTHER not in seen
    told, _, left = seen.rpartition("\r")
    assert told.startswith("\r0 of 2 frameworks measured\r")
    assert told.endswith(f"\r{' ' * 26}")
    assert "frameworks measured" not in left
    assert ESCAPE.sub("", left).count("unweighted-mean  ") == 1


def test_a_dumb_terminal_and_a_pipe_get_the_answer_alone():
    assert "frameworks measured" not in on_a_terminal(TERM="dumb")
    ran = spawn(*TWO, *ASKED)
    assert ran.code == 0
    assert "is being measured" not in ran.out + ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\r" not in ran.out + ran.err
    assert ran.out.index("scikit-learn 1") < ran.out.index("ONNX Runtime 1")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing")
@pytest.mark.parametrize(
    ("size", "later"),
    [((100, 8), None), ((100, 40), None), ((100, 40), (60, 40)), ((100, 40), (100, 6)), ((60, 12), (130, 50))],
    ids=["lower", "fits", "narrower later", "lower later", "larger later"],
)
def test_the_scrollback_holds_the_answer_once(tmp_path, size, later):
    """Looked at as somebody who scrolls up would."""
    tmux = ["tmux", "-S", str(tmp_path / "socket"), "-f", os.devnull]

    def do(*arguments: str) -> str:
        return subprocess.run([*tmux, *arguments], capture_output=True, encoding="utf-8", check=True).stdout

    def seen(*more: str) -> str:
        return do("capture-pane", "-p", "-J", "-t", "live", *more)

    words = shlex.join(["env", "-u", "COLUMNS", "-u", "LINES", sys.executable, "-m", "wce_cli", *TWO, *ASKED])
    command = f"cd {ROOT}; echo before; {words}; echo code $?; sleep 60"
    do("new-session", "-d", "-s", "live", "-x", str(size[0]), "-y", str(size[1]), command)
    try:
        end = time.monotonic() + 60
        while not re.search(r"being measured|frameworks measured", seen()):
            assert time.monotonic() < end
            time.sleep(0.02)
        if later is not None:
            do("resize-window", "-t", "live", "-x", str(later[0]), "-y", str(later[1]))
        while "code " not in (whole := seen("-S", "-")):
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        do("kill-server")
    assert whole.startswith("before\n")
    assert "code 0" in whole
    assert [whole.count(word) for word in ("weighted-mean    0.7", "unweighted-mean  ", "The first is")] == [1, 1, 1]
    assert "being measured" not in whole
    assert "frameworks measured" not in whole
