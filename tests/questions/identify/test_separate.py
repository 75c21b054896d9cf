from itertools import combinations

import numpy as np
import pytest

from tests.questions.identify.batches import drawn
from wce_cli.batches.batch import Batch
from wce_cli.formats.identify.blocks import answer_blocks
from wce_cli.formats.look import Look
from wce_cli.questions.identify import NumbersAsked, identify, identify_batch
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.separate import separating

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


def sequences():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 5, (4, 6))
    labels[0, 2:], labels[1, 4:] = -100, -100
    return {"logits": rng.normal(size=(4, 6, 5)), "labels": labels, "class_axis": -1}


def told(answer):
    blocks = [*answer_blocks(answer, Look(), False)]
    return [block.text for block in blocks if block.kind in ("title", "prose")], [block.kind for block in blocks]


def test_a_rule_of_sequences_is_separated_on_sequences():
    """What divides by the sequences, or by what a shift drops, is no rule of single samples."""
    batch = Batch.build(**sequences(), shift=True)
    tied = [Rule(method, "class") for method in ("sample-mean", "over-labels-before-shift", "weighted-mean", "sum")]
    apart = separating(batch, tied)
    assert apart.inseparable == ()
    again = Batch.build(**apart.batch)
    assert again.positions > 1
    assert [Evaluation(again, tied).value(rule) for rule in tied] == [value for _, value in apart.values]


def test_rules_that_no_batch_separates_are_said_in_one_line():
    """Without weights four methods are one: no batch differs, and none is said to."""
    fields = sequences()
    batch = Batch.build(**fields)
    value = Evaluation(batch, ()).value(Rule("weighted-mean", "class"))
    lines, kinds = told(identify(f"{value:.6f}", **fields, depth=0, separate=True))
    assert lines[-1] == (
        "no batch was found that separates weighted-mean and kept-mean, nor 5 other pairs of these rules"
    )
    assert not any("a batch on which" in line for line in lines)
    assert "code" not in kinds
    lines, kinds = told(identify(f"{value:.2f}", **fields, tolerance=1, separate=True, depth=0))
    head = next(line for line in lines if "a batch on which" in line)
    assert head.startswith("a batch on which these rules give ")
    assert "different numbers" in head
    assert sum("no batch was found" in line for line in lines) == 1


def test_rules_of_parts_too_large_to_print_are_said_too():
    rng = np.random.default_rng(0)
    batch = Batch.build(logits=rng.normal(size=(256, 3)), labels=rng.integers(0, 3, 256))
    large = Rule("means-of-100", "class")
    mean = Rule("batch-mean", "class")
    assert separating(batch, [mean]) is None
    assert separating(batch, [mean, large]).inseparable == (f"batch-mean and {large.title}",)
    apart = separating(batch, [mean, Rule("sum", "class"), large])
    assert apart.different == 2
    assert apart.inseparable == (f"batch-mean and {large.title}",)
