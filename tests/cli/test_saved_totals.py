"""`--totals-out`, the parts that it saves, and the same under torchrun."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.run import QUIET, ROOT, run

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
        (["--sort", "loss"], "--sort needs the samples, and saved totals hold none"),
        (["--only", "terms"], "--only terms needs the samples, and saved totals hold none"),
        (["--format", "csv"], "csv has one row a sample, and saved totals hold none"),
        (["--save", "out.csv"], "--save out.csv has one row a sample, and saved totals hold none"),
        (["whole.npz"], "part-0.json holds saved totals, and whole.npz does not"),
        (["--totals-out", "part-0.json"], "--totals-out is part-0.json, which is read: an answer would take its place"),
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


def save_as(part: str, shard: str, *arguments: str) -> None:
    ran = run("explain", shard, *arguments, "--engine", "none", "--totals-out", part, "-o", "out.txt")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("first", "second", "said", "given"),
    [
        (["-w", "0.1,1,1,1"], ["-w", "5,1,1,1"], "weights", ["--weight", "2,1,1,3"]),
        (["-w", "0.1,1,1,1"], [], "weights", ["--weight", "1,1,1,1"]),
        (["-w", "balanced"], ["-w", "1,1,2,1"], "weights", ["--weight", "balanced"]),
        (
            ["--label-smoothing", "0.1"],
            ["--label-smoothing", "0.3"],
            "label smoothings",
            ["--label-smoothing", "0.2"],
        ),
    ],
)
def test_parts_that_were_asked_differently_are_asked_again(shards, first, second, said, given):
    save_as("part-0.json", "shard-0.npz", *first)
    save_as("part-1.json", "shard-1.npz", *second)
    for order in (["part-0.json", "part-1.json"], ["part-1.json", "part-0.json"]):
        ran = run("explain", *order)
        assert (ran.code, ran.out) == (2, "")
        assert f"error: the parts were saved with different {said}\n" in ran.err
        assert f"hint: give one: {given[0]}" in ran.err
    one = answer("shard-0.npz", "shard-1.npz", "--engine", "none", *given)
    np.testing.assert_allclose(
        [row[2:] for row in numbers(answer("part-*.json", *given))], [row[2:] for row in numbers(one)], rtol=1e-14
    )
    ran = run("explain", "part-*.json", *given, "--totals-out", "whole.json", "-o", "out.txt")
    assert ran.code == 0, ran.err
    assert numbers(answer("whole.json")) == numbers(answer("part-*.json", *given))  # what was given is kept


def test_balanced_parts_are_balanced_together(shards):
    save_as("part-0.json", "shard-0.npz", "-w", "balanced")
    save_as("part-1.json", "shard-1.npz", "-w", "balanced")
    parts, one = answer("part-*.json"), answer("shard-0.npz", "shard-1.npz", "-w", "balanced", "--engine", "none")
    assert parts["batch"]["weight"] == one["batch"]["weight"]
    assert parts["batch"]["weight_rule"] == "balanced"


def test_as_many_of_the_largest_terms_are_named_as_are_asked_for_and_known(shards):
    save_as("part.json", "shard-0.npz", "--top", "7")
    whole = answer("shard-0.npz", "--engine", "none", "--top", "7")["top"]
    for k in (0, 2, 7):
        assert [row["n"] for row in answer("part.json", "--top", str(k))["top"]] == [row["n"] for row in whole[:k]]
    ran = run("explain", "part.json", "--top", "9")
    assert "note: --top 9: the parts were saved with the 7 largest terms of each class\n" in ran.err
    assert "the 7 largest terms" in ran.out


def test_no_framework_is_measured_and_that_is_said(shards):
    save_as("part.json", "shard-0.npz")
    assert "saved totals hold no samples to measure" in run("explain", "part.json").out
    assert "hold no samples" not in run("explain", "part.json", "--engine", "none").out


def test_a_part_is_known_by_its_content_whatever_it_is_called(shards):
    save_as("part", "shard-0.npz")
    assert answer("part")["batch"]["n"] == 1000
    pretty = json.dumps(json.loads((shards / "part").read_text("utf-8")), indent=2)
    (shards / "pretty.txt").write_text("\ufeff" + pretty, "utf-8")
    assert numbers(answer("pretty.txt")) == numbers(answer("part"))
    ran = run("explain", "shard-0.npz", "--totals-out", "-")
    assert (ran.code, ran.err) == (2, "error: --totals-out is -, expected a file\n")


def test_a_sample_of_an_image_is_named_by_its_own_index(shards):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(4, 3, 5, 6)), rng.integers(0, 3, (4, 5, 6))
    np.savez("left.npz", logits=x[:1], labels=y[:1])
    np.savez("right.npz", logits=x[1:], labels=y[1:])
    save_as("part-0.json", "left.npz")
    save_as("part-1.json", "right.npz")
    parts, one = answer("part-*.json"), answer("left.npz", "right.npz", "--engine", "none")
    assert [row["index"] for row in parts["top"]] == [row["index"] for row in one["top"]]
    assert parts["batch"] == one["batch"]


def test_why_the_largest_terms_are_left_out_is_said(shards):
    save_as("part.json", "shard-0.npz")
    ran = run("explain", "part.json", "-w", "1,-1,1,1")
    assert "note: the largest terms are left out: they were kept for weights of other signs\n" in ran.err
    save_as("part.json", "shard-0.npz", "--label-smoothing", "0.1")
    ran = run("explain", "part.json")
    assert "note: the largest terms are left out: with label smoothing they need the samples\n" in ran.err


def test_parts_that_are_small_show_their_classes(shards):
    run("explain", "-x", "1 2; 3 4", "-y", "0,1", "--engine", "none", "--totals-out", "small.json")
    ran = run("explain", "small.json", "--engine", "none")
    assert "\n\n2 samples × 2 classes\n\nclass  samples" in ran.out
    assert "the 2 largest terms" in ran.out
    assert "… 2 more" not in ran.out


def test_a_part_that_is_there_twice_counts_twice_and_that_is_said(shards):
    saved("shard-0.npz")
    (shards / "copy.json").write_bytes((shards / "part-0.json").read_bytes())
    for again, said in (
        ("part-0.json", "part-0.json is there again: its samples count twice"),
        ("copy.json", "copy.json holds the totals of part-0.json again: its samples count twice"),
    ):
        ran = run("explain", "part-0.json", again, "--format", "json")
        assert f"note: {said}\n" in ran.err
        assert json.loads(ran.out)["batch"]["n"] == 2000
    assert "again" not in run("explain", "part-0.json").err


def test_a_smoothing_is_not_asked_of_a_part_without_it_not_even_of_nothing(shards):
    run("explain", "-x", "1 2; 3 4", "--labels=-100,-100", "--engine", "none", "--totals-out", "none.json")
    ran = run("explain", "none.json", "--label-smoothing", "0.1")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: these totals were saved without label smoothing")


def test_that_a_part_forgets_how_its_inputs_were_rounded_is_said(shards):
    arguments = ("-x", "tensor([[0.1000, 0.9000]])", "-y", "0", "--engine", "none")
    said = "note: part.json does not hold how far rounded inputs leave the answers open\n"
    assert said in run("explain", *arguments, "--totals-out", "part.json").err
    assert said not in run("explain", *arguments).err


def test_one_batch_is_saved_at_a_time(shards):
    (shards / "two.json").write_text('[{"logits": [[1, 2]], "labels": [0]}, {"logits": [[1, 2]], "labels": [1]}]')
    ran = run("explain", "two.json", "--totals-out", "part.json")
    assert ran.code == 2
    assert "--totals-out saves one batch, and there are 2" in ran.err
    assert not (shards / "part.json").exists()


# torchrun

SAMPLE = str(ROOT / "samples" / "two-samples.json")


def torchrun(processes: int, *command: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("torch.distributed")
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--standalone"]
    quiet = {name: value for name, value in os.environ.items() if name not in QUIET}
    environment = {**quiet, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launch, *command], capture_output=True, encoding="utf-8", env=environment, timeout=120, check=False
    )


@pytest.fixture
def large(shards):
    """Two shards whose rows make two groups, which begin elsewhere than the shards do."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40_000, 70)).astype("float32"), rng.integers(0, 70, 40_000)
    y[::17] = -100
    for k, rows in enumerate((slice(0, 15_000), slice(15_000, 40_000))):
        np.savez(f"large-{k}.npz", logits=x[rows], labels=y[rows])


@pytest.mark.parametrize(
    ("processes", "arguments"),
    [
        # labels of all ranks make the weight, the largest terms depend on every weight, and samples are listed
        (2, ["large-*.npz", "-w", "balanced", "--label-smoothing", "0.1", "--rows", "3", "--sort", "loss"]),
        (3, ["large-*.npz", "--top", "9", "--totals-out", "sum.json"]),  # a rank without a row
    ],
)
def test_ranks_print_what_one_process_prints(large, processes, arguments):
    asked = [*arguments, "--engine", "none", "--format", "json"]
    ran = torchrun(processes, "-m", "wce_cli", "explain", *asked)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count(f"note: {processes} ranks walked a share of the samples each\n") == 1
    of_ranks = answer("sum.json") if "sum.json" in arguments else None
    assert ran.stdout == run("explain", *asked).out
    if of_ranks is not None:
        assert of_ranks == answer("sum.json")  # which one process has saved over


def test_what_is_wrong_with_the_rows_of_all_ranks_is_told_once_as_by_one_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((40_000, 200), dtype="float32"), np.zeros(40_000, dtype=int)  # two groups of rows
    y[30_000:30_004] = 200
    y[3] = 300
    np.savez("bad.npz", logits=x, labels=y)
    ran, one = torchrun(2, "-m", "wce_cli", "explain", "bad.npz"), run("explain", "bad.npz", "--engine", "none")
    assert one.code == 2
    assert "labels[3] is 300, but logits has 200 classes (0..199) (and 4 more)" in one.err
    assert ran.returncode != 0
    assert ran.stdout == ""
    assert ran.stderr.count(one.err) == 1
    assert ran.stderr.count("error: ") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep", "--class", "0", SAMPLE],
        ["identify", "0.69", SAMPLE],
        ["check", SAMPLE],
        ["methods"],
        ["--version"],
        ["split", SAMPLE, "--size", "1"],
        ["explain", SAMPLE, "--rows", "x"],
        ["explain", SAMPLE, "--raws"],
        ["sweep", SAMPLE],
    ],
    ids=" ".join,
)
def test_every_command_answers_or_refuses_once(arguments):
    ran, one = torchrun(2, "-m", "wce_cli", *arguments), run(*arguments)
    assert ran.stdout == one.out
    assert (ran.returncode == 0) == (one.code == 0)
    for line in one.err.splitlines():
        assert ran.stderr.count(f"{line}\n") == 1


FAILING = """
import pathlib, sys
from wce_cli.errors import Problem, WceError
from wce_cli.cli.ranks import this_rank, together

rank = this_rank()

def find():
    if rank.number == 1:
        raise WceError(Problem("the disk is gone", "mount it"), ("in shard-1.npz",))
    return b"x" * 10**rank.number

try:
    code = together(rank, find, lambda parts: 0)
except WceError as error:
    print(*error.lines(), sep="\\n", file=sys.stderr)
    code = 2
pathlib.Path(f"exit-{rank.number}").write_text(str(code))
sys.exit(code)
"""


def test_a_rank_that_fails_stops_all_with_one_cause(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "failing.py").write_text(FAILING)
    ran = torchrun(3, "failing.py")
    assert ran.returncode != 0
    assert ran.stderr.count("error: rank 1: the disk is gone\n  in shard-1.npz\nhint: mount it\n") == 1
    assert "the ranks have lost each other" not in ran.stderr
    assert (tmp_path / "exit-0").read_text() == "2"


RANK = {
    "RANK": "1",
    "WORLD_SIZE": "2",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "localhost",
    "MASTER_PORT": "1",
    "TORCHELASTIC_RUN_ID": "none",
}


def test_saved_parts_need_one_rank_alone(shards):
    saved("shard-0.npz", "shard-1.npz")
    alone = run("explain", "part-*.json")
    assert run("explain", "part-*.json", **RANK) == (0, "", "")
    assert run("explain", "part-*.json", **{**RANK, "RANK": "0"}) == alone


def test_a_shell_in_a_cluster_is_no_rank(shards):
    kept = {name: value for name, value in RANK.items() if name != "TORCHELASTIC_RUN_ID"}
    assert run("explain", "shard-0.npz", "--engine", "none", **kept).code == 0
