import math
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.questions.identify.batches import drawn
from tests.run import ROOT
from wce_cli import WceError, identify
from wce_cli.batches.batch import Batch
from wce_cli.questions.identify import NumbersAsked, identify_batch
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.rules import Rule, rules

FORUM = {"logits": [[3.0, 4.0], [6.0, 9.0]], "labels": [1, 0], "weight": [0.4, 0.36]}


def titles(number):
    return [match.title for match in number.simplest]


def test_a_number_and_the_number_by_hand():
    answer = identify("1.7529", "0.6662", **FORUM)
    module, by_hand = answer.numbers
    assert titles(module) == ["weighted-mean"]
    assert titles(by_hand) == ["batch-mean", "kept-mean", "nonzero-mean"]
    assert by_hand.simplest[0].departures == ("rounded",)
    assert answer.is_complete


KERAS = {"probs": [[0.9, 0.05, 0.05], [0.5, 0.89, 0.6], [0.05, 0.01, 0.94]], "labels": [0, 1, 2]}
"""The example of Keras' docs, of which a row does not sum to 1."""
NLL = {"log_probs": [[-1.24, -0.3414]], "labels": [0]}
TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}


@pytest.mark.parametrize(
    ("numbers", "fields", "sentence"),
    [
        (
            ("1.7529", "0.6661"),
            FORUM,
            "batch-mean over weighted-mean: the sum is the same, the denominators are 0.76 / 2 = 0.38",
        ),
        (
            ("0.692279", "0.761507"),
            TWO,
            "sum over weighted-mean: the sum is the same, the denominators are 1.1 / 1 = 1.1",
        ),
        (("1.7529", "0.6662"), FORUM, ""),  # one off
        (("0.69227", "0.380753"), TWO, ""),  # cut off
        (("1.25", "1.24"), NLL, ""),  # one off, and one rule
        (("1.240", "1.24"), NLL, ""),  # one rule gives both
        (("0.692279", "0.9137"), TWO, ""),  # no rule
        (("0.692279", "0.55"), TWO, ""),  # any rule
    ],
)
def test_two_numbers_are_compared_where_rules_give_both_to_the_last_digit(numbers, fields, sentence):
    (relation,) = identify(*numbers, **fields).relations
    assert relation.sentence == sentence
    assert relation.ratio == pytest.approx(float(numbers[1]) / float(numbers[0]))


@pytest.mark.parametrize(
    ("text", "departure"),
    [
        ("0.69227", "cut"),  # 0.6922788
        ("0.692", None),
        ("0.6922", "cut"),
        ("0.6924", "rounded"),
        ("0.3807", "cut"),  # 0.3807534
        ("0.761506", "cut"),  # 0.7615067
        ("0.761508", "rounded"),
        ("1.9038", None),
    ],
)
def test_a_last_digit_that_was_cut_off_is_no_rounding(text, departure):
    number = identify(text, **TWO).numbers[0]
    standard = [match for match in number.simplest if not set(match.departures) - {"cut", "rounded"}]
    if departure is None:
        assert all(not match.is_off for match in number.simplest)
    else:
        assert standard[0].departures == (departure,)
        digits = f"{standard[0].value:.9f}"
        assert digits.startswith(text) == (departure == "cut")


@pytest.mark.parametrize(
    ("text", "fields", "odd"),
    [
        ("0.3239", KERAS, "renormalised"),  # 0.3239702
        ("-0.69227", TWO, "negated"),  # 0.6922788
        ("0.76127", FORUM, "log10"),  # 0.7612777
        ("0.8764", FORUM, "averaged-again"),  # 0.8764534
        ("1.9982", TWO, "perplexity"),  # exp 0.6922788 = 1.9982640
    ],
)
def test_a_cut_digit_beside_one_odd_part_is_found(text, fields, odd):
    number = identify(text, **fields).numbers[0]
    assert (odd, "cut") in [match.departures for match in number.simplest]
    assert not identify(text, tolerance=1e-6, **fields).is_complete  # a tolerance that is asked for is kept


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("16.1181", {"probs": [[1.0, 0.0]], "labels": [1]}),
        ("8.0590", {"probs": [[1.0, 0.0], [1.0, 0.0]], "labels": [0, 1]}),
        ("5.8348", {"probs": [[0.25, 0.0, 0.75], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], "labels": [0, 2, 2]}),
        ("8.40562", {"probs": [[0.5, 0.5], [0.0, 1.0]], "labels": [1, 0]}),
    ],
)
def test_rows_that_sum_to_1_are_not_said_to_be_divided_by_their_sums(text, fields):
    number = identify(text, **fields).numbers[0]
    assert number.simplest[0].departures == ("clip-1e-7",)
    assert ("renormalised-clip-1e-7",) in [match.departures for match in number.simplest]
    assert "dividing each p by the sum of its row changes nothing here" in number.ties
    assert not any("large or small enough" in reason for reason in number.ties)


def test_log_probabilities_are_never_said_to_be_divided():
    """What is divided is exp of them."""
    number = identify("0.313262", log_probs=[[-5.0, -6.0], [-5.0, -4.0]], labels=[0, 1]).numbers[0]
    assert number.simplest[0].title == "weighted-mean; p is divided by the sum of its row first"


def test_the_implied_denominator_is_named():
    (number,) = identify("1.7529", **FORUM).numbers
    assert [one.name for one in number.implied[0].equals] == ["Σ w[y]", "Σ_c w[c]"]
    assert number.implied[0].denominator == pytest.approx(1.332209 / 1.7529, abs=1e-6)
    assert number.implied[0].lowest < 0.76 < number.implied[0].highest


@pytest.mark.parametrize(
    "rule",
    [
        Rule("weighted-mean", "class", "softmax-twice"),
        Rule("batch-mean", "class", "", "by-prediction"),
        Rule("weighted-mean", "class", "", "reversed"),
        Rule("over-n-1", "class"),
        Rule("batch-mean", "class", twist="averaged-again"),
        Rule("batches-of-4", "class"),
        Rule("sum", "class", "log2"),
        Rule("kept-mean", "class", "weight-in-logits"),
        Rule("macro", "class"),
    ],
    ids=lambda rule: rule.title,
)
def test_the_rule_that_made_a_number_is_found_first(rule):
    """Six decimals leave no room for an accident: the rule is among the simplest, whatever the batch."""
    for seed in range(3):
        batch, _ = drawn(seed=seed, extreme=False)
        value = Evaluation(batch, [rule]).value(rule)
        (number,) = identify_batch(batch, NumbersAsked((printed_number(f"{value:.6f}"),))).numbers
        assert rule.title in titles(number), (seed, value, titles(number))
        assert len(number.simplest[0].departures) == 1


def test_a_standard_rule_comes_before_an_odd_one_and_the_odd_ones_are_kept():
    (number,) = identify("0.6923", logits=[[0.1, 0.9], [0.0, 0.1]], labels=[0, 1], weight=[0.1, 1.0]).numbers
    assert titles(number) == ["weighted-mean"]
    odd = [match.title for match in number.matches if match.departures and not match.is_guard]
    assert "Σt / Σ_c w[c], the weights of all classes" in odd
    assert number.ties == ()
    assert "Σ w[y] = Σ_c w[c] = 1.1: each class is the label of one sample" in number.odder_ties
    counts = [len(match.departures) for match in number.matches]
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"labels": [0, 1, 1]}, "N = N kept = 3: no sample is ignored"),
        ({"labels": [1, 1, 1]}, "all labels of the batch weigh 2, and what is the same for all cancels"),
    ],
)
def test_what_a_batch_cannot_tell_apart_is_said(given, reason):
    logits = [[1.0, 0.2, 0.3], [0.1, 2.0, 0.5], [0.3, 0.2, 1.0]]
    batch = Batch.build(logits=logits, weight=[1.0, 2.0, 0.5], **given)
    evaluation = Evaluation(batch, rules(case_of(batch), 1))
    number = "batch-mean" if "N = N" in reason else "weighted-mean"
    value = evaluation.value(Rule(number, "class"))
    (found,) = identify_batch(batch, NumbersAsked((printed_number(f"{value:.7f}"),))).numbers
    assert reason in found.ties


def test_the_odds_grow_with_the_departures_and_shrink_with_the_digits():
    few = identify("0.69", depth=2, **FORUM).numbers[0].chances
    many = identify("0.6900", depth=2, **FORUM).numbers[0].chances
    assert [one.departures for one in few] == [0, 1, 2, 3]
    assert few[0].chance < few[1].chance < few[2].chance
    assert all(a.chance > 20 * b.chance for a, b in zip(few, many, strict=True))
    assert few[0].rules < few[1].rules < few[2].rules == few[3].rules


def test_a_tolerance_that_is_asked_for_holds_and_excuses_no_last_digit():
    assert identify("0.6662", tolerance=5e-5, **FORUM).numbers[0].matches == ()
    assert titles(identify("0.6662", tolerance=2e-4, **FORUM).numbers[0])[0] == "batch-mean"
    assert identify("0.6662", tolerance=0, **FORUM).numbers[0].matches == ()


def test_a_float32_loss_in_full_is_held_to_what_float32_holds():
    exact = 1.3322091481360573 / 0.76
    (number,) = identify(float(np.float32(exact)), **FORUM).numbers
    assert titles(number) == ["weighted-mean"]
    assert number.tolerance == pytest.approx(exact * 2**-22)


def test_nan_and_infinity_are_numbers_too():
    ignored = {"logits": [[1.0, 2.0]], "labels": [-100], "weight": [0.5, 2.0]}
    (number,) = identify("nan", **ignored).numbers
    assert "weighted-mean" in titles(number)
    assert number.chances[0].chance is None
    masked = {"logits": [[-math.inf, 2.0], [0.0, 1.0]], "labels": [0, 1]}
    assert "weighted-mean" in titles(identify("inf", **masked).numbers[0])
    assert identify("-inf", depth=0, **masked).numbers[0].matches == ()


def test_a_number_that_no_rule_gives_has_its_nearest_rules_and_exits_unexplained():
    answer = identify("0.9", logits=[[0.1, 0.9], [0.0, 0.1]], labels=[0, 1], weight=[0.1, 1.0], tolerance=1e-7)
    assert not answer.is_complete
    assert answer.numbers[0].nearest[0].title == "unweighted-mean"


@pytest.mark.parametrize("text", ["abc", "", "1,5", "1_000", "0x10"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(WceError, match="is not a number"):
        identify(text, **FORUM)


def test_digits_say_how_well_a_number_is_known():
    assert [printed_number(text).tolerance for text in ("0.6662", "0.66620", "150")] == [5e-5, 5e-6, 0.5]
    assert [printed_number(text).value for text in ("-2.50", "−2.5")] == [-2.5, -2.5]
    assert printed_number("1.5e-3").unit == 1e-4
    assert printed_number(0.25).unit == 0.01


@pytest.mark.parametrize("seed", range(5))
def test_a_number_from_the_true_inputs_is_found_with_those_that_were_printed(seed):
    """The number has six decimals, the pasted logits and weights four: their rounding widens the tolerance."""
    rng = np.random.default_rng(seed)
    x, w, y = rng.normal(size=(6, 3)) * 2, rng.uniform(0.2, 2, 3), [0, 1, 2, 2, 1, 0]
    p = np.exp(x - np.log(np.exp(x).sum(axis=1))[:, None])
    losses = -np.log(p[np.arange(6), y])
    value = (w[y] * losses).sum() / w[y].sum()
    half = {"logits": np.full((6, 3), 5e-5), "weight": np.full(3, 5e-5)}
    batch = Batch.build(logits=x.round(4), labels=y, weight=w.round(4), half_units=half)
    (number,) = identify_batch(batch, NumbersAsked((printed_number(f"{value:.8f}"),))).numbers
    assert titles(number)[0] == "weighted-mean"
    assert number.simplest[0].within > number.tolerance
    assert number.widening > 0
    exact = Batch.build(logits=x.round(4), labels=y, weight=w.round(4))
    assert identify_batch(exact, NumbersAsked((printed_number(f"{value:.8f}"),))).numbers[0].widening == 0


TIES = """
from wce_cli import explain, identify
x, y, w = [[0.3, 1.2, 0.1], [2.0, 0.4, 0.9], [0.2, 0.5, 1.4]], [0, 0, 1], [0.5, 2.5, 1.0]
value = explain(logits=x, labels=y, weight=w, engines=()).value("batch-mean")
(number,) = identify(f"{value:.9f}", logits=x, labels=y, weight=w).numbers
print(number.ties, number.odder_ties)
"""


def test_why_rules_are_equal_is_said_alike_in_every_process():
    """A set of names has an order of its own in each."""
    said = set()
    for seed in "0123":
        command, environment = [sys.executable, "-c", TIES], {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True)
        said.add(done.stdout)
    assert len(said) == 1
    assert "N = C = 3" in said.pop()
