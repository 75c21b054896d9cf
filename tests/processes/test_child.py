"""A child that answers, hangs, crashes, prints, stops halfway or leaves a child behind: real processes, all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.run import ROOT
from wce_cli.processes import child as child_module
from wce_cli.processes.child import Child, children, listen, signal_name

BEGIN = "import os, sys, time\nto = os.open(sys.argv[-2], os.O_WRONLY | os.O_APPEND)\n"
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups")


def heard(code: str, seconds: float = 60.0) -> tuple[list[bytes], Child]:
    """The lines of a child that runs some code."""
    with children() as started:
        child = started.start(["-c", BEGIN + code])
        child.until = time.monotonic() + seconds
        *lines, last = [line for _, line in listen([child])]
    assert last is None
    return [line for line in lines if line is not None], child


def test_lines_come_as_they_are_written_and_none_is_the_end():
    code = "for k in range(3):\n    os.write(to, b'line %d\\nli' % k); time.sleep(0.2)\n"
    with children() as started:
        began = time.monotonic()
        came = [(line, time.monotonic() - began) for _, line in listen([started.start(["-c", BEGIN + code])])]
    assert [line for line, _ in came] == [b"line 0", b"liline 1", b"liline 2", None]
    assert came[-1][1] - came[0][1] > 0.3


def test_what_is_said_last_counts_and_half_a_line_is_none():
    lines, child = heard("os.write(to, b'a\\nb\\nhal'); os._exit(3)")
    assert (lines, child.is_halfway, child.code, child.is_late) == ([b"a", b"b"], True, 3, False)


def test_one_that_is_silent_too_long_is_ended_and_what_it_said_is_there():
    began = time.monotonic()
    lines, child = heard("os.write(to, b'a\\nb'); time.sleep(60)", 1.0)
    assert (lines, child.is_halfway, child.is_late) == ([b"a"], True, True)
    assert time.monotonic() - began < 20


def test_whoever_listens_may_put_the_end_off():
    code = "for k in range(6):\n    os.write(to, b'.\\n'); time.sleep(0.4)\n"
    with children() as started:
        child = started.start(["-c", BEGIN + code])
        lines = 0
        for _, line in listen([child]):
            lines += line is not None
            child.until = time.monotonic() + 1.5
    assert (lines, child.is_late) == (6, False)


def test_several_are_heard_side_by_side_and_each_in_its_time():
    with children() as started:
        quick, slow = (started.start(["-c", BEGIN + f"time.sleep({t}); os.write(to, b'{t}\\n')"]) for t in (0, 60))
        slow.until = time.monotonic() + 2
        assert list(listen([slow, quick])) == [(quick, b"0"), (quick, None), (slow, None)]
    assert (quick.is_late, slow.is_late) == (False, True)


def test_what_is_printed_is_counted_and_its_ends_are_kept():
    code = (
        "print('\\n first  \\x1b[31mred', flush=True)\n"
        "os.write(1, b'x' * 300_000)\n"
        "print('last', file=sys.stderr)\n"
        "print()\n"
    )
    lines, child = heard(code)
    assert lines == []
    assert child.printed.count == 300_000 + len("\n first  .[31mred\n\n")
    assert child.printed.first_line() == "first   [31mred"
    assert child.complained.last_line() == "last"


def test_it_has_its_own_stdin_environment_and_place(tmp_path, monkeypatch):
    monkeypatch.setenv("WCE_TEST_OURS", "ours")
    (tmp_path / "sent").write_bytes(b"batch")
    code = (
        "import wce_cli\n"
        "told = sys.stdin.read(), os.environ['WCE_TEST_OURS'], os.environ['WCE_TEST_NEW'], os.getcwd()\n"
        "os.write(to, ' '.join(told).encode() + b'\\n')\n"
    )
    with children() as started:
        defaults = {"WCE_TEST_OURS": "default", "WCE_TEST_NEW": "new"}
        child = started.start(["-c", BEGIN + code], sent=tmp_path / "sent", defaults=defaults, folder=tmp_path)
        assert [line for _, line in listen([child])] == [f"batch ours new {tmp_path}".encode(), None]


@posix
@pytest.mark.parametrize("has_terminal", [True, False])
def test_it_has_a_group_of_its_own_and_where_it_is_asked_for_a_session(has_terminal):
    with children() as started:
        child = started.start(
            ["-c", BEGIN + "os.write(to, b'%d %d %d\\n' % (os.getpid(), os.getpgid(0), os.getsid(0)))"],
            has_terminal=has_terminal,
        )
        line = next(line for _, line in listen([child]))
    pid, group, session = map(int, (line or b"").split())
    assert pid == group
    assert session == (os.getsid(0) if has_terminal else pid)


LEAVES = "pid = os.fork()\nif pid == 0:\n    time.sleep(600)\nos.write(to, b'%d\\n' % pid)\n"


@posix
@pytest.mark.parametrize("then", ["", "os._exit(1)", "os.abort()", "time.sleep(600)"])
def test_a_grandchild_that_holds_its_pipes_holds_nobody_up_and_ends(then):
    before, began = threading.active_count(), time.monotonic()
    lines, _ = heard(LEAVES + then, 1.0 if "sleep" in then else 60.0)
    assert time.monotonic() - began < 20
    assert is_gone(int(lines[0]))
    assert threading.active_count() == before


@posix
def test_a_signal_has_a_name_or_a_number():
    _, child = heard(f"os.kill(os.getpid(), {signal.SIGSEGV:d})")
    assert signal_name(-child.code) == "SIGSEGV"
    assert signal_name(35) == "signal 35"


@posix
def test_whatever_is_raised_ends_all_and_leaves_no_folder():
    pids: list[int] = []

    def interrupted() -> None:
        with children() as started:
            some = [started.start(["-c", BEGIN + LEAVES + "time.sleep(600)"]) for _ in range(2)]
            folders.append(started.folder)
            for _, line in listen(some):
                pids.append(int(line or b""))
                if len(pids) == 2:
                    raise KeyboardInterrupt

    folders: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(map(is_gone, pids))
    assert not folders[0].exists()


@posix
def test_a_signal_that_comes_while_one_is_started_ends_it_too(monkeypatch):
    """Between the start of a process and our knowing of it there is a moment."""
    popen, pids = subprocess.Popen, list[int]()

    def interrupted(*arguments, **options):
        process = popen(*arguments, **options)
        pids.append(process.pid)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        return process

    monkeypatch.setattr(child_module.subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt), children() as started:
        started.start(["-c", "import time; time.sleep(600)"])
    assert is_gone(pids[0])


PARENT = f"""
import sys
from wce_cli.processes.child import children, listen
code = {BEGIN!r} + "from wce_cli.processes.signals import end_with; end_with(int(sys.argv[-1]));"
code += "os.write(to, b'%d\\\\n' % os.getpid()); time.sleep(600)"
with children() as started:
    for _, line in listen([started.start(["-c", code])]):
        print(line.decode(), flush=True)
"""


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_however_its_parent_ends_it_ends_too(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.send_signal(number)
    process.communicate(timeout=20)
    assert is_gone(pid)
    assert bool(list(tmp_path.iterdir())) == (number == signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Whether a process runs no more, within a few seconds; one that nobody has waited for yet does not run."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
