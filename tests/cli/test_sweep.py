"""`wce sweep`: what is printed, and what is refused."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import numpy as np
import pytest

from tests.run import run

BATCH = ["-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1; 2 0 1; 1 0 0", "-y", "0,1,-100,1,2,0", "-w", "1,0.25,3"]


def swept(*arguments, **environment):
    return run("sweep", *BATCH, *arguments, **environment)


def test_the_table_holds_what_explain_prints():
    rows = swept("--class", "2", "--values", "0,0.5,3", "--precision", "9").out.split("\n\n")[1].splitlines()
    heads = rows[0].split()
    for row in rows[1:]:
        weight, *values = row.split()
        for method, value in zip(heads[1:], values, strict=True):
            asked = ["--weight", f"1,0.25,{weight}", "--method", method, "--only", "value", "--engine", "none"]
            assert float(run("explain", *BATCH[:4], *asked).out) == pytest.approx(float(value), rel=1e-8)


def test_curves_are_told_apart_without_colour():
    out = swept("--class", "2").out
    assert "● weighted-mean" in out
    assert "○ batch-mean" in out
    assert "\x1b" not in out
    assert "* weighted-mean" in run("sweep", *BATCH, "--class", "2", encoding="ascii").out


def test_rows_are_spread_over_the_range():
    first = [line.split()[0] for line in swept("--class", "0").out.split("\n\n")[2].splitlines()[1:]]
    assert first == ["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2", "1.4", "1.6", "1.8", "2"]
    assert len(swept("--class", "0", "--rows", "all").out.split("\n\n")[2].splitlines()) == 42
    assert "11 of 41 points" in swept("--class", "0").out


def test_json_is_of_its_schema():
    schema = json.loads(run("schema", "sweep").out)
    for arguments in (["--class", "0"], ["--smoothing", "--points", "3"], ["--scale", "--values", "0 1"]):
        answer = json.loads(swept(*arguments, "--format", "json").out)
        jsonschema.validate(answer, schema)
        assert answer["schema"] == "wce.sweep/1"
        assert len(answer["methods"]) == 19
        assert {len(row["values"]) for row in answer["methods"]} == {len(answer["places"])}


def test_csv_has_a_line_for_each_point():
    out = swept("--scale", "--values", "0,1", "-f", "csv", "--method", "weighted-mean", "--method", "sum").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["scale", "weighted-mean", "sum"]
    assert rows[0]["weighted-mean"] == "NaN"
    assert float(rows[1]["sum"]) == pytest.approx(5.57623, rel=1e-5)


def test_markdown_has_the_table_and_no_picture():
    out = swept("--class", "0", "-f", "markdown").out
    assert "| weight | weighted-mean |" in out
    assert "●" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: what is to be swept?\nhint: give one of --class 0, --smoothing, --scale\n"),
        (["--class", "0", "--scale"], "error: --class, --smoothing and --scale exclude each other\n"),
        (["--class", "3"], "error: there is no class 3\nhint: classes are 0 to 2\n"),
        (["--class", "x"], 'error: there is no class "x"\nhint: classes are 0 to 2\n'),
        (["--class", "0", "--to", "0"], "error: from 0 to 0 is no range, expected one that rises\n"),
        (["--class", "0", "--points", "1"], 'error: --points is "1", expected a whole number from 2 to 100000\n'),
        (["--class", "0", "--values", "1,x"], 'error: --values is "x", expected a number\n'),
        (["--class", "0", "--values", "1", "--to", "3"], "error: --values takes the place of --from, --to and"),
        (["--smoothing", "--to", "2"], "error: a label smoothing of 1.05, expected 0 to 1\n"),
        (["--class", "0", "--method", "mean"], 'error: there is no method "mean"\n'),
    ],
)
def test_what_cannot_be_is_refused(arguments, said):
    ran = swept(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)


def test_saved_totals_are_swept_without_their_samples(tmp_path):
    part, smooth = str(tmp_path / "part.json"), str(tmp_path / "smooth.json")
    assert run("explain", *BATCH, "--totals-out", part).code == 0
    assert run("explain", *BATCH, "--label-smoothing", "0.1", "--totals-out", smooth).code == 0
    asked = ["--class", "1", "-f", "csv"]
    assert run("sweep", part, *asked).out == swept(*asked).out
    assert run("sweep", smooth, "--smoothing", "-f", "csv").out == swept("--smoothing", "-f", "csv").out
    ran = run("sweep", part, "--smoothing")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "error: these totals were saved without smoothing, which needs sums over all classes",
    )
    assert run("sweep", part, "--scale", "-y", "0").err.startswith("error: --labels is fixed in saved totals\n")


@pytest.mark.parametrize(
    "form", ["@v.txt", "v.txt", "v.npy", "@v.json:points", "tensor([0.5000, 1.])", "[0.5, 1]", "-"]
)
def test_values_are_typed_pasted_or_in_a_file(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.txt").write_text("tensor([0.5000, 1.0000])\n", "utf-8")
    (tmp_path / "v.json").write_text('{"points": [0.5, 1]}', "utf-8")
    np.save(tmp_path / "v.npy", np.array([0.5, 1.0]))
    asked = ("--class", "0", "-f", "csv")
    typed = swept(*asked, "--values", "0.5,1")
    assert typed.code == 0
    assert swept(*asked, "--values", form, stdin=b"0.5 1").out == typed.out
    refused = swept("--class", "0", "--values", "v.txt", "-o", "v.txt")
    assert (refused.code, refused.out) == (2, "")
    assert "which is read" in refused.err
