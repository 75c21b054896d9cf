"""Findings about the weights, each held to numbers that numpy or torch made another way."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.findings.said import f, findings_of, losses, message
from tests.run import ROOT
from wce_cli import explain

SCORES = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]]


# weight-invisible

WELL = [[30.0, 0], [2, 1], [1, 0]]


def test_a_weight_on_a_class_without_loss_is_invisible():
    small, rest = math.exp(-30), losses(WELL[1:], [1, 1]).sum()
    assert message("weight-invisible", {"logits": WELL, "labels": [0, 1, 1], "weight": [5, 1]}) == (
        f"class 0 weighs 5, but its only kept sample has Σℓ = {f(small)}: sum is {f(rest)} and batch-mean "
        f"{f(rest / 3)} with the weights and without. Only Σ w[y] changes, from 3 to 7, and weighted-mean from "
        f"{f(rest / 3)} to {f(rest / 7)}"
    )


def test_of_several_invisible_classes_the_one_that_moves_d_most_is_named():
    rows = [[30.0, 0, 0], [30, 0, 0], [0, 30, 0], [1, 2, 0], [2, 0, 1]]
    batch = {"logits": rows, "labels": [0, 0, 1, 2, 2], "weight": [2, 9, 1], "sample_weight": [1, 1, 1, 2, 1]}
    rest = losses(rows[3:], [2, 2]) @ [2, 1]
    assert message("weight-invisible", {**batch, "classes": ["cat", "dog", "eel"]}) == (
        f'class "dog" weighs 9, but its only kept sample has Σℓ = {f(2 * math.exp(-30))} (likewise 1 more): sum is '
        f"{f(rest)} and batch-mean {f(rest / 5)} with the weights and without. Only Σ s·w[y] changes, from 6 to 16, "
        f"and weighted-mean from {f(rest / 6)} to {f(rest / 16)}"
    )
    assert "its 2 kept samples have Σℓ = " in (message("weight-invisible", {**batch, "weight": [9, 2, 1]}) or "")


def test_torch_prints_the_same_sum_and_another_mean():
    torch = pytest.importorskip("torch")
    x, y, w = torch.tensor(WELL), torch.tensor([0, 1, 1]), torch.tensor([5.0, 1.0])
    cross_entropy = torch.nn.functional.cross_entropy
    assert f(cross_entropy(x, y, weight=w, reduction="sum").item()) == f(cross_entropy(x, y, reduction="sum").item())
    assert cross_entropy(x, y, weight=w).item() == pytest.approx(cross_entropy(x, y).item() * 3 / 7)


def test_a_weight_that_shows_or_that_another_finding_explains_is_not_invisible():
    batch = {"logits": WELL, "labels": [0, 1, 1]}
    assert message("weight-invisible", {**batch, "logits": [[9.0, 0], [2, 1], [1, 0]], "weight": [5, 1]}) is None
    assert message("weight-invisible", {**batch, "weight": [0, 1]}) is None  # zero-weight-class
    assert message("weight-invisible", {**batch, "labels": [0, 0, 0], "weight": [5, 1]}) is None  # weight-cancels
    assert message("weight-invisible", {**batch, "weight": [1, 1]}) is None
    assert message("weight-invisible", {**batch, "weight": [1, 5]}) is None
    # The sum happens to be the same: 0.5 · 2 + 2 · 1 = 2 + 1.
    chance = {"log_probs": [[-2, -0.1], [-0.5, -1]], "labels": [0, 1], "weight": [0.5, 2]}
    assert message("weight-invisible", chance) is None
    # No class has a loss: that is no matter of weights.
    assert message("weight-invisible", {"logits": [[900, 0], [0, 900]], "labels": [0, 1], "weight": [5, 1]}) is None
    assert message("weight-invisible", {**batch, "weight": [5, 1], "label_smoothing": 0.1}) is None


# negative-weight


def test_a_negative_weight_is_named_with_the_sum_it_lowers():
    labels = [0, 1, 2, 1]
    weight = np.array([1, -0.5, 2])
    total = losses(SCORES, labels) @ weight[labels]
    effect = f"a weight below 0 lowers the sum, {f(total)} here, the larger the loss is"
    batch = {"logits": SCORES, "labels": labels, "weight": weight}
    assert message("negative-weight", batch) == (
        f"class 1 weighs -0.5: {effect}, and D = Σ w[y] = 2 holds it with its sign"
    )
    s = np.array([1, 1, -2, 1])
    total = losses(SCORES, labels) @ (weight[labels] * s)
    assert message("negative-weight", {**batch, "sample_weight": s}) == (
        f"class 1 weighs -0.5 and the smallest sample weight is -2: a weight below 0 lowers the sum, {f(total)} here, "
        "the larger the loss is, and D = Σ s·w[y] = -4 holds it with its sign"
    )
    soft = message("negative-weight", {"logits": SCORES, "labels": np.full((4, 3), 1 / 3), "weight": [-1, -2, 3]})
    assert soft is not None
    assert soft.startswith("class 0 weighs -1 (and 1 more below 0): a weight below 0 lowers the sum, ")
    assert soft.endswith(" here, the larger the loss is")


def test_a_negative_weight_that_no_sample_has_is_left_to_another_finding():
    batch = {"logits": SCORES, "labels": [0, 1, 1, 1], "weight": [1, 0.5, -2]}
    assert message("negative-weight", batch) is None
    assert (
        message("absent-class-weight", batch)
        == "class 2 (weight -2) has no kept sample: its weight changes nothing here"
    )
    both = message("negative-weight", {**batch, "labels": [1, 0, 0, 0], "weight": [1, -0.5, -2]}) or ""
    assert both.startswith("class 1 weighs -0.5: ")
    assert message("negative-weight", {**batch, "label_smoothing": 0.1}) is not None
    assert message("negative-weight", {**batch, "weight": [1, 0, 2]}) is None
    positive = {"logits": SCORES[:2], "labels": [0, 1], "weight": [1, -2, 1], "sample_weight": [1, -1]}
    assert message("negative-weight", positive) is None  # −1 · −2 = 2


def test_a_weight_is_not_rounded_to_another_whole_number():
    batch = {"logits": [[1.0, 2], [3, 4]], "labels": [0, 1], "weight": [-0.9999999, 1]}
    said = message("negative-weight", batch)
    assert said is not None
    assert said.startswith("class 0 weighs -0.9999999: ")
    assert "D = Σ w[y] = 1e-07 " in said
    small = message("negative-weight", {**batch, "weight": [2, 1], "sample_weight": [-1 - 1e-12, 1]})
    assert (small or "").startswith("the smallest sample weight is -1.000000000001: ")
    absent = message("absent-class-weight", {**batch, "labels": [0, 0], "weight": [3, 1.0000001]})
    assert (absent or "").startswith("class 1 (weight 1.0000001) has no kept sample")
    one = message("weight-cancels", {**batch, "labels": [1, -100], "weight": [3, 1.0000001]})
    assert (one or "").startswith("the only kept sample weighs 1.0000001, ")


# zero-weight-class


def test_a_class_of_weight_0_is_in_some_denominators():
    labels, weight = [0, 1, -100, 1], np.array([0, 2, 1])
    total = 2 * losses([SCORES[1], SCORES[3]], [1, 1]).sum()
    assert message("zero-weight-class", {"logits": SCORES, "labels": labels, "weight": weight}) == (
        "class 0 weighs 0: its only kept sample counts in N = 4 and N kept = 3, and not in Σ w[y] nor in "
        f"N with w ≠ 0 = 2 (nonzero-mean {f(total / 2)})"
    )
    two = {"logits": SCORES, "labels": [0, 1, 2, 1], "weight": [0, 2, 0], "classes": ["a", "b", "c"]}
    assert (message("zero-weight-class", two) or "").startswith('classes "a" and "c" weigh 0: their 2 kept samples')


def test_a_weight_of_0_that_no_sample_or_every_sample_has_is_not_this():
    assert message("zero-weight-class", {"logits": SCORES, "labels": [1, 1, 2, 1], "weight": [0, 2, 1]}) is None
    found = findings_of({"logits": SCORES, "labels": [0, 0, 0, 0], "weight": [0, 2, 1]})
    assert "zero-denominator" in found
    assert "zero-weight-class" not in found


# absent-class-weight


def test_the_weight_of_an_absent_class_changes_nothing():
    batch = {"logits": SCORES, "labels": [0, 1, 0, 1]}
    assert message("absent-class-weight", {**batch, "weight": [1, 2, 5]}) == (
        "class 2 (weight 5) has no kept sample: its weight changes nothing here"
    )
    names = {"logits": np.zeros((2, 6)), "labels": [0, 0], "classes": list("abcdef")}
    assert message("absent-class-weight", {**names, "weight": [1, 1, 2, 0.5, 1, 1]}) == (
        'classes "c" and "d" (weights 2 and 0.5) have no kept sample: their weights change nothing here'
    )
    assert message("absent-class-weight", {**names, "weight": [1, 1.5, 2, 0.5, 3, 1]}) == (
        'classes "b", "c", "d" and 1 more (weights 1.5, 2, 0.5, …) have no kept sample: their weights change nothing '
        "here"
    )
    assert message("absent-class-weight", {**names, "weight": [1, 1.5, 2, 0.5, 3, 4]}) == (
        'classes "b", "c", "d" and 2 more (weights 1.5, 2, 0.5, …) have no kept sample: their weights change nothing '
        "here"
    )


def test_torch_gives_the_same_for_any_weight_of_an_absent_class():
    torch = pytest.importorskip("torch")
    x, y = torch.tensor(SCORES), torch.tensor([0, 1, 0, 1])
    for reduction in ("mean", "sum"):
        given = {
            torch.nn.functional.cross_entropy(x, y, weight=torch.tensor([1, 2, w]), reduction=reduction).item()
            for w in (0.0, 1.0, 5.0, 1e9)
        }
        assert len(given) == 1


def test_an_absent_class_is_not_worth_a_word_without_a_weight_of_its_own():
    batch = {"logits": SCORES, "labels": [0, 1, 0, 1]}
    assert message("absent-class-weight", {**batch, "weight": [1, 2, 1]}) is None
    assert message("absent-class-weight", {**batch, "weight": [2, 2, 2]}) is None
    assert message("absent-class-weight", {**batch, "labels": [0, 1, 2, 1], "weight": [1, 2, 5]}) is None
    assert message("absent-class-weight", {**batch, "weight": [1, 2, 5], "label_smoothing": 0.1}) is None
    assert message("absent-class-weight", {**batch, "labels": np.eye(3)[[0, 1, 0, 1]], "weight": [1, 2, 5]}) is None
    vocabulary = {"logits": np.zeros((2, 22)), "labels": [0, 1]}
    assert message("absent-class-weight", {**vocabulary, "weight": [1] + [2] * 21}) is not None
    assert message("absent-class-weight", {**vocabulary, "labels": [0, 0], "weight": [1] + [2] * 21}) is None
    assert message("absent-class-weight", {**batch, "labels": [-100] * 4, "weight": [1, 2, 5]}) is None


# weight-scale


def test_the_scale_of_the_weights_is_shown():
    labels, weight = [0, 1, -100, 1], np.array([10, 40, 1])
    assert message("weight-scale", {"logits": SCORES, "labels": labels, "weight": weight}) == (
        "the 3 kept samples weigh 30 on average: batch-mean and sum are that many times what they would be with the "
        "same weights scaled to an average of 1; weighted-mean would be the same"
    )
    assert message("weight-scale", {"logits": SCORES, "labels": labels, "weight": [0.1, 0.2, 1]}) is not None
    by_sample = {"logits": SCORES, "labels": labels, "sample_weight": [5, 6, 1, 7]}
    assert "weigh 6 on average" in (message("weight-scale", by_sample) or "")


@pytest.mark.parametrize("labels", [[0, 1, 2, 1], [0, 1, -100, 1], [0, -100, -100, 1]])
@pytest.mark.parametrize("smoothing", [0, 0.1])
def test_the_factor_of_weight_scale_is_what_scaled_weights_take_away(labels, smoothing):
    weight = np.array([10, 40, 20])
    batch = {"logits": SCORES, "labels": labels, "label_smoothing": smoothing}
    said = message("weight-scale", {**batch, "weight": weight})
    assert said is not None
    average = float(said.split(" weigh ")[1].split(" ")[0])
    assert average == pytest.approx(weight[[y for y in labels if y >= 0]].mean(), rel=1e-5)
    given, scaled = (explain(**batch, weight=w, engines=()) for w in (weight, weight / average))
    for method, factor in (("batch-mean", average), ("sum", average), ("weighted-mean", 1)):
        assert given.value(method) == pytest.approx(factor * scaled.value(method))


def test_torch_sees_the_scale_in_the_sum_alone():
    torch = pytest.importorskip("torch")
    x, y = torch.tensor(SCORES, dtype=torch.float64), torch.tensor([0, 1, 2, 1])

    def loss(k, reduction):
        w = k * torch.tensor([1.0, 4, 2], dtype=torch.float64)
        return torch.nn.functional.cross_entropy(x, y, weight=w, reduction=reduction).item()

    assert loss(10, "mean") == pytest.approx(loss(1, "mean"))
    assert loss(10, "sum") == pytest.approx(10 * loss(1, "sum"))


def test_ordinary_equal_zero_and_negative_weights_are_no_matter_of_scale():
    batch = {"logits": SCORES, "labels": [0, 1, 2, 1]}
    assert message("weight-scale", {**batch, "weight": [1, 0.25, 3]}) is None  # 1.125 on average
    assert message("weight-scale", {**batch, "weight": [1, 2, 3]}) is None  # 2: the end of what is ordinary
    assert message("weight-scale", {**batch, "weight": [1, 2, 3.1]}) is not None
    assert message("weight-scale", {**batch, "weight": [9, 9, 9]}) is None  # weight-cancels
    assert message("weight-scale", {**batch, "weight": [1, 0, 0]}) is None  # zero-weight-class
    assert message("weight-scale", {**batch, "weight": [10, 0, 30]}) is not None
    assert message("weight-scale", {**batch, "weight": [10, -1, 30]}) is None  # negative-weight
    assert message("weight-scale", {**batch, "labels": np.full((4, 3), 1 / 3), "weight": [10, 20, 30]}) is None
    assert message("weight-scale", {**batch, "weight": [0, 0, 0]}) is None


# smoothing-weights-every-class


def test_smoothing_shows_the_numbers_that_the_frameworks_printed():
    runs = json.loads((ROOT / "tests" / "data" / "framework_runs.json").read_text("utf-8"))
    batch = runs["batches"]["d3"]

    def printed(framework, version, pair):
        return next(
            f(run["printed"]["d3"])
            for run in runs["claimed"]
            if run["framework"].startswith(framework) and version in run["version"] and run["pair"] == pair
            if "d3" in run["printed"] and batch["label_smoothing"] == 0.1
        )

    torch = printed("torch", "2.13.0", "weighted-mean/class")
    keras, weighted = (
        printed("keras", "3.15.1", "batch-mean/sample"),
        printed("keras", "3.15.1", "weighted-mean/sample"),
    )
    paddle = printed("paddle", "3.3.1", "weighted-mean/label-mix")
    assert message("smoothing-weights-every-class", batch) == (
        "with label smoothing 0.1 PyTorch's numerator holds the weight of every class and its D only Σ w[y]: "
        f"weighted-mean is {torch}. Keras's rule gives {keras} (batch-mean/sample) or {weighted} "
        f"(weighted-mean/sample), Paddle's {paddle} (weighted-mean/label-mix)"
    )
    ignored = message("smoothing-weights-every-class", {**batch, "labels": [0, 2, 1, 3, 1, -100]})
    assert ignored is not None
    assert "(kept-mean/sample)" in ignored


def test_without_smoothing_or_unequal_weights_the_placements_are_one():
    batch = {"logits": SCORES, "labels": [0, 1, 2, 1], "weight": [1, 2, 3], "label_smoothing": 0.1}
    assert message("smoothing-weights-every-class", batch) is not None
    assert message("smoothing-weights-every-class", {**batch, "label_smoothing": 0.0}) is None
    assert message("smoothing-weights-every-class", {**batch, "weight": [2, 2, 2]}) is None
    assert message("smoothing-weights-every-class", {**batch, "weight": None}) is None
    soft = message("smoothing-weights-every-class", {**batch, "labels": np.eye(3)[[0, 1, 2, 1]]})
    assert soft is not None
    assert "the weight of every class and its D is N: batch-mean is" in soft
    assert message("smoothing-weights-every-class", {**batch, "labels": [-100] * 4}) is None


def test_what_the_page_of_smoothing_says_of_a_light_sample():
    own, heavy = 0.1 * (0.9 + 0.1 / 2), 0.9 * 0.1 / 2
    assert 0.4 < heavy / own < 0.5


def test_a_weight_that_nearly_cancels_another_is_shown_with_its_digits():
    said = message("negative-weight", {"logits": [[1.0, 2], [1, 2]], "labels": [0, 1], "weight": [1, -0.9999999]})
    assert said is not None
    assert "weighs -0.9999999:" in said
    assert "D = Σ w[y] = 1e-07 holds it" in said


def test_one_number_is_not_said_twice_where_the_weight_cancels():
    """w = 2 and half of the samples ignored: batch-mean is weighted-mean again."""
    batch = {"logits": [[1.0, 2], [2, 1]], "labels": [0, -100], "weight": [2, 5]}
    said = message("weight-cancels", batch)
    assert said is not None
    assert said.endswith("batch-mean would change with it")


def test_kerass_two_numbers_are_said_once_where_they_are_one():
    batch = {"logits": [[1.0, 2, 0], [0, 1, 3]], "labels": [0, 1], "weight": [1, 1, 5], "label_smoothing": 0.1}
    said = message("smoothing-weights-every-class", batch)
    assert said is not None
    assert "Keras's rule gives 1." in said
    assert " or " not in said


@pytest.mark.parametrize("weight", [None, [1.0, 2, 3]])
def test_sample_weights_that_are_all_nan_leave_no_weight_to_speak_of(weight):
    """No finding about weights has anything to say of them, and none stumbles."""
    batch = {"logits": SCORES[:2], "labels": [0, 1], "sample_weight": [math.nan] * 2, "weight": weight}
    found = findings_of(batch)
    assert not {"weight-cancels", "weight-scale", "weight-invisible"} & set(found)


def test_a_weight_that_overflows_or_is_nan_does_not_cancel():
    two = {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1]}
    codes = [one.code for one in explain(**two, weight=[1e308, 1e308]).findings]
    assert "weight-cancels" not in codes
    assert "measured-differs" not in codes  # nan and inf are what PyTorch returns, and its other call is right
    codes = [one.code for one in explain(**two, weight=[1, 2], sample_weight=[-1, float("nan")], engines=()).findings]
    assert "weight-cancels" not in codes
    codes = [one.code for one in explain(**two, weight=[1e3, 1e3], engines=()).findings]
    assert "weight-cancels" in codes
