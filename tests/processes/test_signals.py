"""What we start ends with us, and we end in order: real processes, all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.run import ROOT
from wce_cli.processes.signals import ends_in_order, held_back

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

CHILD = """
import os, sys, time
from wce_cli.processes import signals
if sys.argv[1] == "looks":
    signals._by_the_kernel = lambda: False
signals.end_with(os.getppid())
os.write(1, b"ready\\n")
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize("how", ["looks", "is told by the kernel"])
def test_a_child_ends_with_its_parent_even_if_that_is_killed(how):
    if how != "looks" and not sys.platform.startswith("linux"):
        pytest.skip("Linux")
    # the child's stdout is ours: it closes when the child ends, and not when the parent does
    parent = (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {CHILD!r}, {how!r}])\ntime.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    began = time.monotonic()
    assert process.communicate(timeout=20)[0] == b""
    assert time.monotonic() - began < 10


def ended(code: str) -> tuple[int, bytes, bytes]:
    """How a program ends, and what it writes."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_signal_unwinds_what_is_under_way_and_then_ends_the_process():
    code = (
        "import os, signal\n"
        "from wce_cli.processes.signals import ends_in_order, held_back\n"
        "with ends_in_order():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        print('not here')\n"
        "    finally:\n"
        "        print('tidied', flush=True)\n"
        "print('nor here')\n"
    )
    assert ended(code) == (-signal.SIGTERM, b"tidied\n", b"")


def test_a_signal_unwinds_the_outermost_too():
    """An inner one that let go of what ends the outer one would have the work go on with half an answer."""
    code = (
        "import os, signal\n"
        "from wce_cli.processes.signals import ends_in_order\n"
        "with ends_in_order():\n"
        "    with ends_in_order():\n"
        "        os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('not here', flush=True)\n"
    )
    assert ended(code) == (-signal.SIGHUP, b"", b"")


SLOW = """
import torch, time, pathlib
def loss(logits, labels, weight=None):
    pathlib.Path("began").touch()
    time.sleep(100)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize(
    "arguments",
    [
        ["audit", "slow.py:loss", "-o", "out.txt"],
        ["explain", str(ROOT / "samples/two-samples.json"), "--engine", "all", "-o", "out.txt"],
    ],
    ids=["a function", "frameworks"],
)
def test_what_is_asked_of_a_child_ends_without_an_answer(tmp_path, arguments, number):
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "wce_cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    until(lambda: (tmp_path / "began").exists() if arguments[0] == "audit" else children_of(process.pid))
    children = children_of(process.pid)
    process.send_signal(number)
    assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert not [pid for pid in children if is_there(pid)]
    assert not list(tmp_path.glob("*.txt")) + list(tmp_path.glob(".wce-*"))


def test_handlers_are_put_back_and_those_of_others_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    heard: list[int] = []
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with ends_in_order():
            assert callable(signal.getsignal(signal.SIGTERM))
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
        with ends_in_order():
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_than_the_main_one_takes_no_signals():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with ends_in_order():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


LINE = b'{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "expect": {"sum": 1.5}}\n'
LARGE = "import numpy as np; r = np.random.default_rng(1); n = 400_000; " + (
    "np.savez('large.npz', logits=r.normal(size=(n, 3)).astype('f4'), labels=r.integers(0, 3, n))"
)


def children_of(parent: int) -> list[str]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout.split()


def is_there(pid: str) -> bool:
    return os.path.exists(f"/proc/{pid}")


def until(true, seconds: float = 60.0) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.005)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("arguments", "feeds", "has_workers"),
    [
        (["explain", "-", "-f", "ndjson", "--save", "out.ndjson"], True, True),
        (["explain", "-", "-f", "csv", "-o", "out.csv", "--save", "out.ndjson"], True, True),
        (["check", "-", "-f", "ndjson", "-o", "out.ndjson"], True, True),
        (["explain", "large.npz", "--rows", "all", "-f", "csv", "-o", "out.csv", "--engine", "none"], False, False),
    ],
    ids=["explain lines", "two files", "check lines", "explain rows"],
)
def test_a_signal_leaves_neither_file_nor_process(tmp_path, arguments, feeds, has_workers, number):
    """Whatever is under way: lines that workers answer, or rows that are written one after the other."""
    if not feeds:
        subprocess.run([sys.executable, "-c", LARGE], cwd=tmp_path, check=True)
    (tmp_path / "out.ndjson").write_text("old", "utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    process = subprocess.Popen(
        [sys.executable, "-m", "wce_cli", *arguments],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    stop = threading.Event()

    def feed() -> None:
        assert process.stdin is not None
        try:
            while feeds and not stop.wait(0.02):
                process.stdin.write(LINE * 2000)
        except BrokenPipeError:
            pass

    def drain(stream) -> None:
        while stream.read(1 << 16):
            pass

    threads = [threading.Thread(target=feed), threading.Thread(target=drain, args=(process.stdout,))]
    for thread in threads:
        thread.start()
    if arguments[0] == "explain":
        until(lambda: any(path.name.startswith(".wce-") for path in tmp_path.iterdir()))
    if has_workers:
        until(lambda: children_of(process.pid))
    workers = children_of(process.pid)
    process.send_signal(number)
    began = time.monotonic()
    code = process.wait(30)
    gone = time.monotonic() - began
    stop.set()
    for thread in threads:
        thread.join()
    assert process.communicate()[1] == b""
    assert code == (130 if number == signal.SIGINT else -number)  # a shell says 128 + n of either
    assert gone < 5
    assert not [pid for pid in workers if is_there(pid)]
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "out.ndjson").read_text("utf-8") == "old"


def test_a_signal_that_is_held_back_comes_when_all_is_done():
    seen: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append("came"))
    try:
        with held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            seen.append("done")
        assert seen == ["done", "came"]
        with pytest.raises(KeyboardInterrupt):
            _interrupted(seen)
        assert seen[2:] == ["done too"]
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupted(seen: list[str]) -> None:
    with held_back():
        os.kill(os.getpid(), signal.SIGINT)
        seen.append("done too")


def test_who_ignores_a_hangup_goes_on(tmp_path):
    """nohup wce … goes on when the terminal has gone."""
    process = subprocess.Popen(
        ["nohup", sys.executable, "-m", "wce_cli", "explain", "-", "--only", "value", "--method", "sum"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    process.stdin.write(b"{")
    time.sleep(1.5)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(LINE[1:], timeout=30)
    assert (process.returncode, len(out.splitlines())) == (0, 1)
