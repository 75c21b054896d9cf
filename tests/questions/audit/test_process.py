"""Whatever the function does to its process, `wce` says what that was and goes on: real processes, all of them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.questions.audit.inside import FIXTURES
from tests.run import ROOT, run
from wce_cli import audit
from wce_cli.errors import WceError
from wce_cli.questions.audit.protocol import Request

pytest.importorskip("torch")
HOSTILE = str(FIXTURES / "hostile.py")


def ran(name: str, *options: str):
    return run("audit", f"{HOSTILE}:{name}", *options)


DEADLY = {
    "hangs": ("hangs", "does not return within 1 s, at the first call"),
    "exits": ("exits", "raises SystemExit: 3"),
    "ends_the_process": ("ends", "ends the process with exit code 5, at the first call"),
    "crashes": ("ends", "crashes the process with SIGSEGV, at the first call"),
    "eats_memory": ("eats memory", "asks for more than 0.5 GiB"),
}


@pytest.mark.parametrize(("name", "expected"), DEADLY.items(), ids=list(DEADLY))
def test_a_function_that_ends_its_process_is_a_row_and_exit_2(name, expected):
    row, text = expected
    done = ran(name, "--timeout", "1" if name == "hangs" else "60", "--memory", "0.5", "--width", "200")
    assert done.code == 2
    (line,) = [line for line in done.out.splitlines() if line.startswith("conduct")]
    assert row in line
    assert "WRONG" in line
    assert text in line
    assert done.err == ""


def test_one_deadly_batch_costs_its_own_row_and_no_other():
    answer = audit(f"{HOSTILE}:deadly_edges", timeout=1)
    assert answer.own.title == "weighted-mean"
    assert answer.row("one class").said == "crashes the process with SIGSEGV"
    assert answer.row("empty batch").said == "does not return within 1 s"
    assert answer.row("dL/dlogits").said == "that of weighted-mean"
    assert answer.row("largest logit").verdict == "ok"


def test_a_function_that_dies_of_a_batch_of_the_rules_is_not_as_expected():
    answer = audit(f"{HOSTILE}:dies_of_ignored_labels", expect="weighted-mean")
    assert answer.own.title == "weighted-mean"
    assert answer.is_expected is False
    assert answer.row("all ignored").said == "ends the process with exit code 1"
    assert answer.row("ends").said == "ends the process with exit code 1, at the step ignored"
    assert answer.row("largest logit").verdict == "ok"
    assert answer.row("given up") is None
    assert "the value is that, but it does not outlive every batch" in str(answer)


def test_a_function_that_dies_too_often_is_given_up():
    answer = audit(f"{HOSTILE}:dies_of_all_but_six_samples", expect="weighted-mean")
    assert answer.is_expected is False
    assert answer.row("given up").said == "after 6 such batches: the others were not tried"


def test_what_is_printed_is_no_part_of_the_answer_and_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("WCE_TEST_FILE", str(tmp_path / "log.txt"))
    answer = audit(f"{HOSTILE}:prints_and_writes")
    assert answer.own.title == "weighted-mean"
    assert answer.row("prints").said.endswith('first: loss of 6 {"tag": "answered"}')
    assert answer.row("writes files").said == str(tmp_path / "log.txt")
    assert (tmp_path / "log.txt").exists()


def test_other_errors_say_what_was_called_and_where_it_failed():
    done = ran("raises")
    assert (done.code, done.out) == (2, "")
    lines = (FIXTURES / "hostile.py").read_text("utf-8").splitlines()
    line = lines.index('    raise KeyError("temperature")') + 1
    said = f"raises(logits, labels, weight=weight) gives no number: KeyError: 'temperature' (line {line})"
    assert done.err == f"error: {said}\n"


def test_code_that_fails_while_it_is_loaded(tmp_path):
    (tmp_path / "bad.py").write_text("import no_such_module\n", "utf-8")
    with pytest.raises(WceError, match=r"bad.py:f: ModuleNotFoundError: No module named 'no_such_module'"):
        audit(f"{tmp_path / 'bad.py'}:f", arrays="numpy")
    (tmp_path / "exits.py").write_text("raise SystemExit(1)\n", "utf-8")
    with pytest.raises(WceError, match="SystemExit: 1"):
        audit(f"{tmp_path / 'exits.py'}:f", arrays="numpy")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", -15), ("SIGHUP", -1), ("SIGKILL", -9)])
def test_however_wce_ends_the_function_ends_too(tmp_path, number, code):
    marker = tmp_path / "pids"
    (tmp_path / "slow.py").write_text(
        "import os, subprocess, sys\n"
        "def f(logits, labels):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid\n"
        f"    with open({str(marker)!r}, 'w') as file:\n"
        "        file.write(f'{os.getpid()} {child} ')\n"
        "    while True:\n"
        "        pass\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "wce_cli", "audit", str(tmp_path / "slow.py:f"), "--arrays", "numpy"]
    held = {**os.environ, "TMPDIR": str(tmp_path)}
    with open(tmp_path / "err", "wb") as err:
        wce = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=err, start_new_session=True, env=held
        )
    until = time.monotonic() + 60
    while not (marker.exists() and marker.read_text().endswith(" ")) and time.monotonic() < until:
        time.sleep(0.05)
    worker, child = map(int, marker.read_text().split())
    wce.send_signal(getattr(signal, number))
    wce.wait(30)
    try:
        assert wce.returncode == code
        assert _is_gone(worker)
        if number != "SIGKILL":  # then there is nobody who could end more than what we started
            assert (tmp_path / "err").read_bytes() == b""
            assert _is_gone(child)
            assert list(tmp_path.glob("wce-*")) == []
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _is_gone(pid: int) -> bool:
    """Whether a process runs no more, within a few seconds; one that nobody has waited for yet does not run."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        stat = Path(f"/proc/{pid}/stat")
        try:
            os.kill(pid, 0)
            if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_worker_whose_parent_has_gone_does_nothing(tmp_path):
    answers = tmp_path / "answers"
    answers.touch()
    request = msgspec.json.encode(Request(f"{HOSTILE}:hangs", "numpy", None, {}, 0, None, ())).decode()
    worker = ["-m", "wce_cli.questions.audit.child.worker"]
    command = [sys.executable, *worker, request, str(answers), str(os.getpid() + 1)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr, answers.read_bytes()) == (1, b"", b"", b"")


def test_a_function_that_returns_nothing_is_told_so(tmp_path):
    lines = "import numpy\n\n\ndef f(logits, labels, weight):\n    numpy.sum(weight[labels])\n"
    (tmp_path / "none.py").write_text(lines, "utf-8")
    done = run("audit", f"{tmp_path / 'none.py'}:f")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: f(logits, labels, weight=weight) returned None\nhint: a return is missing: end it with 'return loss'\n"
    )


def test_this_side_loads_no_framework():
    code = (
        "import sys; from wce_cli.cli.app import main; "
        "code = main(['audit', 'samples/handwritten_loss.py:weighted_loss', '--output', sys.argv[1]]); "
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, os.devnull], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_function_at_hand_is_found_again(tmp_path, monkeypatch):
    (tmp_path / "at_hand.py").write_text((FIXTURES / "right.py").read_text("utf-8"), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("at_hand")
    assert audit(module.numpy_weighted).own.title == "weighted-mean"
    with pytest.raises(WceError, match="is no function at the top of a file"):
        audit(lambda logits, labels: 0)


def test_a_file_of_a_package_finds_what_is_beside_it(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "mine" / "parts.py").write_text("import numpy\n", "utf-8")
    lines = "from .parts import numpy as np\n\n\ndef f(logits, labels, weight=None):\n    return logits.sum()\n"
    (tmp_path / "mine" / "losses.py").write_text(lines, "utf-8")
    answer = audit(f"{tmp_path}/mine/losses.py", arrays="numpy")
    assert answer.call == "f(logits, labels, weight=weight)"
    assert not answer.own.is_followed


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")
def test_keras_computes_with_what_is_there(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    answer = audit("keras.losses:sparse_categorical_crossentropy")
    assert answer.own.title.startswith("ℓ of each sample; p is divided by the sum of its row, then clipped to")
    assert answer.guessed == "y_pred was taken for probabilities: it takes their log, clipped, and no softmax"
    assert answer.row("ignore_index").said == "label −100 is left out"
