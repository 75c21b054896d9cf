"""`assert_loss` in somebody's own test."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.run import ROOT
from wce_cli import WceError, assert_loss, check
from wce_cli.batches.batch import Batch
from wce_cli.questions.check.batch_losses import BatchLosses

TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}
WEIGHTED = 0.6922788424257714


@pytest.mark.parametrize(
    "value",
    [
        WEIGHTED,
        WEIGHTED * (1 + 6e-7),  # a float32's .item()
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
        WEIGHTED * (1 + 1e-6),
        np.float64(WEIGHTED * (1 + 1e-11)),
        np.float32(WEIGHTED * (1 + 1e-6)),
        np.float16(WEIGHTED * 1.005),
        "0.6922",
        float("nan"),
        float("inf"),
    ],
)
def test_a_value_that_is_not_the_loss_fails(value):
    with pytest.raises(AssertionError, match=r"^\S+ is not weighted-mean: that is 0\.6922"):
        assert_loss(value, **TWO)


def said(value, *method, **fields):
    with pytest.raises(AssertionError) as caught:
        assert_loss(value, *method, **fields)
    return str(caught.value)


def test_the_number_under_test_comes_first_and_what_it_should_be_second():
    assert said("0.380753", **TWO) == (
        "0.380753 is not weighted-mean: that is 0.692279; 0.380753 is batch-mean: Σw·ℓ/N. Ratio 0.55 = Σw/N. "
        "Off by 0.311526, allowed 5e-07 (half a unit of its last digit)"
    )
    (one,) = check(expect={"weighted-mean": "0.380753"}, **TWO).failures
    assert one.message.startswith("expected 0.380753 as weighted-mean, got 0.692279; 0.380753 is batch-mean")


def test_the_width_is_said_and_where_it_comes_from():
    assert said(0.69297117, **TWO).endswith(
        "; no rule gives 0.69297117. Off by 0.000692328, allowed 5.9e-07 "
        "(the rounding of float32, which a Python number may have gone through)"
    )
    assert said(np.float64(0.7), **TWO).endswith("allowed 2.5e-12 (the rounding of float64)")
    assert said(np.float16(0.7), **TWO).endswith("allowed 0.0022 (the rounding of float16)")
    assert said(0.7, tolerance=0.001, **TWO).endswith("Off by 0.00772116, allowed 0.001 (as asked)")
    assert said(0.6933, tolerance=0.00102, **TWO).endswith("Off by 0.00102116, allowed 0.00102 (as asked)")


def test_readme_quotes_a_message_and_the_widths():
    readme = " ".join((ROOT / "docs" / "check.md").read_text("utf-8").split())
    assert f'"{said(0.380753, **TWO)}"' in readme
    given = BatchLosses(Batch.build(**TWO))
    for dtype, width in (("float64", "2.5e-12"), ("float32", "5.9e-7"), ("float16", "0.0022"), ("bfloat16", "0.018")):
        assert f"{given.allowed('weighted-mean', dtype):.2g}" == f"{float(width):.2g}"
        assert re.search(rf"\| {dtype}[^|]*\|[^|]*\| {width} \|", readme)


def test_an_item_of_16_bits_is_recognised():
    """A bfloat16's .item() is a Python number: 0.69140625, 8.7e-4 away. Its dtype is gone."""
    assert said(0.69140625, **TWO).endswith(
        ". If it is the .item() of a float16, assert the float16 itself, which is allowed more"
    )
    assert said(0.6953125, **TWO).count("If it is the .item() of a bfloat16") == 1
    assert "item()" not in said(0.6914, **TWO) + said(0.25, **TWO) + said(0.69140625, tolerance=1e-6, **TWO)


def test_a_dtype_is_known_in_every_frameworks_words():
    class Scalar:  # as TensorFlow's: a dtype with a name, and no item()
        dtype = type("DType", (), {"name": "bfloat16", "__str__": lambda self: "<dtype: 'bfloat16'>"})()

        def __float__(self):
            return 0.69140625

    assert_loss(Scalar(), **TWO)
    assert said(1e300, **TWO).startswith("1e+300 is not weighted-mean")


def test_a_number_that_was_computed_is_named_whatever_was_asked():
    assert "; 0.3807534 is batch-mean: Σw·ℓ/N" in said(np.float32(0.3807534), tolerance=1e-9, **TWO)


def test_a_loss_that_is_not_finite_is_no_number_to_compare():
    assert said(0.69, **{**TWO, "weight": [0.0, 0.0]}) == (
        "0.69 is not weighted-mean: that is nan, as it divides 0 by 0"
    )
    assert said(float("nan"), **TWO) == "nan is not weighted-mean: that is 0.692279"


FOUR = {
    "logits": [[2, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]],
    "labels": [0, 1, 2, 1],
    "weight": [1, 0.8, 1.5],
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_mean_of_another_kind_is_told_apart_in_16_bits(dtype):
    torch = pytest.importorskip("torch")
    right, over_n, unweighted = (torch.tensor(v, dtype=getattr(torch, dtype)) for v in (0.8091, 0.8294, 0.7709))
    assert_loss(right, **FOUR)
    assert "may be batch-mean: " in said(over_n, **FOUR)
    assert "may be unweighted-mean: " in said(unweighted, **FOUR)


def test_torch_scalars_with_their_graph_are_read():
    torch = pytest.importorskip("torch")
    x = torch.tensor(TWO["logits"], requires_grad=True)
    y, w = torch.tensor(TWO["labels"]), torch.tensor(TWO["weight"])
    loss = torch.nn.functional.cross_entropy(x, y, weight=w)
    assert loss.requires_grad
    assert_loss(loss, logits=x, labels=y, weight=w)
    assert_loss(loss.to(torch.bfloat16), logits=x, labels=y, weight=w)
    with pytest.raises(AssertionError, match=r"^0\.69227886 is not batch-mean: .* is weighted-mean"):
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
