import itertools
import math

import numpy as np
import pytest

from tests.oracle import Rows
from tests.questions.identify import by_hand
from tests.questions.identify.batches import drawn
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.odd_ways import ENTRIES, ODD_METHODS, SMOOTHINGS
from wce_cli.questions.identify.rules import Rule, rules
from wce_cli.questions.identify.twists import TWISTS

KINDS = ("logits", "probs", "log_probs")
CASES = [
    {"kind": kind, "is_soft": soft, "sampled": sampled, "smoothing": smoothing}
    for kind, soft, sampled, smoothing in itertools.product(KINDS, (False, True), (False, True), (0.0, 0.1))
]


def close(got: float | None, expected: float, scale: float = 1.0) -> bool:
    if got is None or math.isnan(expected):
        return got is None or math.isnan(got)
    return got == expected or abs(got - expected) <= 1e-9 * max(scale, abs(expected))


def assert_by_hand(batch: Batch, literal: Rows, listed: list[Rule]) -> None:
    """Every rule that has a value on the batch gives what the plain loop gives."""
    evaluation = Evaluation(batch, listed)
    with np.errstate(all="ignore"):
        for rule in listed:
            got = evaluation.value(rule)
            if got is None:
                continue
            expected = by_hand.value(
                literal, rule.method, rule.placement, rule.reading, rule.entry, rule.smoothing, rule.twist
            )
            assert close(got, expected), (rule, got, expected)


@pytest.mark.parametrize("given", CASES, ids=str)
def test_every_rule_of_one_departure_gives_what_the_plain_loop_gives(given):
    batch, literal = drawn(**given)
    listed = list(rules(case_of(batch), 1))
    assert_by_hand(batch, literal, listed)


@pytest.mark.parametrize("given", CASES[::5], ids=str)
def test_rules_of_two_departures_give_what_the_plain_loop_gives(given):
    batch, literal = drawn(**given, seed=8)
    listed = [rule for rule in rules(case_of(batch), 2) if len(rule.departures) == 2][::7]
    assert_by_hand(batch, literal, listed)


def test_a_weight_vector_as_long_as_the_batch_is_also_read_as_one_weight_a_sample():
    batch, literal = drawn(n=4, c=4)
    listed = [rule for rule in rules(case_of(batch), 1) if rule.entry == "per-sample"]
    assert len(listed) == 6
    evaluation = Evaluation(batch, listed)
    for rule in listed:
        expected = by_hand.value(literal, rule.method, rule.placement, "", "per-sample", "", "")
        assert close(evaluation.value(rule), expected), rule


def test_the_cases_above_use_every_part_of_a_rule():
    used = {"reading": set(), "entry": set(), "smoothing": set(), "method": set(), "twist": set()}
    batches = [drawn(**given)[0] for given in [*CASES, {"n": 4, "c": 4}]]
    for batch in [*batches, Batch.build(logits=[[[0.1, 0.3, 0.2], [0.2, 0.1, 0.5]]], labels=[[0, 1, 1]], shift=True)]:
        for rule in rules(case_of(batch), 1):
            for part, names in used.items():
                names.add(getattr(rule, part))
    assert used["reading"] >= set(ODD_READINGS)
    assert used["entry"] >= set(ENTRIES)
    assert used["smoothing"] >= set(SMOOTHINGS)
    assert used["method"] >= set(ODD_METHODS)
    assert used["twist"] >= set(TWISTS)


@pytest.mark.parametrize("given", CASES, ids=str)
def test_a_rule_without_departures_is_the_method_itself(given):
    batch, _ = drawn(**given)
    listed = list(rules(case_of(batch), 0))
    evaluation = Evaluation(batch, listed)
    spec = batch.spec
    values = {v.pair: v.value for v in loss_values(one_pass(batch)[0], spec.class_weight, spec.label_smoothing)}
    undefined = {"weighted-mean/class", "nonzero-mean/class", "nonzero-mean/label-mix"}
    assert {f"{rule.method}/{rule.placement}" for rule in listed} <= {*values, *undefined}
    for rule in listed:
        assert evaluation.value(rule) == values.get(f"{rule.method}/{rule.placement}")


def test_a_batch_too_large_to_keep_gives_the_same_numbers():
    """The totals of several blocks against those of all rows at once; what needs all rows is not tried."""
    rng = np.random.default_rng(0)
    n, c = 40_000, 5
    scores, labels, weight = rng.normal(size=(n, c)), rng.integers(0, c, n), rng.uniform(0.2, 2, c)
    batch = Batch.build(logits=scores, labels=labels, weight=weight)
    listed = list(rules(case_of(batch), 1))
    assert not any(
        rule.method.startswith(("batches-of", "means-of")) or rule.reading == "wrong-axis" for rule in listed
    )
    evaluation = Evaluation(batch, listed)
    p = np.exp(scores - np.log(np.exp(scores).sum(axis=1))[:, None])
    twice = np.log(np.exp(p).sum(axis=1)) - p[np.arange(n), labels]
    expected = (weight[labels] * twice).sum() / weight[labels].sum()
    assert evaluation.value(Rule("weighted-mean", "class", "softmax-twice")) == pytest.approx(expected, rel=1e-12)
    expected = (weight[scores.argmax(1)] * -np.log(p[np.arange(n), labels])).sum() / n
    assert evaluation.value(Rule("batch-mean", "class", "", "by-prediction")) == pytest.approx(expected, rel=1e-12)
