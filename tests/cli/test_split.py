"""`wce split`: what is printed, and what is refused."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import numpy as np
import pytest

from tests.run import run, spawn

BATCH = ["-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1; 2 0 1; 1 0 0", "-y", "0,1,-100,1,2,0", "-w", "1,0.25,3"]


def cut(*arguments, **environment):
    return run("split", *BATCH, *arguments, **environment)


def words(text):
    return " ".join(text.split())


def test_the_parts_add_up_to_the_whole_and_divide():
    ran = cut("--size", "2", "--precision", "12")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.split("D = Σ w[y]\n\n")[1].split("\n\n")[0].splitlines()
    rows = [[float(cell) for cell in line.split()[1:]] for line in lines[1:]]
    *parts, whole = rows
    for column in range(4):  # samples, kept, Σt, D
        assert sum(row[column] for row in parts) == pytest.approx(whole[column], rel=1e-11)
    for row in rows:
        assert row[2] / row[3] == pytest.approx(row[4], rel=1e-10)
        assert row[5] == pytest.approx(1 if row is whole else whole[3] / (3 * row[3]), rel=1e-11)
    told = words(ran.out).split("Accumulating loss / 3 gives ")[1].partition(",")[0]
    assert float(told) == pytest.approx(sum(row[4] for row in parts) / 3, rel=1e-11)


def test_hidden_parts_are_summed_up():
    ran = cut("--size", "1", "--rows", "2", "--method", "kept-mean", "--precision", "12")
    *parts, rest, whole = [
        line.split() for line in ran.out.split("D = N kept\n\n")[1].split("\n\n")[0].splitlines()[1:]
    ]
    assert rest[:3] == ["…", "4", "more"]
    assert [row[0] for row in parts] == ["0", "2"]  # the one that is ignored has nothing to divide by
    for column in (1, 2, 3, 4):
        total = sum(float(row[column]) for row in parts) + float(rest[column + 2])
        assert total == pytest.approx(float(whole[column]))


def test_the_part_that_matters_is_listed_wherever_it_stands(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "b.npz", logits=rng.normal(size=(2000, 3)), labels=rng.integers(3, size=2000))
    given = "split", str(tmp_path / "b.npz"), "--size", "64", "-w", "1,5,20"
    out = run(*given).out
    assert "2000 samples in 32 parts of up to 64\n" in out
    lines = out.split("D = Σ w[y]\n\n")[1].split("\n\n")[0].splitlines()[1:]
    assert [line.split()[:2] for line in lines[-3:]] == [["31", "16"], ["…", "12"], ["whole", "2000"]]
    assert [line.split()[0] for line in lines[:9]] == list("012345678")
    assert "20 of 32 parts are listed, the first and those that differ most" in words(out)
    document = json.loads(run(*given, "--rows", "4", "--format", "json").out)
    assert document["parts_total"] == 32
    assert [part["part"] for part in document["parts"]] == [0, 1, 17, 31]
    whole = json.loads(run(*given, "--format", "json").out)
    assert len(whole["parts"]) == 32
    for row, other in zip(document["methods"], whole["methods"], strict=True):
        for name in ("numerators", "denominators", "values", "gradients"):
            assert row[name] == [other[name][part] for part in (0, 1, 17, 31)]
    for row in csv.DictReader(io.StringIO(run(*given, "--rows", "4", "--method", "weighted-mean", "-f", "csv").out)):
        part = int(row["part"])
        assert float(row["value"]) == whole["methods"][0]["values"][part]
    for form in ("markdown", "html"):
        out = run(*given, "--format", form).out
        assert "20 of 32 parts are listed, the first and those that differ most" in words(out)
    assert "are listed" not in run(*given, "--rows", "all").out
    assert "are listed" not in run(*given[:2], "--size", "200").out


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("rows", range(8))
def test_listed_and_hidden_parts_add_up_to_all(rows, size):
    table = cut("--size", str(size), "--rows", str(rows), "--precision", "12").out.split("D = Σ w[y]\n\n")[1]
    *parts, whole = [line.replace("… ", "…").split() for line in table.split("\n\n")[0].splitlines()[1:]]
    parts = [row if not row[0].startswith("…") else [row[0], *row[2:]] for row in parts]
    assert sum(float(row[1]) for row in parts) == float(whole[1])
    assert sum(float(row[3]) for row in parts) == pytest.approx(float(whole[3]))
    assert len([row for row in parts if not row[0].startswith("…")]) == min(rows, -(-6 // size))


def test_more_parts_than_json_lists_are_spoken_for_by_those_that_differ(tmp_path):
    x = np.random.default_rng(1).normal(size=(10_050, 2))
    x[9_876] = 50, -50
    np.savez(tmp_path / "b.npz", logits=x, labels=np.ones(len(x), dtype=int))
    document = json.loads(run("split", str(tmp_path / "b.npz"), "--size", "1", "--format", "json").out)
    assert document["parts_total"] == 10_050
    assert len(document["parts"]) == len(document["methods"][0]["values"]) == 20
    assert 9_876 in [part["part"] for part in document["parts"]]


def test_the_answer_says_what_happens_to_gradients():
    assert "to 7.33333 times what the whole batch gives it. No learning rate makes up for that" in words(
        cut("--size", "2").out
    )
    said = words(cut("--size", "2", "--method", "sum").out)
    assert "Every gradient is 0.333333 times that of the whole batch: one factor, a matter of the learning rate" in said
    assert "Remedy: add the parts up instead of averaging them: 5.57623." in said
    said = words(cut("--size", "2", "--method", "batch-mean").out)
    assert "gives 0.929372 by batch-mean, as the whole batch does. Every gradient is that of the whole batch." in said
    assert "Remedy" not in said
    assert "There is one part" not in words(cut("--size", "6").out)


def test_ranks_and_steps_have_columns():
    out = cut("--size", "2", "--ranks", "3", "--shuffle", "1").out
    assert "6 samples in 3 parts of 2, dealt in turn to 3 ranks, shuffled by 1; 1 ignored" in out
    assert "part   rank  step" in out
    assert "Averaging over 3 ranks gives" in words(out)
    assert "and multiply it by 3, because DDP averages the gradients: 1.01386." in words(out)


def test_a_part_without_a_kept_sample_has_no_weights_that_vanish():
    assert "weights-vanish-when-split" not in cut("--size", "1").out


def test_json_is_of_its_schema_and_holds_every_pair():
    schema = json.loads(run("schema", "split").out)
    for arguments in (["--size", "1"], ["--size", "4,2"], ["--ranks", "2"], ["--size", "2", "--rows", "1"]):
        answer = json.loads(cut(*arguments, "--format", "json").out)
        jsonschema.validate(answer, schema)
        assert answer["schema"] == "wce.split/1"
        assert len(answer["methods"]) == 19
    assert len(answer["parts"]) == 1
    assert len(answer["methods"][0]["values"]) == 1


def test_csv_has_a_line_for_each_part_and_pair():
    out = cut("--size", "2", "--format", "csv", "--method", "weighted-mean", "--method", "sum").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["method"], row["part"]) for row in rows] == [
        (method, str(part)) for method in ("weighted-mean", "sum") for part in range(3)
    ]
    for row in rows:
        assert float(row["numerator"]) / float(row["denominator"]) == float(row["value"])


def test_markdown_and_side_files(tmp_path):
    ran = cut("--size", "2", "--format", "markdown", "--save", str(tmp_path / "a.json"))
    assert "| whole |" in ran.out
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["cut"]["size"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "x"], 'error: --size is "x", expected a whole number of 1 or more\n'),
        (["--size", "0"], 'error: --size is "0", expected a whole number of 1 or more\n'),
        (["--size", ""], 'error: --size is "", expected a whole number of 1 or more\n'),
        (["--size", "2,3"], "error: --size 2,3 adds up to 5, but the batch has 6 items\n"),
        (["--ranks", "0"], 'error: --ranks is "0", expected a whole number of 1 or more\n'),
        (
            ["--ranks", "1"],
            "error: --ranks 1 alone cuts the batch into no parts\nhint: give one of --size 4, --by sample, --ranks 2\n",
        ),
        (
            ["--shuffle", "1"],
            "error: --shuffle alone cuts the batch into no parts\nhint: give one of --size 4, --by sample, --ranks 2\n",
        ),
        (["--size", "2", "--shuffle", "-1"], 'error: --shuffle is "-1", expected a whole number from 0 to'),
        ([], "error: into which parts is the batch to be cut?\nhint: give one of --size 4, --by sample, --ranks 2\n"),
        (["--by", "token"], 'error: --by is "token", expected sample or row\n'),
        (["--size", "2", "--sort", "loss"], "error: no such option: --sort\nhint: wce explain has --sort\n"),
        (["--size", "2", "--only", "terms"], "error: no such option: --only\nhint: wce explain has --only\n"),
        (["--size", "2", "--method", "mean"], 'error: there is no method "mean"\n'),
        (["--size", "2", "--format", "ndjson"], 'error: --format is "ndjson", expected table, json, csv'),
    ],
)
def test_what_cannot_be_is_refused(arguments, said):
    ran = cut(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)


def test_saved_totals_cannot_be_cut(tmp_path):
    part = str(tmp_path / "part.json")
    assert run("explain", *BATCH, "--engine", "none", "--totals-out", part).code == 0
    ran = run("split", part, "--size", "2")
    assert (ran.code, ran.err) == (
        2,
        "error: saved totals hold no samples to cut into parts\nhint: give the batch itself\n",
    )


def test_a_file_is_cut_without_any_framework(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", logits=rng.normal(size=(50, 4)).astype("float32"), labels=rng.integers(4, size=50))
    ran = spawn("split", str(tmp_path / "a.npz"), "--size", "7", "--shuffle", "3", "--format", "json")
    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert [part["n"] for part in answer["parts"]] == [7] * 7 + [1]
    whole = json.loads(run("explain", str(tmp_path / "a.npz"), "--engine", "none", "--format", "json").out)
    assert [(row["value"], row["denominator"]) for row in answer["methods"]] == [
        (row["value"], row["denominator"]) for row in whole["methods"]
    ]


def test_several_batches_are_each_cut(tmp_path):
    (tmp_path / "two.json").write_text(
        '[{"logits": [[1, 2], [0, 1]], "labels": [0, 1]}, {"logits": [[1, 2], [2, 0]], "labels": [1, 1]}]'
    )
    ran = run("split", str(tmp_path / "two.json"), "--size", "1")
    assert ran.out.count("2 samples in 2 parts of 1") == 2
    out = run("split", str(tmp_path / "two.json"), "--size", "1", "-f", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {row["batch"] for row in rows} == {"batch 0", "batch 1"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "5"], "3 samples in 1 part of up to 5"),
        (["--size", "3"], "3 samples in 1 part of 3"),
        (["--size", "2"], "3 samples in 2 parts of up to 2"),
        (["--size", "2", "--ranks", "3"], "3 samples in 3 parts of up to 2, dealt in turn to 3 ranks"),
        (["--size", "1", "--ranks", "3"], "3 samples in 3 parts of 1, dealt in turn to 3 ranks"),
    ],
)
def test_a_part_is_said_to_hold_no_more_samples_than_it_does(options, said):
    ran = run("split", "-x", "0 1; 1 0; 2 1", "-y", "0,1,1", *options)
    assert f"\n\n{said}\n\n" in ran.out


def test_methods_that_are_the_same_in_every_part_are_one_row_and_no_finding_says_so_again():
    batch = ("-x", "0.1 0.9; 0 0.1; 1 2; 3 4", "-y", "0,1,1,0", "-w", "0.1,1")
    wide = run("split", *batch, "--size", "2", "--width", "200").out
    assert "batch-mean (= kept-mean, nonzero-mean)  " in wide
    assert "methods-coincide" not in wide
    narrow = run("split", *batch, "--size", "2", "--width", "60").out
    assert "same here: batch-mean = kept-mean = nonzero-mean" in narrow
    assert "methods-coincide" in run("split", *batch, "--size", "2", "--findings", "all").out


def test_methods_that_are_the_same_in_the_whole_batch_alone_are_two_rows():
    """Σ w[y] and N are 4 here, and 3 and 2, then 1 and 2, in the parts, whose means are one number none the less."""
    batch = ("-x", "0 0; 0 0; 0 0; 0 0", "-y", "0,0,1,1", "-w", "1.5,0.5")
    ran = run("split", *batch, "--size", "2", "--width", "200").out
    assert "\nweighted-mean  " in ran
    assert "\nbatch-mean (= kept-mean, nonzero-mean)  " in ran
