from itertools import combinations

import pytest

from tests.questions.identify.batches import drawn
from wce_cli.batches.batch import Batch
from wce_cli.questions.identify import NumbersAsked, identify, identify_batch
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.rules import Rule

TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}


def four_digits(value: float) -> str:
    return f"{value:.3e}"


def test_every_tied_rule_gives_another_number_at_four_digits():
    answer = identify("0.6923", separate=True, **TWO)
    apart = answer.separating
    assert apart.inseparable == ()
    values = [value for _, value in apart.values if value == value]
    assert len(values) > 10
    assert len({four_digits(value) for value in values}) == len(values)
    assert [title for title, _ in apart.values] == [match.title for match in answer.numbers[0].matches]


@pytest.mark.parametrize("kind", ["logits", "probs", "log_probs"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("is_soft", [False, True])
def test_other_kinds_of_batches_are_separated_too(kind, smoothing, is_soft):
    batch, _ = drawn(kind, is_soft=is_soft, smoothing=smoothing, n=1, c=3, extreme=False)
    rule = Rule("batch-mean", "class")
    value = Evaluation(batch, [rule]).value(rule)
    answer = identify_batch(batch, NumbersAsked((printed_number(f"{value:.5f}"),)), separate=True)
    same = answer.separating.inseparable
    unweighted = {"unweighted-mean"}
    assert all(unweighted & set(pair.split(" and ")) or is_soft for pair in same), same
    finite = [(title, value) for title, value in answer.separating.values if f"{title}" not in "".join(same)]
    for a, b in combinations(finite, 2):
        assert four_digits(a[1]) != four_digits(b[1]), (a, b)


def test_what_is_printed_is_a_batch_that_gives_those_numbers():
    apart = identify("0.6923", separate=True, **TWO).separating
    again = Batch.build(**apart.batch)
    rule = Rule("weighted-mean", "class")
    assert Evaluation(again, [rule]).value(rule) == dict(apart.values)["weighted-mean"]
