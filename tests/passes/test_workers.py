"""As many workers as pay, and the same bytes from any number of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wce_cli.passes import workers
from wce_cli.passes.workers import walk_groups
from wce_cli.processes.work import Work

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # other tests may have started threads, or jax
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")


def tens() -> Work[int, int, str]:
    """Work whose part of group k is 10·k."""
    return Work(lambda k: 10 * k, lambda: "seen")


def test_progress_is_told_of_every_group():
    told: list[tuple[int, int]] = []
    parts: list[int] = []
    seen = walk_groups(tens, 5, 0, 2, parts.append, lambda done, whole: told.append((done, whole)))
    assert told == [(k, 5) for k in range(1, 6)]
    assert parts == [0, 10, 20, 30, 40]
    assert set(seen) == {"seen"}


def test_no_more_workers_than_groups_and_one_for_what_is_small(monkeypatch):
    monkeypatch.setattr(workers, "cores", lambda: 4)
    asked: list[int] = []

    def in_order(make: Any, items: Any, count: int, **options: Any) -> Any:
        asked.append(count)
        yield from ()

    monkeypatch.setattr(workers, "in_order", in_order)
    small, large = workers.WORTH_WORKERS - 1, workers.WORTH_WORKERS
    walk_groups(tens, 3, small, None, lambda part: None)
    walk_groups(tens, 3, large, None, lambda part: None)
    walk_groups(tens, 9, large, None, lambda part: None)
    walk_groups(tens, 9, small, 2, lambda part: None)
    assert asked == [1, 3, 4, 2]


SAME = """
import json, pickle, sys
import numpy as np
from wce_cli.batches.batch import Batch
from wce_cli.passes.one_pass import group_bounds, one_pass
from wce_cli.processes import pool

asked, how = sys.argv[1:]
assert pool.may_fork()
if how == "threads":
    pool.may_fork = lambda: False
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
