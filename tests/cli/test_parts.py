"""`--totals-out`, the parts that it saves, and the same under torchrun."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.run import ROOT, run

N, C = 3000, 4


@pytest.fixture
def shards(tmp_path, monkeypatch):
    """Three shards of a batch, and the batch: with an ignored label."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N, C)).astype("float32"), rng.integers(0, C, N)
    y[5] = -100
    np.savez("whole.npz", logits=x, labels=y)
    for k in range(3):
        part = slice(k * N // 3, (k + 1) * N // 3)
        np.savez(f"shard-{k}.npz", logits=x[part], labels=y[part])
    return tmp_path


def saved(*names: str) -> None:
    for k, name in enumerate(names):
        ran = run("explain", name, "--engine", "none", "--totals-out", f"part-{k}.json", "-o", "out.txt")
        assert ran.code == 0, ran.err


def answer(*arguments: str) -> dict:
    ran = run("explain", *arguments, "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def numbers(report: dict) -> list:
    keys = ("method", "placement", "numerator", "denominator", "value")
    return [[row[key] for key in keys] for row in report["methods"]]


@pytest.mark.parametrize("weight", [[], ["-w", "0.5,2,1,1"], ["-w", "balanced"], ["-w", '{"0":1,"1":2,"2":3,"3":0}']])
def test_saved_parts_answer_as_the_whole_batch_does(shards, weight):
    saved("shard-0.npz", "shard-1.npz", "shard-2.npz")
    whole, parts = answer("whole.npz", "--engine", "none", *weight), answer("part-*.json", *weight)
    for mine, theirs in zip(numbers(parts), numbers(whole), strict=True):
        assert mine[:2] == theirs[:2]
        np.testing.assert_allclose(mine[2:], theirs[2:], rtol=1e-14)
    assert parts["findings"] == whole["findings"]
    assert [row["n"] for row in parts["top"]] == [row["n"] for row in whole["top"]]
    assert parts["batch"]["shape"] == whole["batch"]["shape"]
    assert parts["terms"] == []
    text = run("explain", "part-*.json", *weight).out
    assert "the 5 largest terms" in text
    assert "logsumexp" not in text


def test_parts_can_be_saved_again_as_one(shards):
    saved("shard-0.npz", "shard-1.npz", "shard-2.npz")
    ran = run("explain", "part-0.json", "part-1.json", "part-2.json", "--totals-out", "sum.json", "-o", "out.txt")
    assert ran.code == 0, ran.err
    assert numbers(answer("sum.json")) == numbers(answer("part-0.json", "part-1.json", "part-2.json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "3"], "--rows needs the samples, and saved totals hold none"),
        (["--labels", "1,0"], "--labels needs the samples, and saved totals hold none"),
        (["--label-smoothing", "0.1"], "these totals were saved without label smoothing"),
        (["-w", "1,2"], "2 weights for 4 classes"),
        (["whole.npz"], "part-0.json holds saved totals, and whole.npz does not"),
        (["--totals-out", "part-0.json"], "--totals-out is FILE itself, part-0.json"),
    ],
)
def test_what_saved_totals_cannot_answer_is_one_line(shards, arguments, said):
    saved("shard-0.npz", "shard-1.npz")
    before = (shards / "part-0.json").read_bytes()
    ran = run("explain", "part-*.json", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert f"error: {said}" in ran.err
    assert (shards / "part-0.json").read_bytes() == before


def test_a_part_is_no_batch_to_another_reader(shards):
    saved("shard-0.npz")
    content = (shards / "part-0.json").read_bytes()
    for ran in (run("explain", "-", stdin=content), run("identify", "1.5", "part-0.json")):
        assert ran.code == 2
        assert "holds saved totals, no batch" in ran.err
    (shards / "cut.json").write_bytes(content[:1500])
    ran = run("explain", "cut.json")
    assert ran.code == 2
    assert ran.err.startswith("error: cut.json is not JSON at line 1")


def test_one_batch_is_saved_at_a_time(shards):
    (shards / "two.json").write_text('[{"logits": [[1, 2]], "labels": [0]}, {"logits": [[1, 2]], "labels": [1]}]')
    ran = run("explain", "two.json", "--totals-out", "part.json")
    assert ran.code == 2
    assert "--totals-out saves one batch, and there are 2" in ran.err
    assert not (shards / "part.json").exists()


# torchrun


def torchrun(processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("torch.distributed")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, "--standalone", "-m", "wce_cli", "explain", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("processes", "files", "weight"),
    [
        (2, ["shard-*.npz"], "0.5,2,1,1"),
        (3, ["shard-*.npz"], "balanced"),
        (3, ["shard-0.npz", "shard-1.npz"], "1,2,3,4"),  # a rank without a shard
        (2, ["whole.npz"], "0.5,2,1,1"),  # rows instead of files
    ],
)
def test_ranks_answer_as_one_process_does(shards, processes, files, weight):
    ran = torchrun(processes, *files, "-w", weight, "--format", "json")
    assert ran.returncode == 0, ran.stderr
    one, all_of_them = answer(*files, "-w", weight, "--engine", "none"), json.loads(ran.stdout)
    for mine, theirs in zip(numbers(all_of_them), numbers(one), strict=True):
        assert mine[:2] == theirs[:2]
        np.testing.assert_allclose(mine[2:], theirs[2:], rtol=1e-14)
    assert [row["n"] for row in all_of_them["top"]] == [row["n"] for row in one["top"]]
    assert all_of_them["findings"] == one["findings"]
    assert ran.stderr.count("note: the shares of") == 1


def test_a_rank_that_fails_stops_all_and_its_cause_is_told_once(shards):
    content = (shards / "shard-1.npz").read_bytes()
    (shards / "shard-1.npz").write_bytes(content[: len(content) // 2])
    ran = torchrun(3, "shard-*.npz")
    assert ran.returncode != 0
    assert ran.stdout == ""
    assert ran.stderr.count("error: rank 1: shard-1.npz is cut off") == 1
    assert "this is a bug in wce" not in ran.stderr


def test_ranks_take_arrays_alone(shards):
    (shards / "batch.json").write_text('{"logits": [[1, 2]], "labels": [0]}')
    ran = torchrun(2, "batch.json")
    assert ran.returncode != 0
    assert "error: rank 0: batch.json is no file of arrays (1 more of 2 ranks cannot either)" in ran.stderr
