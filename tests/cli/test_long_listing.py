"""The samples of a large batch, listed as they are made: the same text, in bounded memory."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.test_explain_lines import PEAK
from tests.run import ROOT, run
from wce_cli.cli import long_listing


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def batch(n: int, c: int = 3, kind: str = "plain") -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n)
    labels = rng.integers(c, size=n)
    labels[rng.random(n) < 0.1] = -100
    made = {"logits": rng.standard_normal((n, c)), "labels": labels, "weight": rng.uniform(0.1, 2, c)}
    if kind == "soft":
        made["labels"] = rng.dirichlet(np.ones(c), size=n)
    if kind == "odd":
        made["logits"][5] = np.inf
        made["logits"][7, 0] = -np.inf
    return made


@pytest.mark.parametrize(
    "answer",
    [
        ("--format", "ndjson", "--rows", "all"),
        ("--format", "ndjson", "--rows", "2500", "--method", "sum", "--save", "side.csv"),
        ("--format", "csv"),
        (
            "--format",
            "csv",
            "--rows",
            "2100",
            "--only",
            "terms",
            "--save",
            "side.json",
            "--save",
            "side.ndjson",
        ),
        ("--format", "csv", "--label-smoothing", "0.1", "--save", "side.html", "--top", "3"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "soft", "odd"])
def test_the_text_is_the_one_of_all_rows_at_once(folder, monkeypatch, answer, kind):
    if "side.json" in answer:
        answer = (*answer[:2], *answer[4:])  # JSON would list as many
    if kind == "odd" and "side.html" in answer:
        answer = answer[:4]  # what NaN and ∞ leave of a sum is known to those alone who have all rows
    np.savez(folder / "b.npz", **batch(5000, 3, kind))
    monkeypatch.setattr(long_listing, "TERMS_LISTED", 2000)
    texts = []
    for limit in (2000, 10**9):
        monkeypatch.setattr(long_listing, "TERMS_LISTED", limit)
        ran = run("explain", "b.npz", "--engine", "none", *answer)
        assert ran.code == 0, ran.err
        texts.append((ran.out, ran.err, *[path.read_text("utf-8") for path in sorted(folder.glob("side.*"))]))
    assert texts[0] == texts[1]
    assert texts[0][0].count("\n") == (
        1 if "ndjson" in answer[:2] else 1 + min(5000, int(answer[3]) if "--rows" in answer else 5000)
    )


def test_all_rows_of_a_batch_that_lists_none_by_itself(folder):
    made = batch(10_500)
    np.savez(folder / "b.npz", **made)
    report = json.loads(run("explain", "b.npz", "--engine", "none", "--format", "ndjson", "--rows", "all").out)
    assert (report["terms_shown"], report["terms_total"], len(report["terms"])) == (10_500, 10_500, 10_500)
    assert [row["n"] for row in report["terms"]] == list(range(10_500))
    kept = made["labels"] >= 0
    x = made["logits"]
    loss = np.log(np.exp(x).sum(axis=1)) - x[np.arange(len(x)), np.where(kept, made["labels"], 0)]
    assert [row["kept"] for row in report["terms"]] == kept.tolist()
    found = np.array([row["loss"] for row in report["terms"] if row["kept"]])
    np.testing.assert_allclose(found, loss[kept], rtol=1e-12)
    assert sum(row["share"] for row in report["terms"] if row["kept"]) == pytest.approx(1)
    few = json.loads(run("explain", "b.npz", "--engine", "none", "--format", "ndjson").out)
    assert (few["terms_shown"], few["terms"]) == (0, [])
    assert {**few, "terms": report["terms"], "terms_shown": 10_500} == report
    rows = list(csv.DictReader(run("explain", "b.npz", "--engine", "none", "--format", "csv").out.splitlines()))
    assert [row["loss"] for row in rows if row["loss"]] == [repr(row["loss"]) for row in report["terms"] if row["kept"]]


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_an_order_that_needs_all_rows_has_them(folder, monkeypatch, format):
    np.savez(folder / "b.npz", **batch(3000))
    monkeypatch.setattr(long_listing, "TERMS_LISTED", 100)
    out = run("explain", "b.npz", "--engine", "none", "--format", format, "--rows", "all", "--sort", "loss").out
    if format == "ndjson":
        losses = [row["loss"] for row in json.loads(out)["terms"] if row["kept"]]
    else:
        losses = [float(row["loss"]) for row in csv.DictReader(out.splitlines()) if row["loss"]]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) > 2000


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units")
@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_memory_does_not_grow_with_the_rows(folder, format):
    peaks = []
    for n in (20_000, 150_000):
        made = batch(n, 2)
        np.savez(folder / "b.npz", **made)
        command = [sys.executable, "-c", PEAK, "explain", str(folder / "b.npz"), "--engine", "none", "--rows", "all"]
        apart = ["sh", "-c", '"$@"; exit $?', "sh", *command, "--format", format]
        done = subprocess.run(
            apart, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, timeout=300, check=True
        )
        code, peak = done.stderr.split()[-2:]
        assert code == b"0"
        peaks.append(int(peak) / 1024)
    assert peaks[1] < peaks[0] + 12, peaks  # all rows would take more than 100 MB
