"""`wce` as a process: exit codes, pipes and terminals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.run import QUIET, ROOT, run, spawn
from tests.terminal import WCE, on_a_terminal

TWO = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1", "--engine", "none")
BARE = {name: value for name, value in os.environ.items() if name not in QUIET}


def test_the_module_and_the_installed_command_are_the_same():
    installed = shutil.which("wce", path=str(Path(sys.executable).parent))
    assert installed is not None
    done = subprocess.run([installed, *TWO], capture_output=True, check=True, env={**BARE, "PYTHONIOENCODING": "utf-8"})
    assert done.stdout.decode() == spawn(*TWO).out == run(*TWO).out


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (TWO, b"", 0),
        (("explain", "samples/two-samples.json", "--engine", "none"), b"", 0),
        (("--version",), b"", 0),
        ((), b"", 2),
        (("explain",), b"", 2),
        (("explain", "no-such-file.json"), b"", 2),
        (("explain", "-"), b"{", 2),
        (("explian",), b"", 2),
    ],
)
def test_the_exit_code_of_the_process(arguments, stdin, code):
    ran = spawn(*arguments, stdin=stdin)
    assert ran.code == code
    assert "Traceback" not in ran.err
    assert bool(ran.out) == (code == 0)


def test_a_bug_exits_3_and_not_1():
    broken = "import wce_cli.questions.explain.of_batch as e, sys; e.loss_values = None; "
    broken += "from wce_cli.__main__ import run; sys.exit(run())"
    done = subprocess.run([sys.executable, "-c", broken, *TWO], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 3
    assert "this is a bug in wce" in done.stderr


def test_an_interrupt_exits_130_without_a_traceback():
    process = subprocess.Popen([*WCE, "explain", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdin is not None
    process.stdin.write(b"{")
    process.stdin.flush()
    time.sleep(1.5)  # by then it waits for the rest of the batch
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b""


def test_a_reader_that_stops_early_is_no_error():
    many = ["-x", ";".join(["0.1 0.9"] * 3000), "-y", ",".join(["0"] * 3000), "--rows", "all", "--format", "json"]
    process = subprocess.Popen(
        [*WCE, "explain", *many, "--engine", "none"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"{\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=30) == 0
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*WCE, *TWO], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stderr == b"error: the answer cannot be written: no space left on device\n"
    for line in ("--help", "explain --help", "--version", "methods"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([*WCE, *line.split()], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False)
        assert (line, done.returncode) == (line, 2)
        assert done.stderr == b"error: the answer cannot be written: no space left on device\n"
    ran = spawn(*TWO, "--output", "/dev/full")
    assert (ran.code, ran.err) == (2, "error: /dev/full cannot be written: no space left on device\n")


@pytest.mark.parametrize(
    ("arguments", "closed", "code", "said"),
    [
        ("explain samples/two-samples.json --engine none", "<&-", 0, ""),
        ("explain samples/two-samples.json --engine none", ">&-", 2, "the answer cannot be written: stdout is closed"),
        ("explain samples/two-samples.json --engine none", "2>&-", 0, ""),
        ("explain", "<&-", 2, "no batch"),
        ("explain -", "<&-", 2, "stdin is closed"),
        ("--help", ">&-", 0, ""),
        ("nonsense", "2>&-", 2, ""),
    ],
)
def test_a_closed_stream_is_no_crash(arguments, closed, code, said):
    line = " ".join([*WCE, arguments, closed])
    done = subprocess.run(["sh", "-c", line], capture_output=True, cwd=ROOT, check=False, encoding="utf-8")
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[:1] == ([f"error: {said}"] if said else [])


def test_a_terminal_as_stdin_is_an_error_and_not_a_wait():
    for arguments, said in (
        (("explain",), "error: no batch\nhint: give --logits and --labels, a file, or pipe a JSON batch in\n"),
        (("explain", "-"), "error: stdin is a terminal\nhint: pipe a JSON batch in, or name a file\n"),
        (
            ("explain", "-y", "0,1"),
            "error: labels and weight alone are no batch: logits are missing\n"
            "hint: give --logits and --labels, a file, or pipe a JSON batch in\n",
        ),
    ):
        assert on_a_terminal(*arguments) == (2, said)


def test_a_terminal_gets_its_width_and_colour():
    code, seen = on_a_terminal(*TWO, columns=60)
    assert code == 0
    assert "\x1b[1m0.692279\x1b[0m" in seen
    _, plain = on_a_terminal(*TWO, columns=60, NO_COLOR="1")
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 60
    assert "(left out at this width: " in plain
    _, dumb = on_a_terminal(*TWO, columns=100, TERM="dumb")
    assert dumb == run(*TWO).out


def test_notes_go_to_stderr_and_the_report_to_stdout():
    ran = spawn("explain", "-x", "1 2; 3 4", "-y", "cat,dog", "-w", '{"cat": 1, "dog": 2}', "--engine", "none")
    assert ran.err == "note: class order from the weight's names: cat, dog\n"
    assert ran.out.startswith("PyTorch's mean is 0.646595")


def test_two_runs_into_one_file_leave_one_whole_answer(tmp_path):
    target = tmp_path / "answer.txt"
    runs = [subprocess.Popen([*WCE, *TWO, "--output", str(target)], cwd=ROOT, env=BARE) for _ in range(3)]
    assert [process.wait(timeout=60) for process in runs] == [0, 0, 0]
    assert target.read_text("utf-8") == run(*TWO).out
    assert [path.name for path in tmp_path.iterdir()] == ["answer.txt"]


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_an_answer_into_a_pipe_by_name_arrives_there():
    line = " ".join([*WCE, *(f"'{word}'" for word in TWO), "-o", "/dev/stdout"])
    done = subprocess.run(["sh", "-c", f"{line} | cat"], capture_output=True, cwd=ROOT, check=False, encoding="utf-8")
    assert done.stderr == ""
    assert done.stdout.startswith("PyTorch's mean is 0.692279")


def test_python_has_nothing_to_look_through_when_the_process_ends():
    code = "import gc; from wce_cli.__main__ import run; run(); print(gc.get_freeze_count(), len(gc.get_objects()))"
    done = subprocess.run([sys.executable, "-c", code, *TWO], capture_output=True, cwd=ROOT, check=True)
    frozen, others = map(int, done.stdout.splitlines()[-1].split())
    assert others < 1000 < frozen
