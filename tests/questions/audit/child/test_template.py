"""A template is read, and never run."""

from __future__ import annotations

import pytest

from wce_cli.errors import WceError
from wce_cli.questions.audit.child.template import check_template, template


def roles(call) -> list[tuple[str | None, str | None]]:
    return [(one.keyword, one.role) for one in call.arguments]


def test_a_template_says_what_goes_where():
    call = template("anything(log_probs, labels, w=weight, gamma=2.5, names=['a', -1])", is_class=False)
    assert roles(call) == [(None, "log_probs"), (None, "labels"), ("w", "weight"), ("gamma", None), ("names", None)]
    assert [one.constant for one in call.arguments[3:]] == [2.5, ["a", -1]]


def test_a_template_of_a_class_makes_it_first():
    assert template("Loss(weight=weight)(logits, labels)", is_class=True).make[0].role == "weight"
    with pytest.raises(WceError, match="calls a class as a function"):
        template("Loss(logits, labels)", is_class=True)
    with pytest.raises(WceError, match="calls twice"):
        template("f(weight)(logits, labels)", is_class=False)


def test_a_template_calls_the_function_by_its_name_or_by_one_that_stands_for_any():
    for head in ("odd", "f", "Loss", "its_own"):
        assert template(f"{head}(logits, labels)", is_class=False, names=["odd", "its_own"]).make is None
    assert template("Loss(weight)(logits, labels)", is_class=True, names=["Mine"]).make is not None
    for text, is_class, said, hint in (
        ("other(logits, labels, weight)", False, "calls other, not odd", "--call 'odd(logits, labels, weight)'"),
        ("(other)(logits, labels)", False, "calls other, not odd", "--call '(odd)(logits, labels)'"),
        ("Other(weight)(logits, labels)", True, "calls Other, not odd", "--call 'odd(weight)(logits, labels)'"),
    ):
        with pytest.raises(WceError) as refused:
            template(text, is_class, ["odd", "its_own"])
        assert (refused.value.problems[0].message, refused.value.problems[0].hint) == (f"--call {text!r} {said}", hint)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f",
        "f(logits, labels",
        "f(logits, labels); g()",
        "f(logits, open('x', 'w'))",
        "f(logits, labels, weight=__import__('os'))",
        "f(logits, labels.sum())",
        "f(logits, labels, *weight)",
        "f(logits, labels, **{'a': 1})",
        "os.system(logits, labels)",
        "(lambda: 0)(logits, labels)",
        "f(logits, [weight])",
        "f(logits, labels if labels else 0)",
        "f(logits)",
        "f(labels, weight)",
        "f(logits, labels, unknown)",
        "(" * 500,
    ],
)
def test_a_template_holds_names_and_constants_and_nothing_else(text):
    with pytest.raises(WceError, match="--call"):
        check_template(text)
