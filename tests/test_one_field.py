"""A field of a batch is declared once: invented ones, each a line in the declaration and what `Batch.build` does with
it, are found in a copy of the package wherever the others are.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

import numpy as np
import pytest

import wce_cli
from tests.run import ROOT, copy_package, python_of, run
from wce_cli.answers.report import BatchPart
from wce_cli.fields import FLAGS, SINGLE
from wce_cli.loss.layout import Layout
from wce_cli.loss.spec import Spec
from wce_cli.saved.part import Header

DECLARED = """
    also_smoothing: Annotated[
        float, Field("number", "EPS", "Smoothing on top of the other", default=0.0, aliases=("more_smoothing",))
    ]
    importance: Annotated[
        Any, Field("sample weight", "WEIGHTS", "One number for each sample", aliases=("urgency",))
    ]
"""
BUILT = """
        given["label_smoothing"] += given["also_smoothing"]
        if given["importance"] is not None:
            given["sample_weight"] = given["importance"]
"""

X, Y = [[1.0, 2.0, 0.5], [0.2, -1.0, 0.3], [2.0, 1.0, 0.0], [0.0, 1.0, 3.0]], [0, 1, 2, 1]
S, EPS = [1.0, 0.25, 3.0, 2.0], 0.25
BATCH: dict[str, Any] = {"logits": X, "labels": Y, "weight": [2.0, 0.5, 1.5]}
INVENTED = {"importance": S, "also_smoothing": EPS}
EXPECTED = wce_cli.explain(**BATCH, sample_weight=S, label_smoothing=EPS, engines=()).value("weighted-mean")
PLAIN = wce_cli.explain(**BATCH, engines=()).value("weighted-mean")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The folder of a package with the invented fields."""
    folder = tmp_path_factory.mktemp("copy")
    package = copy_package(folder)
    for name, before, added in [
        ("fields.py", "class BatchFields(TypedDict, total=False):\n", DECLARED),
        ("batches/batch.py", '        given = with_defaults("Batch.build", fields)\n', BUILT),
    ]:
        path = package / name
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        end = text.index(before) + len(before)
        if name == "fields.py":  # behind its docstring
            end = text.index("\n", end) + 1
        path.write_text(text[:end] + added + text[end:], "utf-8")
    return folder


@pytest.fixture
def python(copy, tmp_path):
    """Run a program beside that package: its exit code, what it says, and its errors."""
    return partial(python_of, copy, cwd=tmp_path)


@pytest.fixture
def value(python):
    """The value that `wce explain` has for some files."""

    def asked(*words: str, stdin: str = "") -> list[float]:
        done = python(
            *("-m", "wce_cli", "explain", *words, "--engine", "none", "--only", "value", "--method", "weighted-mean"),
            stdin=stdin,
        )
        assert done.returncode == 0, done.stderr
        return [float(line.rpartition("\t")[2]) for line in done.stdout.splitlines()]

    return asked


def test_every_function_has_it(python):
    done = python(
        "-c",
        f"""
import inspect, json, wce_cli
from wce_cli import *
given, invented = {BATCH!r}, {INVENTED!r}
whole = batch(**given, **invented)
other = batch(**given)
listed = [wce_cli.explain, split, sweep, gradient, identify, check, assert_loss, batch]
print(json.dumps({{
    "names": all("importance" in inspect.signature(one).parameters for one in listed),
    "default": [inspect.signature(one).parameters["also_smoothing"].default for one in listed],
    "help": ["Smoothing on top of the other" in one.__doc__ for one in listed],
    "values": [
        explain(**given, **invented, engines=())["weighted-mean"],
        explain(**given, urgency={S!r}, more_smoothing={EPS!r}, engines=())["weighted-mean"],
        explain(whole, engines=())["weighted-mean"],
        explain(other, importance={S!r}, more_smoothing={EPS!r}, engines=())["weighted-mean"],
        split(2, **given, **invented).method("weighted-mean").value,
    ],
}}))
""",
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["names"]
    assert set(found["default"]) == {0.0}
    assert all(found["help"])
    assert found["values"] == [EXPECTED] * 5


COMMANDS = {
    "explain": ["--engine", "none"],
    "split": ["--size", "2"],
    "gradient": [],
    "sweep": ["--smoothing"],
    "identify": [repr(EXPECTED)],
    "check": ["--expect", f"weighted-mean={EXPECTED!r}"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_option(command, python, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch.json").write_text(json.dumps(BATCH))
    asked, typed = (*COMMANDS[command], "batch.json"), (",".join(map(str, S)), str(EPS))
    words = ("-m", "wce_cli", command)
    done = python(*words, *asked, "--importance", typed[0], "--also-smoothing", typed[1])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(command, *asked, "--sample-weight", typed[0], "--label-smoothing", typed[1]).out
    told = " ".join(python(*words, "--help").stdout.split())
    assert "--also-smoothing EPS Smoothing on top of the other. [default: 0]" in told
    assert "--importance WEIGHTS One number for each sample." in told


def test_every_document_has_it(value, python, tmp_path):
    document = BATCH | INVENTED
    assert value("-", stdin=json.dumps(document)) == [EXPECTED]
    assert value("-", stdin=json.dumps(BATCH | {"urgency": S, "more_smoothing": EPS})) == [EXPECTED]
    (tmp_path / "many.ndjson").write_text("".join(f"{json.dumps(one)}\n" for one in [document, BATCH] * 20))
    assert value("many.ndjson") == [EXPECTED, PLAIN] * 20  # read by stacks where nothing is invented
    done = python("-m", "wce_cli", "explain", "-", stdin=json.dumps(document | {"also_smoothing": "much"}))
    assert done.returncode == 2
    assert 'also_smoothing is "much", expected a number' in done.stderr
    done = python("-m", "wce_cli", "explain", "-", stdin=json.dumps(BATCH | {"importances": S}))
    assert "hint: did you mean 'importance'?" in done.stderr


def test_reports_of_many_lines_have_it(python, tmp_path):
    (tmp_path / "many.ndjson").write_text("".join(f"{json.dumps(BATCH | INVENTED)}\n" for _ in range(40)))
    done = python("-m", "wce_cli", "explain", "many.ndjson", "--engine", "none", "-f", "ndjson")
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    means = [row["value"] for one in reports for row in one.get("methods", ()) if row["method"] == "weighted-mean"]
    assert EXPECTED in means
    assert PLAIN not in means
    assert {one["batch"]["label_smoothing"] for one in reports if "batch" in one} == {EPS}


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_members_of_files_have_it(suffix, value, tmp_path):
    def save(name: str, members: dict[str, Any]) -> str:
        arrays = {key: np.array(one) for key, one in members.items()}
        if suffix == "npz":
            np.savez(tmp_path / f"{name}.npz", **arrays)
        else:
            pytest.importorskip("safetensors.numpy").save_file(arrays, tmp_path / f"{name}.safetensors")
        return f"{name}.{suffix}"

    assert value(save("whole", BATCH | INVENTED)) == [EXPECTED]
    assert value(save("renamed", BATCH | {"urgency": S, "more_smoothing": EPS})) == [EXPECTED]
    by_sample = ("logits", "labels", "importance")
    parts = [
        {key: one[k : k + 2] if key in by_sample else one for key, one in (BATCH | INVENTED).items()} for k in (0, 2)
    ]
    assert value(save("first", parts[0]), save("second", parts[1])) == [EXPECTED]


@pytest.mark.parametrize("name", ["importance", "urgency"])
def test_the_header_of_a_table_has_it(name, value, tmp_path):
    rows = [[*row, label, s] for row, label, s in zip(X, Y, S, strict=True)]
    lines = [f"a,b,c,label,{name}", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    (found,) = value("table.csv", "--weight", "2,0.5,1.5")
    assert found == wce_cli.explain(**BATCH, sample_weight=S, engines=()).value("weighted-mean")


def test_a_print_has_it(value):
    printed = "".join(f"{key} = {one!r}\n" for key, one in (BATCH | INVENTED).items())
    assert value("-", stdin=printed) == [EXPECTED]


def test_the_schema_has_it(python):
    done = python("-m", "wce_cli", "schema", "batch")
    keys = json.loads(done.stdout)["$defs"]["BatchDocument"]["properties"]
    assert {"type": "number"} in keys["also_smoothing"]["anyOf"]
    assert keys["also_smoothing"]["description"] == "Smoothing on top of the other"
    assert keys["importance"]["anyOf"] == keys["sample_weight"]["anyOf"]


def test_the_single_numbers_of_a_batch_are_kept_where_it_is_told_again():
    """In what was asked, in the head of saved totals, in a report: these are typed, so a new one is a line in each."""
    for held, layout in ((Spec, Layout.__struct_fields__), (Header, ()), (BatchPart, ())):
        # what is told again is in torch's layout, whatever the class axis was
        assert {*SINGLE, *FLAGS} - {"label_base", "class_axis"} <= {*held.__struct_fields__, *layout}, held
    assert "label_base" in Spec.__struct_fields__
    assert "label_base" in Header.__struct_fields__


def test_no_module_lists_the_fields_again():
    """Of each kind there is one list, in the declaration: three kinds of scores in a row are a second one."""
    found = []
    for path in sorted((ROOT / "wce_cli").rglob("*.py")):
        name = path.relative_to(ROOT / "wce_cli").as_posix()
        if re.search(r'\(\*?\(?"logits", "(?:log_probs", "probs|probs", "log_probs)"', path.read_text("utf-8")):
            found.append(name)
    assert found == ["questions/audit/child/roles.py", "questions/identify/odd_readings.py"]
