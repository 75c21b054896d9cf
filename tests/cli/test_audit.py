"""`wce audit` on the command line: options, exit codes, and every format of an answer."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from tests.questions.audit.inside import audited_here
from tests.run import ROOT, run
from wce_cli.answers.audit import SCHEMA, Audit
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.json import schema_of
from wce_cli.formats.look import Look

pytest.importorskip("torch")
TARGET = "samples/handwritten_loss.py:weighted_loss"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def sample():
    return audited_here(f"{ROOT}/{TARGET}", expect="weighted-mean")


def test_an_expected_rule_that_is_not_followed_is_exit_1_at_its_line():
    done = run("audit", TARGET, "--expect", "weighted-mean", "--format", "github")
    assert done.code == 1
    first = done.out.splitlines()[0]
    assert first == (
        "::error file=samples/handwritten_loss.py,line=6,title=wce audit::"
        "expected weighted-mean, but it computes batch-mean"
    )
    assert done.out.splitlines()[-1] == f"wce audit: {TARGET} computes batch-mean"


def test_an_expected_rule_that_is_followed_is_exit_0_and_side_files_are_written(tmp_path):
    beside = tmp_path / "audit.json"
    done = run("audit", TARGET, "--expect", "batch-mean", "--save", str(beside), "--save", str(tmp_path / "a.md"))
    assert (done.code, done.err) == (0, "")
    assert "as expected: batch-mean" in done.out
    assert json.loads(beside.read_text("utf-8"))["is_expected"] is True
    assert (tmp_path / "a.md").read_text("utf-8").startswith("### samples")


REFUSED = {
    ("nope.py:f",): "error: nope.py does not exist",
    ("samples:f",): None,
    (": f",): "error: ': f' names no function",
    (
        TARGET,
        "--expect",
        "weighted-meen",
    ): "error: \"weighted-meen\" is no METHOD to expect\nhint: did you mean 'weighted-mean'?",
    (TARGET, "--arrays", "tensorflow"): 'error: --arrays is "tensorflow", expected torch, numpy or jax',
    (TARGET, "--timeout", "0"): "error: --timeout is 0, expected a number above 0",
    (TARGET, "--memory", "-1"): "error: --memory is -1, expected a number above 0",
    (TARGET, "--kwargs", "[1]"): "error: --kwargs is '[1]', expected a JSON object",
    (TARGET, "--call", "f(logits)"): "error: --call 'f(logits)' hands over no scores or no labels",
    (
        TARGET,
        "--call",
        "other(logits, labels, weight)",
    ): "error: --call 'other(logits, labels, weight)' calls other, not weighted_loss\n"
    "hint: --call 'weighted_loss(logits, labels, weight)'\n",
    (TARGET, "--format", "junit"): 'error: --format is "junit", expected table, json, github, markdown, html or svg',
    (
        TARGET,
        "--format",
        "json",
        "--output",
        "samples/handwritten_loss.py",
    ): "error: --output is samples/handwritten_loss.py, which is read: an answer would take its place",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_cannot_be_asked_is_refused_in_a_line_before_it_is_called(arguments):
    done = run("audit", *arguments)
    assert (done.code, done.out) == (2, "")
    if REFUSED[arguments] is not None:
        assert done.err.startswith(REFUSED[arguments])


def test_the_help_says_that_it_runs_the_code():
    assert "THIS RUNS THE CODE" in run("audit", "--help").out


def test_json_is_what_its_schema_says(sample):
    for answer in (sample, audited_here("wrong.py:focal"), audited_here("wrong.py:mean_over_everything")):
        document = json.loads(formatted(formats_of("audit")["json"], [answer], Look()))
        jsonschema.validate(document, schema_of(Audit, SCHEMA))
        assert document["schema"] == "wce.audit/1"


def test_the_batches_of_an_answer_are_batches_that_wce_reads(sample):
    rows = json.loads(formatted(formats_of("audit")["json"], [sample], Look()))["rows"]
    probes = {row["name"]: row["probe"] for row in rows if row["probe"] is not None}
    for name in set(probes) - {"label C", "label −1", "empty batch"}:
        text = json.dumps(probes[name])
        assert run("explain", "-", "--engine", "none", stdin=text.encode()).code == 0, name


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("format", ["table", "markdown"])
def test_every_row_is_said_at_every_width(sample, width, format):
    text = formatted(formats_of("audit")[format], [sample], Look(width=width)).replace("\\", "")
    assert text.count("WRONG") == sum(row.verdict == "wrong" for row in sample.rows) == 2
    flat = re.sub(r"\s+", " ", text)
    assert all(row.said in flat for row in sample.rows)
    assert all(line in flat for line in sample.advice)
    if format == "table":
        code = re.compile(r'^\{"| *\S*/\S*')  # a batch to copy, and a path, are never cut
        assert all(len(line) <= width for line in text.splitlines() if not code.match(line))


def test_ascii_is_ascii(sample):
    for name in ("table", "markdown", "github", "json"):
        assert formatted(formats_of("audit")[name], [sample], Look(width=80, ascii=True)).isascii()


def test_github_gets_a_warning_for_what_is_wrong_and_nothing_for_a_note(sample):
    lines = formatted(formats_of("audit")["github"], [sample], Look()).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::warning", "wce"]
    assert all("file=samples/handwritten_loss.py,line=6" in line for line in lines[:3])


def test_the_answer_prints_itself(sample):
    assert str(sample) == formatted(formats_of("audit")["table"], [sample], Look())


LISTS = """
import numpy as np, torch
F = torch.nn.functional
def iterated(logits, labels, cls_num_list):
    return F.cross_entropy(logits, labels, torch.tensor([1 / n for n in cls_num_list], dtype=logits.dtype))
def indexed(logits, labels, freq):
    return freq[0] * F.cross_entropy(logits, labels)
def counted(logits, labels, counts, scale=1.0):
    return scale * F.cross_entropy(logits, labels) / len(counts)
def array(logits, labels, per_class):
    return F.cross_entropy(logits, labels, torch.tensor([n for n in np.array(per_class)], dtype=logits.dtype))
class Made(torch.nn.Module):
    def __init__(self, samples_per_cls):
        super().__init__()
        self.weight = torch.tensor([1 / n for n in samples_per_cls])
    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels, self.weight.to(logits))
"""


@pytest.mark.parametrize(
    ("name", "kwargs", "told"),
    [
        ("iterated", {"cls_num_list": 1}, {"cls_num_list": [1, 1, 1]}),
        ("indexed", {"freq": 2}, {"freq": [2, 2, 2]}),
        ("counted", {"counts": 5}, {"counts": [5, 5, 5]}),
        ("array", {"per_class": 0.5}, {"per_class": [0.5, 0.5, 0.5]}),
        ("Made", {"samples_per_cls": 10}, {"samples_per_cls": [10, 10, 10]}),
    ],
)
def test_a_number_where_a_list_is_wanted_is_told_as_kwargs_that_work(name, kwargs, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists.py").write_text(LISTS, "utf-8")
    refused = run("audit", f"lists.py:{name}", "--kwargs", json.dumps(kwargs))
    assert refused.code == 2
    key = next(iter(kwargs))
    hint = refused.err.partition("hint: ")[2].strip()
    assert hint == f"{key} may be a list, a number for each class: --kwargs '{json.dumps(told)}'"
    assert run("audit", f"lists.py:{name}", "--kwargs", json.dumps(told)).code == 0


def test_which_of_two_numbers_should_be_a_list_is_not_guessed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists.py").write_text(LISTS, "utf-8")
    assert "may be a list" not in run("audit", "lists.py:counted", "--kwargs", '{"counts": 5, "scale": 2}').err


def test_more_arguments_may_be_in_a_file(tmp_path):
    (tmp_path / "loss.py").write_text("def f(logits, labels, weight=None, gamma=0):\n    return gamma\n", "utf-8")
    (tmp_path / "more.json").write_text('{"gamma": 2}', "utf-8")
    (tmp_path / "list.json").write_text("[1]", "utf-8")
    asked = ("audit", f"{tmp_path / 'loss.py'}:f", "--arrays", "numpy", "-f", "json")
    typed = json.loads(run(*asked, "--kwargs", '{"gamma": 2}').out)
    for form in (f"@{tmp_path / 'more.json'}", str(tmp_path / "more.json")):
        assert json.loads(run(*asked, "--kwargs", form).out) == typed
    for form in (f"@{tmp_path / 'list.json'}", f"@{tmp_path / 'more.json'}:gamma"):
        refused = run(*asked, "--kwargs", form)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith(f"error: --kwargs is {form!r}, expected a JSON object\n")
    refused = run(*asked, "--kwargs", f"@{tmp_path / 'more.json'}", "-o", str(tmp_path / "more.json"))
    assert "which is read" in refused.err
