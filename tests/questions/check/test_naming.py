"""The rule behind a number that is not the expected one: its letters are held to the numbers they stand for."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS
from wce_cli.questions.check.batch_losses import BatchLosses
from wce_cli.questions.check.expected import held
from wce_cli.questions.check.naming import Namer, over

FIELDS = {
    "logits": [[1.0, -2.0, 0.5], [0.3, 0.8, -1.0], [2.0, 0.1, 0.4], [0.0, 1.5, 0.2], [0.7, 0.1, -0.4]],
    "labels": [0, 2, -100, 1, 2],
    "weight": [0.5, 3.0, 0.0],
}
"""All denominators differ: Σw = 3.5, N = 5, 4 kept, 2 of another weight than 0, N·C = 15."""
OF_ROWS = [name for name, method in METHODS.items() if not method.by_item]
PAIRS = list(itertools.permutations([name for name in OF_ROWS if name != "unweighted-mean"], 2))
LETTERS = {"Σw": 3.5, "N": 5, "N kept": 4, "N with w ≠ 0": 2, "(N·C)": 15, "N·C": 15, "1": 1}


def evaluated(letters: str) -> float:
    above, _, below = letters.replace(" / ", "/").partition("/")
    return LETTERS[above] / LETTERS[below or "1"]


@pytest.mark.parametrize(("asked", "true"), PAIRS)
def test_the_ratio_is_its_letters(asked, true):
    batch = Batch.build(**FIELDS)
    given = BatchLosses(batch)
    number = held(repr(given.value(true).value))
    said = Namer(batch, 0).named(asked, number)
    assert said.rule == true
    ratio, letters = re.search(r"\. Ratio (\S+) = (.+)$", said.sentence).groups()
    assert evaluated(letters) == pytest.approx(float(ratio), rel=1e-5)
    assert float(ratio) == pytest.approx(number.value / given.value(asked).value, rel=1e-5)


def test_the_ratio_of_a_mean_over_items_is_its_letters():
    six = {**FIELDS, "logits": [FIELDS["logits"][:3], [*FIELDS["logits"][3:], [1.0, 0.0, 0.2]]]}
    batch = Batch.build(**{**six, "labels": [[0, 2, -100], [1, 2, 0]]}, class_axis=-1)
    given = BatchLosses(batch)
    for asked, letters, below in (
        ("weighted-mean", "Σw / size of axis 0", 4.0),
        ("batch-mean", "N / size of axis 0", 6),
    ):
        said = Namer(batch, 0).named(asked, held(repr(given.value("sample-mean").value)))
        assert said.rule == "sample-mean"
        assert said.sentence.endswith(f". Ratio {below / 2:g} = {letters}")


@pytest.mark.parametrize(
    ("change", "method", "letters"),
    [
        ({}, "batch-mean", "Σw·ℓ/N"),
        ({}, "kept-mean", "Σw·ℓ / N kept"),
        ({}, "element-mean", "Σw·ℓ/(N·C)"),
        ({}, "sum", "Σw·ℓ"),
        ({}, "unweighted-mean", "Σℓ / N kept"),
        ({"weight": None}, "element-mean", "Σℓ/(N·C)"),
        ({"label_smoothing": 0.1}, "batch-mean", "Σt/N"),
        ({"label_smoothing": 0.1, "weight": None, "sample_weight": [1, 2, 3, 4, 5]}, "batch-mean", "Σw·ℓ/N"),
    ],
)
def test_the_letters_of_a_rule(change, method, letters):
    batch = Batch.build(**{**FIELDS, **change})
    said = Namer(batch, 0).named("weighted-mean", held(repr(BatchLosses(batch).value(method).value)))
    assert f": {letters}" in said.sentence


def test_an_odd_rule_is_named_where_no_standard_one_gives_the_number():
    batch = Batch.build(**FIELDS)
    total = BatchLosses(batch).value("sum").value
    assert Namer(batch, 1).named("batch-mean", held(repr(total / 25))).rule == "batch-mean; divided by N once more"
    assert Namer(batch, 0).named("batch-mean", held(repr(total / 25))).sentence.startswith("no standard rule gives")


def test_a_number_of_two_digits_is_not_given_an_odd_rule():
    batch = Batch.build(logits=[[0.1, 0.9], [0.0, 0.1]], labels=[0, 1], weight=[0.1, 1.0])
    said = Namer(batch, 1).named("weighted-mean", held("0.55"))
    assert said.rule is None
    assert said.sentence == "no standard rule gives 0.55, and it has too few digits to tell an odd one"


@pytest.mark.parametrize(
    ("text", "method", "is_doubtful"),
    [("0.38", "batch-mean", True), ("0.76", "sum", True), ("0.91", "unweighted-mean", True),
     ("0.7615", "sum", False), ("0.3808", "batch-mean", False), ("0.380753", "batch-mean", False)],
)  # fmt: skip
def test_a_rule_that_many_such_numbers_have_may_be_an_accident(text, method, is_doubtful):
    batch = Batch.build(logits=[[0.1, 0.9], [0.0, 0.1]], labels=[0, 1], weight=[0.1, 1.0])
    said = Namer(batch, 1).named("weighted-mean", held(text))
    assert said.rule == method
    assert said.sentence.startswith(f"{text} {'may be' if is_doubtful else 'is'} {method}")
    assert ("By accident, " in said.sentence) == is_doubtful


def test_an_odd_rule_that_many_such_numbers_have_may_be_an_accident():
    batch = Batch.build(**FIELDS)
    total = BatchLosses(batch).value("sum").value
    said = Namer(batch, 1).named("batch-mean", held(f"{total / 25:.3f}"))
    assert "may be" in said.sentence
    assert "By accident, " in said.sentence


def test_a_cut_digit_and_a_clip_that_is_the_answer_are_named():
    batch = Batch.build(logits=[[0.1, 0.9], [0.0, 0.1]], labels=[0, 1], weight=[0.1, 1.0])
    said = Namer(batch, 1).named("batch-mean", held("0.69227")).sentence
    assert said == "0.69227 is weighted-mean, its digits cut off and not rounded"
    clipped = Batch.build(probs=[[0.0, 1.0]], labels=[0])
    assert Namer(clipped, 1).named("sum", held("27.6310")).sentence.startswith("27.6310 is weighted-mean; p is clipped")


def test_what_is_no_number_has_no_rule():
    assert Namer(Batch.build(**FIELDS), 1).named("sum", held("nan")).sentence == ""


def test_a_number_that_is_its_own_method_but_for_its_digits():
    batch = Batch.build(**FIELDS)
    text = f"{BatchLosses(batch).value('sum').value:.3f}"
    assert Namer(batch, 1).named("sum", held(text, 1e-12)).sentence == (
        f"{text} is sum in as many digits, which the tolerance does not allow"
    )


def test_a_last_digit_that_was_rounded_on_the_way():
    batch = Batch.build(logits=[[3, 4], [6, 9]], labels=[1, 0], weight=[0.4, 0.36])
    assert Namer(batch, 1).named("weighted-mean", held("0.6662")).sentence == (
        "0.6662 is batch-mean, one off in its last digit, as if rounded on the way"
    )


def test_a_last_digit_of_its_own_method_is_not_said_to_be_the_same():
    """batch-mean is 0.666105: 0.6662 is not it in as many digits."""
    batch = Batch.build(logits=[[3, 4], [6, 9]], labels=[1, 0], weight=[0.4, 0.36])
    assert Namer(batch, 1).named("batch-mean", held("0.6662")).sentence == (
        "0.6662 is batch-mean, one off in its last digit, as if rounded on the way"
    )


def test_a_list_is_named_by_its_digits_whatever_tolerance_it_was_held_to():
    given = BatchLosses(Batch.build(**FIELDS))
    digits = [f"{loss or 0:.4f}" for loss in given.listed("loss")]
    for tolerance in (0.0, 5.0):
        listed = [held(text, tolerance) for text in digits]
        assert given.namer(1).listed(listed).sentence == "the list is ℓ of each sample, not weighted"


def test_a_list_with_gaps_is_not_searched():
    batch = Batch.build(**FIELDS)
    assert Namer(batch, 1).listed([held("1"), None, held("2"), held("3"), held("4")]).sentence == ""
    assert Namer(batch, 1).listed([held(str(n + 0.123)) for n in range(5)]).sentence == "no rule gives the list"


@pytest.mark.parametrize(
    ("above", "below", "text"),
    [("Σw", "N", "Σw/N"), ("N kept", "Σw", "N kept / Σw"), ("(N·C)", "1", "N·C"), ("1", "N", "1/N")],
)
def test_a_fraction_in_letters(above, below, text):
    assert over(above, below) == text


def test_it_is_the_rule_and_not_only_its_name():
    rng = np.random.default_rng(5)
    batch = Batch.build(logits=rng.normal(size=(6, 4)), labels=rng.integers(0, 4, 6), weight=rng.uniform(0.2, 3, 4))
    given = BatchLosses(batch)
    for method in OF_ROWS:
        value = given.value(method).value
        rule = Namer(batch, 0).named("element-mean/sample", held(repr(value))).rule
        assert math.isclose(given.value(rule).value, value, rel_tol=1e-9)
