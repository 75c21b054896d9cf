"""The probes tell every two rules apart, or there is no batch that could."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from wce_cli.answers.audit_numbers import difference
from wce_cli.questions.audit.parent.values import listed_rules, values_on
from wce_cli.questions.audit.probes import Offers, Probe, of_rules, steps
from wce_cli.questions.identify.odd_readings import ODD_READINGS
from wce_cli.questions.identify.rules import Rule

APART = 1e-4
"""Far more than a function is held to."""


def table(offers: Offers) -> tuple[list[Rule], list[list[float | None]]]:
    """The rules up to one departure that some probe has a number for, and what they give, probe by probe."""
    probes = of_rules(offers)
    rules = listed_rules(probes, offers, 1)
    columns = [values_on(probe, offers, rules) for probe in probes]
    asked = [k for k in range(len(rules)) if any(_is_number(column[k]) for column in columns)]
    return [rules[k] for k in asked], [[column[k] for k in asked] for column in columns]


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def is_no_zero(rule: Rule) -> bool:
    """Weights that are never 0, whatever the class weights are: then N kept is N with w ≠ 0."""
    return rule.entry == "inverse" or (rule.placement == "label-mix" and rule.smoothing.startswith("one-"))


def is_one_by_algebra(a: Rule, b: Rule) -> bool:
    """The two are one for every batch that there can be."""
    odd = (a.reading, a.entry, a.smoothing, a.twist) == (b.reading, b.entry, b.smoothing, b.twist)
    if odd and {a.method, b.method} == {"kept-mean", "nonzero-mean"} and is_no_zero(a) and is_no_zero(b):
        return True
    if a.method == b.method and odd and a.reading and ODD_READINGS[a.reading].takes_weight:
        return True  # the weight is in the scores, and nowhere to be placed
    by_itself = a.method == b.method == "batches-of-1" and not a.smoothing and not b.smoothing
    return by_itself and a.entry == b.entry and {a.placement, b.placement} <= {"sample", "label-mix"}


@pytest.mark.parametrize("smoothing", [False, True])
@pytest.mark.parametrize("scores", ["logits", "probs", "log_probs"])
def test_the_probes_separate_every_two_rules(scores, smoothing):
    rules, columns = table(Offers(ignore_index=True, smoothing=smoothing, scores=scores))
    assert len(rules) > (500 if smoothing else 180)
    together = [
        (rules[i].title, rules[j].title)
        for i, j in combinations(range(len(rules)), 2)
        if max(difference(column[i], column[j]) for column in columns) <= APART
        and not is_one_by_algebra(rules[i], rules[j])
    ]
    assert together == []


def test_without_ignored_labels_only_what_they_would_tell_is_left_together():
    rules, columns = table(Offers(ignore_index=False))
    told = [column for column, probe in zip(columns, of_rules(Offers()), strict=True) if -100 not in probe.labels]
    for i, j in combinations(range(len(rules)), 2):
        if max(difference(column[i], column[j]) for column in told) <= APART:
            methods = {rules[i].method, rules[j].method}
            assert methods <= {"batch-mean", "kept-mean", "nonzero-mean", "unweighted-mean"}, (rules[i], rules[j])


@pytest.mark.parametrize("needed", ["ignored", "smoothed", "far", "square"])
def test_a_kind_of_probe_taken_away_is_missed(needed):
    offers = Offers(ignore_index=True, smoothing=True)
    rules, columns = table(offers)
    gone = {needed, "other"} if needed == "ignored" else {needed}  # in `other`, too, a label is ignored
    kept = [
        column
        for column, probe in zip(columns, of_rules(offers), strict=True)
        if not gone & {probe.name, *probe.name.split("-")}
    ]
    assert len(kept) < len(columns)
    assert any(
        max(difference(column[i], column[j]) for column in kept) <= APART and not is_one_by_algebra(rules[i], rules[j])
        for i, j in combinations(range(len(rules)), 2)
    )


@pytest.mark.parametrize("labels", ["index", "one-hot"])
@pytest.mark.parametrize("takes", [False, True])
def test_every_step_has_a_name_of_its_own(labels, takes):
    offers = Offers(weight=takes, ignore_index=takes, smoothing=takes, reduction=takes, labels=labels)
    names = [step.name for step in steps(offers)]
    assert len(set(names)) == len(names) > 20


def test_the_probes_are_such_that_nothing_cancels():
    for probe in of_rules(Offers(ignore_index=True, smoothing=True)):
        assert isinstance(probe, Probe)
        if probe.weight is not None:
            assert len(set(probe.weight)) == len(probe.weight)
        assert "square" in probe.name or len(probe.labels) != len(probe.logits[0])
