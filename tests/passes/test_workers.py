"""Workers: the same bytes from any number of them, and none left over, whatever happens to one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wce_cli.passes import workers
from wce_cli.passes.forked import forked
from wce_cli.passes.threaded import threaded
from wce_cli.passes.walks import Walk
from wce_cli.passes.workers import walk_groups

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # other tests may have started threads, or jax
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")


class Refused(Exception):
    pass


def numbers(fail: Callable[[int], None] | None = None) -> Callable[[], Walk[int, list[int]]]:
    """A walk whose part of group k is 10·k, and which has seen the groups it took."""

    def make() -> Walk[int, list[int]]:
        seen: list[int] = []

        def group(k: int) -> int:
            if fail is not None:
                fail(k)
            seen.append(k)
            time.sleep(0.001 * (k % 3))  # so that groups do not end in the order in which they began
            return 10 * k

        return Walk(group, lambda: seen)

    return make


@pytest.mark.parametrize("how", ["one", "threaded", pytest.param("forked", marks=on_linux)])
@pytest.mark.parametrize("count", [2, 7])
def test_parts_come_in_order_and_every_group_is_taken_once(how, count):
    parts: list[int] = []
    if how == "one":
        seen = walk_groups(numbers(), 40, 0, None, parts.append)
        assert len(seen) == 1
    else:
        seen = {"threaded": threaded, "forked": forked}[how](numbers(), 40, count, parts.append)
        assert len(seen) == count
    assert parts == [10 * k for k in range(40)]
    assert sorted(k for one in seen for k in one) == list(range(40))
    assert all(one == sorted(one) for one in seen)


def test_progress_is_told_of_every_group():
    told: list[tuple[int, int]] = []
    walk_groups(numbers(), 5, 0, 2, lambda part: None, lambda done, whole: told.append((done, whole)))
    assert told == [(k, 5) for k in range(1, 6)]


def test_no_more_workers_than_groups_and_one_for_what_is_small(monkeypatch):
    monkeypatch.setattr(workers, "may_fork", lambda: False)
    monkeypatch.setattr(workers, "cores", lambda: 4)
    asked: list[int] = []

    def threads(make: Any, n_groups: int, count: int, fold: Any) -> list[Any]:
        asked.append(count)
        return []

    monkeypatch.setattr(workers, "threaded", threads)
    small, large = workers.WORTH_WORKERS - 1, workers.WORTH_WORKERS
    walk_groups(numbers(), 3, small, None, lambda part: None)
    walk_groups(numbers(), 3, large, None, lambda part: None)
    walk_groups(numbers(), 9, large, None, lambda part: None)
    walk_groups(numbers(), 9, small, 2, lambda part: None)
    assert asked == [3, 4, 2]


def test_a_process_with_threads_or_torch_is_not_forked(monkeypatch):
    for name in workers.THREADED:
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert workers.may_fork() == (sys.platform == "linux" and threading.active_count() == 1)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not workers.may_fork()
    monkeypatch.delitem(sys.modules, "torch")
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    assert not workers.may_fork()
    stop.set()
    thread.join()


@pytest.mark.parametrize("how", [threaded, pytest.param(forked, marks=on_linux)])
def test_what_a_worker_raises_is_raised_once_and_nothing_is_left(how):
    before = threading.active_count()

    def fail(k: int) -> None:
        if k == 11:
            raise Refused("group 11")

    with pytest.raises((Refused, RuntimeError), match="group 11"):
        how(numbers(fail), 200, 3, lambda part: None)
    assert threading.active_count() == before
    assert children() == []


@pytest.mark.parametrize("how", [threaded, pytest.param(forked, marks=on_linux)])
def test_what_the_caller_raises_ends_the_workers(how):
    before = threading.active_count()

    def fold(part: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        how(numbers(), 200, 3, fold)
    assert threading.active_count() == before
    assert children() == []


@on_linux
def test_a_refusal_of_a_worker_keeps_its_problems_and_memory_that_ran_out_is_that():
    from wce_cli.errors import Problem, WceError

    def refuse(k: int) -> None:
        raise WceError([Problem("the file ends early", "write it again", "logits")], ["logits  (3, 2)"])

    with pytest.raises(WceError) as raised:
        forked(numbers(refuse), 9, 2, lambda part: None)
    assert raised.value.lines() == ["error: the file ends early", "  logits  (3, 2)", "hint: write it again"]

    def full(k: int) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        forked(numbers(full), 9, 2, lambda part: None)
    assert children() == []


@on_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("when", [0, 25])
def test_a_worker_that_is_killed_is_one_error_and_leaves_no_process(number, when):
    from wce_cli.errors import WceError

    def fail(k: int) -> None:
        if k == when:
            os.kill(os.getpid(), number)
            time.sleep(60)

    with pytest.raises(WceError) as raised:
        forked(numbers(fail), 200, 3, lambda part: None)
    assert raised.value.lines() == [
        f"error: a worker process was ended by signal {int(number)} before its rows were done",
        "hint: if memory ran out, fewer workers need less of it",
    ]
    assert children() == []


@on_linux
def test_large_parts_come_through_whole():
    def make() -> Walk[bytes, None]:
        return Walk(lambda k: bytes([k]) * 3_000_000, lambda: None)

    parts: list[bytes] = []
    forked(make, 7, 3, parts.append)
    assert [(part[:1], len(part)) for part in parts] == [(bytes([k]), 3_000_000) for k in range(7)]


@on_linux
def test_no_file_stays_open():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        forked(numbers(), 9, 3, lambda part: None)
    assert len(os.listdir("/proc/self/fd")) == before


def children() -> list[int]:
    """The processes that this one has started and not waited for."""
    if sys.platform != "linux":
        return []
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


SAME = """
import json, pickle, sys
import numpy as np
from wce_cli.passes import workers
from wce_cli.batches.batch import Batch
from wce_cli.passes.one_pass import group_bounds, one_pass

asked, how = sys.argv[1:]
assert workers.may_fork()
if how == "threads":
    workers.may_fork = lambda: False
rng = np.random.default_rng(3)
n, c = 400_000, 7
x = (rng.standard_normal((n, c)) * 3).astype(np.float32)
y = rng.integers(c, size=n)
y[rng.random(n) < 0.1] = -100
x[123_456] = [np.nan] * c
x[200_000, 3] = -np.inf
x[5], x[399_990] = x[300_000], x[300_000]  # a tie on top
y[5], y[399_990], y[300_000] = 2, 2, 2
x[[5, 399_990, 300_000], 2] = -90
given = {"labels": y, "sample_weight": rng.random(n) + 0.1, "weight": rng.random(c) + 0.1}
if asked == "smoothing":
    given["label_smoothing"] = 0.1
if asked == "probability":
    given["labels"] = rng.random((n, c)).astype(np.float32)
if asked == "plain":
    del given["sample_weight"]
batch = Batch.build(logits=x, **given)
assert len(group_bounds(batch, 0, n)) > 4

def dumped(value):
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, value.tobytes().hex()]
    if isinstance(value, (tuple, list)):
        return [dumped(item) for item in value]
    if isinstance(value, dict):
        return {key: dumped(item) for key, item in value.items()}
    if hasattr(value, "__struct_fields__"):
        return {name: dumped(getattr(value, name)) for name in value.__struct_fields__}
    return value.hex() if isinstance(value, float) else value

answers = {}
for count in (1, 2, 7, 7):
    answers.setdefault(json.dumps(dumped(one_pass(batch, workers=count))), []).append(count)
print(json.dumps(sorted(answers.values())))
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )


@on_linux
@pytest.mark.parametrize("how", ["processes", "threads"])
@pytest.mark.parametrize("asked", ["plain", "weighted", "smoothing", "probability"])
def test_one_two_and_seven_workers_leave_the_same_bytes(asked, how):
    done = python(SAME, asked, how)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[1, 2, 7, 7]]


INTERRUPTED = """
import os, sys, time
from wce_cli.passes.forked import forked
from wce_cli.passes.walks import Walk

def group(k):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(60)

try:
    forked(lambda: Walk(group, lambda: None), 9, 3, lambda part: None)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@on_linux
@pytest.mark.parametrize("whole_group", [False, True])
def test_an_interrupt_ends_parent_and_workers_at_once(whole_group):
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(3)]
        begin = time.monotonic()
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        assert process.stdout.read().splitlines()[-1:] == ["interrupted"]
        assert process.wait(10) == 0
        assert time.monotonic() - begin < 5
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@on_linux
def test_workers_whose_parent_was_killed_end_with_their_group():
    code = INTERRUPTED.replace("time.sleep(60)", "time.sleep(0.5)")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(3)]
        process.kill()
        process.wait(10)
    end = time.monotonic() + 20
    while [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < end
        time.sleep(0.05)
