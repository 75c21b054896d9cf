"""The answer on a terminal while PyTorch is imported: it stands there at once, and is left there once and whole."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.run import spawn
from tests.terminal import WCE, needs_tmux, on_a_terminal, terminal
from wce_cli.cli.draft import BEGIN, END
from wce_cli.engines import ENGINES

TWO = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")
MOVES = re.compile(r"\r|\x1b\[[0-9;?]*[A-Zh-l]")
"""What a terminal is told but colours."""
AWAITED = "…  [4]"
"""Stands in the last row of the methods until PyTorch has answered."""
SIZE = (100, 50)

pytestmark = [
    pytest.mark.skipif(not ENGINES["torch"].is_installed, reason="torch is missing"),
    pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals"),
]


def piped(*arguments: str, **environment: str) -> str:
    """What is printed where nobody watches."""
    ran = spawn(*arguments, COLUMNS="100", **environment)
    assert ran.code == 0
    return ran.out


def a_torch(folder: Path, source: str) -> dict[str, str]:
    """Another torch, which does `source` when it is imported."""
    (folder / "torch").mkdir()
    (folder / "torch" / "__init__.py").write_text(source, "utf-8")
    return {"PYTHONPATH": str(folder)}


def sent(*arguments: str, **environment: str) -> str:
    """All that a terminal is sent."""
    code, seen = on_a_terminal(*arguments, columns=100, **environment)
    assert code == 0
    return seen


def is_over(text: str) -> object:
    return re.search(r"^code \d+\n(?s:.)*echo", text, re.MULTILINE)


def answer(text: str) -> str:
    """What is left between the line before the command and the one after it."""
    return text.partition("before\n")[2].partition("code 0\n")[0]


def test_what_pytorch_returned_comes_last_and_takes_the_place_of_dots():
    whole = piped(*TWO)
    seen = sent(*TWO, NO_COLOR="1")
    draft, _, rest = seen.partition(BEGIN)
    assert draft.count("…") == 5
    assert [len(line) for line in draft.splitlines()] == [len(line) for line in whole.splitlines()]
    assert [a == b for a, b in zip(draft.splitlines(), whole.splitlines(), strict=True)].count(False) == 5
    assert rest.endswith(END)
    assert MOVES.sub("", rest) == whole


def test_the_columns_have_their_width_before_they_are_filled():
    draft, _, rest = sent(*TWO, "--precision", "17", NO_COLOR="1").partition(BEGIN)
    heads = [re.findall("^method .*", MOVES.sub("", text), re.MULTILINE) for text in (draft, rest)]
    assert heads[0] == heads[1] != []


def test_colours_are_those_of_an_answer_that_is_not_drafted():
    draft, _, rest = sent(*TWO).partition(BEGIN)
    assert "\x1b[1m" in draft
    assert MOVES.sub("", rest) == piped(*TWO, "--color", "always")


@pytest.mark.parametrize(
    ("more", "environment"),
    [
        ((), {"TERM": "dumb"}),
        ((), {"TERM": "of my own"}),
        ((), {"CI": "true"}),
        ((), {"JPY_PARENT_PID": "1"}),
        (("--engine", "none"), {}),
        (("--format", "json"), {}),
        (("--only", "value", "--method", "sum"), {}),
    ],
    ids=["dumb", "unknown", "CI", "notebook", "no engine", "JSON", "a value"],
)
def test_nothing_is_drawn_where_nobody_would_see_it_filled(more, environment):
    seen = sent(*TWO, *more, NO_COLOR="1", **environment)
    assert "\x1b" not in seen
    assert "…" not in seen
    assert seen == piped(*TWO, *more)


@needs_tmux
@pytest.mark.parametrize(
    ("size", "later"),
    [(SIZE, None), ((100, 12), None), ((100, 3), None), (SIZE, (140, 50)), ((100, 12), (100, 50))],
    ids=["fits", "taller than the screen", "three lines", "wider later", "higher later"],
)
def test_the_scrollback_holds_the_answer_once(tmp_path, size, later):
    with terminal(tmp_path, [*WCE, *TWO], size) as window:
        window.wait(lambda text: "…" in text)
        if later is not None:
            window.resize(*later)
        assert answer(window.wait(is_over)) == piped(*TWO)


@needs_tmux
@pytest.mark.parametrize("later", [(60, 50), (100, 8)], ids=["narrower", "lower"])
def test_what_a_smaller_window_scrolls_away_stays_above_the_whole_answer(later, tmp_path):
    with terminal(tmp_path, [*WCE, *TWO], SIZE) as window:
        window.wait(lambda text: AWAITED in text)
        window.resize(*later)
        above, _, last = answer(window.wait(is_over)).partition("PyTorch returns 0")
    assert f"PyTorch returns 0{last}" == piped(*TWO)
    assert AWAITED not in above
    assert "\n\n\n" not in above


@needs_tmux
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_ends_the_process_leaves_no_draft_and_a_sound_terminal(number, code, tmp_path):
    slow = a_torch(
        tmp_path, f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(99)"
    )
    with terminal(tmp_path, [*WCE, *TWO], SIZE, **slow) as window:
        window.wait(lambda text: AWAITED in text and (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        if number == signal.SIGINT:
            window.typed("C-c")
        else:
            os.kill(int((tmp_path / "pid").read_text()), number)
        text = window.wait(is_over)
    assert f"code {code}\n" in text
    assert "weighted-mean" not in text
    assert " echo " in text  # what is typed is shown again


@needs_tmux
@pytest.mark.parametrize(
    "source",
    ["raise OSError('libtorch_cpu.so: no such file')", "import a_module_that_is_missing"],
    ids=["broken", "missing a part"],
)
def test_a_torch_that_fails_ends_in_the_answer_that_a_pipe_gets(source, tmp_path):
    broken = a_torch(tmp_path, f"import time; time.sleep(1)\n{source}")
    with terminal(tmp_path, [*WCE, *TWO], SIZE, **broken) as window:
        window.wait(lambda text: AWAITED in text)
        whole = answer(window.wait(is_over))
    assert "PyTorch not measured: import torch failed" in " ".join(whole.split())
    assert whole == piped(*TWO, **broken)


@needs_tmux
def test_a_torch_that_warns_is_heard_and_the_answer_stands_once_below(tmp_path):
    loud = a_torch(
        tmp_path, "import sys, time; time.sleep(1); print('a word\\nof two lines', file=sys.stderr); raise OSError"
    )
    with terminal(tmp_path, [*WCE, *TWO], SIZE, **loud) as window:
        window.wait(lambda text: AWAITED in text)
        assert answer(window.wait(is_over)) == f"a word\nof two lines\n{piped(*TWO, **loud)}"


@needs_tmux
def test_what_is_typed_meanwhile_moves_nothing(tmp_path):
    with terminal(tmp_path, [*WCE, *TWO], SIZE) as window:
        window.wait(lambda text: AWAITED in text)
        window.typed("ls", "Enter", "Enter")
        assert answer(window.wait(is_over)) == piped(*TWO)


@needs_tmux
def test_who_was_stopped_writes_the_answer_anew(tmp_path):
    slow = a_torch(
        tmp_path,
        f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(2); raise OSError",
    )
    with terminal(tmp_path, [*WCE, *TWO], SIZE, **slow) as window:
        window.wait(lambda text: AWAITED in text and (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        process = int((tmp_path / "pid").read_text())
        os.kill(process, signal.SIGSTOP)
        os.kill(process, signal.SIGCONT)
        left = answer(window.wait(is_over))
    assert left.endswith(piped(*TWO, **slow))
    assert left.count(AWAITED) == 1


@needs_tmux
def test_a_process_in_the_background_draws_nothing(tmp_path):
    words = ["bash", "-c", f"set -m; {sys.executable} -m wce_cli {' '.join(map(repr, TWO))} & wait"]
    with terminal(tmp_path, words, SIZE) as window:
        seen: list[str] = []
        text = window.wait(lambda text: seen.append(text) or is_over(text))
    assert piped(*TWO) in answer(text)
    assert not any(AWAITED in text for text in seen)
