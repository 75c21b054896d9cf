"""`wce gradient`: what is printed, and what is refused."""

from __future__ import annotations

import csv
import html
import json

import jsonschema
import numpy as np
import pytest

from tests.run import run

BATCH = ["-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1", "-y", "0,1,-100,1", "-w", "1,0.25,3"]


WEIGHTS, SAMPLE_WEIGHTS = ("-w", "1,2,3"), ("--sample-weight", "1,2,3,4")


@pytest.mark.parametrize(
    ("more", "letters"),
    [((), "w"), (WEIGHTS, "w"), (SAMPLE_WEIGHTS, "s"), ((*WEIGHTS, *SAMPLE_WEIGHTS), "s·w")],
)
def test_what_a_gradient_is_multiplied_by_is_in_the_letters_of_what_was_given(more, letters):
    for form in ("table", "markdown", "html", "svg"):
        out = html.unescape(run("gradient", *BATCH[:4], *more, "--format", form).out)
        assert f"multiplied by: {letters} / D" in out, form


def test_json_is_of_its_schema():
    schema = json.loads(run("schema", "gradient").out)
    for more in ([], ["--label-smoothing", "0.1", "--rows", "1"], ["--method", "sum/sample"]):
        answer = json.loads(run("gradient", *BATCH, *more, "--format", "json").out)
        jsonschema.validate(answer, schema)
    assert [row["method"] for row in answer["methods"]] == ["sum"]


def test_the_table_names_classes_and_counts_what_is_not_listed():
    out = run("gradient", *BATCH, "--classes", "a,b,c", "--rows", "1").out
    assert "0  a " in out
    assert "2 more kept samples are not listed" in out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--size", "2"], "error: no such option: --size\nhint: wce split has --size\n"),
        (["--sort", "loss"], "error: no such option: --sort\nhint: wce explain has --sort\n"),
        (["--format", "ndjson"], 'error: --format is "ndjson", expected table, json, csv, markdown, html or svg\n'),
        (["--method", "mean"], 'error: there is no method "mean"\n'),
    ],
)
def test_what_cannot_be_is_refused(more, said):
    ran = run("gradient", *BATCH, *more)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)


def test_csv_has_a_line_for_every_kept_sample(tmp_path):
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(1500, 3)), rng.integers(3, size=1500), np.array([0.5, 2, 0])
    y[::5] = -100
    np.savez(tmp_path / "a.npz", logits=x, labels=y, weight=w)
    ran = run("gradient", str(tmp_path / "a.npz"), "--save", str(tmp_path / "a.csv"))
    assert "share of the gradient by class" in ran.out
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text("utf-8").splitlines()))
    kept = np.flatnonzero(y >= 0)
    assert [int(row["n"]) for row in rows] == kept.tolist()
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    for row, n in zip(rows, kept.tolist(), strict=True):
        assert float(row["norm"]) == pytest.approx(np.linalg.norm(p[n] - np.eye(3)[y[n]]), rel=1e-12)
        assert float(row["class norm"]) == pytest.approx(w[y[n]] * float(row["norm"]), rel=1e-12)
        assert float(row["weighted-mean"]) == pytest.approx(w[y[n]] / w[y[kept]].sum(), rel=1e-12)
        assert float(row["batch-mean"]) == pytest.approx(w[y[n]] / 1500, rel=1e-12)
    some = run("gradient", *BATCH, "--label-smoothing", "0.1", "--format", "csv", "--rows", "2", "--method", "sum").out
    assert [line.split(",")[-1] for line in some.splitlines()] == ["sum", "", ""]  # no factor under class placement
    assert run("gradient", str(tmp_path / "a.npz"), "--format", "csv", "--rows", "7").out.count("\n") <= 8
