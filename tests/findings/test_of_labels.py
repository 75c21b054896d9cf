"""Findings about the labels, each held to numbers that numpy or torch made another way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.findings.said import f, losses, message

SCORES = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]]


# label-base


def test_labels_that_never_are_0_may_count_from_1():
    labels = [1, 2] * 6
    assert message("label-base", {"logits": np.zeros((12, 3)), "labels": labels}) == (
        f"none of 12 labels is 0, while each class from 1 to 2 occurs: if the classes are equally likely, that has a "
        f"chance of {f((2 / 3) ** 12)}. Do the labels count from 1?"
    )
    many = {"logits": np.zeros((60, 3)), "labels": labels * 5}
    assert (message("label-base", many) or "").endswith("has a chance of less than 1e-06. Do the labels count from 1?")


def test_labels_are_not_said_to_count_from_1_where_little_speaks_for_it():
    zeros = np.zeros((12, 3))
    assert message("label-base", {"logits": zeros, "labels": [1, 2] * 5 + [0, 2]}) is None
    assert message("label-base", {"logits": zeros[:11], "labels": [1, 2] * 5 + [1]}) is None  # a chance of 0.0116
    assert message("label-base", {"logits": zeros, "labels": [1] * 12}) is None  # 2 does not occur either
    assert message("label-base", {"logits": zeros[:, :2], "labels": [1] * 12}) is None  # a batch of one class
    assert message("label-base", {"logits": zeros, "labels": [1, 2] * 6, "classes": ["a", "b", "c"]}) is None
    ignored = {"logits": zeros, "labels": [1, 2] * 5 + [-100, -100]}
    assert message("label-base", ignored) is None
    assert message("label-base", {"logits": zeros, "labels": [1, 2] * 6, "ignore_index": 0}) is None


# labels-not-normalised


def test_labels_that_do_not_sum_to_1_are_counted_and_the_first_is_shown():
    q = [[0.5, 0.5, 0], [0.5, 0.25, 0], [1.0, 1, 0], [0, 0, 1.0]]
    assert message("labels-not-normalised", {"logits": SCORES, "labels": q}) == (
        "2 of 4 labels do not sum to 1: the first, that of sample 1, sums to 0.75, and counts as one of N = 4"
    )
    assert message("labels-not-normalised", {"logits": SCORES[2:], "labels": [q[2], [0.5, 0.5, 0]]}) == (
        "1 of 2 labels does not sum to 1: that of sample 0 sums to 2, and counts as one of N = 2"
    )
    assert message("labels-not-normalised", {"logits": SCORES[:1], "labels": [[1.5, 0.5, 0]]}) == (
        "the only label does not sum to 1, but to 2, and counts as one of N = 1"
    )


def test_torch_counts_a_label_that_sums_to_2_once():
    torch = pytest.importorskip("torch")
    x, q = torch.tensor(SCORES), torch.tensor([[1.0, 1, 0], [0, 0, 1.0], [1, 0, 0], [0, 1, 0]])
    first = torch.nn.functional.cross_entropy(x, q, reduction="none")[0]
    half = torch.nn.functional.cross_entropy(x, q / q.sum(dim=1, keepdim=True), reduction="none")[0]
    assert first.item() == pytest.approx(2 * half.item())
    mean = torch.nn.functional.cross_entropy(x, q)
    assert mean.item() == pytest.approx(torch.nn.functional.cross_entropy(x, q, reduction="sum").item() / 4)


def test_labels_that_sum_to_1_within_printed_digits_are_normalised():
    q = [[0.333, 0.333, 0.333], [0.1, 0.2, 0.7], [0, 0, 1], [0.25, 0.25, 0.5]]
    assert message("labels-not-normalised", {"logits": SCORES, "labels": q}) is None
    assert message("labels-not-normalised", {"logits": SCORES, "labels": [0, 1, 2, 0]}) is None


# one-hot-labels

WEIGHT = np.array([1, 0.25, 3])
LABELS = [0, 1, 2, 1]
TERMS = losses(SCORES, LABELS) * WEIGHT[LABELS]
BY_N, BY_W = TERMS.sum() / 4, TERMS.sum() / WEIGHT[LABELS].sum()
BOTH = (
    f"the labels are one-hot rows, whose mean is divided by N = 4: {f(BY_N)} (batch-mean). The same labels as class "
    f"indices are divided by Σ w[y] = 4.5: {f(BY_W)} (weighted-mean)"
)
REFUSED = "PyTorch refuses one-hot rows of integers (expected floating point type)"


def test_one_hot_labels_are_divided_by_n():
    batch = {"logits": SCORES, "labels": np.eye(3)[LABELS], "weight": WEIGHT}
    assert message("one-hot-labels", batch) == BOTH
    integers = np.eye(3, dtype=int)[LABELS]
    assert message("one-hot-labels", {**batch, "labels": integers}) == f"{REFUSED}; {BOTH}"
    assert message("one-hot-labels", {"logits": SCORES, "labels": integers}) == REFUSED


def test_torch_gives_both_numbers_and_refuses_integers():
    torch = pytest.importorskip("torch")
    x, w = torch.tensor(SCORES, dtype=torch.float64), torch.tensor(WEIGHT)
    y, rows = torch.tensor(LABELS), torch.eye(3, dtype=torch.float64)[LABELS]
    cross_entropy = torch.nn.functional.cross_entropy
    assert cross_entropy(x, rows, weight=w).item() == pytest.approx(BY_N)
    assert cross_entropy(x, y, weight=w).item() == pytest.approx(BY_W)
    with pytest.raises(RuntimeError, match="Expected floating point type"):
        cross_entropy(x, rows.long())


def test_under_smoothing_the_same_labels_as_indices_are_what_torch_gives():
    torch = pytest.importorskip("torch")
    x, w = torch.tensor(SCORES, dtype=torch.float64), torch.tensor(WEIGHT)
    by_index = torch.nn.functional.cross_entropy(x, torch.tensor(LABELS), weight=w, label_smoothing=0.1).item()
    said = message(
        "one-hot-labels",
        {"logits": SCORES, "labels": np.eye(3)[LABELS], "weight": WEIGHT, "label_smoothing": 0.1},
    )
    assert said is not None
    assert said.endswith(f"Σ w[y] = 4.5: {f(by_index)} (weighted-mean)")


def test_where_a_row_makes_nan_of_a_mask_no_number_is_claimed_for_the_indices():
    masked = [[-math.inf, 1.0, 0], [0, 1, 2]]
    said = message("one-hot-labels", {"logits": masked, "labels": np.eye(3)[[1, 0]], "weight": WEIGHT})
    assert said == "the labels are one-hot rows, whose mean is divided by N = 2: nan (batch-mean)"


def test_one_hot_labels_without_unequal_weights_or_other_labels_are_not_worth_a_word():
    rows = np.eye(3)[LABELS]
    assert message("one-hot-labels", {"logits": SCORES, "labels": rows}) is None
    assert message("one-hot-labels", {"logits": SCORES, "labels": LABELS, "weight": WEIGHT}) is None
    mixed = [*rows[:3].tolist(), [0, 0.9, 0.1]]
    assert message("one-hot-labels", {"logits": SCORES, "labels": mixed, "weight": WEIGHT}) is None
