"""No answer takes the place of an input, whatever names either of them; and an answer that may be written is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.run import run

WCE = (sys.executable, "-m", "wce_cli")
BATCH = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0], "expect": {"sum": 0.761507}}
LOSS = """
import torch
from {near} import smoothing

def f(logits, labels, weight=None):
    return torch.nn.functional.cross_entropy(logits, labels, weight, label_smoothing=smoothing)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.array(BATCH["logits"]))
    np.save("y.npy", np.array([0, 1]))
    np.savez("both.npz", logits=np.array(BATCH["logits"]), labels=np.array([0, 1]))
    Path("y.json").write_text("[0, 1]", "utf-8")
    Path("w.json").write_text("[0.1, 1]", "utf-8")
    Path("in.json").write_text(json.dumps(BATCH), "utf-8")
    Path("rows.csv").write_text("a,b,label\n0.1,0.9,0\n0,0.1,1\n", "utf-8")
    Path("runs.ndjson").write_text(f"{json.dumps(BATCH)}\n" * 2, "utf-8")
    Path("values.json").write_text("[1.171101, 0.644397]", "utf-8")
    Path("number.txt").write_text("tensor(0.6923)", "utf-8")
    os.link("x.npy", "hard.npy")
    os.symlink("x.npy", "soft.npy")
    return tmp_path


def contents() -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and "__pycache__" not in str(path)
    }


SAME = "which is read: an answer would take its place"
CASES = (
    ("explain --logits x.npy -y 0,1 -f json -o x.npy", f"--output is x.npy, {SAME}"),
    ("explain --logits x.npy -y 0,1 -f json -o ./x.npy", "--output is ./x.npy, which is read as x.npy: "),
    ("explain --logits x.npy -y 0,1 -f json -o hard.npy", "--output is hard.npy, which is read as x.npy: "),
    ("explain --logits soft.npy -y 0,1 -f html -o x.npy", "--output is x.npy, which is read as soft.npy: "),
    ("explain --logits x.npy --labels @y.json --save ./y.json", "--save is ./y.json, which is read as y.json: "),
    ("explain -x both.npz:logits -y both.npz -f svg -o both.npz", f"--output is both.npz, {SAME}"),
    ("explain both.npz --totals-out both.npz", f"--totals-out is both.npz, {SAME}"),
    ("explain rows.csv --save rows.csv", f"--save is rows.csv, {SAME}"),
    ("explain in.json -w @w.json -o w.json", f"--output is w.json, {SAME}"),
    ("explain --logits in.json:logits -y 0,1 -o in.json", f"--output is in.json, {SAME}"),
    ("split in.json --size 1 --save a.md --save in.json", f"--save is in.json, {SAME}"),
    ("gradient in.json --save in.json --save a.csv", f"--save is in.json, {SAME}"),
    ("explain runs.ndjson -f csv --save runs.ndjson", f"--save is runs.ndjson, {SAME}"),
    ("explain runs.ndjson -o runs.ndjson", f"--output is runs.ndjson, {SAME}"),
    ("explain --keep-going in.json runs.ndjson -f ndjson -o runs.ndjson", f"--output is runs.ndjson, {SAME}"),
    ("check in.json -w @w.json -o w.json", f"--output is w.json, {SAME}"),
    ("check i*.json --save in.json", f"--save is in.json, {SAME}"),
    ("check in.json runs.ndjson -f ndjson -o runs.ndjson", f"--output is runs.ndjson, {SAME}"),
    ("check in.json --expect loss=@values.json --save values.json", f"--save is values.json, {SAME}"),
    ("check in.json --expect loss=@values.json --save-expect values.json", f"--save-expect is values.json, {SAME}"),
    ("sweep in.json --class 0 -w @w.json -o w.json", f"--output is w.json, {SAME}"),
    ("identify 0.69 in.json -w @w.json -o w.json", f"--output is w.json, {SAME}"),
    ("identify @number.txt in.json -o number.txt", f"--output is number.txt, {SAME}"),
    ("identify number.txt in.json --save number.txt", f"--save is number.txt, {SAME}"),
    ("explain in.json -o nowhere/../in.json", "--output is nowhere/../in.json, which is read as in.json: "),
    ("explain in.json -w w.json --save no/../w.json", "--save is no/../w.json, which is read as w.json: "),
    ("identify --loss-values @values.json in.json --save values.json", f"--save is values.json, {SAME}"),
)


@pytest.mark.parametrize(("line", "said"), CASES, ids=[line for line, _ in CASES])
def test_no_answer_takes_the_place_of_an_input(folder, line, said):
    before = contents()
    ran = run(*line.split(), "--color", "never")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith(f"error: {said}")
    assert contents() == before


@pytest.mark.parametrize(
    ("line", "read", "said"),
    [
        ("explain -o in.json", "in.json", "--output is in.json, which is read as stdin: "),
        ("explain - --save in.json", "in.json", "--save is in.json, which is read as stdin: "),
        ("explain /dev/stdin -o in.json", "in.json", "--output is in.json, which is read as /dev/stdin: "),
        ("explain -f ndjson -o runs.ndjson", "runs.ndjson", "--output is runs.ndjson, which is read as stdin: "),
        ("explain in.json -w @- -o w.json", "w.json", "--output is w.json, which is read as stdin: "),
        ("check -o runs.ndjson", "runs.ndjson", "--output is runs.ndjson, which is read as stdin: "),
    ],
)
def test_stdin_is_the_file_that_it_comes_from(folder, line, read, said):
    before = contents()
    with Path(read).open("rb") as stdin:
        ran = subprocess.run([*WCE, *line.split()], stdin=stdin, capture_output=True, encoding="utf-8", check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"error: {said}")
    assert contents() == before


def test_stdout_is_the_file_that_it_goes_to(folder):
    before = contents()
    for line, said in (
        ("explain runs.ndjson -f ndjson", "stdout is runs.ndjson, which is read: the answer would be written into it"),
        ("explain in.json --save runs.ndjson", "stdout and --save are one file, runs.ndjson"),
    ):
        with Path("runs.ndjson").open("ab") as stdout:
            ran = subprocess.run(
                [*WCE, *line.split()], stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", check=False
            )
        assert ran.returncode == 2
        assert ran.stderr.startswith(f"error: {said}\n")
    assert contents() == before


@pytest.mark.parametrize(
    ("target", "out"), [("loss.py:f", "loss.py"), ("loss.py:f", "near.py"), ("pack.loss:f", "pack/near.py")]
)
def test_an_audit_leaves_the_source_alone(folder, target, out):
    Path("pack").mkdir()
    Path("pack/__init__.py").touch()
    for where, near in (("near.py", "near"), ("pack/near.py", ".near")):
        Path(where).write_text("smoothing = 0.1\n", "utf-8")
        Path(where).with_name("loss.py").write_text(LOSS.format(near=near), "utf-8")
    before = contents()
    ran = run("audit", target, "-f", "json", "-o", out)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(f"error: --output is {out}, {SAME}\n")
    assert contents() == before


@pytest.mark.parametrize("out", ["late.py", "above.py"])
def test_what_a_function_imports_late_or_from_elsewhere_is_left_alone_too(folder, out):
    Path("pack/inner").mkdir(parents=True)
    for where in ("late.py", "above.py", "pack/__init__.py", "pack/inner/__init__.py"):
        Path(where).write_text("smoothing = 0.1\n", "utf-8")
    late = LOSS.format(near="above").replace("    return", "    import late\n    return")
    Path("pack/inner/loss.py").write_text(late, "utf-8")
    before = contents()
    ran = run("audit", "pack.inner.loss:f", "-f", "json", "-o", out)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(f"error: --output is {out}, {SAME}\n")
    assert contents() == before


def test_two_answers_that_are_one_file_are_refused(folder):
    os.link("w.json", "again.json")
    before = contents()
    for first, second in (("w.json", "again.json"), ("new.json", "./new.json")):
        ran = run("explain", "in.json", "-o", first, "--save", second)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == f"error: --output and --save are one file, {second}\nhint: give each answer its own\n"
    assert contents() == before


def test_what_is_no_input_is_written(folder):
    """An old answer is replaced, and so is the file whose expectations are saved: that one on purpose."""
    assert run("explain", "in.json", "-w", "@w.json", "-o", "values.json", "-f", "json").code == 0
    assert json.loads(Path("values.json").read_text("utf-8"))["batch"]["weight"] == [0.1, 1.0]
    assert (
        run("explain", "values.json", "-o", "out.txt").code == 2
    )  # a report is no batch; nothing is guarded but in its run
    assert run("check", "in.json", "--save-expect", "in.json").code == 0
    assert set(json.loads(Path("in.json").read_text("utf-8"))["expect"]) >= {"weighted-mean", "sum"}
    assert run("explain", "in.json", "-o", os.devnull).code == 0
