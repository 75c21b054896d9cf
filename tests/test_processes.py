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
from wce_cli.processes import ends_in_order

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

CHILD = """
import os, sys, time
from wce_cli import processes
if sys.argv[1] == "looks":
    processes._by_the_kernel = lambda: False
processes.end_with(os.getppid())
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


def test_a_signal_unwinds_what_is_under_way_and_then_ends_the_process():
    code = (
        "import os, signal\n"
        "from wce_cli.processes import ends_in_order\n"
        "with ends_in_order():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        print('not here')\n"
        "    finally:\n"
        "        print('tidied', flush=True)\n"
        "print('nor here')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, b"tidied\n", b"")


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
