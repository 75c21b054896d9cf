"""Work handed on in order, whoever was done first, and no worker left behind."""

from __future__ import annotations

import os
import signal
import time

import pytest

from wce_cli.errors import Problem, WceError
from wce_cli.passes import ordered
from wce_cli.passes.ordered import in_order

pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # other tests may have started threads, or jax


@pytest.fixture(autouse=True)
def may_fork(monkeypatch):
    monkeypatch.setattr(ordered, "may_fork", lambda: True)  # torch may be loaded in this process; nothing here uses it


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 40])
def test_the_answers_come_in_the_order_of_the_items(workers, n):
    def work(k: int) -> tuple[int, int]:
        time.sleep(0.01 if k % 3 == 0 else 0)
        return k, os.getpid()

    found = list(in_order(work, iter(range(n)), workers))
    assert [k for k, _ in found] == list(range(n))
    assert (os.getpid() in {pid for _, pid in found}) == (n > 0 and (workers == 1 or n == 1))


def test_items_are_taken_as_they_are_needed():
    taken = 0

    def items():
        nonlocal taken
        for k in range(1000):
            taken += 1
            yield k

    answers = in_order(lambda k: k, items(), 2)
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    assert taken <= 3 + 2 * ordered.AHEAD + 2
    answers.close()


def test_a_large_answer_and_a_large_item_pass():
    big = b"x" * 3_000_000
    assert [len(answer) for answer in in_order(lambda item: item * 2, iter([big] * 5), 2)] == [6_000_000] * 5


@pytest.mark.parametrize("error", [WceError(Problem("no", "hint"), ["where"]), MemoryError()])
def test_what_a_worker_raises_is_raised_here(error):
    def work(k: int) -> int:
        if k == 7:
            raise error
        return k

    found: list[int] = []
    with pytest.raises(type(error)) as caught:
        found.extend(in_order(work, iter(range(50)), 2))
    assert found == list(range(len(found)))
    if isinstance(error, WceError):
        assert caught.value.lines() == error.lines()


@pytest.mark.parametrize("signalled", [signal.SIGKILL, None])
def test_a_worker_that_ends_is_an_error_and_no_other_is_left(signalled):
    pids = set()

    def work(k: int) -> int:
        if k == 20:
            if signalled is None:
                os._exit(3)
            os.kill(os.getpid(), signalled)
        return os.getpid()

    how = "by signal 9" if signalled else "with code 3"
    with pytest.raises(WceError, match=f"^a worker process was ended {how} before its rows were done"):
        pids.update(in_order(work, iter(range(1000)), 2))
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_whoever_stops_asking_leaves_no_worker():
    answers = in_order(lambda k: os.getpid(), iter(range(1000)), 2)
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
    for answer in in_order(lambda item: (item, os.getpid()), items(), 2, comes_at_once=lambda: not waiting):
        assert answer[1] == os.getpid()
        done.append(answer[0])
    assert done == ["a", "b"]
