"""The process boundary: an engine that hangs, crashes, is missing or prints leaves others' rows, and a clear one."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.run import ROOT
from wce_cli.answers.report import AWAITED, Measured
from wce_cli.batches.batch import Batch
from wce_cli.engines import engines_of, measure_all, subprocesses
from wce_cli.engines.calls import first_line, line_of, read_line
from wce_cli.engines.case import Case
from wce_cli.errors import WceError
from wce_cli.frameworks import ENGINES, Engine

BATCH = Batch.build(logits=[[0.1, 0.9], [0.0, 0.1]], labels=[0, 1], weight=[0.1, 1.0])
SCRIPT = Path(__file__).parent / "fakes" / "script.py"
HERE = {**os.environ, "PYTHONPATH": str(ROOT)}
FAKE = Measured("Fake", "1.0", "loss(x, y)", "float64", 0.5, ())


@pytest.fixture
def behaves(monkeypatch):
    monkeypatch.setattr(Engine, "is_installed", True)

    def put(behaviour: str, seconds: float = 60.0) -> None:
        monkeypatch.setattr(subprocesses, "COMMAND", (str(SCRIPT), behaviour))
        monkeypatch.setattr(subprocesses, "TIME_LIMIT", seconds)

    return put


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("behaviour", "answers", "reason"),
    [
        ("hangs", 1, "no answer within 1 s"),
        ("hangs with a child of its own", 0, "no answer within 1 s"),
        ("crashes", 1, "was ended by SIGSEGV: fatal:  [31mout of  luck"),
        ("exits", 0, "ended with exit code 7"),
        ("says nothing", 0, "returned nothing"),
        ("stops halfway", 0, "stopped in the middle of an answer"),
        ("closes its answers", 0, "no answer within 1 s"),
        ("prints without end", 0, "no answer within 1 s"),
        ("leaves a child of its own", 1, None),
        ("leaves a child in a session of its own", 1, None),
        ("answers in pieces", 1, None),
    ],
)
def test_what_one_engine_does_harms_no_other(behaves, behaviour, answers, reason):
    before = threading.active_count()
    behaves(behaviour, 1.0 if reason == "no answer within 1 s" else 60.0)
    started = time.monotonic()
    found = measure_all(("keras", "optax"), BATCH)
    assert time.monotonic() - started < 30
    row = Measured("Keras", "1.0" if answers else "", "", "", None, (), reason=reason)
    assert found == (*[FAKE] * answers, *([row] if reason else []), FAKE)
    while threading.active_count() > before:  # one that has left its group holds what it prints to until it ends
        assert time.monotonic() - started < 60
        time.sleep(0.05)


def test_an_answer_that_came_in_time_counts_though_nobody_was_listening(behaves):
    behaves("ends first", 3.0)
    case = Case.of(BATCH)
    with subprocesses.measured_apart(("keras", "optax"), case) as running:
        time.sleep(3.2)  # as PyTorch takes in this process
        found = dict(running)
    assert found["optax"] == (FAKE,)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_an_engine_that_is_out_of_time_is_gone_with_all_it_has_started(behaves, monkeypatch):
    behaves("hangs with a child of its own", 0.5)
    started: list[int] = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append((p := popen(*a, **k)).pid) or p)
    measure_all(("keras",), BATCH)
    assert _is_gone(started[0])


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("number", "ends_with"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)]
)
def test_an_interrupt_ends_all_engines_at_once(number, ends_with):
    code = (
        "import sys; from wce_cli.engines import subprocesses as apart; from wce_cli.frameworks import Engine; "
        f"apart.COMMAND = ({str(SCRIPT)!r}, 'hangs with a child of its own'); "
        "Engine.is_installed = True; from wce_cli.__main__ import run; sys.exit(run())"
    )
    command = [sys.executable, "-c", code, "explain", "-x", "1 2", "-y", "0", "--engine", "keras"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    until = time.monotonic() + 60
    while time.monotonic() < until and not _children(process.pid):
        time.sleep(0.05)
    (child, *_) = _children(process.pid)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (ends_with, b"")
    assert _is_gone(child)


@pytest.mark.skipif(sys.platform == "win32", reason="processes there have no parent")
def test_an_engine_ends_with_the_process_that_asks(tmp_path):
    sent = io.BytesIO()
    Case.of(BATCH).save(sent)
    for parent, code in ((os.getpid() + 1, 1), (os.getpid(), 0)):
        answers = tmp_path / str(code)
        answers.touch()
        command = [sys.executable, *subprocesses.COMMAND, "torch", "0", str(answers), str(parent)]
        ran = subprocess.run(command, input=sent.getvalue(), capture_output=True, env=HERE, timeout=60)
        assert (ran.returncode, ran.stdout, ran.stderr) == (code, b"", b"")
        assert bool(answers.read_bytes()) == (code == 0)


def _processes() -> list[tuple[int, str, int, int]]:
    """Every process: its number, its state, its parent and its group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it has just ended
            continue
        found.append((int(stat.parent.name), state, int(parent), int(group)))
    return found


def _children(pid: int) -> list[int]:
    return [number for number, _, parent, _ in _processes() if parent == pid]


def _is_gone(group: int) -> bool:
    """Whether nobody of a process group runs any more, within a few seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if all(state in "ZX" for _, state, _, its in _processes() if its == group):
            return True
        time.sleep(0.02)
    return False


def ran_here(tmp_path: Path, engine: str, sent: bytes) -> tuple[list[Measured], set[str]]:
    """What the worker answers for an engine of ours, and the lines that it prints."""
    code = (
        "import os, sys; from wce_cli import frameworks as names; from wce_cli.engines import worker as run; "
        f"names.ENGINES['keras'] = names.Engine({engine}, (), ''); run.main('keras', 0, sys.argv[1], os.getppid())"
    )
    answers = tmp_path / "answers"
    ran = subprocess.run([sys.executable, "-c", code, answers], input=sent, capture_output=True, cwd=ROOT)
    printed = [*ran.stdout.decode().splitlines(), *ran.stderr.decode().splitlines()]
    return [read_line(line) for line in answers.read_bytes().splitlines()], {line.strip() for line in printed}


def test_what_an_engine_prints_is_no_answer(tmp_path):
    sent = io.BytesIO()
    Case.of(BATCH).save(sent)
    rows, printed = ran_here(tmp_path, "'Loud', 'tests.engines.fakes.loud'", sent.getvalue())
    assert [row.value for row in rows] == [pytest.approx(1.1)]
    assert printed == {"Downloading weights …", "INFO: 12 threads", "from a shell", "Done."}


def test_a_broken_installation_is_a_row(tmp_path):
    rows, _ = ran_here(tmp_path, "'Keras', 'no.such.module'", b"")
    assert [row.value for row in rows] == [None]
    assert rows[0].reason is not None


def test_a_missing_framework_costs_one_row_with_its_install_command(monkeypatch):
    monkeypatch.setattr(Engine, "is_installed", property(lambda self: self.title == "PyTorch"))
    (row,) = measure_all(("tensorflow",), BATCH)
    assert row == Measured(
        "TensorFlow", "", "", "", None, (), reason="not installed: pip install 'wce-cli[tensorflow]'"
    )
    assert engines_of(["all"]) == ("torch",)


def test_a_file_of_the_user_is_not_the_framework(tmp_path, monkeypatch):
    """`keras.py` in the folder where wce runs is not imported."""
    if not ENGINES["scikit-learn"].is_installed:
        pytest.skip("scikit-learn is not installed")
    (tmp_path / "sklearn.py").write_text("raise RuntimeError('taken')", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert all(one.value is not None for one in measure_all(("scikit-learn",), BATCH))


def test_rows_come_as_engines_end_and_are_returned_in_their_order(behaves):
    behaves("answers in pieces")
    told: list[tuple[Measured, ...]] = []
    found = measure_all(("keras", "optax"), BATCH, told.append)
    awaited = [sum(one.reason == AWAITED for one in rows) for rows in told]
    assert awaited == [2, 1, 0]
    assert told[-1] == found


def test_engines_are_named_once_and_in_one_order():
    assert engines_of(["optax", "torch", "optax"]) == ("torch", "optax")
    assert engines_of(["none"]) == ()
    assert engines_of(["auto", "torch"]) == ("torch",)
    assert engines_of(["auto", "keras"]) == ("auto", "keras")
    with pytest.raises(WceError) as caught:
        engines_of(["none", "keras"])
    assert caught.value.lines() == ["error: --engine has none beside others", "hint: leave one of them out"]


@pytest.mark.parametrize("value", [0.5, None, float("nan"), float("inf"), float("-inf")])
def test_a_row_crosses_the_boundary_as_it_is(value):
    row = Measured("a", "1", "f(x)", "float32", value, ("sum",), ("sum",), "because")
    back = read_line(line_of(row).encode())
    np.testing.assert_equal(back.value, value)
    assert line_of(back) == line_of(row)


def test_an_exception_without_words_is_called_by_its_name():
    assert first_line(ValueError()) == "ValueError"
    assert first_line(ValueError("\n\nsecond\x07 line\nthird")) == "second  line"


@pytest.mark.parametrize("labels", [[0, 1, -100], [[0.2, 0.8], [1, 0], [0.5, 0.5]]])
def test_a_case_crosses_the_boundary_as_it_is(labels):
    batch = Batch.build(
        probs=np.array([[0.1, 0.9], [0.3, 0.7], [1, 0]], dtype=np.float32), labels=labels, sample_weight=[1, 0, 2]
    )
    case = Case.of(batch)
    sent = io.BytesIO()
    case.save(sent)
    back = Case.load(io.BytesIO(sent.getvalue()))
    for field in case.__struct_fields__:
        np.testing.assert_array_equal(getattr(back, field), getattr(case, field))
    assert back.dtype == "float32"


def test_images_are_rows_of_pixels():
    """(N, C, d1, d2): the class axis goes last, positions in C order, labels and sample weights with them."""
    rng = np.random.default_rng(0)
    x, y, s = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5)), rng.uniform(size=(2, 4, 5))
    case = Case.of(Batch.build(logits=x, labels=y, sample_weight=s, weight=[1, 2, 3]))
    np.testing.assert_array_equal(case.x, eval(case.x_text, {"x": x, "np": np}))
    np.testing.assert_array_equal(case.y, eval(case.y_text, {"y": y}))
    expected = eval(case.row_weight_text, {"w": np.array([1, 2, 3]), "y": y, "s": s})
    np.testing.assert_array_equal(case.row_weight, expected)
