"""Is it still the number: what agrees, what differs, what cannot be compared; against torch and the plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from wce_cli import WceError, check
from wce_cli.batches.batch import Batch
from wce_cli.engines import ENGINES
from wce_cli.precision.bounds import rounding_errors
from wce_cli.questions.check.batch_losses import BatchLosses, todays
from wce_cli.questions.check.compare import agrees, check_batch
from wce_cli.questions.check.expected import held, read_expect

TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}


def verdicts(expect, **fields):
    return [one.verdict for one in check(expect=expect, **fields).comparisons]


def message(expect, **fields):
    (one,) = check(expect=expect, **fields).failures
    return one.message


def test_the_numbers_of_the_two_samples_agree():
    done = check(
        expect={
            "weighted-mean": "0.692279",
            "batch-mean": "0.380753",
            "sum/sample": "0.761507",
            "loss": ["1.1711", "0.6444"],
            "term": ["0.11711", "0.644397"],
        },
        **TWO,
    )
    assert done.is_ok
    assert done.failures == ()
    assert [one.message for one in done.comparisons] == [""] * 5


def test_the_sentence_of_the_question():
    assert message({"weighted-mean": "0.380753"}, **TWO) == (
        "expected 0.380753 as weighted-mean, got 0.692279; 0.380753 is batch-mean: Σw·ℓ/N. Ratio 0.55 = Σw/N"
    )
    (one,) = check(expect={"weighted-mean": "0.380753"}, **TWO).failures
    assert one.difference == pytest.approx(0.692279 - 0.380753, abs=1e-6)
    assert (one.rule, one.also) == ("batch-mean", ("kept-mean", "nonzero-mean"))


def test_the_edge_of_the_tolerance():
    (value,) = [one.got for one in check(expect={"weighted-mean": 0.692279}, **TWO).comparisons]
    for text, same in (("0.69", True), ("0.6923", True), ("0.6922", False), ("0.70", False), ("0.7", True)):
        assert agrees(held(text), value) is same, text
    assert agrees(held("0.6667"), 0.66665)  # not exactly half a unit away in float64
    assert not agrees(held("0.6667"), 0.666649)


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("NaN", math.nan, True),
        ("Infinity", math.inf, True),
        ("-Infinity", math.inf, False),
        ("NaN", 1.0, False),
        ("1.0", math.nan, False),
        ("1.0", math.inf, False),
        ("Infinity", math.nan, False),
    ],
)
def test_nan_is_nan_and_infinity_itself(expected, got, same):
    assert agrees(held(expected), got) is same


@pytest.mark.parametrize("seed", range(12))
def test_what_torch_returns_is_what_is_expected(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    n, c = int(rng.integers(2, 9)), int(rng.integers(2, 6))
    x, y = rng.normal(size=(n, c)) * 3, rng.integers(0, c, n)
    y[0] = -100
    w, eps = rng.uniform(0.1, 3, c), [0.0, 0.1][seed % 2]
    call = torch.nn.functional.cross_entropy
    inputs = (torch.tensor(x), torch.tensor(y))
    options = {"weight": torch.tensor(w), "label_smoothing": eps}
    none = call(*inputs, reduction="none", **options)
    expect = {
        "weighted-mean": repr(call(*inputs, **options).item()),
        "batch-mean": repr(none.mean().item()),
        "sum": repr(none.sum().item()),
        "term": none,
        "loss": call(*inputs, reduction="none", label_smoothing=eps),
    }
    fields = {"logits": x, "labels": y, "weight": w, "label_smoothing": eps}
    assert check(expect=expect, tolerance=1e-12, engines=("torch",), **fields).is_ok or seed % 1
    off = {key: float(value) + 1e-4 for key, value in expect.items() if isinstance(value, str)}
    assert set(verdicts(off, tolerance=1e-6, **fields)) == {"differs"}
    moved = none.clone()
    moved[n - 1] += 1e-3
    (one,) = check(expect={"term": moved}, tolerance=1e-6, **fields).failures
    assert (one.sample, one.n_differ, one.count) == (n - 1, 1, n)


@pytest.mark.parametrize("seed", range(10))
def test_a_batch_agrees_with_its_own_values(seed):
    batch = Batch.build(**random_batch(seed))
    given = BatchLosses(batch)
    values = todays(given, [*given.values, "loss", "term", "term/sample", "term/label-mix"])
    assert len(values) == len(given.values) + 4
    assert {one.verdict for one in check_batch(batch, read_expect(values))} == {"agrees"}


def test_an_ignored_sample_has_no_loss_and_torchs_0_stands_for_it():
    fields = {**TWO, "labels": [-100, 1]}
    for there in (None, 0, "0.0"):
        assert verdicts({"loss": [there, "0.6444"]}, **fields) == ["agrees"]
    assert message({"loss": ["1.1711", "0.6444"]}, **fields).startswith(
        "expected 1.1711 as loss of sample 0, got nothing: it is ignored"
    )


def test_a_null_is_not_compared():
    assert verdicts({"loss": [None, "0.6444"]}, **TWO) == ["agrees"]


def test_a_list_that_differs_says_where_and_what_it_is():
    said = message({"term": ["1.1711", "0.6444"]}, **TWO)
    assert said == ("expected 1.1711 as term of sample 0, got 0.11711; the list is ℓ of each sample, not weighted")
    assert "(2 of 2 differ)" in message({"loss": [5, 6]}, **TWO)


def test_a_list_of_another_length_cannot_be_compared():
    assert verdicts({"loss": [1]}, **TWO) == ["not compared"]
    assert message({"loss": [1]}, **TWO) == "expected 1 number as loss, and the batch has 2 samples"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({**TWO, "labels": [-100, -100]}, "every sample is ignored"),
        ({**TWO, "weight": [0.0, 0.0]}, "it divides 0 by 0"),
        ({**TWO, "logits": [[0.1, 0.9], [math.nan, 0.1]]}, "the loss of sample 1 is nan"),
        ({**TWO, "logits": [[-math.inf, 0.9], [0.0, 0.1]]}, "the loss of sample 0 is infinite"),
    ],
)
def test_what_is_not_finite_cannot_be_compared_and_why_is_said(fields, reason):
    (one,) = check(expect={"weighted-mean": "0.5"}, **fields).failures
    assert one.verdict == "not compared"
    assert one.message.endswith(f", which cannot be compared: {reason}")


def test_a_method_that_these_labels_leave_undefined_is_refused():
    fields = {"logits": [[0.1, 0.9]], "labels": [[0.5, 0.5]], "weight": [1, 2]}
    with pytest.raises(WceError, match="weighted-mean is not defined for probability labels"):
        check(expect={"weighted-mean": 1}, **fields)
    assert verdicts({"weighted-mean/sample": 0.74}, **fields) == ["differs"]


def test_nothing_expected_is_refused():
    with pytest.raises(WceError, match="nothing would be checked"):
        check(expect={}, **TWO)


def test_a_framework_that_returned_another_number_is_named():
    pytest.importorskip("torch")
    done = check(expect={"weighted-mean": "0.380753", "kept-mean": "0.380753"}, engines=("torch",), **TWO)
    by = [one.by for one in done.failures]
    assert by[0] == "wce"
    assert by[1].startswith("PyTorch 2.")
    assert done.failures[1].message.endswith(" float64 returned 0.692279 from cross_entropy(x, y, weight=w)")
    assert done.failures[1].rule is None  # wce's own line has said it
    assert {one.what for one in done.comparisons if one.by != "wce"} == {"weighted-mean"}


def test_a_framework_that_was_asked_for_and_did_not_answer_is_no_pass(monkeypatch):
    from wce_cli.engines import torch as engine

    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    done = check(expect={"weighted-mean": "0.692279"}, engines=("torch",), **TWO)
    assert [one.verdict for one in done.comparisons] == ["agrees", "not compared"]
    assert "not installed" in done.failures[0].message
    assert check(expect={"weighted-mean": "0.692279"}, engines=("auto",), **TWO).is_ok


def test_inputs_that_were_printed_rounded_widen_the_tolerance():
    batch = Batch.build(**TWO, half_units={"logits": 0.00005})
    for near, verdict in ((None, "agrees"), (1e-9, "differs")):
        (one,) = check_batch(batch, read_expect({"weighted-mean": 0.6923000001}, near))
        assert one.verdict == verdict


def test_a_bound_that_is_open_lets_nothing_pass():
    batch = Batch.build(probs=[[0.0001, 0.9999]], labels=[0], half_units={"probs": 0.0005})
    assert rounding_errors(batch, list(BatchLosses(batch).values.values()))["sum/class"] == math.inf
    (one,) = check_batch(batch, read_expect({"sum": 123.456}))
    assert one.verdict == "differs"


def test_a_number_that_differs_beyond_six_digits_is_shown_with_more():
    said = message({"weighted-mean": "0.692279"}, tolerance=1e-9, **TWO)
    assert said.startswith("expected 0.692279 as weighted-mean, got 0.6922788; 0.692279 is weighted-mean in as many")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_what_torch_computed_is_held_to_its_dtype(reduction):
    torch = pytest.importorskip("torch")
    draw = torch.Generator().manual_seed(3)
    logits = (torch.randn(500, 7, generator=draw) * 8).requires_grad_()
    labels = torch.randint(0, 7, (500,), generator=draw)
    weight = torch.rand(7, generator=draw) + 0.1
    loss = torch.nn.functional.cross_entropy(logits, labels, weight, reduction=reduction)
    what = {"mean": "weighted-mean", "sum": "sum", "none": "term"}[reduction]
    batch = {"logits": logits.detach(), "labels": labels, "weight": weight}
    assert check(**batch, expect={what: loss}).is_ok
    assert check(**batch, expect={what: loss.detach().numpy()}).is_ok
    assert not check(**batch, expect={what: loss.detach().double()}).is_ok  # float64 would have been nearer
    (failure,) = check(**batch, expect={what: loss * 1.001}).failures
    assert failure.tolerance_why == "the rounding of float32"
    if reduction == "none":
        assert failure.n_differ > 400
        (failure,) = check(**batch, expect={"loss": loss}).failures
        assert failure.message.endswith("the list is w·ℓ of each sample")
        (failure,) = check(**batch, expect={"weighted-mean": loss.mean()}).failures
        assert "is batch-mean: Σw·ℓ/N" in failure.message


def test_a_computed_half_is_no_half_that_was_typed():
    """ln(1 + e^-0.43) is 0.5009: within half a unit of 0.5's last digit, and no float32's rounding of it."""
    batch = {"logits": [[0.43, 0.0]], "labels": [0]}
    exact = math.log1p(math.exp(-0.43))
    assert check(**batch, expect={"sum": 0.5}).is_ok
    for computed in (np.float32(0.5), np.float64(0.5), np.array(0.5)):
        assert not check(**batch, expect={"sum": computed}).is_ok
        assert check(**batch, expect={"sum": computed}, tolerance=0.01).is_ok
    assert check(**batch, expect={"sum": np.float32(exact), "loss": np.array([exact])}).is_ok
    (failure,) = check(**batch, expect={"sum": np.float32(0.7)}).failures
    assert failure.expected == "0.7"


def test_a_framework_is_held_to_the_method_that_its_call_is_for_these_labels():
    """Keras divides by N under placement sample: batch-mean for plain index labels, and not under smoothing."""
    if not ENGINES["keras"].is_installed:
        pytest.skip("keras is not installed")
    done = check(expect={"batch-mean": "0.380753"}, engines=("keras",), **TWO)
    assert {one.by.partition(" ")[0] for one in done.comparisons} == {"wce", "Keras"}
    assert done.is_ok
    smooth = check(expect={"batch-mean": "0.38"}, tolerance=1, engines=("keras",), label_smoothing=0.1, **TWO)
    assert {one.by for one in smooth.comparisons} == {"wce"}
