from __future__ import annotations

import pytest

from wce_cli.errors import Problem, WceError, and_more, as_written, counted, did_you_mean


def test_an_error_prints_its_problems_then_the_context_then_each_hint_once():
    error = WceError(
        [Problem("one is wrong", "turn it"), Problem("two is wrong"), Problem("three is wrong", "turn it")],
        ["logits  (2, 2)"],
    )
    assert error.lines() == [
        "error: one is wrong",
        "error: two is wrong",
        "error: three is wrong",
        "  logits  (2, 2)",
        "hint: turn it",
    ]
    assert str(error) == "one is wrong; two is wrong; three is wrong\n  logits  (2, 2)\nhint: turn it"


def test_one_problem_needs_no_list():
    assert WceError(Problem("one is wrong")).lines() == ["error: one is wrong"]


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("wieght", ["weight", "labels"], "did you mean 'weight'?"),
        ("zzz", ["weight", "labels"], "known: weight, labels"),
        ("zzz", [str(n) for n in range(25)], ""),
        ("zzz", [], "known: "),
    ],
)
def test_a_hint_names_the_closest_word_or_all_of_a_few(word, known, hint):
    assert did_you_mean(word, known) == hint


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (None, "null"),
        ("café", '"café"'),
        ([1, 2], "[1, 2]"),
        ({1, 2}, "{1, 2}"),
        ("x" * 100, '"' + "x" * 56 + "..."),
    ],
)
def test_values_are_written_as_json_and_shortened(value, written):
    assert as_written(value) == written


def test_counts_are_said_in_words():
    assert (counted(1, "label", "labels"), counted(0, "label", "labels")) == ("1 label", "0 labels")
    assert (and_more(0), and_more(-1), and_more(41)) == ("", "", " (and 41 more)")


def test_a_paste_that_is_quoted_in_an_error_loses_its_middle():
    (line,) = WceError(Problem("x" * 600 + "the end")).lines()
    assert len(line) < 600
    assert line.startswith("error: xxx")
    assert line.endswith("the end")


def test_a_word_in_other_letters_is_the_word():
    assert did_you_mean("JSON", ["table", "json"]) == "did you mean 'json'?"
