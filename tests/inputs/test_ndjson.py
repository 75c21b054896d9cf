"""A batch a line."""

from __future__ import annotations

import json

import pytest

from tests.run import run
from wce_cli.errors import WceError
from wce_cli.inputs import read_file

GOOD = '{"logits": [[0.1, 0.9]], "labels": [0], "weight": [0.1, 1]}'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", [".ndjson", ".jsonl", ".NDJSON"])
def test_every_line_is_a_batch_and_empty_ones_are_none(folder, suffix):
    named = GOOD.replace("{", '{"name": "second", ', 1)
    (folder / f"b{suffix}").write_text(f"{GOOD}\r\n\n  \n{named}\n", "utf-8")
    ran = run("explain", f"b{suffix}", "--engine", "none", "--format", "ndjson")
    assert (ran.code, ran.err) == (0, "")
    reports = [json.loads(line) for line in ran.out.splitlines()]
    assert [report["batch"]["name"] for report in reports] == ["batch 0", "second"]
    assert reports[1]["batch"]["sources"]["labels"] == f"b{suffix} line 4 $.labels"


def test_every_broken_line_is_named(folder):
    lines = [GOOD, "{", '{"logits": [[1, 2]], "labels": [7]}', "[1]", '{"logits": [[1, 2]], "lables": [0]}']
    (folder / "b.ndjson").write_text("\n".join(lines), "utf-8")
    ran = run("explain", "b.ndjson", "--engine", "none", "--output", "answer.txt")
    assert (ran.code, ran.out) == (2, "")
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert errors[0].startswith("error: b.ndjson line 2 is not JSON at line 1, column 2: ")
    assert errors[1] == "error: line 3: labels[0] is 7, but logits has 2 classes (0..1)"
    assert errors[2] == "error: b.ndjson line 4 $ is a list, expected a batch: an object"
    assert errors[3] == 'error: line 5: "lables" is no key of a batch'
    assert "labels are missing" in errors[4]
    assert not (folder / "answer.txt").exists()


def test_no_lines_are_no_batches(folder):
    (folder / "b.ndjson").write_text("\n \n", "utf-8")
    with pytest.raises(WceError, match=r"^b\.ndjson is empty, expected a JSON batch$"):
        read_file("b.ndjson")
