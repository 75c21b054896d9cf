"""A batch a line: streamed, in order, with errors that name their line."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys

import pytest

from tests.run import ROOT, run, spawn
from wce_cli.inputs import lines

GOOD = '{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]}'
SMOOTH = '{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1], "label_smoothing": 0.1}'
NAMED = (
    '{"logits": [[0.1, 0.9]], "labels": ["b"], "classes": ["a", "b"], "name": "c, \\"d\\"", "weight": {"a": 2, "b": 3}}'
)
BAD = '{"logits": [[0.1, 0.9]], "labels": [7]}'
VALUE = ("--only", "value", "--method", "weighted-mean")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lines, "PIECE", 300)  # several pieces for a few lines
    return tmp_path


def write(folder, *texts: str, name: str = "b.ndjson") -> str:
    (folder / name).write_text("\n".join(texts) + "\n", "utf-8")
    return name


def as_list(folder, *texts: str) -> str:
    """The same batches in one JSON document, which is answered as a whole."""
    (folder / "list.json").write_text(f"[{','.join(texts)}]", "utf-8")
    return "list.json"


def unplaced(text: str) -> str:
    """A text without the names of its files and places."""
    for k in range(20):
        text = text.replace(f"list.json $[{k}].", f"b.ndjson:{k + 1} $.")
    return text


@pytest.mark.parametrize(
    "answer",
    [
        ("--format", "ndjson"),
        ("--format", "ndjson", "--sort", "loss", "--rows", "1"),
        ("--format", "csv"),
        ("--format", "csv", "--only", "methods"),
        VALUE,
        ("--only", "value", "--method", "batch-mean/sample", "--method", "sum", "--method", "sum/class"),
        ("--only", "value", "--method", "all"),
    ],
)
@pytest.mark.parametrize("texts", [[GOOD], [GOOD, NAMED], [GOOD] * 9, [GOOD, GOOD, SMOOTH, NAMED, GOOD, GOOD, GOOD]])
@pytest.mark.parametrize("typed", [(), ("--weight", "3,0.5"), ("--weight", "2,1", "--ignore-index", "1")])
def test_the_stream_is_what_the_whole_would_be(folder, texts, answer, typed):
    if NAMED in texts and "--ignore-index" in typed:
        typed = ()
    streamed = run("explain", write(folder, *texts), "--engine", "none", *answer, *typed)
    document = texts[0] if len(texts) == 1 else None
    whole = run("explain", as_list(folder, *texts), "--engine", "none", *answer, *typed)
    assert (streamed.code, streamed.err) == (whole.code, whole.err) == (0, whole.err)
    if document is None:
        assert streamed.out == unplaced(whole.out)
    else:
        assert streamed.out.count("\n") == whole.out.count("\n")


def test_a_number_that_is_none_is_a_string_in_the_stream_too(folder):
    nan = '{"logits": [[0.1, 0.9]], "labels": [-100]}'
    out = run("explain", write(folder, GOOD, nan), "--engine", "none", "--format", "ndjson").out
    methods = json.loads(out.splitlines()[1])["methods"]
    assert {row["method"]: row["value"] for row in methods}["weighted-mean"] == "NaN"


@pytest.mark.parametrize("answer", [VALUE, ("--format", "ndjson")])
def test_an_error_names_its_line_and_what_was_printed_before_it_stands(folder, answer):
    path = write(folder, *[GOOD] * 8, BAD, *[GOOD] * 8)
    ran = run("explain", path, "--engine", "none", *answer)
    assert ran.code == 2
    assert ran.out.count("\n") == 8
    assert ran.err.startswith("error: b.ndjson:9: labels[0] is 7, but logits has 2 classes (0..1)\n")
    assert "b.ndjson:9 $.labels" in ran.err
    into = run("explain", path, "--engine", "none", *answer, "--output", "answer.txt", "--save", "terms.csv")
    assert (into.code, into.out) == (2, "")
    assert sorted(os.listdir()) == ["b.ndjson"]


@pytest.mark.parametrize(
    "answer", [VALUE, ("--format", "ndjson"), ("--format", "csv", "--only", "methods"), ("--format", "json")]
)
def test_keep_going_answers_the_others_and_ends_with_2(folder, answer):
    path = write(folder, *[GOOD] * 5, BAD, GOOD, "{", *[GOOD] * 5)
    ran = run("explain", path, "--engine", "none", *answer, "--keep-going", "--output", "answer.txt")
    assert (ran.code, ran.out) == (2, "")
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert errors[0] == "error: b.ndjson:6: labels[0] is 7, but logits has 2 classes (0..1)"
    assert errors[1].startswith("error: b.ndjson:8 is not JSON at column 2: ")
    text = (folder / "answer.txt").read_text("utf-8")
    if answer == VALUE:
        assert text == run("explain", write(folder, *[GOOD] * 11, name="c.ndjson"), "--engine", "none", *answer).out
    elif "ndjson" in answer:
        names = [json.loads(line)["batch"]["name"] for line in text.splitlines()]
        assert names == [f"batch {k}" for k in (*range(5), 6, *range(8, 13))]
    elif "csv" in answer:
        assert len({row["batch"] for row in csv.DictReader(io.StringIO(text))}) == 11
    else:
        assert len(json.loads(text)) == 11
    if "json" not in answer:
        assert errors[2:] == ["error: 2 of 13 batches cannot be answered"]


def test_keep_going_goes_on_to_the_next_file(folder):
    (folder / "empty.ndjson").write_text("\n")
    last = write(folder, GOOD, name="last.ndjson")
    ran = run("explain", write(folder, GOOD), "empty.ndjson", last, "--engine", "none", *VALUE, "--keep-going")
    assert (ran.code, ran.out.count("\n")) == (2, 2)
    assert ran.err.startswith("error: empty.ndjson has no line with a batch\n")


def test_a_pair_that_one_line_leaves_undefined_is_its_error(folder):
    soft = '{"logits": [[1, 2]], "labels": [[0.5, 0.5]]}'
    path = write(folder, GOOD, soft, GOOD)
    for answer in (VALUE, ("--format", "ndjson", "--method", "weighted-mean")):
        ran = run("explain", path, "--engine", "none", *answer, "--keep-going")
        assert (ran.code, ran.out.count("\n")) == (2, 2)
        assert ran.err.startswith("error: b.ndjson:2: weighted-mean is not defined for probability labels\n")


def test_several_answers_grow_together(folder):
    path = write(folder, *[GOOD] * 7, SMOOTH)
    ran = run("explain", path, "--engine", "none", *VALUE, "--save", "all.ndjson", "--save", "terms.csv")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 8)
    for format, file in (("ndjson", "all.ndjson"), ("csv", "terms.csv")):
        alone = run("explain", path, "--engine", "none", "--format", format, "--method", "weighted-mean")
        assert (folder / file).read_text("utf-8") == alone.out


def test_stdin_may_hold_a_document_a_line(folder):
    content = f"{GOOD}\n{SMOOTH}\n".encode()
    ran = run("explain", "-", "--engine", "none", "--format", "ndjson", stdin=content)
    assert (ran.code, ran.err) == (0, "")
    reports = [json.loads(line)["batch"] for line in ran.out.splitlines()]
    assert [report["sources"]["labels"] for report in reports] == ["stdin:1 $.labels", "stdin:2 $.labels"]
    one = run("explain", "--engine", "none", "--format", "ndjson", stdin=GOOD.encode())
    assert json.loads(one.out)["batch"]["sources"]["labels"] == "stdin $.labels"
    table = run("explain", "--engine", "none", stdin=content)
    assert (table.code, table.out) == (0, run("explain", write(folder, GOOD, SMOOTH), "--engine", "none").out)


def test_a_pipe_that_is_written_slowly_is_answered_line_by_line():
    process = subprocess.Popen(
        [sys.executable, "-m", "wce_cli", "explain", "-", "--engine", "none", *VALUE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{GOOD}\n{GOOD}\n".encode())
    process.stdin.flush()
    first = [process.stdout.readline() for _ in range(2)]
    process.stdin.write(f"{GOOD}\n".encode())
    process.stdin.flush()
    assert process.stdout.readline() == first[0] == first[1] != b""
    process.stdin.close()
    process.stdout.close()
    assert process.wait(20) == 0


def test_who_reads_no_further_ends_it(folder):
    path = folder / write(folder, *[GOOD] * 2500)
    command = f"{sys.executable} -m wce_cli explain {path} --engine none --format ndjson | head -1 | wc -l"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("1", "")


PEAK = """
import resource, sys
from wce_cli.__main__ import run
sys.argv = ["wce", *sys.argv[1:]]
code = run()
own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(code, max(own, children), file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units")
@pytest.mark.parametrize(
    ("answer", "few"), [(VALUE, 4500), (("--format", "ndjson"), 1500), (("--format", "csv"), 1500)]
)
def test_memory_does_not_grow_with_the_lines(folder, answer, few):
    rng = random.Random(0)
    odd = NAMED.replace("c, ", "e, ")
    for name, n in (("few.ndjson", few), ("many.ndjson", 4 * few)):
        rows = (f'{{"logits": [[{rng.random()}, 1, 2]], "labels": [{rng.randrange(3)}]}}' for _ in range(n))
        write(folder, *(odd if k % 50 == 0 else row for k, row in enumerate(rows)), name=name)
    peaks = []
    for name in ("few.ndjson", "many.ndjson"):
        command = [sys.executable, "-c", PEAK, "explain", str(folder / name), "--engine", "none", *answer]
        apart = ["sh", "-c", '"$@"; exit $?', "sh", *command]  # forked off a shell: the peak of a parent is inherited
        done = subprocess.run(
            apart, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, timeout=300, check=True
        )
        code, peak = done.stderr.split()[-2:]
        assert code == b"0"
        peaks.append(int(peak) / 1024)
    assert peaks[1] < peaks[0] + 20, peaks


def test_every_core_prints_the_same(folder):
    path = folder / write(folder, *[*[GOOD] * 100, SMOOTH, NAMED] * 20)
    forked = spawn("explain", str(path), "--engine", "none", "--format", "ndjson")
    alone = run("explain", str(path), "--engine", "none", "--format", "ndjson")
    assert (forked.code, alone.code) == (0, 0)
    assert forked.out == alone.out


@pytest.mark.parametrize(
    "more", [["--keep-going"], ["--format", "ndjson"], ["--format", "csv"], ["--only", "value", "--method", "sum"]]
)
def test_two_batches_on_a_line_and_one_on_several_are_refused_by_their_lines(tmp_path, more):
    one = '{"logits": [[1, 2]], "labels": [0]}'
    path = tmp_path / "q.ndjson"
    for text, line in (
        (f"{one} {one}\n", 1),
        (f"{one}\n{one}{one}\n", 2),
        ('{\n"logits": [[1, 2]],\n"labels": [0]}\n', 1),
    ):
        path.write_text(text, "utf-8")
        ran = run("explain", str(path), "--engine", "none", *more)
        assert ran.code == 2
        assert f"q.ndjson:{line} is not JSON" in ran.err
        assert "Traceback" not in ran.err
