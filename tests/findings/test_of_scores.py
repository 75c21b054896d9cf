"""Findings about the scores, each held to numbers that numpy or torch made another way."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.findings.said import f, findings_of, losses, message
from tests.run import ROOT
from wce_cli import explain
from wce_cli.batches.batch import Batch
from wce_cli.findings.naive_overflow import OVERFLOW
from wce_cli.loss.clipped import SUMMED
from wce_cli.loss.facts import UNDERFLOW
from wce_cli.questions.explain.of_batch import explain_batch

INF, NAN = math.inf, math.nan
PROBS = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.25, 0.25, 0.5]]
LOG_PROBS = np.log(PROBS)


# masked-target


def test_a_masked_target_is_counted_and_the_first_is_named():
    rows = [[0.0, 1], [-INF, 0], [1, 2], [-INF, 5]]
    assert message("masked-target", {"logits": rows[:3], "labels": [0, 0, 1], "weight": [1, 2]}) == (
        "the label's own logit is -inf in sample 1: its loss is inf, and weighted-mean is inf"
    )
    assert message("masked-target", {"logits": rows, "labels": [0, 0, 1, 0], "weight": [0, 2]}) == (
        "the label's own logit is -inf in 2 samples, the first is sample 1: their losses are inf, and weighted-mean is "
        "nan"
    )
    assert message("masked-target", {"probs": [[0.0, 1], [1, 0]], "labels": [0, 0]}) == (
        "the label's own probability is 0 in sample 0: its loss is inf, and weighted-mean is inf"
    )
    assert message("masked-target", {"log_probs": [[-INF, 0.0]], "labels": [0]}) == (
        "the label's own log-probability is -inf in sample 0: its loss is inf, and weighted-mean is inf"
    )


def test_a_mask_beside_the_label_or_in_an_ignored_row_is_no_masked_target():
    assert message("masked-target", {"logits": [[-INF, 0.0], [1, 2]], "labels": [1, 0]}) is None
    assert message("masked-target", {"logits": [[-INF, 0.0], [1, 2]], "labels": [-100, 0]}) is None
    assert message("masked-target", {"logits": [[-INF, -INF], [1, 2]], "labels": [0, 0]}) is None  # nan, not inf


# nan-in-ignored-row


def test_nan_in_an_ignored_row_is_named():
    rows = [[0.0, 1], [NAN, 1], [1, 2], [NAN, NAN]]
    clean = losses([rows[0], rows[2]], [0, 1])
    assert message("nan-in-ignored-row", {"logits": rows[:3], "labels": [0, -100, 1], "weight": [1, 3]}) == (
        "sample 1 is ignored, and its logits hold nan, inf, or nothing but -inf: weighted-mean, "
        f"{f(clean @ [1, 3] / 4)}, leaves it out, but the gradient that PyTorch sends back through that row is nan"
    )
    assert message("nan-in-ignored-row", {"logits": rows, "labels": [0, -100, 1, -100]}) == (
        "2 ignored samples, the first is sample 1, have logits that hold nan, inf, or nothing but -inf: weighted-mean, "
        f"{f(clean.mean())}, leaves them out, but the gradient that PyTorch sends back through those rows is nan"
    )


def test_the_ignored_row_is_named_by_its_number():
    said = message("nan-in-ignored-row", {"logits": [[0.0, 1], [1, 2], [1, NAN]], "labels": [0, 1, -100]})
    assert (said or "").startswith("sample 2 is ignored, and its logits hold nan, ")


def test_nan_in_a_kept_row_or_none_at_all_is_not():
    assert message("nan-in-ignored-row", {"logits": [[NAN, 1], [1, 2]], "labels": [0, -100]}) is None
    assert message("nan-in-ignored-row", {"logits": [[0.0, 1], [-INF, 2]], "labels": [0, -100]}) is None


ROWS = [[NAN, 1], [1, NAN], [INF, 1], [1, INF], [-INF, -INF], [INF, -INF], [-INF, 0], [0, -INF], [900, 0], [0, 900]]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_is_said_of_the_rows_whose_gradient_is_nan_in_torch(row, smoothing):
    torch = pytest.importorskip("torch")
    rows, labels = [[0.0, 1], row, [1, 2]], [0, -100, 1]
    x = torch.tensor(rows, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(x, torch.tensor(labels), weight=torch.tensor([1.0, 3.0]))
    loss.backward()
    assert math.isfinite(loss.item())
    assert x.grad is not None
    nan = x.grad.isnan().any(dim=1).tolist()
    assert nan == [False, nan[1], False]
    assert nan[1] == (not math.isfinite(max(row)) or math.isnan(row[0] + row[1]))
    for many in (1, 6000):  # rows are read one way where they are few, another where they are many
        batch = {"logits": rows * many, "labels": labels * many, "weight": [1, 3], "label_smoothing": smoothing}
        assert (message("nan-in-ignored-row", batch) is not None) == nan[1]


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_torch_has_no_loss_for_the_rows_that_are_said_to_have_none(row, smoothing):
    torch = pytest.importorskip("torch")
    x = torch.tensor([[0.0, 1], row], dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=smoothing)
    for many in (1, 9000):
        batch = {"logits": [[0.0, 1], row] * many, "labels": [0, 1] * many, "label_smoothing": smoothing}
        assert (message("nan-loss", batch) is not None) == loss.isnan().item()


# one-class, one-column


def test_one_class_is_always_0():
    batch = {"logits": [[3.0], [-7.0], [0.5]], "labels": [0, 0, 0]}
    assert message("one-class", batch) == (
        "the scores have one class, and softmax over one class is 1: all 3 losses are 0"
    )
    assert message("one-class", {"logits": [3.0], "labels": 0}) == (
        "the scores have one class, and softmax over one class is 1: the only loss is 0"
    )
    assert "methods-coincide" not in findings_of(batch)
    assert "one-column" not in findings_of(batch)


def test_two_classes_a_nan_or_nothing_kept_is_not_one_class():
    assert message("one-class", {"logits": [[3.0, 1]], "labels": [0]}) is None
    assert message("one-class", {"logits": [[NAN]], "labels": [0]}) is None
    assert message("one-class", {"logits": [[3.0]], "labels": [-100]}) is None


def test_one_column_with_labels_of_0_and_1_is_binary_cross_entropy():
    batch = {"logits": [[0.3], [-1.2]], "labels": [[1.0], [0.0]]}
    assert message("one-column", batch) == (
        "the scores have one column, read as one class (sum is 0). Binary cross-entropy, which wce does not cover yet, "
        "is p = sigmoid(x), −y·log p − (1 − y)·log(1 − p) divided by the number of elements"
    )
    assert set(findings_of(batch)) == {"one-column"}
    assert message("one-column", {"probs": [[0.25], [0.5]], "labels": [[1.0], [0.0]]}) == (
        f"the scores have one column, read as one class (sum is {f(math.log(4))}). Binary cross-entropy, which wce "
        "does not cover yet, is −y·log p − (1 − y)·log(1 − p) divided by the number of elements"
    )
    assert message("one-column", {"probs": [[0.25], [0.5]], "labels": [0, 0]}) == (
        f"the scores have one column, read as one class (sum is {f(math.log(8))}). Binary cross-entropy, which wce "
        "does not cover yet, is −y·log p − (1 − y)·log(1 − p) divided by the number of elements"
    )
    assert message("one-column", {"logits": [[0.3, 1], [-1.2, 1]], "labels": [[1.0, 0], [0.0, 1]]}) is None


def test_what_the_page_of_one_column_says_of_pos_weight():
    torch = pytest.importorskip("torch")
    x, y, pos = [0.3, -1.2, 2.0], [1.0, 0.0, 1.0], 3.0
    measured = torch.nn.functional.binary_cross_entropy_with_logits(
        *(torch.tensor(one, dtype=torch.float64) for one in (x, y)), pos_weight=torch.tensor(pos)
    )
    two = explain(logits=[[0, one] for one in x], labels=[int(one) for one in y], weight=[1, pos], engines=())
    np.testing.assert_allclose(two.value("batch-mean"), measured.item(), rtol=1e-12)


# probabilities-as-logits


def test_probabilities_as_logits_are_shown_by_both_readings():
    weight = np.array([1, 2, 0.5])
    labels = [0, 1, 0]
    w, once = weight[labels], -np.log(np.array(PROBS)[np.arange(3), labels])
    as_is, as_probs = losses(PROBS, labels) @ w / w.sum(), once @ w / w.sum()
    head = (
        "every row of the logits lies in [0, 1] and sums to 1, as after a softmax, and the loss applies another one: "
        f"−log p cannot be below {f(math.log(math.e + 2) - 1)}. "
    )
    batch = {"logits": PROBS, "labels": labels, "weight": weight}
    assert message("probabilities-as-logits", batch) == (
        f"{head}weighted-mean is {f(as_is)}, and {f(as_probs)} with the same rows read as probabilities (--probs)"
    )
    absent = message("probabilities-as-logits", {**batch, "weight": [1, 2, INF]})
    assert absent == message("probabilities-as-logits", {**batch, "weight": [1, 2, 1]})
    said = message("probabilities-as-logits", {**batch, "label_smoothing": 0.1})
    smoothed = explain(**batch, label_smoothing=0.1, engines=()).value("weighted-mean")
    assert said == f"{head}weighted-mean is {f(smoothed)}"


def test_for_probability_labels_the_mean_is_that_of_torch():
    torch = pytest.importorskip("torch")
    weight, labels, s = [1, 2, 0.5], [[0.5, 0.5, 0], [0.2, 0.2, 0.6], [0, 0, 1.0]], [1, 2, 3]
    x, q, w = (torch.tensor(one, dtype=torch.float64) for one in (PROBS, labels, weight))
    as_is = torch.nn.functional.cross_entropy(x, q, weight=w).item()
    as_probs = torch.nn.functional.cross_entropy(x.log(), q, weight=w).item()  # log_softmax leaves log p
    said = message("probabilities-as-logits", {"logits": PROBS, "labels": labels, "weight": weight})
    assert said is not None
    assert said.endswith(
        f"batch-mean is {f(as_is)}, and {f(as_probs)} with the same rows read as probabilities (--probs)"
    )
    weighted = {"labels": labels, "weight": weight, "sample_weight": s}
    said = message("probabilities-as-logits", {"logits": PROBS, **weighted})
    assert said is not None
    assert f", and {f(explain(probs=PROBS, **weighted, engines=()).value('batch-mean'))} with" in said


def test_no_loss_of_probabilities_as_logits_is_below_the_floor():
    rng = np.random.default_rng(0)
    for c in (2, 3, 10):
        p = rng.dirichlet(np.full(c, 0.1), size=1000)
        floor = math.log(math.e + c - 1) - 1
        assert losses(p, p.argmax(axis=1)).min() >= floor - 1e-12
        np.testing.assert_allclose(losses(np.eye(c), np.arange(c)), floor)


def test_one_row_of_two_numbers_may_well_be_logits():
    assert message("probabilities-as-logits", {"logits": [[0.1, 0.9]], "labels": [0]}) is None
    assert message("probabilities-as-logits", {"logits": [[0.1, 0.9], [0.5, 0.5]], "labels": [0, 1]}) is not None
    assert message("probabilities-as-logits", {"logits": [[0.0, 1, 0]], "labels": [1]}) is not None
    assert message("probabilities-as-logits", {"logits": [*PROBS, [0.4, 0.4, 0.4]], "labels": [0] * 4}) is None
    assert message("probabilities-as-logits", {"logits": PROBS, "labels": [-100] * 3}) is None
    assert message("probabilities-as-logits", {"probs": PROBS, "labels": [0] * 3}) is None


# log-probs-as-logits


def test_log_probabilities_as_logits_are_harmless():
    rows = LOG_PROBS + np.array([[1e-8], [-2e-8], [0]])
    said = message("log-probs-as-logits", {"logits": rows, "labels": [0, 1, 2]})
    farthest = np.abs(np.log(np.exp(rows).sum(axis=1))).max()
    assert said == (
        f"every row of the logits already is log-probabilities, |logsumexp| ≤ {said.split('≤ ')[1].split(':')[0]}: "
        "log_softmax leaves them, and −log p by cross_entropy and by nll_loss differ by no more than "
        f"{said.rsplit(' ', 1)[1]}"
    )
    assert float(said.rsplit(" ", 1)[1]) == pytest.approx(farthest, rel=1e-6)
    exact = message("log-probs-as-logits", {"logits": [[0.0, -INF]], "labels": [0]})
    assert exact == (
        "every row of the logits already is log-probabilities, |logsumexp| ≤ 0: log_softmax leaves them, and −log p by "
        "cross_entropy and by nll_loss are the same"
    )


def test_nll_loss_gives_the_same():
    torch = pytest.importorskip("torch")
    x, y = torch.tensor(LOG_PROBS), torch.tensor([0, 1, 0])
    one, other = torch.nn.functional.cross_entropy(x, y), torch.nn.functional.nll_loss(x, y)
    assert abs(one.item() - other.item()) < 1e-15


def test_logits_and_what_was_given_as_log_probs_are_no_log_probs_as_logits():
    assert message("log-probs-as-logits", {"logits": LOG_PROBS + 0.01, "labels": [0, 1, 2]}) is None
    assert message("log-probs-as-logits", {"log_probs": LOG_PROBS, "labels": [0, 1, 2]}) is None
    assert message("log-probs-as-logits", {"logits": LOG_PROBS, "labels": [-100] * 3}) is None


# naive-overflow


def test_naive_overflow_names_the_row_and_the_dtypes():
    rows = [[0.0, 1], [90, 88], [5, 5]]
    one = f(90 + math.log1p(math.exp(-2)))
    told = f"Σ exp(x) of sample 1 is exp({one}), which overflows in "
    end = ": log(sum(exp(x))) written by hand is inf there"
    assert message("naive-overflow", {"logits": rows, "labels": [0, 1, 0]}) == told + "float32" + end
    assert message("naive-overflow", {"logits": np.array(rows), "labels": [0, 1, 0]}) is None  # float64
    half = np.array([[0, 1], [12, 1], [5, 5]], dtype="float16")
    assert message("naive-overflow", {"logits": half, "labels": [0, 1, 0]}) == (
        "Σ exp(x) of sample 1 is exp(12), which overflows in float16: log(sum(exp(x))) written by hand is inf there"
    )
    assert message("naive-overflow", {"logits": half.astype("float32"), "labels": [0, 1, 0]}) is None
    far = message("naive-overflow", {"logits": [[800.0, 0], [-800, -900]], "labels": [0, 0]})
    assert far == (
        "Σ exp(x) of sample 0 is exp(800), which overflows in float32 and float64: log(sum(exp(x))) written by hand is "
        "inf there; no logit of sample 1 is above -800, so that every exp(x) is rounded to 0 in float32 and float64: "
        "log(sum(exp(x))) written by hand is -inf there"
    )


@pytest.mark.parametrize("x", [-103.0, -103.9, -104.0, -104.5])
def test_equal_logits_are_rounded_to_0_one_by_one(x):
    """The naive formula in float32 itself: log(Σ exp x) of [x, x]."""
    with np.errstate(divide="ignore"):
        naive = np.log(np.exp(np.array([x, x], dtype=np.float32)).sum(dtype=np.float32))
    said = message("naive-overflow", {"logits": [[x, x], [0.0, 1.0]], "labels": [0, 1]})
    assert (said is not None) == bool(np.isneginf(naive))


@pytest.mark.parametrize("row", [[INF, 0.0], [-INF, -INF], [NAN, 0.0], [0.0, -INF], [900.0, 0.0]])
def test_torchs_gradient_is_nan_where_the_ignored_row_is_named(row):
    torch = pytest.importorskip("torch")
    x = torch.tensor([[0.5, 1.0], row], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(x, torch.tensor([1, -100])).backward()
    said = message("nan-in-ignored-row", {"logits": [[0.5, 1.0], row], "labels": [1, -100]})
    assert (said is not None) == bool(torch.isnan(x.grad).any())


# nan-loss, smoothing-onto-masked, log-prob-above-zero, negative-label


@pytest.mark.parametrize("row", [[INF, 0.0], [-INF, -INF], [NAN, 0.0]])
def test_a_kept_row_without_a_softmax_is_named(row):
    said = message("nan-loss", {"logits": [[0.5, 1.0], row, [1, 2]], "labels": [1, 0, 0]})
    assert said == (
        "the loss of sample 1 is nan, and so is every method that counts it: nan or inf stands in its logits, or "
        "nothing but -inf"
    )
    assert message("nan-loss", {"logits": [[0.5, 1.0], row], "labels": [1, -100]}) is None
    assert "the losses of 2 samples are nan" in (message("nan-loss", {"logits": [row, row], "labels": [0, 0]}) or "")


def test_a_share_of_a_class_without_a_chance_is_named():
    rows = [[1.0, 2, -INF], [2.0, 0, 1]]
    batch = {"logits": [*rows, [0.0, -INF, 1]], "label_smoothing": 0.3}
    told = "label smoothing 0.3 gives every class a share of 0.1, and a class's logit is -inf in "
    for many in (1, 4000):  # rows are read one way where they are few, another where they are many
        said = message("smoothing-onto-masked", {**batch, "logits": batch["logits"] * many, "labels": [0, 1, 0] * many})
        assert said == f"{told}{2 * many} samples, the first is sample 0: their losses are inf"
    assert message("smoothing-onto-masked", {**batch, "labels": [-100, 1, 0]}) == f"{told}sample 2: its loss is inf"
    assert message("smoothing-onto-masked", {**batch, "labels": [-100, 1, -100]}) is None
    assert message("smoothing-onto-masked", {"logits": rows, "labels": [0, 1]}) is None
    # A label that is masked itself is masked-target; it hides neither the others nor a row without a softmax.
    assert message("smoothing-onto-masked", {**batch, "labels": [2, 1, -100]}) is None
    assert "in 2 samples" in (message("smoothing-onto-masked", {**batch, "labels": [2, 1, 0]}) or "")
    beside = {**batch, "logits": [rows[0], [NAN, 0, 0]], "labels": [0, 1]}
    assert message("smoothing-onto-masked", beside) == f"{told}sample 0: its loss is inf"
    assert message("nan-loss", beside) is not None
    soft = message("smoothing-onto-masked", {"logits": rows, "labels": [[0.5, 0.3, 0.2], [1.0, 0, 0]]})
    assert soft == "the probability labels give a share to a class whose logit is -inf, in sample 0: its loss is inf"
    probs = message("smoothing-onto-masked", {"probs": [[0.5, 0.5, 0]], "labels": [0], "label_smoothing": 0.3})
    assert probs == (
        "label smoothing 0.3 gives every class a share of 0.1, and a class's probability is 0 in sample 0: its loss is "
        "inf"
    )


def test_torch_has_infinite_losses_for_shares_of_masked_classes():
    torch = pytest.importorskip("torch")
    cross_entropy = torch.nn.functional.cross_entropy
    x = torch.tensor([[-INF, 0.0, 1]])
    assert cross_entropy(x, torch.tensor([1]), label_smoothing=0.1).item() == INF
    assert cross_entropy(x, torch.tensor([[0.5, 0.5, 0]])).item() == INF
    assert math.isfinite(cross_entropy(x, torch.tensor([1])).item())


def test_a_log_probability_above_0_is_shown_as_a_probability():
    rows = [[2.1, 0.3], [-0.4, 1.2]]
    said = message("log-prob-above-zero", {"log_probs": rows, "labels": [0, 1]})
    assert said == (
        f"the largest label's log-probability is 2.1, which would be a probability of {f(math.exp(2.1))}: it lowers "
        f"the sum, -3.3 here. Are these logits? Read so, weighted-mean is {f(losses(rows, [0, 1]).mean())} (--logits)"
    )
    assert message("log-prob-above-zero", {"logits": rows, "labels": [0, 1]}) is None
    assert message("log-prob-above-zero", {"log_probs": [[-0.1, 3.0]], "labels": [0]}) is None  # never looked at
    assert message("log-prob-above-zero", {"log_probs": [[1e-7, -16.0]], "labels": [0]}) is None  # a rounding
    smoothed = {"log_probs": [[-0.1, 3.0]], "labels": [0], "label_smoothing": 0.1}
    assert (message("log-prob-above-zero", smoothed) or "").startswith("the largest log-probability is 3, ")


def test_a_negative_probability_label_is_shown():
    labels = [[1.0, 0.0], [-0.2, 1.2], [0.5, 0.5], [1.1, -0.1]]
    rows = [[0.1, 0.9], [0.0, 0.1], [1, 2], [2, 1]]
    a = np.log(np.exp(rows).sum(axis=1))[:, None] - rows
    for many in (1, 6000):
        said = message("negative-label", {"logits": rows * many, "labels": labels * many})
        assert said == (
            f"a number of the probability label is below 0 in {2 * many} samples, the first is sample 1; the smallest "
            f"is -0.2, expected 0 to 1: it lowers the sum, {f((a * labels).sum() * many)} here, the less likely its "
            "class is"
        )
    one = message("negative-label", {"logits": rows[:2], "labels": labels[:2]}) or ""
    assert one.startswith("a number of the probability label is below 0 in sample 1; ")
    assert message("negative-label", {"logits": rows[:2], "labels": [[0.0, 1.0], [1.0, 0.0]]}) is None


def test_where_a_label_is_masked_an_overflow_is_not_spoken_of():
    assert message("naive-overflow", {"logits": [[-INF, 0.0], [800, 0]], "labels": [0, 0]}) is None  # masked-target


def test_bfloat16_has_the_range_of_float32():
    torch = pytest.importorskip("torch")
    for x, raised in ((89.0, True), (88.5, False), (12.0, False), (-93.0, True), (-92.5, False)):
        rows = torch.tensor([[x, x - 100]], dtype=torch.bfloat16)
        said = message("naive-overflow", {"logits": rows, "labels": [0]})
        assert (said is not None and " in bfloat16" in said) == raised


@pytest.mark.parametrize("dtype", OVERFLOW)
def test_the_ends_of_a_dtype_are_where_torch_leaves_it(dtype):
    torch = pytest.importorskip("torch")
    kind = getattr(torch, dtype)
    step = 1 + (2e-2 if dtype == "bfloat16" else 2e-3 if dtype == "float16" else 1e-5)
    high, low = OVERFLOW[dtype], UNDERFLOW[dtype]

    def exp(x: float) -> float:
        return torch.exp(torch.tensor([x], dtype=kind)).item()

    assert exp(high / step) < INF == exp(high * step)
    assert exp(low / step) > 0 == exp(low * step)


# tiny-loss-lost


def test_a_lost_loss_is_shown_with_its_size():
    one = math.log1p(math.exp(-20))
    other = math.log1p(math.exp(-2))
    assert message("tiny-loss-lost", {"logits": [[3.0, 1], [20, 0]], "labels": [0, 0]}) == (
        "1 of 2 losses is above 0 and comes out as 0 in float32, where 1 + S is rounded to 1: that of sample 1, "
        f"{f(one)} of Σℓ = {f(one + other)}"
    )
    three = {"logits": [[20.0, 0], [40, 0], [3, 1]], "labels": [0, 0, 0]}
    assert message("tiny-loss-lost", three) == (
        "2 of 3 losses are above 0 and come out as 0 in float32, where 1 + S is rounded to 1 (1 of them in float64 "
        f"too): the first that of sample 0, together {f(one + math.exp(-40))} of Σℓ = {f(one + math.exp(-40) + other)}"
    )
    assert message("tiny-loss-lost", {**three, "logits": np.array(three["logits"])}) == (
        "1 of 3 losses is above 0 and comes out as 0 in float64, where 1 + S is rounded to 1: that of sample 1, "
        f"{f(math.exp(-40))} of Σℓ = {f(one + other)}"
    )


def test_torch_returns_0_for_the_losses_that_are_said_to_be_lost():
    torch = pytest.importorskip("torch")
    x = [[20.0, 0], [40, 0], [3, 1]]
    for dtype, expected in (("float32", [True, True, False]), ("float64", [False, True, False])):
        rows = torch.tensor(x, dtype=getattr(torch, dtype))
        printed = torch.nn.functional.cross_entropy(rows, torch.zeros(3, dtype=torch.long), reduction="none")
        assert (printed == 0).tolist() == expected


def test_a_lost_loss_among_many_is_not_worth_a_word():
    many = [[20.0, 0]] + [[3.0, 1]] * 20
    assert message("tiny-loss-lost", {"logits": many, "labels": [0] * 21}) is None
    assert message("tiny-loss-lost", {"logits": many[:20], "labels": [0] * 20}) is not None
    lost = [[20.0, 0]] * 19 + [[15.0, 0]] * 2
    assert message("tiny-loss-lost", {"logits": lost, "labels": [0] * 21}) is not None
    assert message("tiny-loss-lost", {"logits": [[16.0, 0]], "labels": [0]}) is None
    assert message("tiny-loss-lost", {"logits": [[20.0, 0]], "labels": [0], "label_smoothing": 0.1}) is None
    assert message("tiny-loss-lost", {"probs": [[1 - 1e-9, 1e-9]], "labels": [0]}) is None


# clipped-elsewhere


def test_clipped_probabilities_are_what_keras_and_scikit_learn_printed():
    runs = json.loads((ROOT / "tests" / "data" / "clipped_runs.json").read_text("utf-8"))
    batch = runs["batches"]["zero at the label"]
    keras, scikit = (
        next(
            run["printed"]["zero at the label"]
            for run in runs["runs"]
            if run["framework"] == name and dtype == run["dtype"]
        )
        for name, dtype in (("keras[torch]", "float32"), ("scikit-learn", "float64"))
    )
    assert message("clipped-elsewhere", batch) == (
        "elsewhere these probabilities are clipped: Keras 3.15.1 (p in [1e-7, 1 − 1e-7]) "
        f"gives {f(keras)} where batch-mean/sample is inf; scikit-learn 1.9.1 log_loss (p in [2.22045e-16, "
        f"1 − 2.22045e-16]) gives {f(scikit)} where weighted-mean is inf"
    )


def test_only_those_that_differ_are_named():
    p = np.array([[0.5, 0.9, 0.6], [0.05, 0.89, 0.06]])
    ours, theirs = -np.log(p[:, 1]).mean(), -np.log(p[:, 1] / p.sum(axis=1)).mean()
    told = "elsewhere these probabilities are divided by the sum of their row: Keras 3.15.1 "
    assert message("clipped-elsewhere", {"probs": p, "labels": [1, 1], "weight": [1, 2, 1]}) == (
        f"{told}gives {f(2 * theirs)} where batch-mean/sample is {f(2 * ours)}"
    )
    assert message("clipped-elsewhere", {"probs": p, "labels": [1, 1]}) is None  # probs-not-normalised has the number
    ignored = {"probs": [*p.tolist(), [0.2, 0.3, 0.5]], "labels": [1, 1, -100], "weight": [1, 2, 1]}
    said = f"{told}gives {f(2 * theirs)} where kept-mean/sample is {f(2 * ours)}"
    assert message("clipped-elsewhere", ignored) == said
    small = {"probs": np.array([[1e-8, 1], [0.5, 0.5]], dtype="float32"), "labels": [0, 1]}
    said = message("clipped-elsewhere", small)
    assert said is not None
    assert f"(p in [1.19209e-07, 1 − 1.19209e-07]) gives {f((23 * math.log(2) + math.log(2)) / 2)} where" in said
    assert said.count(" gives ") == 2


def test_clipping_and_dividing_are_told_apart():
    both = {"probs": [[0.0, 1.0], [0.2, 0.2]], "labels": [0, 1]}
    keras = (-math.log(1e-7) - math.log(0.5)) / 2
    assert message("clipped-elsewhere", both).startswith(
        "elsewhere these probabilities are clipped and divided by the sum of their row: Keras 3.15.1 (rows divided by "
        f"their sum, p in [1e-7, 1 − 1e-7]) gives {f(keras)} where batch-mean/sample is inf; scikit-learn 1.9.1"
    )
    soft = message("clipped-elsewhere", {"probs": [[0.2, 0.2]], "labels": [[0.5, 0.5]], "weight": [1, 3]})
    assert soft.startswith("elsewhere these probabilities are divided by the sum of their row: Keras 3.15.1 gives")


def test_what_the_digits_leave_open_is_no_difference_elsewhere():
    given = {"probs": [[0.3333, 0.3333, 0.3333], [0.8999, 0.0500, 0.0500]], "labels": [0, 0]}
    assert "divided by the sum of their row" in message("clipped-elsewhere", given)
    half = {"probs": 5e-5}
    assert said_of_rounded("clipped-elsewhere", given, half) is None
    near = {"probs": [[0.3333, 0.3333, 0.3300]], "labels": [0], "weight": [2, 1, 1]}
    assert "divided by the sum of their row" in said_of_rounded("clipped-elsewhere", near, half)
    zero = {"probs": [[0.0, 1.0]], "labels": [0]}
    assert said_of_rounded("clipped-elsewhere", zero, half).startswith("elsewhere these probabilities are clipped: ")


def test_a_printed_0_may_be_a_rounded_one():
    given = {"probs": [[0.0, 1.0]], "labels": [0]}
    assert said_of_rounded("masked-target", given, {"probs": [5e-5, 5e-5]}) == (
        "the label's own probability is 0 in sample 0: its loss is inf, and weighted-mean is inf; a printed 0 may be a "
        f"rounded one, of up to 5e-05: a loss of about {f(round(-math.log(5e-5), 2))} or more"
    )
    assert "rounded" not in said_of_rounded("masked-target", given, {"probs": [0.0, 5e-5]})


def said_of_rounded(code, given, half_units):
    """What a finding says of inputs that were printed rounded."""
    report = explain_batch(Batch.build(**given, half_units=half_units))
    return next((finding.message for finding in report.findings if finding.code == code), None)


def test_ordinary_probabilities_are_not_clipped_anywhere():
    assert message("clipped-elsewhere", {"probs": PROBS, "labels": [0, 1, 2]}) is None
    rng = np.random.default_rng(1)
    softmax = np.exp(rng.normal(size=(200, 5)))
    for dtype in ("float64", "float32"):
        p = (softmax / softmax.sum(axis=1, keepdims=True)).astype(dtype)
        assert message("clipped-elsewhere", {"probs": p, "labels": rng.integers(5, size=200)}) is None
    assert message("clipped-elsewhere", {"logits": [[0.0, 1]], "labels": [0]}) is None
    assert message("clipped-elsewhere", {"probs": [[0.0, 1]], "labels": [0], "label_smoothing": 0.1}) is None
    assert message("clipped-elsewhere", {"probs": [[0.0, 1]], "labels": [0], "weight": [0, 1]}) is not None
    assert message("clipped-elsewhere", {"probs": [[0.0, 1]], "labels": [-100]}) is None


def test_a_row_of_float32_that_sums_to_1_but_for_rounding_is_no_difference():
    last_digit = False
    for y in np.linspace(0.05, 0.3, 400):
        rows = np.array([[y, 1 - y + 1e-7]])
        ours, theirs = -np.log(y), -np.log(y / rows.sum())
        last_digit = last_digit or f(ours) != f(theirs)
        assert message("clipped-elsewhere", {"probs": rows, "labels": [0]}) is None
    assert last_digit  # some of them print another last digit


def test_where_d_is_0_nobody_has_a_number_to_compare_with():
    batch = {
        "probs": [[0.0, 0.5, 0.5], [0.25, 0.25, 0.5], [0.25, 0.25, 0.5]],
        "labels": [0, 1, 2],
        "weight": [0, 1, -1],
    }
    said = message("clipped-elsewhere", batch)
    assert said is not None
    assert "Keras" in said
    assert "scikit-learn" not in said


def test_a_long_batch_is_not_divided_by_its_sums():
    p, w = np.full((SUMMED // 2 + 1, 2), 0.25), [2, 1]
    assert message("clipped-elsewhere", {"probs": p, "labels": np.zeros(len(p), dtype=int), "weight": w}) is None
    said = message("clipped-elsewhere", {"probs": p[:-1], "labels": np.zeros(len(p) - 1, dtype=int), "weight": w})
    assert said is not None
