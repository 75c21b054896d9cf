"""The table on a terminal while frameworks are measured."""

from __future__ import annotations

import re
import sys

import pytest

from tests.run import spawn
from tests.terminal import WCE, needs_tmux, on_a_terminal, terminal
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


def sent(lines: int = 60, **environment: str) -> str:
    """All that a terminal is sent."""
    code, seen = on_a_terminal(*TWO, *ASKED, columns=100, lines=lines, **environment)
    assert code == 0
    return seen


def test_it_fills_as_engines_end_on_the_other_screen_and_the_answer_is_left_on_this_one():
    seen = sent()
    assert (seen.count(OTHER), seen.count(BACK)) == (1, 1)
    before, _, rest = seen.partition(OTHER)
    live, _, left = rest.partition(BACK)
    assert before == ""
    assert "scikit-learn is being measured" in live
    assert "scikit-learn 1" in live.rpartition("is being measured")[2]
    assert "is being measured" not in left
    assert ESCAPE.sub("", left).count("unweighted-mean  ") == 1


def test_a_table_that_does_not_fit_is_told_of_in_a_line():
    seen = sent(lines=6)
    live, _, left = seen.partition(OTHER)[2].partition(BACK)
    assert re.findall(r"\d of 2 frameworks measured", live)[:1] == ["0 of 2 frameworks measured"]
    assert "unweighted-mean" not in live
    assert ESCAPE.sub("", left).count("unweighted-mean  ") == 1


@pytest.mark.parametrize("environment", [{"TERM": "vt100"}, {"TERM": "xterm", "STY": "1.a"}, {"TERM": "of my own"}])
def test_a_terminal_with_one_screen_is_told_in_a_line_that_is_wiped(environment):
    seen = sent(**environment)
    assert OTHER not in seen
    told, _, left = seen.rpartition("\r")
    assert told.startswith("\r0 of 2 frameworks measured\r")
    assert told.endswith(f"\r{' ' * 26}")
    assert "frameworks measured" not in left
    assert ESCAPE.sub("", left).count("unweighted-mean  ") == 1


def test_a_dumb_terminal_and_a_pipe_get_the_answer_alone():
    assert "frameworks measured" not in sent(TERM="dumb")
    ran = spawn(*TWO, *ASKED)
    assert ran.code == 0
    assert "is being measured" not in ran.out + ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\r" not in ran.out + ran.err
    assert ran.out.index("scikit-learn 1") < ran.out.index("ONNX Runtime 1")


@needs_tmux
@pytest.mark.parametrize(
    ("size", "later"),
    [((100, 8), None), ((100, 40), None), ((100, 40), (60, 40)), ((100, 40), (100, 6)), ((60, 12), (130, 50))],
    ids=["lower", "fits", "narrower later", "lower later", "larger later"],
)
def test_the_scrollback_holds_the_answer_once(tmp_path, size, later):
    """Looked at as somebody who scrolls up would."""
    with terminal(tmp_path, [*WCE, *TWO, *ASKED], size) as window:
        window.wait(lambda text: re.search(r"being measured|frameworks measured", text))
        if later is not None:
            window.resize(*later)
        whole = window.wait(lambda text: "code " in text)
    assert whole.startswith("before\n")
    assert "code 0" in whole
    assert [whole.count(word) for word in ("weighted-mean    0.7", "unweighted-mean  ", "The first is")] == [1, 1, 1]
    assert "being measured" not in whole
    assert "frameworks measured" not in whole
