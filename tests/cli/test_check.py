"""`wce check`: exit codes, every kind of input, files beside the answer, and the copy that expects today's numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tests.run import ROOT, run, spawn
from wce_cli.batches.batch import Batch
from wce_cli.cli import check_lines
from wce_cli.cli.checked_batches import TOLD
from wce_cli.formats import formats_of
from wce_cli.inputs import lines
from wce_cli.questions.check.batch_losses import BatchLosses

TWO = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")
BATCH = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}
SENTENCE = "expected 0.380753 as weighted-mean, got 0.692279; 0.380753 is batch-mean: Σw·ℓ/N. Ratio 0.55 = Σw/N"
GOOD, BAD = {**BATCH, "expect": {"weighted-mean": 0.692279}}, {**BATCH, "expect": {"weighted-mean": 0.380753}}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    documents = {
        "good.json": json.dumps(GOOD),
        "bad.json": json.dumps(BAD),
        "without.json": json.dumps(BATCH),
        "empty.json": json.dumps({**BATCH, "expect": {}}),
        "broken.json": "{",
        "ignored.json": json.dumps({**GOOD, "labels": [-100, -100]}),
        "undefined.json": json.dumps({**GOOD, "labels": [[1, 0], [0, 1.0]]}),
        "negative.json": json.dumps({**GOOD, "tolerance": -1}),
        "list.json": json.dumps([GOOD, BAD, GOOD]),
        "lines.ndjson": f"{json.dumps(GOOD)}\n\n{{\n{json.dumps(BAD)}\n",
    }
    for name, text in documents.items():
        Path(name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good.json"], 0),
        (["bad.json"], 1),
        (["bad.json", "--exit-zero"], 0),
        (["good.json", "bad.json"], 1),
        (["without.json"], 2),
        (["empty.json"], 2),
        (["without.json", "--expect", "sum=0.7615"], 0),
        (["good.json", "without.json"], 2),
        (["broken.json"], 2),
        (["broken.json", "--exit-zero"], 2),
        (["good.json", "broken.json", "bad.json"], 2),
        (["no-such.json", "good.json"], 2),
        (["no-*.json", "good.json"], 2),
        (["ignored.json"], 1),
        (["undefined.json"], 2),
        (["negative.json"], 2),
        (["negative.json", "--tolerance", "1e-6"], 0),
        (["list.json"], 1),
        (["lines.ndjson"], 2),
        (["[gb]*d.json"], 1),
        (["good.json", "--expect", "weighted-mean=0.38"], 1),
        (["bad.json", "--tolerance", "0.5"], 0),
        (["good.json", "--engine", "torch"], 0),
    ],
)
def test_the_exit_code(files, arguments, code):
    ran = run("check", *arguments)
    assert ran.code == code, ran
    assert bool(ran.err) == (code == 2)
    assert re.match(r"[01] (of 1 )?batch(es)? |2 batches |[0-4] of [2-4] batches ", ran.out.splitlines()[-1])


def test_what_can_be_read_is_checked_beside_what_cannot(files):
    ran = run("check", "good.json", "broken.json", "without.json", "lines.ndjson")
    assert ran.out.startswith("ok  good.json (1 number)\nunread  broken.json\n")
    assert SENTENCE in " ".join(ran.out.split())
    assert ran.out.endswith("\n2 of 6 batches as expected, 1 not, 3 not checked (1 of 3 numbers not as expected)\n")
    assert ran.err.splitlines() == [
        "error: broken.json is not JSON at line 1, column 2: expecting property name enclosed in double quotes",
        "error: without.json has no expect, and there is no --expect: nothing would be checked",
        "error: lines.ndjson:3 is not JSON at column 2: expecting property name enclosed in double quotes",
        "hint: --expect weighted-mean=VALUE holds it to a number; --save-expect OUT.json writes a copy of one JSON "
        "file that expects today's",
    ]


def test_a_line_is_named_once_and_annotated_as_one(files):
    ran = run("check", "lines.ndjson")
    assert ran.out.startswith("ok  lines.ndjson line 1: batch 0 (1 number)\nunread  lines.ndjson line 3\n")
    annotations = run("check", "lines.ndjson", "--format", "github").out.splitlines()
    assert [line.partition(",title=")[0] for line in annotations[:2]] == [
        "::error file=lines.ndjson,line=3",
        "::error file=lines.ndjson,line=4",
    ]


def test_of_very_many_that_cannot_be_read_stderr_tells_of_some(files):
    Path("many.json").write_text(json.dumps([BATCH] * (TOLD + 7)), "utf-8")
    ran = run("check", "many.json")
    assert ran.code == 2
    assert ran.err.count("error: $[") == TOLD
    assert ran.err.splitlines()[TOLD] == "error: 7 more batches were not checked"
    assert ran.err.count("hint: ") == 1
    assert ran.out.count("unread  many.json $[") == TOLD + 7
    assert ran.out.endswith("\n0 of 17 batches as expected, 17 not checked\n")


def test_the_message_of_the_question():
    ran = run("check", *TWO, "--expect", "weighted-mean=0.380753", "--format", "github")
    assert ran.code == 1
    assert f"::{SENTENCE}%0A" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--expect", "0.69"], 'error: --expect is "0.69", expected METHOD=VALUE\n'),
        (["--expect", "sum="], 'error: --expect is "sum=", expected METHOD=VALUE\n'),
        (["--expect", "sum=1", "--expect", "sum =2"], "error: --expect names sum twice\n"),
        (["--expect", "sum=x"], 'error: --expect sum is "x", expected a number\n'),
        (["--tolerance", "-1"], "error: --tolerance is -1, expected a number of 0 or more\n"),
        (
            ["--format", "csv"],
            'error: --format is "csv", expected table, json, ndjson, junit, github, markdown or html\n',
        ),
        (["--engine", "kears"], 'error: --engine is "kears"'),
        (["--save-expect", "out.json", "bad.json"], "error: --save-expect copies one JSON file"),
        (["--save-expect", "out.json", "-w", "1,2"], "error: --weight would make other numbers than the file gives\n"),
        (["--save-expect", "out.json", "--save", "out.json"], "error: --save-expect and another answer"),
        (
            ["--save", "good.json"],
            "error: --save is good.json, which is read: an answer would take its place\n",
        ),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused_before_anything_is_read(files, arguments, said):
    ran = run("check", "good.json", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)


def test_an_expectation_that_is_wrong_is_exit_2_and_the_others_are_checked(files):
    ran = run("check", "good.json", "--expect", "wheighted-mean=1")
    assert (ran.code, ran.err.splitlines()[0]) == (2, 'error: expect has no method "wheighted-mean"')


@pytest.mark.parametrize("number", ["0.69", "0.6920", "0.692279"])
def test_the_digits_that_stand_in_the_file_decide(tmp_path, number):
    path = tmp_path / "batch.json"
    path.write_text(json.dumps(GOOD).replace("0.692279", number), "utf-8")
    assert run("check", str(path)).code == (1 if number == "0.6920" else 0)
    path.write_text(json.dumps([GOOD]).replace("0.692279", number).replace("0.1,", "1e-1,"), "utf-8")
    assert run("check", str(path)).code == (1 if number == "0.6920" else 0)


def test_bare_nan_in_a_document_is_read(tmp_path):
    path = tmp_path / "batch.json"
    path.write_text(json.dumps({**BATCH, "labels": [-100, -100], "expect": {"weighted-mean": float("nan")}}), "utf-8")
    assert "NaN" in path.read_text("utf-8")
    assert run("check", str(path)).code == 0


def test_stdin_and_arrays_are_inputs(files):
    assert run("check", "-", stdin=json.dumps(BAD).encode()).code == 1
    assert run("check", stdin=json.dumps(GOOD).encode()).code == 0
    np.savez("batch.npz", **{name: np.array(value) for name, value in BATCH.items()})
    assert run("check", "batch.npz", "--expect", "weighted-mean=0.692279", "--expect", "loss=1.1711,0.6444").code == 0
    ran = run("check", "batch.npz", "good.json", "--expect", "weighted-mean=0.38")
    assert (ran.code, ran.out.count("differs  ")) == (1, 2)


def test_explain_and_identify_leave_expectations_alone(files):
    for command in (("explain", "bad.json", "--engine", "none"), ("identify", "0.380753", "bad.json")):
        ran = run(*command)
        assert (ran.code, ran.err) == (0, "")


def test_one_run_writes_a_log_an_annotation_and_a_report(files):
    ran = run(
        "check", "good.json", "bad.json", "--format", "github", "--save", "o.xml", "--save", "o.json",
        "--save", "o.md",
    )  # fmt: skip
    assert ran.code == 1
    assert ran.out.startswith("::error file=bad.json,")
    assert ET.parse("o.xml").getroot().get("failures") == "1"
    assert json.loads(Path("o.json").read_text("utf-8"))["summary"]["differ"] == 1
    assert Path("o.md").read_text("utf-8").startswith("### wce check: 1 of 2 batches as expected, 1 not ")


@pytest.mark.parametrize("format", ["table", "json", "ndjson", "junit", "github", "markdown"])
def test_a_closed_pipe_never_turns_1_into_0(files, format):
    (files / "many.ndjson").write_text(f"{json.dumps(BAD)}\n" * 300, "utf-8")
    command = f"{sys.executable} -m wce_cli check many.ndjson --format {format} | head -0; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=files, check=False, env=_environment())
    assert (done.returncode, done.stderr) == (1, b"")


def _environment():
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_the_process_exits_as_it_should(files):
    for name, code in (("good.json", 0), ("bad.json", 1), ("broken.json", 2)):
        assert spawn("check", str(files / name)).code == code


def test_a_copy_that_expects_todays_numbers(files):
    text = '{\n  "name": "a",\n  "logits": [[0.1, 0.9], [0.0, 0.10]],\n  "labels": [0, 1], "weight": [1e-1, 1.0]\n}\n'
    Path("batch.json").write_text(text, "utf-8")
    ran = run("check", "batch.json", "--save-expect", "out.json", "--expect", "loss=1.1711,0.6444")
    assert (ran.code, ran.err) == (0, "note: out.json expects today's numbers of 1 batch\n")
    saved = Path("out.json").read_text("utf-8")
    assert saved.startswith(text.rstrip("\n}"))
    expect = json.loads(saved)["expect"]
    assert list(expect) == ["weighted-mean", "batch-mean", "sum", "unweighted-mean", "loss"]
    assert expect["weighted-mean"] == 0.6922788424257714
    assert run("check", "out.json").code == 0
    assert Path("batch.json").read_text("utf-8") == text


def test_a_copy_of_what_expects_nothing_is_no_pass_of_its_numbers(files):
    ran = run("check", "without.json", "--save-expect", "out.json")
    assert ran.code == 0
    assert ran.out == "new  without.json (nothing expected)\n\n1 batch, of which nothing was expected\n"


@pytest.mark.parametrize("ending", ["json", "ndjson"])
def test_a_batch_of_which_nothing_is_expected_does_not_agree(files, ending):
    """It is copied, counted apart in every format, and of itself no failure."""
    good, empty = {**BATCH, "expect": {"batch-mean": 0.380753}}, {**BATCH, "expect": {}}
    batches = [good, BATCH, good, empty]
    text = json.dumps(batches) if ending == "json" else "".join(f"{json.dumps(one)}\n" for one in batches)
    Path(f"some.{ending}").write_text(text, "utf-8")
    asked = ("check", f"some.{ending}", "--save-expect", f"out.{ending}")
    ran = run(*asked)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()[:4]] == ["ok", "new", "ok", "new"]
    last = "2 of 4 batches as expected, of 2 nothing was expected (2 numbers)"
    assert ran.out.splitlines()[-1] == last
    summary = json.loads(run(*asked, "--format", "json").out)["summary"]
    assert (summary["batches"], summary["agree"], summary["new"], summary["numbers"]) == (4, 2, 2, 2)
    assert f"wce check: {last}" in run(*asked, "--format", "github").out
    assert f"wce check: {last}" in run(*asked, "--format", "markdown").out
    assert run("check", f"some.{ending}").code == 2
    assert run("check", f"out.{ending}").out.endswith("4 batches give the expected numbers (16 numbers)\n")


@pytest.mark.parametrize(
    ("file", "out", "kind", "hint"),
    [
        ("some.ndjson", "out.json", "one batch a line", "out.ndjson"),
        ("some.jsonl", "out", "one batch a line", "out.ndjson"),
        ("some.json", "some/out.ndjson", "one JSON document", "some/out.json"),
        ("some", "OUT.JSONL", "one JSON document", "OUT.json"),
        ("some.json", "out.npz", "one JSON document", "out.json"),
        ("some.json", "out.csv", "one JSON document", "out.json"),
        ("some.json", "out.pkl", "one JSON document", "out.json"),
    ],
)
def test_a_copy_is_named_by_what_it_holds_or_could_not_be_read(files, file, out, kind, hint):
    Path(file).write_text(json.dumps(BATCH), "utf-8")
    ran = run("check", file, "--save-expect", out)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: --save-expect is {out}, but a copy of {file} is {kind}\nhint: --save-expect {Path(hint)}\n"
    )
    Path(hint).parent.mkdir(exist_ok=True)
    assert run("check", file, "--save-expect", hint).code == 0
    assert run("check", hint).code == 0


def test_a_batch_that_differs_stays_one_beside_new_ones(files):
    wrong = {**BATCH, "expect": {"batch-mean": 0.5}}
    Path("some.json").write_text(json.dumps([wrong, BATCH]), "utf-8")
    ran = run("check", "some.json", "--save-expect", "out.json")
    assert ran.code == 1
    assert ran.out.splitlines()[-1].startswith("0 of 2 batches as expected, 1 not, of 1 nothing was expected")


def test_a_copy_replaces_what_was_expected_and_the_verdict_stands(files):
    ran = run("check", "bad.json", "--save-expect", "bad.json")
    assert ran.code == 1
    assert run("check", "bad.json").code == 0
    assert json.loads(Path("bad.json").read_text("utf-8"))["weight"] == [0.1, 1.0]
    assert run("check", "list.json", "--save-expect", "out.json", "--exit-zero").code == 0
    assert run("check", "out.json").code == 0
    before = Path("good.json").read_bytes()
    assert run("check", "broken.json", "--save-expect", "good.json").code == 2
    assert Path("good.json").read_bytes() == before


def test_a_copy_of_lines_and_of_what_is_not_finite(files):
    Path("runs.ndjson").write_text(f"{json.dumps(BATCH)}\n\n{json.dumps({**BATCH, 'labels': [-100, -100]})}\n", "utf-8")
    assert run("check", "runs.ndjson", "--save-expect", "out.ndjson").code == 0
    first, _, second, _ = Path("out.ndjson").read_text("utf-8").split("\n")
    assert json.loads(second)["expect"] == {
        "weighted-mean": "NaN", "batch-mean": 0.0, "sum": 0.0, "unweighted-mean": "NaN"
    }  # fmt: skip
    assert run("check", "out.ndjson").code == 0
    assert first.startswith(json.dumps(BATCH)[:-1])


def test_every_sample_gives_the_numbers_it_expects_and_torch_returns_them():
    pytest.importorskip("torch")
    samples = [*sorted((ROOT / "samples").glob("*.json")), *sorted((ROOT / "samples" / "reports").glob("*.json"))]
    assert len(samples) > 25
    ran = run("check", *map(str, samples), "--engine", "torch")
    assert ran.code == 0, ran.out
    for path in samples:
        documents = json.loads(path.read_text("utf-8"))
        for document in documents if isinstance(documents, list) else [documents]:
            assert len(document["expect"]) >= 3


def test_a_sample_whose_number_is_changed_is_found(tmp_path):
    text = (ROOT / "samples" / "two-samples.json").read_text("utf-8")
    (tmp_path / "changed.json").write_text(text.replace("0.6922788424257714", "0.6922798424257714"), "utf-8")
    assert run("check", str(tmp_path / "changed.json")).code == 1


def test_wce_format_of_another_command_is_no_mistake(files):
    assert run("check", "good.json", WCE_FORMAT="csv").out.startswith("ok  good.json")
    assert run("check", "good.json", WCE_FORMAT="junit").out.startswith("<?xml")
    assert run("explain", "good.json", "--engine", "none", WCE_FORMAT="junit").code == 0


def test_a_stream_of_few_letters_gets_them(files):
    ran = run("check", "bad.json", encoding="ascii")
    assert "batch-mean: sum w*l/N. Ratio 0.55 = sum w/N" in " ".join(ran.out.split())


@pytest.mark.parametrize("way", ["file", "stdin", "fifo"])
def test_lines_are_checked_as_they_come_and_named_by_their_number(files, way):
    """One wrong line, one broken, one cut off at the end: the others are checked, and each keeps its line."""
    wrong = json.dumps({**GOOD, "labels": [0, 7]})
    content = f"\ufeff{json.dumps(GOOD)}\r\n\r\n{json.dumps(BAD)}\r\n{wrong}\r\n{{\r\n{json.dumps(GOOD)[:-3]}".encode()
    shown = "stdin" if way == "stdin" else "many.ndjson"
    if way == "fifo":
        os.mkfifo("many.ndjson")
        threading.Thread(target=lambda: Path("many.ndjson").write_bytes(content), daemon=True).start()
    elif way == "file":
        Path("many.ndjson").write_bytes(content)
    ran = run("check", "-" if way == "stdin" else "many.ndjson", "--format", "ndjson", stdin=content)
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [(one["file"], one["place"], one["verdict"]) for one in found] == [
        (shown, "line 1", "agrees"),
        (shown, "line 3", "differs"),
        (shown, "line 4", "unread"),
        (shown, "line 5", "unread"),
        (shown, "line 6", "unread"),
    ]
    assert ran.code == 2
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 3
    assert errors[0].endswith("labels[1] is 7, but logits has 2 classes (0..1)")
    assert errors[1].startswith(f"error: {shown}:5 is not JSON at column 3: ")
    assert errors[2].startswith(f"error: {shown}:6 is not JSON at column ")


def many_lines(count: int, seed: int = 0) -> list[str]:
    """Batches of every kind that a line may hold: right, wrong, one off, whole numbers, lists, with a tolerance."""
    rng = np.random.default_rng(seed)
    lines = []
    for k in range(count):
        n, c = rng.integers(1, 4), rng.integers(2, 5)
        kind = ("logits", "log_probs", "probs")[k % 3]
        x = rng.normal(size=(n, c)).round(3)
        if kind == "probs":
            x = np.abs(x) / np.abs(x).sum(axis=1, keepdims=True)
        batch = {
            kind: x.tolist(),
            "labels": rng.integers(0, c, n).tolist(),
            "weight": rng.uniform(0, 2, c).round(1).tolist(),
        }
        given = BatchLosses(Batch.build(**batch))
        what = ("weighted-mean", "sum/sample", "batch-mean/class", "element-mean/label-mix", "kept-mean")[k % 5]
        value = given.value(what.removesuffix("/class")).value
        expect = [
            {what: round(value, 4)},
            {what: value},
            {what: round(value, 3) + 1e-3, "sum": 1},
            {what: round(value, 2), "loss": given.listed("loss")},
            {what: str(value)},
            {what: 0.380753},
            {},
        ][k % 7]
        batch["expect"] = {key: "NaN" if number != number else number for key, number in expect.items()}
        if k % 4 == 0:
            batch["tolerance"] = 0.02
        if k % 11 == 0:
            batch["name"] = f"run {k}"
        lines.append(json.dumps(batch))
    return lines


@pytest.mark.parametrize("format", formats_of("check"))
@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("--tolerance", "0.01"),
        ("--expect", "sum=1.5"),
        ("--expect", "sum/class=1.5000", "--expect", "batch-mean=1"),
        ("--expect", "loss=1,2"),
        ("-w", "1,1"),
        ("--label-smoothing", "0.1"),
    ],
)
def test_stacks_change_no_byte(files, monkeypatch, format, typed):
    """A long file is answered by stacks, on all cores, a piece at a time: as line by line, in one process."""
    monkeypatch.setattr(lines, "PIECE", 2000)
    # as the first of many: the search takes most of the time
    monkeypatch.setattr("wce_cli.cli.checked_batches.BATCHES_SEARCHED", 1)
    Path("many.ndjson").write_text("\n".join(many_lines(120)) + "\n", "utf-8")
    stacked = run("check", "many.ndjson", "--format", format, *typed)
    monkeypatch.setattr(check_lines, "plain_comparisons", lambda documents, *_: [None] * len(documents))
    monkeypatch.setattr(check_lines, "in_order", lambda make, items, **_: map(make().answer, items))
    assert run("check", "many.ndjson", "--format", format, *typed) == stacked
    assert stacked.code in (1, 2)


def test_lines_that_agree_are_answered_by_stacks(files, monkeypatch):
    Path("many.ndjson").write_text("\n".join([json.dumps(GOOD)] * 50) + "\n", "utf-8")
    monkeypatch.setattr(check_lines, "checked", None)  # nothing is asked by itself
    ran = run("check", "many.ndjson")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "50 batches give the expected numbers (50 numbers)")


def test_odd_rules_are_looked_for_in_the_first_lines_that_fail(files, monkeypatch):
    """0.346139 is Σw·ℓ/(W·N), divided twice: the first two are told so, whichever process met them."""
    monkeypatch.setattr("wce_cli.cli.checked_batches.BATCHES_SEARCHED", 2)
    monkeypatch.setattr(lines, "PIECE", 300)
    odd = json.dumps({**BATCH, "expect": {"weighted-mean": 0.346139}})
    Path("many.ndjson").write_text("\n".join([json.dumps(GOOD), odd] * 6) + "\n", "utf-8")
    ran = run("check", "many.ndjson", "--format", "ndjson")
    found = [one for one in map(json.loads, ran.out.splitlines()) if one["verdict"] == "differs"]
    assert [one["comparisons"][0]["rule"] is not None for one in found] == [True] * 2 + [False] * 4


def test_an_annotation_of_a_line_is_at_that_line(files):
    out = run("check", "lines.ndjson", "--format", "github").out
    assert [line.split(",title")[0] for line in out.splitlines()[:2]] == [
        "::error file=lines.ndjson,line=3",
        "::error file=lines.ndjson,line=4",
    ]


def test_what_was_taken_for_something_else_is_told_once_by_document_and_by_line(files):
    counted = {**GOOD, "labels": ["cat", "dog"], "weight": {"cat": 0.1, "dog": 1}}
    told = "note: class order from the weight's names: cat, dog\n"
    Path("counted.json").write_text(json.dumps(counted), "utf-8")
    ran = run("check", "counted.json")
    assert (ran.code, ran.err) == (0, told)
    failing = {**counted, "expect": {"weighted-mean": 0.380753}}
    for lot in ([GOOD, counted, counted, GOOD], [counted, failing, GOOD, failing, counted], [failing]):
        Path("counted.ndjson").write_text("".join(json.dumps(one) + "\n" for one in lot), "utf-8")
        assert run("check", "counted.ndjson").err.count(told) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
def test_a_copy_is_said_to_be_saved_when_it_is():
    ran = run("check", str(ROOT / "samples/two-samples.json"), "--save-expect", "/dev/full")
    assert (ran.code, ran.err) == (2, "error: /dev/full cannot be written: no space left on device\n")
