"""Answers in order from any number of workers, and none left over, whatever happens to one: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.run import ROOT
from wce_cli.errors import Problem, WceError
from wce_cli.processes import pool
from wce_cli.processes.pool import in_order
from wce_cli.processes.work import Work

pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # other tests may have started threads, or jax
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
MAY_FORK = pool.may_fork
HOW = ["threaded", pytest.param("forked", marks=on_linux)]


KINDS = [int, str]
"""Numbers are shared out in another way than items of any other kind."""


class Refused(Exception):
    pass


@pytest.fixture(autouse=True)
def forks(monkeypatch):
    monkeypatch.setattr(pool, "may_fork", lambda: True)  # torch may be loaded in this process; nothing here uses it


def answered(work: Callable[[Any], Any], items: Any, workers: int, **options: Any) -> Any:
    return in_order(lambda: Work(work, lambda: None), items, workers, **options)


def walked(
    how: str,
    make: Callable[[], Work[int, Any, Any]],
    n: int,
    workers: int,
    fold: Callable[[Any], None] = lambda part: None,
) -> list[Any]:
    """What each worker has seen of n groups, whose parts are folded."""
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "may_fork", lambda: how == "forked")
        with closing(in_order(make, range(n), workers, seen=seen.append, in_threads=True)) as parts:
            for part in parts:
                fold(part)
    return seen


def numbers(fail: Callable[[int], None] | None = None) -> Callable[[], Work[int, int, list[int]]]:
    """Work whose part of group k is 10·k, and which has seen the groups it took."""

    def make() -> Work[int, int, list[int]]:
        seen: list[int] = []

        def group(k: int) -> int:
            if fail is not None:
                fail(k)
            seen.append(k)
            time.sleep(0.001 * (k % 3))  # so that groups do not end in the order in which they began
            return 10 * k

        return Work(group, lambda: seen)

    return make


@pytest.mark.parametrize("how", ["here", *HOW])
@pytest.mark.parametrize("count", [2, 7])
def test_parts_come_in_order_and_every_group_is_taken_once(how, count):
    parts: list[int] = []
    seen = walked(how, numbers(), 40, 1 if how == "here" else count, parts.append)
    if how == "threaded":
        assert len(seen) <= count  # a thread is started when there is work for it
    else:
        assert len(seen) == (1 if how == "here" else count)
    assert parts == [10 * k for k in range(40)]
    assert sorted(k for one in seen for k in one) == list(range(40))
    assert all(one == sorted(one) for one in seen)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 40])
def test_the_answers_come_in_the_order_of_the_items(workers, n, kind):
    def work(item: int | str) -> tuple[int, int]:
        k = int(item)
        time.sleep(0.01 if k % 3 == 0 else 0)
        return k, os.getpid()

    found = list(answered(work, map(kind, range(n)), workers))
    assert [k for k, _ in found] == list(range(n))
    assert (os.getpid() in {pid for _, pid in found}) == (n > 0 and (workers == 1 or n == 1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", HOW)
def test_items_are_taken_as_they_are_needed(how, kind, monkeypatch):
    monkeypatch.setattr(pool, "may_fork", lambda: how == "forked")
    taken = 0

    def items():
        nonlocal taken
        for k in range(1000):
            taken += 1
            yield kind(k)

    answers = answered(lambda k: k, items(), 2, in_threads=True)
    assert [next(answers) for _ in range(3)] == [kind(k) for k in range(3)]
    assert taken <= 3 + 2 * pool.AHEAD + 2
    answers.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", HOW)
def test_what_waits_for_a_worker_that_is_held_up_is_bounded(how, kind, monkeypatch):
    monkeypatch.setattr(pool, "may_fork", lambda: how == "forked")
    taken = []

    def items():
        for k in range(1000):
            taken.append(k)
            yield kind(k)

    def work(item: int | str) -> int:
        time.sleep(0.5 if int(item) == 0 else 0)
        return int(item)

    answers = answered(work, items(), 3, in_threads=True, ahead=5)
    assert next(answers) == 0
    assert len(taken) <= 5 * 3 + 1
    assert list(answers) == list(range(1, 1000))


def test_where_nothing_can_run_beside_us_it_is_done_here(monkeypatch):
    monkeypatch.setattr(pool, "may_fork", lambda: False)
    found = list(answered(lambda k: (k, os.getpid(), threading.get_ident()), range(5), 3))
    assert found == [(k, os.getpid(), threading.get_ident()) for k in range(5)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_workers_said_before_they_ended_is_heard_though_they_are_given_more(kind):
    def make() -> Work[Any, Any, None]:
        raise WceError(Problem("no", "hint"))

    def items():
        for k in range(50):
            time.sleep(0.3 if k == 2 else 0)  # by then all of them have gone
            yield kind(k)

    with pytest.raises(WceError) as caught:
        list(in_order(make, items(), 3))
    assert caught.value.lines() == ["error: no", "hint: hint"]


@pytest.mark.parametrize("kind", [lambda k: k, lambda k: bytes([k]) * 3_000_000], ids=["numbers", "large items"])
def test_one_of_several_that_dies_is_noticed_while_others_are_at_work(kind):
    began = time.monotonic()

    def work(item: Any) -> int:
        if (item if isinstance(item, int) else item[0]) == 0:
            os._exit(4)
        time.sleep(0.2)
        return 1

    with pytest.raises(WceError, match="with code 4"):
        list(answered(work, map(kind, range(200)), 3))
    assert time.monotonic() - began < 20


def test_a_large_answer_and_a_large_item_pass():
    big = b"x" * 3_000_000
    assert [len(answer) for answer in answered(lambda item: item * 2, iter([big] * 5), 2)] == [6_000_000] * 5


@pytest.mark.parametrize("error", [WceError(Problem("no", "hint"), ["where"]), MemoryError()])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_worker_raises_is_raised_here(error, kind):
    def work(item: int | str) -> int:
        k = int(item)
        if k == 7:
            raise error
        return k

    found: list[int] = []
    with pytest.raises(type(error)) as caught:
        found.extend(answered(work, map(kind, range(50)), 2))
    assert found == list(range(len(found)))
    if isinstance(error, WceError):
        assert caught.value.lines() == error.lines()


@pytest.mark.parametrize("signalled", [signal.SIGKILL, None])
@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_ends_is_an_error_and_no_other_is_left(signalled, kind):
    pids = set()

    def work(item: int | str) -> int:
        if int(item) == 20:
            if signalled is None:
                os._exit(3)
            os.kill(os.getpid(), signalled)
        return os.getpid()

    how = "by signal 9" if signalled else "with code 3"
    with pytest.raises(WceError, match=f"^a worker process was ended {how} before its rows were done"):
        pids.update(answered(work, map(kind, range(1000)), 2))
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_whoever_stops_asking_leaves_no_worker():
    answers = answered(lambda k: os.getpid(), iter(range(1000)), 2)
    pids = {next(answers) for _ in range(4)}
    answers.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_an_item_that_is_alone_is_done_at_once_and_here():
    waiting = [True, True]

    def items():
        yield "a"
        assert done == ["a"]  # the first answer came before the second item was asked for
        yield "b"

    done: list[str] = []
    for answer in answered(lambda item: (item, os.getpid()), items(), 2, comes_at_once=lambda: not waiting):
        assert answer[1] == os.getpid()
        done.append(answer[0])
    assert done == ["a", "b"]


def test_a_process_with_threads_or_torch_is_not_forked(monkeypatch):
    for name in pool.THREADED:
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert MAY_FORK() == (sys.platform == "linux" and threading.active_count() == 1)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not MAY_FORK()
    monkeypatch.delitem(sys.modules, "torch")
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    assert not MAY_FORK()
    stop.set()
    thread.join()


@pytest.mark.parametrize("how", HOW)
def test_what_a_worker_raises_is_raised_once_and_nothing_is_left(how):
    before = threading.active_count()

    def fail(k: int) -> None:
        if k == 11:
            raise Refused("group 11")

    with pytest.raises((Refused, RuntimeError), match="group 11"):
        walked(how, numbers(fail), 200, 3)
    assert threading.active_count() == before
    assert children() == []


@pytest.mark.parametrize("how", HOW)
def test_what_the_caller_raises_ends_the_workers(how):
    before = threading.active_count()

    def fold(part: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walked(how, numbers(), 200, 3, fold)
    assert threading.active_count() == before
    assert children() == []


@on_linux
def test_a_refusal_of_a_worker_keeps_its_problems_and_memory_that_ran_out_is_that():
    def refuse(k: int) -> None:
        raise WceError([Problem("the file ends early", "write it again", "logits")], ["logits  (3, 2)"])

    with pytest.raises(WceError) as raised:
        walked("forked", numbers(refuse), 9, 2)
    assert raised.value.lines() == ["error: the file ends early", "  logits  (3, 2)", "hint: write it again"]

    def full(k: int) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        walked("forked", numbers(full), 9, 2)
    assert children() == []


@on_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("when", [0, 25])
def test_a_worker_that_is_killed_is_one_error_and_leaves_no_process(number, when):
    def fail(k: int) -> None:
        if k == when:
            os.kill(os.getpid(), number)
            time.sleep(60)

    with pytest.raises(WceError) as raised:
        walked("forked", numbers(fail), 200, 3)
    assert raised.value.lines() == [
        f"error: a worker process was ended by signal {int(number)} before its rows were done",
        "hint: if memory ran out, fewer workers need less of it",
    ]
    assert children() == []


@on_linux
def test_large_parts_come_through_whole():
    def make() -> Work[int, bytes, None]:
        return Work(lambda k: bytes([k]) * 3_000_000, lambda: None)

    parts: list[bytes] = []
    walked("forked", make, 7, 3, parts.append)
    assert [(part[:1], len(part)) for part in parts] == [(bytes([k]), 3_000_000) for k in range(7)]


@on_linux
@pytest.mark.parametrize("kind", KINDS)
def test_no_file_stays_open(kind):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assert len(list(answered(lambda item: item, map(kind, range(9)), 3))) == 9
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            list(answered(lambda item: 1 // 0, map(kind, range(9)), 3))
    assert len(os.listdir("/proc/self/fd")) == before


def children() -> list[int]:
    """The processes that this one has started and not waited for."""
    if sys.platform != "linux":
        return []
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


INTERRUPTED = """
import os, sys, time
from wce_cli.processes.pool import in_order
from wce_cli.processes.work import Work

def group(k):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(60)

try:
    list(in_order(lambda: Work(group, lambda: None), range(9), 3))
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
def test_workers_whose_parent_was_killed_end_with_it():
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(3)]
        process.kill()
        process.wait(10)
    end = time.monotonic() + 20  # and not after a minute, when each is done with its group
    while [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < end
        time.sleep(0.05)
