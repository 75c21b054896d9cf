"""`--format`, `--only` and side files: which answers a run gives, and where."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.run import QUIET as ENVIRONMENT
from tests.run import ROOT, run, spawn, without_foot
from wce_cli.formats import formats_of, suffixes

TWO = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1", "--engine", "none")
FORMATS = formats_of("explain")
SIDE = [name for name in FORMATS if name != "table"]


def one_error(*arguments: str, **environment: str) -> str:
    ran = run(*TWO, *arguments, **environment)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("error: ") == 1
    return ran.err


# The format.


@pytest.mark.parametrize("format", FORMATS)
def test_the_variable_is_the_default_of_the_option(format):
    assert without_foot(run(*TWO, WCE_FORMAT=format).out) == without_foot(run(*TWO, "--format", format).out)
    assert run(*TWO, "--format", "csv", WCE_FORMAT=format).out == run(*TWO, "--format", "csv").out
    assert run(*TWO, WCE_FORMAT="").out == run(*TWO).out


def test_a_wrong_variable_is_refused_by_its_name():
    expected = "expected table, json, ndjson, csv, markdown, html or svg"
    of_all_commands = "expected table, json, ndjson, csv, markdown, html, svg, junit or github"
    said = one_error(WCE_FORMAT="cvs")
    assert said == f"error: WCE_FORMAT is \"cvs\", {of_all_commands}\nhint: did you mean 'csv'?\n"
    assert one_error("-f", "cvs", WCE_FORMAT="csv").startswith(f'error: --format is "cvs", {expected}\n')
    assert run(*TWO, "-f", "csv", WCE_FORMAT="cvs").code == 0


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("arguments", "environment"), [(("--color", "always"), {}), ((), {"FORCE_COLOR": "1"})])
def test_only_the_table_is_ever_coloured(format, arguments, environment):
    ran = run(*TWO, "--format", format, *arguments, **environment)
    assert ("\x1b" in ran.out) == (format == "table")
    assert "\x1b" not in run(*TWO, "--format", format, *arguments, **environment, NO_COLOR="1").out


def test_a_width_is_for_the_table_alone():
    for format in SIDE:
        narrow, wide = run(*TWO, "-f", format, "--width", "40").out, run(*TWO, "-f", format, COLUMNS="200").out
        assert without_foot(narrow) == without_foot(wide)


def test_a_dash_as_output_is_stdout_with_its_look():
    assert run(*TWO, "--output", "-", encoding="ascii") == run(*TWO, encoding="ascii")
    assert run(*TWO, "--output", "-", encoding="ascii").out.isascii()


# Only a part.


def test_only_value_prints_the_bare_number():
    document = json.loads(run(*TWO, "-f", "json").out)
    values = {row["method"]: row["value"] for row in document["methods"] if row["placement"] == "class"}
    ran = run(*TWO, "--only", "value", "--method", "weighted-mean", "--method", "batch-mean")
    assert ran == (0, f"{values['weighted-mean']!r}\n{values['batch-mean']!r}\n", "")
    assert run(*TWO, "--only", "value", "--method", "sum", WCE_FORMAT="json").out == f"{values['sum']!r}\n"
    zero = ("explain", "-x", "0.1 0.9", "-y", "0", "-w", "0,1", "--engine", "none", "--only", "value")
    assert run(*zero, "--method", "weighted-mean").out == "nan\n"


def test_only_value_is_one_line_a_batch_and_method():
    batch = {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0.5, 1]}
    stdin = json.dumps([batch, {**batch, "weight": [2, 1]}]).encode()
    ran = run("explain", "--only", "value", "--method", "sum", "--method", "batch-mean", stdin=stdin)
    found = [float(line) / 1.1711006659477778 for line in ran.out.splitlines()]
    assert found == pytest.approx([0.5, 0.5, 2, 2], rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--only", "value"),
            "error: --only value does not know which value: there is no --method\n"
            "hint: add --method weighted-mean; wce methods lists them all\n",
        ),
        (
            ("--only", "value", "--method", "sum", "-f", "json"),
            "error: --only value prints bare numbers, --format json does not\nhint: leave one of them out\n",
        ),
        (
            ("--only", "terms", "-f", "json"),
            "error: --format json always holds the whole report, --only terms a part of it\n"
            "hint: --only terms goes with --format table, csv, markdown or html\n",
        ),
        (
            ("--only", "term"),
            "error: --only is \"term\", expected value, terms or methods\nhint: did you mean 'terms'?\n",
        ),
        (("--findings", "few"), 'error: --findings is "few", expected a whole number of 0 or more\n'),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said):
    assert one_error(*arguments) == said


def test_a_part_of_what_the_variable_asks_for_is_refused_by_its_name():
    said = "error: WCE_FORMAT=ndjson always holds the whole report, --only methods a part of it\n"
    assert one_error("--only", "methods", WCE_FORMAT="ndjson").startswith(said)


def test_only_methods_as_csv():
    lines = run(*TWO, "-f", "csv", "--only", "methods", "--method", "sum").out.splitlines()
    assert lines[0] == "method,placement,numerator,denominator,value,formula,rounding"
    assert [line.split(",")[0] for line in lines[1:]] == ["sum"]


def test_no_framework_is_loaded_for_an_answer_that_does_not_show_it(tmp_path):
    code = "import sys; from wce_cli.cli.app import main; main(sys.argv[1:]); "
    code += "print('torch' in sys.modules, file=sys.stderr)"
    for arguments in (
        ("--only", "value", "--method", "sum"),
        ("--only", "terms"),
        ("--format", "csv"),
        ("--save", str(tmp_path / "b.csv"), "--only", "terms"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *TWO[:-2], *arguments], capture_output=True, cwd=ROOT, check=True
        )
        assert done.stderr.decode() == "False\n", arguments


def test_a_side_file_has_what_the_framework_returned_though_the_answer_has_not(tmp_path):
    pytest.importorskip("torch")
    target = tmp_path / "a.json"
    run(*TWO[:-2], "--only", "value", "--method", "sum", "--save", str(target))
    assert json.loads(target.read_text("utf-8"))["measurements"]


# Side files.


SIDE_FILES = {name: f"answer{suffix}" for name, suffix in zip(SIDE, suffixes(SIDE), strict=True)}


def side_options(folder) -> list[str]:
    return [word for file in SIDE_FILES.values() for word in ("--save", str(folder / file))]


def test_side_files_are_what_the_formats_write(tmp_path):
    ran = run(*TWO, *side_options(tmp_path))
    assert ran == run(*TWO)
    for name, file in SIDE_FILES.items():
        written = (tmp_path / file).read_text("utf-8")
        assert without_foot(written) == without_foot(run(*TWO, "-f", name).out)
    assert len(list(tmp_path.iterdir())) == len(SIDE)


def test_each_answer_lists_its_own_number_of_samples_and_only_the_answer_is_cut(tmp_path):
    many = ("explain", "-x", ";".join(["0.1 0.9"] * 50), "-y", ",".join(["0", "1"] * 25), "--engine", "none")
    ran = run(*many, "--only", "terms", *side_options(tmp_path))
    assert ran.out == run(*many, "--only", "terms").out
    assert ran.out.startswith("50 samples × 2 classes\n")
    assert "… 30 more" in run(*many, "--only", "terms", "--sort", "loss").out
    for name, file in SIDE_FILES.items():
        written = (tmp_path / file).read_text("utf-8")
        assert without_foot(written) == without_foot(run(*many, "-f", name).out)
    assert len((tmp_path / "answer.csv").read_text("utf-8").splitlines()) == 51
    assert len(json.loads((tmp_path / "answer.json").read_text("utf-8"))["terms"]) == 50


def test_side_files_stand_beside_an_output_file(tmp_path):
    target = tmp_path / "answer.txt"
    assert run(*TWO, "--output", str(target), *side_options(tmp_path)) == (0, "", "")
    assert target.read_text("utf-8") == run(*TWO).out
    assert len(list(tmp_path.iterdir())) == len(SIDE) + 1


def test_one_target_twice_is_refused(tmp_path):
    target, link = tmp_path / "a.json", tmp_path / "link.csv"
    link.symlink_to(target)
    said = one_error("--save", str(target), "--save", str(link))
    assert said == f"error: two of --save are one file, {link}\nhint: give each answer its own\n"
    said = one_error("--output", str(target), "--save", str(target))
    assert said.startswith(f"error: --output and --save are one file, {target}\n")
    said = one_error("--totals-out", str(target), "--save", str(link))
    assert said.startswith(f"error: --save and --totals-out are one file, {target}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["link.csv"]


def test_a_saved_file_is_never_stdout():
    said = "error: --save is -, expected a file\nhint: --format FORMAT says what is written to stdout\n"
    assert one_error("--save", "-") == said
    assert one_error("--save", "") == "error: --save is empty, expected a file\n"


@pytest.mark.parametrize("option", ["--save", "--output"])
def test_a_folder_is_no_file(tmp_path, option):
    for folder in (f"{tmp_path}{os.sep}", f"{tmp_path}{os.sep}new.json{os.sep}"):
        assert one_error(option, folder) == f"error: {option} is {folder}, a folder, expected a file\n"
    assert list(tmp_path.iterdir()) == []


def test_files_in_one_option_are_taken_apart_in_the_hint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = "error: --save is a.csv, b.json, expected one file\nhint: --save a.csv --save b.json\n"
    assert one_error("--save", "a.csv, b.json") == said
    assert run(*TWO, "--save", "a,b.csv").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a,b.csv"]


def test_two_files_of_one_format_are_both_written(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "OTHER.JSON"
    assert run(*TWO, "--save", str(one), "--save", str(other)).code == 0
    assert one.read_bytes() == other.read_bytes() == run(*TWO, "-f", "json").out.encode()


@pytest.fixture
def old_files(tmp_path):
    for name, file in SIDE_FILES.items():
        (tmp_path / file).write_text(f"old {name}", "utf-8")
    yield tmp_path
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir() if path.is_file()} == {
        file: f"old {name}" for name, file in SIDE_FILES.items()
    }


def test_a_refused_run_leaves_every_old_file(old_files):
    ran = run("explain", "-x", "1 2", "-y", "7", *side_options(old_files))
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("failing", FORMATS)
def test_a_format_that_fails_leaves_every_old_file(old_files, monkeypatch, failing):
    monkeypatch.setattr(f"wce_cli.formats.{failing}.write", lambda question, reports, look: 1 / 0)
    ran = run(*TWO, *side_options(old_files))
    assert (ran.code, ran.out) == (3, "")


def test_a_target_that_cannot_be_written_leaves_every_old_file(old_files):
    (old_files / "folder").mkdir()
    ran = run(*TWO, *side_options(old_files), "--output", str(old_files / "folder"))
    assert ran == (2, "", f"error: {old_files / 'folder'} cannot be written: is a directory\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_stdout_leaves_every_old_file(old_files):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wce_cli", *TWO, *side_options(old_files)],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"error: the answer cannot be written: no space left on device\n"


def test_a_reader_that_stops_early_gets_its_side_files(tmp_path):
    target = tmp_path / "a.csv"
    line = f"{sys.executable} -m wce_cli explain samples/two-samples.json --engine none --save {target} | true"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, check=True)
    assert done.stderr == b""
    assert target.read_text("utf-8").startswith("n,index,label,")


def test_a_side_file_is_utf_8_whatever_stdout_is(tmp_path):
    ran = spawn(*TWO, "--save", str(tmp_path / "a.md"), PYTHONIOENCODING="ascii")
    assert "sum w[y]" in ran.out
    assert "Σ w\\[y]" in (tmp_path / "a.md").read_text("utf-8")
    assert "WCE_FORMAT" in ENVIRONMENT


def test_no_answer_takes_the_place_of_the_batch(tmp_path):
    batch = tmp_path / "batch.json"
    batch.write_text('{"logits": [[1, 2]], "labels": [0]}', "utf-8")
    for options, said in (
        (("--output", str(batch)), f"error: --output is {batch}, which is read: an answer would take its place\n"),
        (("--save", str(batch)), f"error: --save is {batch}, which is read: an answer would take its place\n"),
        (("--output", ""), "error: --output is empty, expected a file\n"),
    ):
        ran = run("explain", str(batch), *options)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(said)
    assert batch.read_text("utf-8").startswith('{"logits"')
