"""`wce explain --gradient`: what is printed, and what is refused."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.run import run

BATCH = ["-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1", "-y", "0,1,-100,1", "-w", "1,0.25,3", "--gradient"]


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("more", [[], ["--label-smoothing", "0.1"], ["--rows", "0"], ["--method", "all"]])
def test_every_width_is_kept_to_and_ascii_too(width, more):
    for encoding in ("utf-8", "ascii"):
        ran = run("explain", *BATCH, *more, "--width", str(width), encoding=encoding)
        assert (ran.code, ran.err) == (0, "")
        assert max(map(len, ran.out.splitlines())) <= width
        assert "\\" not in ran.out


def test_json_is_of_its_schema():
    schema = json.loads(run("schema", "gradient").out)
    for more in ([], ["--label-smoothing", "0.1", "--rows", "1"], ["--method", "sum/sample"]):
        answer = json.loads(run("explain", *BATCH, *more, "--format", "json").out)
        jsonschema.validate(answer, schema)
    assert [row["method"] for row in answer["methods"]] == ["sum"]


def test_the_table_names_classes_and_counts_what_is_not_listed():
    out = run("explain", *BATCH, "--classes", "a,b,c", "--rows", "1").out
    assert "0  a " in out
    assert "2 more kept samples are not listed" in out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--split", "2"], "error: --gradient shows the whole batch\n"),
        (["--sort", "loss"], "error: --sort has no meaning beside --gradient\nhint: leave out --sort\n"),
        (["--format", "csv"], 'error: --format is "csv", expected table, json, markdown or html\n'),
        (["--method", "mean"], 'error: there is no method "mean"\n'),
    ],
)
def test_what_cannot_be_is_refused(more, said):
    ran = run("explain", *BATCH, *more)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)
