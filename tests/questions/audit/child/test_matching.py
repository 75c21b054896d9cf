"""Parameters are matched by their usual names."""

from __future__ import annotations

import functools

import pytest

from wce_cli.errors import WceError
from wce_cli.questions.audit.child.matching import matched
from wce_cli.questions.audit.child.roles import ROLES


def roles(call) -> list[tuple[str | None, str | None]]:
    return [(one.keyword, one.role) for one in call.arguments]


def f(y_hat, y, alpha=None, *, reduction="mean", eps=1e-7):
    raise AssertionError("it is matched, not called")


class Loss:
    def __init__(self, class_weight, smoothing=0.0, gamma=2):
        raise AssertionError("it is matched, not made")

    def __call__(self, outputs, targets):
        raise AssertionError


def test_parameters_are_matched_by_their_usual_names():
    call = matched(f, "f", {})
    assert roles(call) == [(None, "logits"), (None, "labels"), ("alpha", "weight"), ("reduction", "reduction")]
    assert call.optional == {"weight", "reduction"}
    assert call.text("f") == "f(logits, labels, alpha=weight, reduction=reduction)"


def test_labels_that_come_first_stay_first():
    assert roles(matched(lambda y_true, y_pred: 0, "k", {})) == [(None, "labels"), (None, "logits")]


def test_a_class_is_made_with_what_its_making_takes():
    call = matched(Loss, "Loss", {"gamma": 0})
    assert call.text("Loss") == "Loss(class_weight=weight, smoothing=label_smoothing, gamma=0)(logits, labels)"


def test_one_parameter_without_a_usual_name_is_taken_for_what_is_missing_and_said():
    call = matched(lambda logits, wanted: 0, "g", {})
    assert roles(call) == [(None, "logits"), (None, "labels")]
    assert call.guessed == "wanted was taken for the labels"


def test_a_partial_function_is_matched_by_what_it_still_takes():
    assert roles(matched(functools.partial(f, reduction="sum"), "p", {"reduction": "sum"}))[:3] == [
        (None, "logits"),
        (None, "labels"),
        ("alpha", "weight"),
    ]


@pytest.mark.parametrize(
    ("function", "constants", "message"),
    [
        (lambda a, b: 0, {}, "no parameter of h is known to take the logits (a, b)"),
        (lambda logits: 0, {}, "no parameter of h is known to take the labels (logits)"),
        (lambda logits, labels, temperature: 0, {}, "h needs temperature, and no usual name says what that is"),
        (lambda logits, labels: 0, {"gama": 1}, "h has no parameter gama for --kwargs"),
    ],
)
def test_what_cannot_be_matched_is_refused(function, constants, message):
    with pytest.raises(WceError) as refused:
        matched(function, "h", constants)
    assert refused.value.problems[0].message == message
    assert refused.value.problems[0].hint


def test_every_usual_name_stands_for_one_thing():
    names = [name for listed in ROLES.values() for name in listed.split()]
    assert len(set(names)) == len(names)
    assert all(role in listed.split() for role, listed in ROLES.items())
