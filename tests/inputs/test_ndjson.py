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


@pytest.mark.parametrize("format", ["ndjson", "json"])
@pytest.mark.parametrize("suffix", [".ndjson", ".jsonl", ".NDJSON"])
def test_every_line_is_a_batch_and_empty_ones_are_none(folder, suffix, format):
    named = GOOD.replace("{", '{"name": "second", ', 1)
    (folder / f"b{suffix}").write_bytes(b"\xef\xbb\xbf" + f"{GOOD}\r\n\n  \n{named}".encode())
    ran = run("explain", f"b{suffix}", "--engine", "none", "--format", format)
    assert (ran.code, ran.err) == (0, "")
    reports = [json.loads(line) for line in ran.out.splitlines()] if format == "ndjson" else json.loads(ran.out)
    assert [report["batch"]["name"] for report in reports] == ["batch 0", "second"]
    assert reports[1]["batch"]["sources"]["labels"] == f"b{suffix}:4 $.labels"


def test_every_broken_line_is_named(folder):
    lines = [GOOD, "{", '{"logits": [[1, 2]], "labels": [7]}', "[1]", '{"logits": [[1, 2]], "lables": [0]}', GOOD[:-9]]
    (folder / "b.ndjson").write_text("\n".join(lines), "utf-8")
    ran = run("explain", "b.ndjson", "--engine", "none", "--output", "answer.txt")
    assert (ran.code, ran.out) == (2, "")
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert errors[0].startswith("error: b.ndjson:2 is not JSON at column 2: ")
    assert errors[1] == "error: b.ndjson:3: labels[0] is 7, but logits has 2 classes (0..1)"
    assert errors[2] == "error: b.ndjson:4 $ is a list, expected a batch: an object"
    assert errors[3] == 'error: b.ndjson:5: "lables" is no key of a batch'
    assert errors[4] == "error: b.ndjson:5: labels are missing"
    assert errors[5] == "error: b.ndjson:6 is not JSON at column 51: expecting value"
    assert not (folder / "answer.txt").exists()


def test_no_lines_are_no_batches(folder):
    for content in ("\n \n", ""):
        (folder / "b.ndjson").write_text(content, "utf-8")
        with pytest.raises(WceError, match=r"^b\.ndjson has no line with a batch$"):
            read_file("b.ndjson")
