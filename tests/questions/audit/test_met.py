"""Of functions of kinds that public code has nothing false is said."""

from __future__ import annotations

import pytest

from tests.questions.audit.inside import audited_here
from wce_cli.answers.audit import verdict
from wce_cli.errors import WceError
from wce_cli.formats.audit.words import expectation

torch = pytest.importorskip("torch")


def said(answer, name: str) -> tuple[str, str] | None:
    row = answer.row(name)
    return None if row is None else (row.verdict, row.said)


@pytest.mark.parametrize(("name", "label"), [("gpt", -1), ("MinusOne", -1), ("void", 255)])
def test_a_label_that_is_left_out_is_its_own_ignore_index(name, label):
    answer = audited_here(f"met.py:{name}")
    assert answer.own.titled == f"unweighted-mean with its own ignore_index {label}"
    assert "batch-mean" not in answer.own.pairs
    assert said(answer, f"label {label}".replace("-", "−")) == ("note", "is left out")
    assert not said(answer, "ignore_index")[1].startswith("none")
    assert not any(line.startswith("ignore_index") for line in answer.advice)


def test_of_labels_that_are_all_left_out_minus_100_is_the_one():
    answer = audited_here("met.py:negative_is_skipped")
    assert answer.own.titled == "unweighted-mean"
    assert said(answer, "ignore_index") == ("ok", "label −100 is left out")


def test_an_error_is_no_lack_of_an_ignore_index_where_one_is_taken():
    answer = audited_here("met.py:gathered")
    assert said(answer, "ignore_index") == ("note", "label −100 is an error (RuntimeError)")
    assert not any("take ignore_index" in line for line in answer.advice)


def test_a_row_is_not_left_out_by_a_weight_that_nobody_gave():
    answer = audited_here("met.py:averaged_by_samples")
    assert said(answer, "label −1")[1].startswith("counts")


@pytest.mark.parametrize("name", ["Schedule", "Moving", "slower"])
def test_a_state_that_changes_numbers_is_told(name):
    answer = audited_here(f"met.py:{name}", expect="unweighted-mean")
    assert said(answer, "called twice")[0] == "note"
    assert said(answer, "called twice")[1].startswith("gives another number")
    assert answer.is_expected is False
    if answer.own.is_followed:
        assert expectation(answer).startswith("expected unweighted-mean: the value is that, but it gives another")


def test_a_state_that_changes_no_number_is_none():
    answer = audited_here("met.py:Counting", expect="unweighted-mean")
    assert said(answer, "called twice") == ("ok", "gives the same")
    assert answer.is_expected


def test_nan_that_two_departures_would_explain_is_a_departure():
    answer = audited_here("met.py:log_of_weights")
    assert not answer.own.is_followed
    assert answer.own.title == "batch-mean"
    assert (answer.own.departs.when, answer.own.departs.said[:8]) == ("a class weighs 0", "gives na")
    assert said(answer, "all weights 0") == ("note", "nan")
    assert not any("twice" in line for line in answer.advice)


def test_what_a_method_divides_by_is_not_said_of_weights_that_enter_otherwise():
    own = audited_here("met.py:by_prediction").own
    assert own.title == "weighted-mean; weights looked up by the prediction, w[argmax x]"
    assert own.summary == ""


def test_a_weight_that_counts_where_n_is_c_is_said_to_change_nothing_elsewhere_alone():
    row = audited_here("met.py:where_square").row("class weight")
    assert row is None or row.said == "weight changes nothing where N is not C: other weights give the same"
    assert said(audited_here("wrong.py:forgets_the_weight"), "class weight")[1].startswith("weight changes nothing:")


def test_inferred_weights_make_no_rule_the_nearest():
    own = audited_here("met.py:right").own
    assert not own.is_followed
    assert own.brings is None
    assert own.title == ""


def test_a_size_at_which_nothing_is_right_is_no_limit_of_0():
    assert said(audited_here("met.py:clamped"), "lowest logits")[1].startswith("wrong at −1; −1e6 gives")


def test_without_weights_a_gradient_is_named_by_the_rule_that_has_none():
    assert said(audited_here("met.py:moved_on"), "dL/dlogits") == (
        "ok",
        "that of unweighted-mean, which the value is not",
    )


def test_a_gradient_that_is_lost_in_rounding_is_not_said_to_be_float32():
    answer = audited_here("met.py:gradients")
    assert answer.own.shape == "(N·C, 1)"
    assert "float32" not in said(answer, "dL/dlogits")[1]


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("accuracy_and_loss", "the second of a tuple of 2"),
        ("loss_and_accuracy", "the first of a tuple of 2"),
        ("named_loss", "'loss' of a dict of 2"),
        ("one_carries", "'nll' of a dict of 2"),
    ],
)
def test_of_several_things_the_loss_is_what_carries_a_gradient(name, of):
    answer = audited_here(f"met.py:{name}")
    assert (answer.taken_of, answer.own.titled) == (of, "unweighted-mean")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("two_carry", "returned a dict without 'loss' ('nll', 'total')", "call it 'loss'"),
        ("on_a_gpu", "needs a GPU: ", '"device": "cpu"'),
    ],
)
def test_an_answer_that_is_none_says_what_to_do(name, message, hint):
    with pytest.raises(WceError) as raised:
        audited_here(f"met.py:{name}")
    problem = raised.value.problems[0]
    assert message in problem.message
    assert hint in problem.hint


def test_losses_of_the_kept_rows_alone_are_counted_as_such():
    assert audited_here("met.py:kept_alone").own.shape == "(N kept,)"


PROBABILITIES = {
    "clipped": "unweighted-mean; p is clipped to [1e-7, 1 − 1e-7] (Keras)",
    "renormalised": "weighted-mean; p is divided by the sum of its row first",
    "categorical": "ℓ of each sample; p is divided by the sum of its row, then clipped to [1e-7, 1 − 1e-7] (Keras)",
}


@pytest.mark.parametrize(("name", "title"), PROBABILITIES.items(), ids=list(PROBABILITIES))
def test_what_takes_the_log_of_a_clipped_number_was_meant_for_probabilities(name, title):
    answer = audited_here(f"met.py:{name}")
    assert "probs" in answer.call
    assert answer.guessed.endswith("was taken for probabilities: it takes their log, clipped, and no softmax")
    assert verdict(answer).removesuffix(", except where a loss is very large") == f"computes {title}"


@pytest.mark.parametrize("name", ["clipped_logits", "focal_of_probabilities", "gpt"])
def test_logits_stay_logits_where_a_name_or_a_number_says_so(name):
    answer = audited_here(f"met.py:{name}")
    assert "probs" not in answer.call
    assert answer.guessed == ""


def test_y_beside_t_is_the_prediction():
    answer = audited_here("met.py:from_scratch")
    assert answer.own.titled == "unweighted-mean; the scores are read as probabilities, no softmax"
    assert answer.call.endswith("(logits, labels)")
