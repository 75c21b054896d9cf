"""A process in a poor place: its folder is gone, it may have no more memory, others use `random` beside it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.run import ROOT, Ran, run
from wce_cli.errors import WceError
from wce_cli.questions.audit.target import place
from wce_cli.surroundings import has_folder, has_room

SAMPLE = str(ROOT / "samples" / "two-samples.json")
RIGHT = f"{ROOT}/tests/data/audit/right.py:numpy_weighted"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a limit of address space")


def bash(script: str, *arguments: str) -> Ran:
    """`wce ARGUMENTS` after some lines of a shell."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f'{script}\nexec "{sys.executable}" -m wce_cli "$@"'
    done = subprocess.run(
        ["bash", "-c", command, "wce", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


GONE = 'folder=$(mktemp -d); cd "$folder"; rmdir "$folder"'


@on_linux
@pytest.mark.parametrize("arguments", [[], ["--only", "methods"], ["-f", "json"], ["--engine", "torch"]], ids=str)
def test_an_answer_stands_where_the_folder_is_gone_and_torch_cannot_be_measured(arguments):
    pytest.importorskip("torch")
    ran = bash(GONE, "explain", SAMPLE, *arguments)
    assert ran.code == 0, ran.err
    assert "0.6922" in ran.out
    assert "the working directory is gone, and torch would end this process there" in " ".join(ran.out.split())
    assert "oneMKL" not in ran.err


@on_linux
def test_every_other_question_is_answered_or_refused_where_the_folder_is_gone():
    for question in (["sweep", "--class", "0"], ["identify", "0.69"], ["check"], ["split", "--size", "1"]):
        ran = bash(GONE, *question, SAMPLE)
        assert (ran.code, ran.err) == (0, ""), question
    ran = bash(GONE, "audit", RIGHT)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: the working directory is gone, and code is run from it\nhint: ")
    ran = bash(GONE, "explain", SAMPLE, "--engine", "none", "-o", "out.json")
    assert ran.code == 2
    assert ran.err == "error: out.json cannot be written: no such file or directory\n"


@on_linux
def test_what_the_system_refuses_is_not_an_answer_that_cannot_be_written():
    few = bash("ulimit -n 8", "explain", SAMPLE, "--engine", "all")
    assert (few.code, few.out) == (2, "")
    assert few.err.startswith("error: ")
    assert few.err.endswith(": too many open files\n")
    assert "cannot be written" not in few.err
    full = bash("exec > /dev/full", "--help")
    assert (full.code, full.err) == (2, "error: the answer cannot be written: no space left on device\n")


@on_linux
@pytest.mark.parametrize(
    "question",
    [["explain"], ["explain", "-f", "svg"], ["check"], ["sweep", "--class", "0"], ["identify", "0.69"]],
    ids=" ".join,
)
def test_however_little_memory_there_is_the_answer_is_whole_or_one_line(question):
    codes = set()
    for limit in (
        20_000,
        23_000,
        40_000,
        60_000,
        90_000,
        110_000,
        120_000,
        150_000,
        200_000,
        400_000,
        540_000,
        800_000,
    ):
        ran = bash(f"ulimit -v {limit}", *question, SAMPLE)
        codes.add(ran.code)
        assert ran.code in (0, 2), (limit, ran.err)
        if ran.code == 2:
            assert ran.out == "", limit
            assert ran.err.startswith("error: "), (limit, ran.err)
            assert ran.err.count("\n") == 1, (limit, ran.err)
    assert codes == {0, 2}


@on_linux
def test_torch_is_left_out_where_there_is_no_memory_for_it_and_that_is_said():
    ran = bash("ulimit -v 540000", "explain", SAMPLE)  # where it aborts
    assert ran.code == 0
    assert "PyTorch not measured: there is not enough memory for torch\n" in ran.out


def test_where_nothing_is_limited_there_is_room():
    assert has_room(1 << 50)  # no more is asked of the system than its limit
    assert has_folder()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be read: permission denied"),
        (OSError(errno.ENAMETOOLONG, "File name too long"), "cannot be read: file name too long"),
        (OSError(errno.EIO, "Input/output error"), "cannot be read: input/output error"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "does not exist"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "does not exist"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_file_that_audit_cannot_read_is_not_an_answer_that_cannot_be_written(error, said, monkeypatch):
    found = os.stat

    def stat(path: str, **how: Any) -> os.stat_result:
        if os.fspath(path) == "locked/loss.py":
            raise error
        return found(path, **how)

    monkeypatch.setattr(os, "stat", stat)
    with pytest.raises(WceError, match=f"^locked/loss.py {said}(\n|$)"):
        place("locked/loss.py:f")


def test_what_is_no_file_is_not_audited(tmp_path):
    os.mkfifo(tmp_path / "loss.py")
    for path, said in ((tmp_path / "loss.py", "is no file"), (tmp_path, "is a folder"), (Path("a" * 300), "cannot be")):
        ran = run("audit", f"{path}/:f" if path == tmp_path else f"{path}{'.py' * (len(str(path)) == 300)}:f")
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err


RANDOM = """
import random, sys, numpy
import numpy.random
random.seed(5), numpy.random.seed(7)
before = random.getstate(), str(numpy.random.get_state())
import wce_cli
batch = {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]}
found = eval(sys.argv[1])
for show in ("__str__", "__repr__", "_repr_html_", "to_dict"):
    getattr(found, show, str)()
print(before == (random.getstate(), str(numpy.random.get_state())))
"""


@pytest.mark.parametrize(
    "call",
    [
        "wce_cli.explain(**batch, engines=())",
        "wce_cli.explain(**batch, engines=('all',))",
        "wce_cli.split(**batch, size=1, shuffle=3)",
        "wce_cli.gradient(**batch)",
        "wce_cli.sweep(**batch, class_=0)",
        "wce_cli.identify('0.69', '0.7', **batch, separate=True)",
        "wce_cli.check(**batch, expect={'weighted-mean': 0.5})",
        "wce_cli.assert_loss(0.692279, **batch, method='weighted-mean')",
        f"wce_cli.audit({RIGHT!r})",
    ],
)
def test_the_random_numbers_of_the_caller_stay_what_they_were(call):
    done = subprocess.run([sys.executable, "-c", RANDOM, call], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.stdout == "True\n", done.stderr
