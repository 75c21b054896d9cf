"""Constants that are known are used, however they are spelled: in a default, in --kwargs, in an object, in settings."""

from __future__ import annotations

import pytest

from tests.questions.audit.inside import audited_here
from wce_cli.errors import WceError

torch = pytest.importorskip("torch")

SMOOTHED = {
    "epsilon_by_hand": ({}, "unweighted-mean with its own label_smoothing 0.1"),
    "eps": ({"eps": 0.25}, "unweighted-mean with its own label_smoothing 0.25"),
    "label_smooth_val": ({"label_smooth_val": 0.3}, "unweighted-mean with its own label_smoothing 0.3"),
    "lb_smooth": ({"lb_smooth": 0.25}, "unweighted-mean with its own label_smoothing 0.25"),
    "smoothing": ({"smoothing": 0.1}, "unweighted-mean with its own label_smoothing 0.1"),
    "OfTheClass": ({}, "unweighted-mean with its own label_smoothing 0.12"),
    "OfTheObject": ({}, "unweighted-mean with its own label_smoothing 0.1"),
    "partial": ({}, "weighted-mean with its own label_smoothing 0.1"),
    "by_settings": ({}, "unweighted-mean with its own label_smoothing 0.11"),
    "by_dict": ({}, "unweighted-mean with its own label_smoothing 0.13"),
}
OF_TORCH = [
    ({"label_smoothing": 0.1}, "weighted-mean with its own label_smoothing 0.1"),
    ({"label_smoothing": 0.1, "reduction": "sum"}, "sum with its own label_smoothing 0.1"),
    ({"reduction": "none"}, "w·ℓ of each sample"),
    ({"ignore_index": -1}, "weighted-mean with its own ignore_index -1"),
    ({"weight": [1, 2, 3]}, "weighted-mean with its own weights [1, 2, 3]"),
]


@pytest.mark.parametrize(("name", "asked"), SMOOTHED.items(), ids=list(SMOOTHED))
def test_a_smoothing_is_known_by_its_names(name, asked):
    kwargs, titled = asked
    own = audited_here(f"constants.py:{name}", kwargs=kwargs).own
    assert own.is_followed
    assert own.titled == titled


@pytest.mark.parametrize(("kwargs", "titled"), OF_TORCH, ids=[", ".join(kwargs) for kwargs, _ in OF_TORCH])
def test_what_torch_is_given_is_what_it_computes_with(kwargs, titled):
    assert audited_here("torch.nn.functional:cross_entropy", kwargs=kwargs).own.titled == titled


def test_a_class_that_is_ignored_by_a_constant_is_named():
    answer = audited_here("constants.py:partial_sum")
    assert (answer.own.titled, answer.labels) == ("sum", "class 1 is ignored")


@pytest.mark.parametrize(
    ("target", "key"),
    [("torch.nn:CrossEntropyLoss", "weight"), ("constants.py:averaged", "class_weight")],
)
def test_a_list_of_weights_is_an_array_where_a_list_is_an_error(target, key):
    own = audited_here(target, kwargs={key: [1, 2, 3]}).own
    assert own.is_followed
    assert own.brings.weight == (1.0, 2.0, 3.0)


def test_a_list_stays_one_where_that_is_what_is_taken():
    answer = audited_here("constants.py:WithWeights", kwargs={"class_weight": [1, 2, 3]})
    assert answer.own.titled == "batch-mean with its own weights [1, 2, 3]"
    assert "weight=weight" not in answer.call


@pytest.mark.parametrize(
    ("name", "kwargs", "factor"),
    [("per_item", {"num_items_in_batch": 10}, 0.1), ("averaged", {"avg_factor": 4}, 0.25)],
)
def test_what_a_sum_is_divided_by_is_a_factor(name, kwargs, factor):
    assert audited_here(f"constants.py:{name}", kwargs=kwargs).own.titled == f"sum with its own factor {factor:g}"


def test_a_switch_is_no_number():
    plain = audited_here("constants.py:padded", kwargs={"trg_pad_idx": 1})
    assert "smoothing" not in plain.call
    assert (plain.own.titled, plain.labels) == ("sum", "class 1 is ignored")
    smoothed = audited_here("constants.py:padded", kwargs={"trg_pad_idx": 0, "smoothing": True})
    assert smoothed.own.titled == "sum with its own label_smoothing 0.1; ε/(C−1) on the other classes"


def test_a_module_with_a_call_of_its_own_is_called_by_it():
    answer = audited_here("constants.py:CalledItself")
    assert answer.own.titled == "unweighted-mean"
    row = answer.row("label_smoothing")
    assert row.verdict == "note"
    assert row.said.startswith("where none is given: 1.5614, and 1.5964 at 0")


def test_a_default_that_is_an_error_is_said_and_is_no_error_of_labels():
    answer = audited_here("constants.py:smoothing_or_none")
    assert answer.own.titled == "batch-mean"
    assert answer.row("label_smoothing").verdict == "wrong"
    assert "TypeError" in answer.row("label_smoothing").said
    assert answer.row("ignore_index").said == "label −100 adds nothing, but is counted in N"


@pytest.mark.parametrize(
    ("name", "needs", "hint"),
    [
        ("NeedsCounts", "cls_num_list", "[100, 10, 1]}', or say how to call it: --call 'NeedsCounts(weight=weight)(lo"),
        ("two_factors", "alpha", '"alpha": 0.25'),
        ("smoothing", None, None),
        ("padded", None, None),
    ],
)
def test_a_hint_says_what_may_stand_for_a_parameter(name, needs, hint):
    if needs is None:
        assert audited_here(f"constants.py:{name}").is_answered
        return
    with pytest.raises(WceError) as raised:
        audited_here(f"constants.py:{name}")
    problem = raised.value.problems[0]
    assert f"needs {needs}" in problem.message
    assert hint in problem.hint
