"""What Python has for a number: text, prints, scalars of any framework, lists of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wce_cli import WceError, identify
from wce_cli.questions.identify.pasted import numbers_in, read_numbers

FORUM = {"logits": [[3, 4], [6, 9]], "labels": [1, 0], "weight": [0.4, 0.36]}


def texts(value):
    return [one.text for one in read_numbers(value)]


def test_a_list_of_numbers_is_each_of_them():
    assert texts([0.6923, 0.3808]) == ["0.6923", "0.3808"]
    assert texts(["0.6900", (0.5, np.float32(0.1))]) == ["0.6900", "0.5", "0.1"]
    found = identify([1.7529, 0.6662], **FORUM)
    assert [number.simplest[0].method for number in found.numbers] == ["weighted-mean", "batch-mean"]
    assert found.numbers == identify(1.7529, 0.6662, **FORUM).numbers


def test_scalars_and_arrays_have_the_digits_of_their_dtype():
    assert texts(np.float32(0.69227886)) == ["0.69227886"]
    assert texts(np.array([[0.25, 0.1]], dtype=np.float32)) == ["0.25", "0.1"]
    assert texts(0.6922788619995117) == ["0.69227886"]  # a float32's .item()
    assert texts(0.692278842425771) == ["0.692278842425771"]
    assert texts(1e300) == ["1e+300"]
    torch = pytest.importorskip("torch")
    loss = torch.tensor([0.5, 1.7529], requires_grad=True)
    assert texts(loss) == ["0.5", "1.7529"]
    assert texts(loss[1]) == ["1.7529"]
    (half,) = read_numbers(loss[1].bfloat16())
    assert (half.value, half.tolerance) == (1.75, 1.75 / 256)
    assert math.isnan(read_numbers(torch.tensor(math.nan).half())[0].value)
    assert read_numbers(torch.tensor(math.inf).half())[0].tolerance == 0


@pytest.mark.parametrize("value", [None, True, {}, "samples/two-samples.json", "tensor(a)", np.bool_(True), object()])
def test_what_is_no_number_is_refused_with_what_to_write(value):
    with pytest.raises(WceError, match="is not a number") as caught:
        identify(value, **FORUM)
    assert 'identify("0.6923", logits=' in caught.value.problems[0].hint


def test_losses_and_gradients_are_read_alike():
    for losses in (["0.1128", "1.2194"], "0.1128 1.2194", np.array([0.1128, 1.2194])):
        (found,) = identify(losses=losses, **FORUM).lists
        assert found.matches[0].title == "w·ℓ of each sample"


@pytest.mark.parametrize(
    "text", ["x.json", "run(1).json", "[ab].json", "a:b", "C:/0.5/x", "", "1.5.2", "tensor(0.5", "0.5)"]
)
def test_what_may_be_the_name_of_a_file_is_no_number(text):
    assert numbers_in(text) is None


@pytest.mark.parametrize(
    "text", ["loss: 0.31 acc: 0.9", "loss=0.31, acc=0.9", "epoch: 3 loss: 0.31", "step 7 loss: 0.3 lr: 1e-3"]
)
def test_a_line_of_a_log_with_several_numbers_is_not_guessed_at(text):
    with pytest.raises(WceError, match="holds several numbers"):
        numbers_in(text)


def test_a_number_before_the_name_is_a_step():
    assert [one.text for one in numbers_in("[0] loss: 0.31") or numbers_in("Epoch 3/10, train loss: 0.31")] == ["0.31"]


def test_a_zero_is_nothing_but_a_zero():
    """The loss of an ignored batch is 0; 0.04 is none of it, and would be within half a unit of 0's last digit."""
    near, far = ({"logits": [[gap, 0.0]], "labels": [0]} for gap in (17.0, 3.2))  # losses of 4e-8 and 0.04
    for text in ("0", "0.", "0.0", 0, 0.0):
        assert identify(text, **near).numbers[0].matches
        assert not any(not match.departures for match in identify(text, **far).numbers[0].matches)
    assert identify("0.00", **far).numbers[0].tolerance == 0.005
    assert identify("2", **far).numbers[0].tolerance == 0.5


def test_the_loss_that_stands_in_a_line_is_the_number_of_the_hint():
    with pytest.raises(WceError, match="is not a number") as caught:
        identify("{'loss': 0.2683, 'grad_norm': 1.2}", **FORUM)
    assert caught.value.problems[0].hint.startswith('identify("0.2683", logits=')
