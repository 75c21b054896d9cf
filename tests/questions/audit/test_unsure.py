"""What is not sure is not said: of functions that no rule gives, that know no order, or that always give the same."""

from __future__ import annotations

import pytest

from tests.questions.audit.inside import audited_here
from wce_cli.questions.audit.probes import Offers
from wce_cli.questions.audit.protocol import Answered
from wce_cli.questions.audit.rows.labelled import idle_classes, is_told_by_rows

torch = pytest.importorskip("torch")
F = torch.nn.functional

OF_LABELS = ("ignore_index", "label −1", "label C", "label 255", "class 0", "class 1", "class 2")


def said(answer, name: str) -> tuple[str, str] | None:
    row = answer.row(name)
    return None if row is None else (row.verdict, row.said)


def of_labels(answer) -> dict[str, str]:
    """What is said of labels, but for errors."""
    return {row.name: row.said for row in answer.rows if row.name in OF_LABELS and not row.said.startswith("an error")}


@pytest.mark.parametrize("name", ["always_the_same", "judged_by_the_label_before", "first_half", "one_weight_a_sample"])
def test_nothing_is_said_of_labels_where_rows_do_not_tell(name):
    answer = audited_here(f"unsure.py:{name}")
    assert of_labels(answer) == {}
    assert answer.labels == ""
    assert not any(line.startswith("ignore_index") for line in answer.advice)


@pytest.mark.parametrize("name", ["hits", "share_of_hits"])
def test_no_class_is_ignored_by_what_counts_the_right_predictions(name):
    answer = audited_here(f"unsure.py:{name}")
    assert answer.labels == ""
    assert not [row for row in answer.rows if row.name.startswith("class")]


def test_losses_of_each_are_not_compared_by_their_shape():
    answer = audited_here("unsure.py:index_of_each")
    assert said(answer, "label −1") == ("note", said(answer, "label −1")[1])
    assert "array" not in "".join(of_labels(answer).values())


def test_a_label_that_a_function_skips_of_its_own_is_no_error_of_ours():
    answer = audited_here("unsure.py:hardest")
    assert said(answer, "label 255") == ("note", "is left out")
    assert not answer.own.is_followed


def test_what_is_counted_in_n_is_told_to_be_left_out_of_that_alone():
    advice = audited_here("labels.py:counted_in_n").row("ignore_index").advice
    assert advice.startswith("divide by")
    assert "sum and" not in advice


def test_a_class_is_idle_only_where_every_other_batch_is_the_same():
    same, other = Answered("", (1.0,)), Answered("", (2.0,))
    ends = ("", ", moved", ", raised")
    all_same = {f"label {c}{end}": same for c in range(3) for end in ends}
    assert idle_classes(all_same) == [0, 1, 2]
    assert not is_told_by_rows({**all_same, "plain": same, "reversed": same}, Offers())
    some = {**all_same, "label 1, raised": other, "label 2, moved": other}
    assert idle_classes(some) == [0]
    assert is_told_by_rows({**some, "plain": same, "reversed": same}, Offers())
    assert not is_told_by_rows({**some, "plain": same, "reversed": other}, Offers())


def test_a_sum_over_nothing_is_0_as_torchs_is():
    assert F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), reduction="sum") == 0
    answer = audited_here("unsure.py:summed")
    assert said(answer, "empty batch") == ("ok", "0")
    assert said(answer, "all ignored") == ("ok", "0")


def test_without_a_rule_another_layout_is_held_to_the_same_in_rows():
    answer = audited_here("unsure.py:adjusted")
    assert not answer.own.is_followed
    verdict, text = said(answer, "(N, C, d1)")
    probe = answer.row("(N, C, d1)").probe
    x, y = torch.tensor(probe["logits"], dtype=torch.float64), torch.tensor(probe["labels"])
    images, shift = x.reshape(2, 3, 4).movedim(2, 1), torch.linspace(0.0, -2.0, 4)
    values = [
        F.cross_entropy(images + torch.linspace(0.0, -2.0, 3), y.reshape(2, 3)),
        F.cross_entropy(x + shift, y),
    ]
    assert (verdict, text) == ("note", ", not ".join(f"{value.item():.6g}" for value in values))


def test_how_small_a_loss_is_that_is_lost_is_said_of_rules_alone():
    text = said(audited_here("unsure.py:adjusted"), "tiny losses")[1]
    assert text.startswith("0 where the label's logit leads by more than ")
    lead = float(text.partition("more than ")[2].split()[0])
    shift = torch.linspace(0.0, -2.0, 3)

    def loss(gap):
        return F.cross_entropy(torch.tensor([[gap, 0.0, 0.0]]) + shift, torch.tensor([0])).item()

    assert loss(lead - 0.5) > 0 == loss(lead + 0.5)


def test_the_gradient_is_that_of_the_rule_with_what_the_function_brings_along():
    assert said(audited_here("unsure.py:scaled"), "dL/dlogits") == (
        "ok",
        "that of unweighted-mean with its own factor 0.4",
    )


def test_a_gradient_is_named_only_where_its_value_is_another():
    assert said(audited_here("unsure.py:hardest"), "dL/dlogits") == ("ok", "there is one; no rule to hold it to")
    assert said(audited_here("unsure.py:in_one_row"), "dL/dlogits") == ("ok", "there is one; no rule to hold it to")


BROUGHT = {
    "ByConstantsOfItsCall": "weighted-mean with its own weights [3, 1, 2] and label_smoothing 0.1",
    "WhatIsLeftToTheLabel": "unweighted-mean with its own label_smoothing 0.1",
    "column_without_its_weight": "ℓ of each sample",
}


@pytest.mark.parametrize(("name", "title"), BROUGHT.items(), ids=list(BROUGHT))
def test_a_constant_that_is_known_is_used_wherever_it_stands(name, title):
    own = audited_here(f"unsure.py:{name}").own
    assert (own.is_followed, own.titled) == (True, title)


def test_what_needs_two_rows_is_shown_with_two():
    departs = audited_here("unsure.py:judged_by_the_label_before").own.departs
    assert departs.got == departs.got
    assert len(departs.probe["labels"]) >= 2
