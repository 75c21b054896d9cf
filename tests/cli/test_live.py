"""The table on a terminal while frameworks are measured."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.run import ROOT, spawn
from wce_cli.engines import ENGINES

TWO = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")
ASKED = ("--engine", "scikit-learn", "--engine", "onnxruntime")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

pytestmark = pytest.mark.skipif(
    not (ENGINES["scikit-learn"].is_installed and ENGINES["onnxruntime"].is_installed), reason="frameworks are missing"
)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_it_fills_as_engines_end_and_is_left_once():
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "60"}
    process = subprocess.Popen(
        [sys.executable, "-m", "wce_cli", *TWO, *ASKED], stdout=theirs, stderr=theirs, cwd=ROOT, env=environment
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
    text = ESCAPE.sub("", seen.decode())
    assert text.count("scikit-learn is being measured") >= 1
    assert "scikit-learn" in text.rpartition("is being measured")[2]
    *_, left = re.split(r"\x1b\[2K", seen.decode())  # what is drawn after all of it has been wiped
    assert "is being measured" not in left
    assert ESCAPE.sub("", left).count("unweighted-mean  ") >= 1


def test_a_pipe_gets_the_answer_alone():
    ran = spawn(*TWO, *ASKED)
    assert ran.code == 0
    assert "is being measured" not in ran.out + ran.err
    assert "\x1b" not in ran.out + ran.err
    assert ran.out.index("scikit-learn 1") < ran.out.index("ONNX Runtime 1")
