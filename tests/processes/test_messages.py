"""What goes into a pipe comes out of it, or nothing does."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np
import pytest

from wce_cli.processes import messages
from wce_cli.processes.messages import LARGE, receive, send, widened

VALUES = [
    ("small", [1, {"a": np.arange(3)}]),
    ("large", {"rows": np.arange(LARGE, dtype=np.float64), "none": np.zeros(0), "bits": np.ones(3 * LARGE, bool)}),
    ("turned", np.arange(2.0 * LARGE).reshape(2, LARGE).T),
    ("spread", np.arange(4.0 * LARGE)[::2]),
    ("text", "ℓ" * LARGE),
]


@pytest.fixture
def pipe():
    out, into = os.pipe()
    ends = [out, into]
    yield ends
    for end in ends:
        os.close(end)


def same(one, other):
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
        assert one.shape == other.shape
        other[...] = 0  # it is nobody else's
    elif isinstance(one, dict | list | tuple):
        keys = one if isinstance(one, dict) else range(len(one))
        assert len(one) == len(other)
        for key in keys:
            same(one[key], other[key])
    else:
        assert one == other


@pytest.mark.parametrize("is_wide", [False, True])
def test_values_come_whole_and_in_order_and_can_be_written_to(pipe, is_wide):
    out, into = pipe
    if is_wide:
        widened(into)
    thread = threading.Thread(target=lambda: [send(into, value) for value in VALUES])
    thread.start()
    for value in VALUES:
        same(value, receive(out))
    thread.join()


@pytest.mark.parametrize("whole", ["head", "front", "array"])
def test_a_sender_that_ends_in_the_middle_has_sent_nothing(pipe, monkeypatch, whole):
    out, into = pipe
    written = []
    with monkeypatch.context() as patched:
        patched.setattr(messages.os, "write", lambda pipe, part: written.append(bytes(part)) or len(part))
        send(into, np.arange(LARGE // 8))
    assert [len(part) for part in written][::2] == [3 * messages.WORD, LARGE]
    cut = {"head": written[0][:-1], "front": written[0] + written[1][:-1], "array": b"".join(written)[:-1]}[whole]
    thread = threading.Thread(target=lambda: [os.write(into, cut), os.close(into)])
    thread.start()
    assert receive(out) is None
    thread.join()
    pipe.remove(into)


def test_the_end_is_none(pipe):
    out, into = pipe
    send(into, 7)
    os.close(pipe.pop())
    assert receive(out) == 7
    assert receive(out) is None


@pytest.mark.skipif(sys.platform != "linux", reason="pipes are widened on Linux alone")
def test_a_pipe_is_widened_and_one_that_cannot_be_is_left(pipe):
    import fcntl

    widened(pipe[1])
    assert fcntl.fcntl(pipe[1], fcntl.F_GETPIPE_SZ) == messages.ROOM
    with open(os.devnull) as no_pipe:
        widened(no_pipe.fileno())
