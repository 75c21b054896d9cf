"""`assert_loss` in somebody's own test."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli import WceError, assert_loss, check

TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}
WEIGHTED = 0.6922788424257714


@pytest.mark.parametrize(
    "value",
    [
        WEIGHTED,
        WEIGHTED * (1 + 5e-6),  # a float32's .item()
        np.float32(WEIGHTED),
        np.float64(WEIGHTED),
        np.array(WEIGHTED),
        np.float16(WEIGHTED),
        "0.6923",
        "0.69",
    ],
)
def test_a_value_that_is_the_loss_passes(value):
    assert assert_loss(value, **TWO) is None


@pytest.mark.parametrize(
    "value",
    [
        WEIGHTED * (1 + 5e-5),
        np.float64(WEIGHTED * (1 + 1e-8)),
        np.float32(WEIGHTED * (1 + 5e-5)),
        np.float16(0.75),
        "0.6922",
        float("nan"),
        float("inf"),
    ],
)
def test_a_value_that_is_not_the_loss_fails(value):
    with pytest.raises(AssertionError, match=r"^expected .* as weighted-mean, got 0\.69227"):
        assert_loss(value, **TWO)


def test_the_message_is_that_of_the_command_line():
    with pytest.raises(AssertionError) as caught:
        assert_loss("0.380753", **TWO)
    (one,) = check(expect={"weighted-mean": "0.380753"}, **TWO).failures
    assert str(caught.value) == one.message
    assert str(caught.value).endswith("0.380753 is batch-mean: Σw·ℓ/N. Ratio 0.55 = Σw/N")


def test_torch_scalars_with_their_graph_are_read():
    torch = pytest.importorskip("torch")
    x = torch.tensor(TWO["logits"], requires_grad=True)
    y, w = torch.tensor(TWO["labels"]), torch.tensor(TWO["weight"])
    loss = torch.nn.functional.cross_entropy(x, y, weight=w)
    assert loss.requires_grad
    assert_loss(loss, logits=x, labels=y, weight=w)
    assert_loss(loss.to(torch.bfloat16), logits=x, labels=y, weight=w)
    with pytest.raises(AssertionError, match=r"expected 0\.69227886 as batch-mean, .* is weighted-mean"):
        assert_loss(loss, "batch-mean", logits=x, labels=y, weight=w)
    assert loss.requires_grad


def test_a_tolerance_that_is_asked_for():
    assert_loss(0.7, tolerance=0.01, **TWO)
    with pytest.raises(AssertionError):
        assert_loss(0.7, tolerance=0.001, **TWO)


def test_a_sum_that_cancels_is_held_to_what_it_is_made_of():
    fields = {"logits": [[0.0, 50.0], [0.0, 50.0]], "labels": [0, 0], "sample_weight": [1.0, -1.0]}
    assert_loss(np.float32(1e-5), "sum", **fields)
    with pytest.raises(AssertionError):
        assert_loss(np.float32(1e-2), "sum", **fields)


@pytest.mark.parametrize(
    ("value", "method", "message"),
    [
        (None, "sum", "value is null, expected one number"),
        ([1, 2], "sum", r"value is \[1, 2\], expected one number"),
        (np.zeros(2), "sum", r"value has shape \(2,\), expected one number"),
        (True, "sum", "value is true, expected a number"),
        (np.bool_(True), "sum", "expected a number"),
        (1.0, "summ", 'expect has no method "summ"'),
        (1.0, "loss", "loss is one number a sample"),
    ],
)
def test_what_cannot_be_compared_is_no_assertion(value, method, message):
    with pytest.raises(WceError, match=message):
        assert_loss(value, method, **TWO)
