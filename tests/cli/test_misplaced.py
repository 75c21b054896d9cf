"""Values in the place of a file: the hint is a line that works as it stands."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.run import run

BATCH = {"logits": [[2, 0, 1], [0, 1, 3]], "labels": [0, 2]}
ROWS, ROW = "2 0 1; 0 1 3", "2 0 1"


@pytest.fixture(autouse=True)
def _batch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.json").write_text(json.dumps(BATCH), "utf-8")
    (tmp_path / "other batch.json").write_text(json.dumps(BATCH), "utf-8")


def hint(*arguments: str) -> str:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert " is taken for a file name, and does not exist\nhint: " in ran.err
    return ran.err.partition("hint: ")[2].strip()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("explain", "b.json", "0.29"), "wce identify 0.29 b.json"),
        (("explain", "0.29", "b.json"), "wce identify 0.29 b.json"),
        (("check", "b.json", "0.29"), "wce identify 0.29 b.json"),
        (("sweep", "b.json", "0.29", "--class", "0"), "wce identify 0.29 b.json"),
        (("split", "b.json", "0.29", "--size", "1"), "wce identify 0.29 b.json"),
        (("gradient", "b.json", "0.29"), "wce identify 0.29 b.json"),
        (("explain", "0.29", "other batch.json", "0.57"), "wce identify 0.29 0.57 'other batch.json'"),
        (("explain", "-x", ROWS, "-y", "0,2", "0.29"), f"wce identify 0.29 -x '{ROWS}' -y 0,2"),
        (("check", "0.41", "-x", ROW, "-y", "0"), f"wce identify 0.41 -x '{ROW}' -y 0"),
        (("explain", ROWS, "0 2", "0.29"), f"wce identify 0.29 -x '{ROWS}' -y '0 2'"),
    ],
)
def test_a_number_beside_a_batch_is_one_to_identify(arguments, line):
    assert hint(*arguments) == f"{line} names the rule of a number"
    assert run(*shlex.split(line)[1:]).code in (0, 1)


def test_a_number_alone_is_one_to_identify():
    assert hint("explain", "0.29") == "wce identify 0.29 FILE names the rule of a number"
    assert hint("check", "0.29", "1e-3") == "wce identify 0.29 1e-3 FILE names the rule of a number"


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("explain", ROWS, "0 2"), f"-x '{ROWS}' -y '0 2'"),
        (("check", ROWS, "0 2"), f"-x '{ROWS}' -y '0 2'"),
        (("sweep", "--scale", ROWS, "0 2"), f"-x '{ROWS}' -y '0 2'"),
        (("explain", "0 2", ROWS), f"-x '{ROWS}' -y '0 2'"),
        (("explain", ROWS, "0,2", "1 2 3"), f"-x '{ROWS}' -y 0,2 -w '1 2 3'"),
        (("explain", ROWS, "0 2", "-w", "1,2,3"), f"-x '{ROWS}' -y '0 2'"),
        (("explain", ROWS, "-y", "0,2"), f"-x '{ROWS}'"),
        (("explain", "-x", ROWS, "0,2"), "-y 0,2"),
        (("explain", "-x", ROWS, "0", "2"), "-y 0,2"),
        (("explain", ROW, "0"), f"-x '{ROW}' -y 0"),
        (("explain", "[[2, 0, 1], [0, 1, 3]]", "[0, 2]"), "-x '[[2, 0, 1], [0, 1, 3]]' -y '[0, 2]'"),
        (
            ("explain", "tensor([[2., 0., 1.], [0., 1., 3.]])", "tensor([0, 2])"),
            "-x 'tensor([[2., 0., 1.], [0., 1., 3.]])' -y 'tensor([0, 2])'",
        ),
        (("identify", "0.29", ROWS, "-y", "0,2"), f"-x '{ROWS}'"),
    ],
)
def test_rows_without_their_option_are_told_it(arguments, options):
    told = hint(*arguments)
    assert re.sub("an option stands before (a|each) value: ", "", told) == options
    beside = [*arguments[arguments.index("-x") :][:2]] if "-x" in arguments else []
    beside += arguments[arguments.index("-y") :][:2] if "-y" in arguments else ()
    assert run("explain", *beside, *shlex.split(options), "--engine", "none").code == 0


def test_rows_alone_and_rows_beside_a_file_are_told_what_they_may_be():
    assert hint("explain", ROWS) == f"an option stands before each value: -x '{ROWS}' -y LABELS"
    assert hint("explain", "b.json", "1,2,3") == "an option stands before a value: --labels 1,2,3, or --weight 1,2,3"
    assert hint("explain", "; ".join([ROW] * 99)[:-1] + "1", "0 " * 98 + "0").endswith("-x '…' -y '…'")


@pytest.mark.parametrize(
    "line",
    [
        "-x [[2, 0, 1], [0, 1, 3]] -y 0,2",
        "-x 2 0 1 -y 0",
        "-x '2 0 1; 0 1 3' -y 0 2",
        "-x '2 0 1; 0 1 3' -y 0, 2",
        "-x '2 0 1' -y 0 -w 1 2 3",
        "-x '2 0 1' -y 0 -w 0.1 2 3",
        "[[2, 0, 1], [0, 1, 3]] 0,2",
        "tensor([2, 0, 1]) 0",
    ],
)
def test_a_value_that_the_shell_cut_is_told_to_be_quoted(line):
    assert hint("explain", *shlex.split(line)).startswith("quote a value that holds spaces or brackets")


@pytest.mark.parametrize("name", ["e", "E", "b.jsn", "cat", "+", "..."])
def test_what_holds_no_number_is_the_name_of_a_file(name):
    assert run("explain", name).err.startswith(f"error: {name} does not exist\n")


def test_a_file_that_is_there_is_no_value(tmp_path):
    (tmp_path / "0.29").write_text(json.dumps(BATCH), "utf-8")
    assert run("explain", "0.29", "--engine", "none").code == 0
