"""`wce explain` in this process: where its batch comes from, and what goes where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.run import ROOT, run
from wce_cli.engines import ENGINES

TWO = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")
BATCH = {"name": "b", "logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]}
QUIET = ("--engine", "none")


def as_json(*arguments: str, stdin: bytes = b""):
    ran = run("explain", *arguments, *QUIET, "--format", "json", stdin=stdin)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.fixture
def batch_file(tmp_path) -> str:
    path = tmp_path / "batch.json"
    path.write_text(json.dumps(BATCH), "utf-8")
    return str(path)


def value(report, pair: str):
    method, _, placement = pair.partition("/")
    wanted = (method, placement or "class")
    return next(row["value"] for row in report["methods"] if (row["method"], row["placement"]) == wanted)


def test_long_and_short_options_are_the_same():
    long = ("--logits", "[[0.1,0.9],[0,0.1]]", "--labels", "[0,1]", "--class-weight", "[0.1,1]")
    assert run("explain", *TWO, *QUIET) == run("explain", *long, *QUIET)
    assert run("explain", *TWO, *QUIET, "-f", "json") == run("explain", *TWO, *QUIET, "--format", "json")


def test_every_option_reaches_the_batch():
    report = as_json(
        *("--probs", "0.5 0.5; 0.25 0.75; 0.1 0.9", "--labels", "cat,dog,dog", "--classes", "cat,dog"),
        *("--weight", '{"dog": 3, "cat": 2}', "--sample-weight", "1 0.5 2"),
        *("--ignore-index", "7", "--label-smoothing", "0.1"),
    )
    batch = report["batch"]
    assert (batch["scores"], batch["classes"], batch["weight"]) == ("probs", ["cat", "dog"], [2, 3])
    assert (batch["ignore_index"], batch["label_smoothing"], batch["has_sample_weight"]) == (7, 0.1, True)
    assert report["totals"]["weight_sum"] == 2 * 1 + 3 * 0.5 + 3 * 2
    report = as_json("--log-probs", "-1 -2; -3 -4", "-y", "0,1")
    assert report["batch"]["scores"] == "log_probs"
    assert report["totals"]["numerator"] == 5


def test_options_override_the_file(batch_file):
    assert value(as_json(batch_file), "batch-mean") == pytest.approx(0.380753, abs=1e-6)
    report = as_json(batch_file, "--weight", "1,1")
    assert value(report, "batch-mean") == pytest.approx(0.907749, abs=1e-6)
    assert report["batch"]["sources"]["weight"] == "--weight"
    assert report["batch"]["name"] == "b"


def test_typed_scores_take_the_place_of_the_files(batch_file):
    report = as_json(batch_file, "--probs", "0.5 0.5; 0.25 0.75")
    assert report["batch"]["scores"] == "probs"
    assert "logits" not in report["batch"]["sources"]


def test_scores_typed_leave_stdin_alone():
    assert as_json(*TWO, stdin=b"not a batch")["batch"]["n"] == 2


def test_a_list_of_batches_is_answered_one_by_one():
    batches = json.dumps([BATCH, {**BATCH, "name": None, "weight": [1, 1]}]).encode()
    reports = as_json(stdin=batches)
    assert [report["batch"]["name"] for report in reports] == ["b", "batch 1"]
    ran = run("explain", *QUIET, stdin=batches)
    assert ran.out.startswith("b\n\nPyTorch's mean is 0.692279 (weighted-mean)")
    assert "\n\nbatch 1\n\nPyTorch's mean is" in ran.out
    assert as_json(stdin=json.dumps([BATCH]).encode())["batch"]["name"] == "b"


def test_what_was_taken_for_granted_is_a_note_on_stderr():
    weight = '{"cat": 1, "dog": 2, "eel": 0.5}'
    ran = run("explain", "-x", "2 1 0; 0 1 2; 1 1 1", "-y", "cat,eel,dog", "-w", weight, *QUIET, "--method", "all")
    assert ran.err == "note: class order from the weight's names: cat, dog, eel\n"
    for number in ("2.80863", "0.802467", "0.936211"):  # 2.808634 / 3.5 = 0.802467; / 3 = 0.936211
        assert number in ran.out
    for name in ("cat", "dog", "eel"):
        assert f"  {name}  " in ran.out


def test_methods_are_shown_in_the_order_asked_in_every_format():
    chosen = ("--method", "sum", "--method", "kept-mean/sample")
    lines = run("explain", *TWO, *QUIET, *chosen).out.split("\n\n")[2].splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["sum", "kept-mean/sample"]
    rows = as_json(*TWO, *chosen)["methods"]
    assert [(row["method"], row["placement"]) for row in rows] == [("sum", "class"), ("kept-mean", "sample")]


def test_rows_limit_what_is_listed_and_not_what_is_summed():
    many = ("-x", ";".join(["0.1 0.9"] * 50), "-y", ",".join(["0", "1"] * 25))
    table = run("explain", *many, *QUIET, "--rows", "20").out
    assert "\n19 " in table
    assert "\n20 " not in table
    assert "\n… 30 more " in table
    assert "\n49 " in run("explain", *many, *QUIET, "--rows", "all").out
    none = run("explain", *many, *QUIET, "--rows", "0").out
    assert "class  samples" in none  # its classes speak for them
    assert "\nΣ           50 " in none
    report = as_json(*many, "--rows", "3")
    assert (len(report["terms"]), report["terms_shown"], report["terms_total"]) == (3, 3, 50)
    assert report["totals"]["n"] == 50


def test_precision_is_the_number_of_significant_digits():
    loss = value(as_json(*TWO), "weighted-mean")
    for digits in (2, 6, 12, 17):
        assert f" {loss:.{digits}g}\n" in run("explain", *TWO, *QUIET, "--precision", str(digits)).out


def test_engines_are_measured_or_not_as_asked():
    pytest.importorskip("torch")
    for engine in ("auto", "torch"):
        assert "[1] cross_entropy(x, y, weight=w)" in run("explain", *TWO, "--engine", engine).out
    if ENGINES["optax"].is_installed:
        both = run("explain", *TWO, "--engine", "optax", "--engine", "torch").out
        assert both.index("PyTorch 2") < both.index("optax 0")
        assert "0.692279  weighted-mean    jnp.average(softmax_cross_entropy_with_integer_labels(x, y)" in both
    assert "cross_entropy" not in run("explain", *TWO, "--engine", "none").out


def test_a_nan_that_is_explained_is_an_answer():
    ran = run("explain", "-x", "0.1 0.9", "-y", "0", "-w", "0,1", *QUIET)
    assert ran.code == 0
    assert "error zero-denominator: " in ran.out


# The look.


@pytest.mark.parametrize(
    ("environment", "arguments", "is_coloured"),
    [
        ({}, (), False),
        ({}, ("--color", "always"), True),
        ({}, ("--color", "never"), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "0"}, (), False),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, (), False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, (), True),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, (), True),
    ],
)
def test_colour_is_where_it_is_wanted(environment, arguments, is_coloured):
    ran = run("explain", *TWO, *QUIET, *arguments, **environment)
    assert ("\x1b[" in ran.out) == is_coloured


def test_a_table_off_a_terminal_has_its_natural_width_unless_columns_or_width_say_otherwise():
    def widest(*arguments: str, **environment: str) -> int:
        return max(map(len, run("explain", *TWO, *QUIET, *arguments, **environment).out.splitlines()))

    natural = widest()
    assert natural > 80
    assert widest(COLUMNS="60") <= 60
    assert widest("--width", "40", COLUMNS="200") <= 40
    assert widest(COLUMNS="wide") == widest(COLUMNS="0") == natural


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_every_encoding_can_hold_the_answer(encoding):
    ran = run("explain", *TWO, "--classes", "猫,dog", *QUIET, encoding=encoding)
    assert ran.code == 0
    assert ("Σ w[y]" if encoding == "utf-8" else "sum w[y]") in ran.out
    assert ("猫" if encoding == "utf-8" else "\\u732b") in ran.out
    refused = run("explain", "-x", "1 2", "-y", "猫", encoding=encoding)
    assert refused.code == 2


# Where the answer goes.


def test_output_writes_the_file_and_says_nothing(tmp_path):
    target = tmp_path / "answer.json"
    ran = run("explain", *TWO, *QUIET, "--format", "json", "--output", str(target))
    assert ran == (0, "", "")
    assert json.loads(target.read_text("utf-8"))["schema"] == "wce.report/1"
    assert [path.name for path in tmp_path.iterdir()] == ["answer.json"]


def test_output_to_a_file_is_unicode_without_colour_at_natural_width(tmp_path):
    target = tmp_path / "answer.txt"
    run("explain", *TWO, *QUIET, "--output", str(target), encoding="ascii")
    assert target.read_text("utf-8") == run("explain", *TWO, *QUIET).out


def test_output_replaces_a_file_and_keeps_its_mode_and_a_link(tmp_path):
    target, link = tmp_path / "answer.txt", tmp_path / "link"
    target.write_text("old", "utf-8")
    target.chmod(0o640)
    link.symlink_to(target)
    assert run("explain", *TWO, *QUIET, "--output", str(link)).code == 0
    assert link.is_symlink()
    assert target.read_text("utf-8").startswith("PyTorch's mean is 0.692279")
    assert target.stat().st_mode & 0o777 == 0o640


def test_output_to_a_dash_is_stdout():
    assert run("explain", *TWO, *QUIET, "--output", "-").out == run("explain", *TWO, *QUIET).out


@pytest.mark.parametrize("name", ["", "no/such/answer.txt"])
def test_an_answer_that_cannot_be_written_is_one_line(tmp_path, name):
    target = tmp_path / name if name else tmp_path
    ran = run("explain", *TWO, *QUIET, "--output", str(target))
    assert ran.code == 2
    assert ran.err.startswith(f"error: {target} cannot be written: ")
    assert len(ran.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "answer.txt"
    target.write_text("old", "utf-8")

    def fail(*paths: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    ran = run("explain", *TWO, *QUIET, "--output", str(target))
    assert ran == (2, "", f"error: {target} cannot be written: no space left on device\n")
    assert target.read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["answer.txt"]


def test_the_samples_of_the_readme_are_found_from_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run("explain", str(Path("samples") / "two-samples.json"), *QUIET).code == 0
