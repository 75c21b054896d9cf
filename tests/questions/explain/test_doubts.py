"""Doubts of how a batch is read stand beside every answer, in every format of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from html import unescape

import numpy as np
import pytest

from tests.run import run
from wce_cli import assert_loss, check, gradient, identify, split, sweep
from wce_cli.findings import FINDINGS
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.look import Look

RAW = {"log_probs": [[-5.0, -6], [-5, -4]], "labels": [0, 1]}
MULTI = {"logits": [[2.0, 1, 0], [0, 1, 2]], "labels": [[1.0, 0, 1], [0, 1, 1]]}
BATCHES = {
    "log-probs-not-normalised": RAW,
    "probs-as-log-probs": {"log_probs": [[0.9, 0.1]], "labels": [0]},
    "probs-not-normalised": {"probs": [[0.5, 0.2], [0.9, 0.9]], "labels": [0, 1]},
    "multi-hot-labels": MULTI,
    "probabilities-as-logits": {"logits": [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], "labels": [0, 1]},
    "counts-as-weights": {"logits": [[2.0, 1], [0, 1]], "labels": [0, 1], "weight": Counter({0: 9, 1: 1})},
}
ORDINARY = {"logits": [[2.0, 1, 0], [0, 1, 2]], "labels": [0, 1], "weight": [1, 2, 3]}


@pytest.mark.parametrize("code", BATCHES)
def test_every_answer_says_it(code):
    batch = BATCHES[code]
    answers = [
        identify("1.25", **batch),
        sweep(0, **batch),
        gradient(**batch),
        split(1, **batch),
        check(expect={"sum": 1e9}, **batch),
    ]
    for answer in answers:
        (found,) = (one for one in answer.findings if one.code == code)
        assert found.message in " ".join(str(answer).split())
        assert found.code in json.dumps(answer.to_dict())
    with pytest.raises(AssertionError, match=f"\n[a-z]+ {code}: "):
        assert_loss(1e9, "sum", **batch)


def test_an_ordinary_batch_is_not_doubted():
    for answer in (identify("1.25", **ORDINARY), sweep(0, **ORDINARY), gradient(**ORDINARY)):
        assert answer.findings == ()
    assert check(expect={"sum": 1e9}, **ORDINARY).findings == ()


def test_a_batch_whose_numbers_agree_is_not_doubted_by_check():
    assert check(expect={"weighted-mean": "4.5"}, **RAW).findings == ()
    assert_loss(4.5, **RAW)


def test_numbers_that_are_saved_are_what_later_runs_are_held_to_so_doubts_are_said_once_more(tmp_path):
    path, out = tmp_path / "raw.json", tmp_path / "out.json"
    told = "caution log-probs-not-normalised: exp of the log-probabilities of 2 of 2 samples does not sum to 1"
    for expected in ({}, {"expect": {"weighted-mean": 4.5}}):
        path.write_text(json.dumps([{**RAW, **expected}, ORDINARY]), "utf-8")
        for form in ("table", "github", "markdown", "html"):
            ran = run("check", str(path), "--save-expect", str(out), "--format", form)
            words = " ".join(unescape(re.sub("</?[a-z][^>]*>|[*`]", "", ran.out)).split())
            assert ran.code == 0
            assert words.count(told) == 1
            assert ("::warning file=" in ran.out) == (form == "github")
    assert "caution" not in run("check", str(out)).out


def test_a_doubt_is_a_caution_or_an_error():
    assert {page.severity for page, _ in FINDINGS.values() if page.is_doubt} == {"caution", "error"}


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
def test_check_says_it_in_every_format_once_a_batch(tmp_path, suffix):
    document = {**RAW, "expect": {"weighted-mean": 0.3133, "sum": 0.5}}
    path = tmp_path / f"raw.{suffix}"
    path.write_text(json.dumps(document) + "\n")
    code = "caution log-probs-not-normalised: exp of the log-probabilities of 2 of 2 samples does not sum to 1"
    for form in ("table", "markdown", "github"):
        ran = run("check", str(path), "--format", form)
        assert ran.code == 1
        assert " ".join(ran.out.split()).count(code.partition(": ")[2]) == 1, form
    assert run("check", str(path), "--format", "junit").out.count(code) == 2  # a test case has nothing but itself
    for form in ("json", "ndjson"):
        assert run("check", str(path), "--format", form).out.count('"log-probs-not-normalised"') == 1


def test_saved_numbers_of_check_are_what_they_were():
    assert '"findings": []' in formatted(
        formats_of("check")["json"], [check(expect={"weighted-mean": "4.5"}, **RAW)], Look()
    )


MULTI_HOT = [
    ("--labels", "1 0 1; 0 1 1"),
    ("--labels", "[[1, 0, 1], [0, 1, 0]]"),
    ("--labels", "tensor([[0, 0, 0], [0, 1, 1]])"),
    ("--labels", "tensor([[ True, False,  True], [False,  True, False]])"),
]


@pytest.mark.parametrize(
    "command", [("explain",), ("identify", "1.2"), ("sweep", "--smoothing"), ("check", "--expect", "sum=1")]
)
@pytest.mark.parametrize("labels", MULTI_HOT, ids=str)
def test_multi_hot_rows_of_integers_are_refused_as_multi_label_by_every_command(command, labels):
    ran = run(*command, "--logits", "2 1 0; 0 1 2", *labels)
    assert ran.code == 2
    assert "of the labels has " in ran.err
    assert "several classes at once are multi-label: their loss is BCEWithLogitsLoss" in ran.err
    assert "with points" not in ran.err


@pytest.mark.parametrize(
    "command", [("explain",), ("identify", "1.2"), ("sweep", "--smoothing"), ("check", "--expect", "sum=1")]
)
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_so_are_those_of_a_file(command, dtype, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[2.0, 1, 0], [0, 1, 2]]))
    np.save(tmp_path / "y.npy", np.array([[0, 1, 0], [0, 1, 1]]).astype(dtype))
    ran = run(*command, "--logits", str(tmp_path / "x.npy"), "--labels", str(tmp_path / "y.npy"))
    assert ran.code == 2
    assert "row 1 of the labels has a 1 in 2 places, expected one class a sample" in ran.err
    assert "multi-label" in ran.err


def test_rows_without_a_1_and_rows_of_other_integers_have_words_of_their_own():
    ran = run("explain", "--logits", "2 1 0; 0 1 2", "--labels", "0 0 0; 0 1 0")
    assert ran.err.startswith("error: row 0 of the labels has no 1, expected one class a sample\n")
    assert "hint: give class indices, -100 for a sample without a class; where none or several may be right" in ran.err
    for labels, said in (
        ("1 0 1; 0 0 0; 0 1 0", "a 1 in 2 places, expected one class a sample (and 1 row has none)"),
        ("0 0 0; 1 1 1; 1 0 1", "no 1, expected one class a sample (and 2 rows have several)"),
        ("1 1 1; 0 0 0; 1 0 1", "a 1 in 3 places, expected one class a sample (and 1 more, and 1 row has none)"),
        ("1 1 1; 0 1 1; 1 0 1", "a 1 in 3 places, expected one class a sample (and 2 more)"),
    ):
        mixed = run("explain", "--logits", "2 1 0; 0 1 2; 1 1 0", "--labels", labels)
        assert mixed.err.startswith(f"error: row 0 of the labels has {said}\n")
    counts = run("explain", "--logits", "2 1 0; 0 1 2", "--labels", "3 0 0; 0 1 1")
    assert counts.err.startswith("error: labels are integer rows, but row 0 is not one-hot (and 1 more)\n")
    one = run("explain", "--logits", "2 1 0", "--labels", "1 0 1")
    assert "a row with several 1s is multi-label: its loss is BCEWithLogitsLoss" in one.err


@pytest.mark.parametrize(
    "labels", ["1. 0. 1.; 0. 1. 1.", "[[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]", "tensor([[1., 0., 1.], [0., 1., 1.]])"]
)
def test_rows_of_floats_are_answered_with_a_caution_however_they_came(labels, tmp_path):
    np.save(tmp_path / "y.npy", np.array(MULTI["labels"], dtype="float32"))
    (tmp_path / "b.json").write_text(json.dumps(MULTI))
    for given in (("--labels", labels), ("--labels", str(tmp_path / "y.npy"))):
        ran = run("explain", "--logits", "2 1 0; 0 1 2", *given, "--engine", "none")
        assert ran.code == 0
        assert "\ncaution multi-hot-labels: both labels are rows of 0 and 1 with several 1s" in ran.out
    assert "\ncaution multi-hot-labels: " in run("explain", str(tmp_path / "b.json"), "--engine", "none").out


def test_a_counter_that_is_pasted_is_counts():
    for weight in ("Counter({1: 900, 0: 100})", "collections.Counter({1: 900, 0: 100})"):
        ran = run("explain", "--logits", "2 1; 0 1; 1 3", "--labels", "1,1,0", "--weight", weight, "--engine", "none")
        assert "\ncaution counts-as-weights: the weights are counts, as a Counter has them: class 1 " in ran.out
    plain = run("explain", "--logits", "2 1; 0 1; 1 3", "--labels", "1,1,0", "--weight", "{1: 900, 0: 100}")
    assert "counts-as-weights" not in plain.out
