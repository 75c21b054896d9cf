"""explain(criterion, x, y): the object is called, its number stands first, and is the method that its settings say."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from wce_cli import WceError, assert_loss, batch, check, explain, gradient, identify, split, sweep

torch = pytest.importorskip("torch")
F, nn = torch.nn.functional, torch.nn

RNG = np.random.default_rng(19)
W = torch.tensor([0.5, 0.0, 3.0], dtype=torch.float64)
"""Unequal, and one is zero."""
X = torch.tensor(RNG.normal(size=(7, 3)))
Y = torch.tensor([0, 2, 1, -100, 2, 2, 0])
Q = torch.tensor(RNG.dirichlet([1.0, 1.0, 1.0], 7))
IMAGE, MASK = torch.tensor(RNG.normal(size=(2, 3, 4))), torch.tensor(RNG.integers(0, 3, (2, 4)))
KEPT = (X[Y >= 0], Y[Y >= 0])
SHORT = (X.float(), Y)

RUNS = {
    "cross-entropy": (nn.CrossEntropyLoss(W), (X, Y), "weighted-mean"),
    "without a weight": (nn.CrossEntropyLoss(), (X, Y), "weighted-mean"),
    "sum": (nn.CrossEntropyLoss(W, reduction="sum"), (X, Y), "sum"),
    "smoothed": (nn.CrossEntropyLoss(W, label_smoothing=0.1), (X, Y), "weighted-mean"),
    "another label ignored": (nn.CrossEntropyLoss(W, ignore_index=0), KEPT, "weighted-mean"),
    "everything": (nn.CrossEntropyLoss(W, ignore_index=0, label_smoothing=0.3), (IMAGE, MASK), "weighted-mean"),
    "soft": (nn.CrossEntropyLoss(W), (X, Q), "batch-mean"),
    "soft, smoothed": (nn.CrossEntropyLoss(W, label_smoothing=0.2), (X, Q), "batch-mean"),
    "soft sum": (nn.CrossEntropyLoss(W, reduction="sum"), (X, Q), "sum"),
    "image": (nn.CrossEntropyLoss(W), (IMAGE, MASK), "weighted-mean"),
    "nll": (nn.NLLLoss(W), (F.log_softmax(X, 1), Y), "weighted-mean"),
    "nll of rows that do not sum to 1": (nn.NLLLoss(W), (X, Y), "weighted-mean"),
    "nll, image": (nn.NLLLoss(W, reduction="sum"), (IMAGE, MASK), "sum"),
    "function": (F.cross_entropy, (X, Y, W), "weighted-mean"),
    "partial, another label ignored": (partial(F.cross_entropy, weight=W, ignore_index=0), KEPT, ...),
    "partial": (partial(F.cross_entropy, weight=W, label_smoothing=0.1), (X, Y), "weighted-mean"),
    "partial nll": (partial(F.nll_loss, weight=W, reduction="sum"), (X, Y), "sum"),
    "float32": (nn.CrossEntropyLoss(W.float()), SHORT, "weighted-mean"),
    "float32, smoothed": (nn.CrossEntropyLoss(W.float(), label_smoothing=0.1), SHORT, "weighted-mean"),
    "bfloat16": (nn.CrossEntropyLoss(W.bfloat16()), (X.bfloat16(), Y), "weighted-mean"),
    "with a graph": (nn.CrossEntropyLoss(W), (X.clone().requires_grad_(), Y), "weighted-mean"),
    "one sample": (nn.CrossEntropyLoss(W), (X[0], Y[0]), "weighted-mean"),
}


@pytest.mark.parametrize("name", RUNS)
def test_what_a_loss_of_pytorch_returns_stands_at_its_method(name):
    criterion, arrays, pair = RUNS[name]
    pair = "weighted-mean" if pair is ... else pair
    report = explain(criterion, *arrays, engines=())
    returned = criterion(*arrays)
    assert report.criterion.value == returned.item()
    assert report.criterion.pair == pair
    assert report.criterion.told == ()
    rough = {torch.float64: 1e-13, torch.float32: 1e-6, torch.bfloat16: 2e-2}[returned.dtype]
    assert report[pair] == pytest.approx(returned.item(), rel=rough)
    assert str(report).startswith(f"{report.criterion.text} returns {returned.item():.4g}"[:-2])


@pytest.mark.parametrize("name", ["cross-entropy", "smoothed", "another label ignored", "soft", "everything", "image"])
def test_these_batches_tell_the_methods_apart(name):
    criterion, arrays, pair = RUNS[name]
    report = explain(criterion, *arrays, engines=())
    others = {"weighted-mean", "batch-mean", "sum", "unweighted-mean"} - {pair}
    values = [row.value for row in report.methods if row.method in others]
    assert min(abs(value - report[pair]) for value in values) > 1e-3 * abs(report[pair])


@pytest.mark.parametrize(
    "criterion", [nn.CrossEntropyLoss(W, reduction="none"), partial(F.cross_entropy, weight=W, reduce=False)]
)
@pytest.mark.filterwarnings("ignore:.*reduce")
def test_one_number_a_sample_is_said_and_identified_as_losses(criterion):
    report = explain(criterion, X, Y, engines=())
    text, total = report.criterion.text, criterion(X, Y).sum().item()
    assert report.criterion.pair is None
    assert report.criterion.told == (
        f"{text} returned 7 numbers, one a sample: they add up to {total:.6g}, which is sum",
    )
    assert str(report).replace("\n", " ").startswith(f"{text} returned 7 numbers, one a sample")
    (found,) = identify(criterion, X, Y).lists
    assert (found.what, found.count, found.matches[0].title) == ("losses", 7, "w·ℓ of each sample")
    with pytest.raises(WceError, match="one number a sample"):
        assert_loss(criterion, X, Y)


class Squared(nn.CrossEntropyLoss):
    def forward(self, input, target):
        return F.cross_entropy(input, target, self.weight**2)


class BatchMean(nn.CrossEntropyLoss):
    def forward(self, scores, labels):
        return F.cross_entropy(scores, labels, self.weight, reduction="none").mean()


class Whole(nn.Module):
    def forward(self, scores, labels):
        return F.cross_entropy(scores, labels, W, reduction="none").mean()


def of_their_own(y_true, y_pred):
    return float(F.cross_entropy(y_pred, y_true, W))


def test_a_subclass_with_a_mistake_is_named_beside_what_its_settings_say():
    report = explain(Squared(W), X, Y, engines=())
    one, value = report.criterion, Squared(W)(X, Y).item()
    assert (one.value, one.pair) == (value, None)
    assert one.told == (
        f"Squared(weight=w) returned {value:.6g}, which is weighted-mean, but weights squared",
        f"By its settings it would be {report['weighted-mean']:.6g} (weighted-mean)",
        "audit(Squared, kwargs={…}) says which rule it follows on other batches",
    )
    assert str(report).replace("\n", " ").startswith(f"{one.told[0]}. {one.told[1]}. {one.told[2]}. PyTorch")
    (found,) = identify(Squared(W), X, Y).numbers
    assert found.simplest[0].title == "weighted-mean; weights squared"
    text = " ".join(str(identify(Squared(W), X, Y)).split())
    assert f"Squared(weight=w) returned {value:.6g}. By its settings it would be" in text
    text = " ".join(str(identify(nn.CrossEntropyLoss(W), X, Y)).split())
    assert "CrossEntropyLoss(weight=w) returns 1.56356 (weighted-mean), which 1.5635590309136922 is." in text
    with pytest.raises(AssertionError, match="is weighted-mean; weights squared"):
        assert_loss(Squared(W), X, Y)
    assert not check(Squared(W), X, Y).is_ok


def test_a_subclass_that_follows_another_rule_is_marked_at_it():
    report = explain(BatchMean(W), X, Y, engines=())
    assert (report.criterion.pair, report.criterion.value) == ("batch-mean", pytest.approx(report["batch-mean"]))
    assert report.criterion.told[0] == f"By its settings it would be {report['weighted-mean']:.6g} (weighted-mean)"
    assert str(report).startswith("BatchMean(weight=w) returns")


@pytest.mark.parametrize(
    ("criterion", "arrays", "pair", "hint"),
    [
        (Whole(), (X, Y), "batch-mean", "audit(Whole, kwargs={…}) says"),
        (of_their_own, (Y, X), "weighted-mean", "audit(of_their_own) says"),
        (lambda x, y: F.cross_entropy(x, y, W, reduction="sum"), (X, Y), "sum", "audit('file.py:name') says"),
        (lambda x, y: F.cross_entropy(x, y, W).numpy(), (X, Y), "weighted-mean", "audit('file.py:name') says"),
        (lambda x, y: F.cross_entropy(x, y, W).reshape(1), (X, Y), "weighted-mean", "audit("),
    ],
)
def test_a_function_of_ones_own_is_the_rule_that_gives_its_number(criterion, arrays, pair, hint):
    report = explain(criterion, *arrays, weight=W, engines=())
    assert report.criterion.pair == pair
    assert report.criterion.value == pytest.approx(report[pair], rel=1e-12)
    assert report.criterion.told[-1].startswith(hint)
    assert identify(criterion, *arrays, weight=W).numbers[0].simplest[0].method == pair


def test_what_a_function_does_not_say_stands_beside_it():
    smoothed = explain(Whole(), X, Y, weight=W, label_smoothing=0.1, engines=())
    assert smoothed.criterion.pair is None  # it smooths nothing
    assert "which is batch-mean, but without label smoothing" in smoothed.criterion.told[0]
    bare = explain(nn.CrossEntropyLoss(), X, Y, weight=W, engines=())
    assert (bare.criterion.pair, bare.criterion.told) == ("unweighted-mean", ())
    taken = explain(F.cross_entropy, *KEPT, weight=W, ignore_index=0, reduction="sum", engines=())
    assert (taken.criterion.pair, taken["sum"]) == ("sum", pytest.approx(taken.criterion.value))


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        (lambda x, y: None, "the lambda returned None, and no number"),
        (lambda x, y: (x.sum(), x), "the lambda returned a tuple of 2, and no number"),
        (lambda x, y: {"loss": 1.0}, "the lambda returned a dict of 1, and no number"),
        (lambda x, y: "0.5", 'the lambda returned "0.5", and no number'),
        (lambda x, y: True, "the lambda returned True, and no number"),
        (lambda x, y: x > 0, "the lambda returned a Tensor, and no number"),
        (lambda x, y: x, "the lambda returned numbers of shape (7, 3), and not one, nor one a sample"),
        (lambda x, y: torch.zeros((), device="meta"), "the lambda returned a Tensor, and no number"),
        (lambda x, y: 1 / 0, "the lambda raised ZeroDivisionError: division by zero"),
        (lambda x, y: F.cross_entropy(y, x), "the lambda raised "),
        (lambda x: x, "the lambda raised TypeError: "),
        (lambda x, y: 123.456, "the lambda returned 123.456, which no rule gives"),
        (lambda x, y: math.nan, "the lambda returned nan"),
        (lambda x, y: x[:, 0].tolist(), "the lambda returned 7 numbers, one a sample: they add up to "),
        (lambda x, y: [], "the lambda returned a list of 0, and no number"),
        (lambda x, y: torch.tensor(math.inf), "the lambda returned inf"),
    ],
)
def test_what_is_no_number_is_said_and_the_report_goes_on(returns, told):
    report = explain(returns, X, Y, weight=W, engines=())
    assert report.criterion.pair is None
    assert report.criterion.told[0].startswith(told)
    assert report["weighted-mean"] == pytest.approx(F.cross_entropy(X, Y, W).item())
    assert str(report).replace("\n", " ").startswith(told[:40])
    assert report.to_dict()["criterion"]["text"] == report.criterion.text


def test_a_known_loss_that_refuses_its_arrays_is_marked_at_no_method():
    report = explain(nn.CrossEntropyLoss(W.float()), X, Y, engines=())
    assert (report.criterion.pair, report.criterion.value) == (None, None)
    assert report.criterion.told[0].startswith("CrossEntropyLoss(weight=w) raised RuntimeError: expected scalar type")
    assert report.criterion.reason.startswith("it raised RuntimeError: expected scalar type")
    assert explain(nn.CrossEntropyLoss(), X.tolist(), Y.tolist(), engines=()).criterion.told[0].count("TypeError") == 1


def test_a_reduction_that_there_is_not_is_what_pytorch_says_of_it():
    told = explain(nn.CrossEntropyLoss(reduction="average"), X, Y, engines=()).criterion.told
    assert told == (
        "CrossEntropyLoss(reduction='average') raised ValueError: average is not a valid value for reduction",
    )


def test_what_holds_a_loss_is_called_and_weights_that_nobody_knows_are_asked_for():
    report = explain(nn.DataParallel(nn.CrossEntropyLoss(W)), X, Y, engines=())
    assert "weight=, ignore_index=" in report.criterion.told[1]
    assert (
        explain(nn.DataParallel(nn.CrossEntropyLoss(W)), X, Y, weight=W, engines=()).criterion.pair == "weighted-mean"
    )


def test_tensors_of_inference_mode_are_taken_as_any():
    with torch.inference_mode():
        x = X * 1.0
        assert explain(nn.CrossEntropyLoss(W), x, Y, engines=()).criterion.pair == "weighted-mean"
    assert explain(nn.CrossEntropyLoss(W), x, Y, engines=()).criterion.pair == "weighted-mean"


def test_a_message_is_one_line_and_its_control_characters_are_no_commands():
    def loud(x, y):
        raise ValueError("\n\x1b[31mred\nmore")

    assert explain(loud, X, Y, engines=()).criterion.told == ("loud raised ValueError:  [31mred",)
    assert "\x1b" not in str(explain(loud, X, Y, engines=()))


def test_it_is_called_once_and_leaves_nothing_behind():
    class Counting(nn.CrossEntropyLoss):
        calls = 0

        def forward(self, input, target):
            Counting.calls += 1
            assert not torch.is_grad_enabled()
            torch.rand(3), np.random.rand(3)
            self.last = super().forward(input, target)
            return self.last

    import random

    x = X.clone().requires_grad_()
    for ask in (
        lambda one: explain(one, x, Y),
        lambda one: identify(one, x, Y),
        lambda one: check(one, x, Y),
        lambda one: assert_loss(one, x, Y),
    ):
        torch.manual_seed(1), np.random.seed(1), random.seed(1)
        expected = torch.rand(1).item(), np.random.rand(), random.random()
        torch.manual_seed(1), np.random.seed(1), random.seed(1)
        criterion, before = Counting(W), Counting.calls
        ask(criterion)
        assert Counting.calls == before + 1
        assert (torch.rand(1).item(), np.random.rand(), random.random()) == expected
        assert not criterion.last.requires_grad
        assert x.grad is None
        assert torch.is_grad_enabled()


@pytest.mark.parametrize("ask", [gradient, partial(split, size=2), partial(sweep, class_=0)])
def test_other_questions_read_its_settings_and_do_not_call_it(ask):
    def never(x, y):
        raise AssertionError("it is called")

    criterion = nn.CrossEntropyLoss(W, label_smoothing=0.1)
    said, _, rest = str(ask(criterion, X, Y)).partition("\n")
    assert said == "CrossEntropyLoss(weight=w, label_smoothing=0.1) returns 1.50595 (weighted-mean)."
    assert rest == str(ask(X, Y, weight=W, label_smoothing=0.1))
    assert str(ask(never, X, Y, weight=W)) == str(ask(X, Y, weight=W))
    text = " ".join(str(ask(Squared(W), X, Y)).split())
    assert "Squared(weight=w) is cannot be said: it is a class of your own, and was not called." in text


def test_it_stands_before_its_arrays_wherever_a_batch_does():
    criterion = nn.CrossEntropyLoss(W)
    report = explain(criterion, X, Y, engines=())
    assert explain(batch(criterion, X, Y), engines=()) == report
    assert explain(criterion, batch(X, Y), engines=()) == report
    assert explain(logits=X, labels=Y, criterion=criterion, engines=()) == report
    assert explain(criterion, input=X, target=Y, engines=()) == report
    assert str(split(2, criterion, X, Y)) == str(split(criterion, X, Y, size=2))
    assert str(sweep(0, criterion, X, Y)) == str(sweep(criterion, X, Y, class_=0))
    assert identify(0.5, criterion, X, Y).numbers[0].text == "0.5"
    assert identify(criterion, X, Y).numbers[0].value == pytest.approx(report["weighted-mean"])
    assert check(criterion, X, Y).is_ok
    assert check(criterion, X, Y, expect={"sum": report["sum"]}).is_ok
    assert_loss(criterion, X, Y)
    assert_loss(criterion(X, Y), criterion, X, Y)
    assert_loss(nn.CrossEntropyLoss(W, reduction="sum"), X, Y)
    assert_loss(report["sum"], "sum", criterion, X, Y)
    assert explain(batch(criterion, X, Y), weight=[1, 1, 1], engines=()).criterion.value is None


def test_a_loss_that_writes_into_its_scores_is_told_and_changes_no_other_number():
    def in_place(x, y):
        x -= 5
        x[0] = 0
        return F.cross_entropy(x, y, W)

    x = X.clone()
    report = explain(in_place, x, Y, weight=W)
    assert report.methods == explain(X, Y, weight=W).methods
    assert "It wrote into what it was called with" in str(report).replace("\n", " ")


@pytest.mark.parametrize("many", [4000])
def test_the_rounding_of_many_samples_in_float32_is_no_other_rule(many):
    rng = np.random.default_rng(2)
    x = torch.tensor(rng.normal(size=(many, 10)) * 3, dtype=torch.float32)
    y, w = torch.tensor(rng.integers(0, 10, many)), torch.tensor(rng.uniform(0.1, 3, 10), dtype=torch.float32)
    criterion = nn.CrossEntropyLoss(w)
    report = explain(criterion, x, y, engines=())
    assert (report.criterion.pair, report.criterion.told) == ("weighted-mean", ())
    found = identify(criterion, x, y).numbers[0]
    assert found.simplest[0].title == "weighted-mean"
    assert check(criterion, x, y).is_ok
    assert check(nn.CrossEntropyLoss(w, label_smoothing=0.1), x, y).is_ok
    assert_loss(lambda scores, labels: criterion(scores, labels).item(), x, y, weight=w)
    assert explain(lambda a, b: criterion(a, b).item(), x, y, weight=w).criterion.pair == "weighted-mean"


def test_scores_with_the_classes_last_are_what_their_function_takes():
    x, y = IMAGE.movedim(1, -1), MASK
    report = explain(nn.CrossEntropyLoss(W), x, y, weight=None, engines=())
    assert report.criterion.pair is None
    assert report.criterion.told[0].startswith("CrossEntropyLoss(weight=w) raised RuntimeError: ")
    assert report.criterion.told[1] == "It takes the classes on axis 1: x.movedim(-1, 1)"

    def of_a_language_model(scores, labels):
        return F.cross_entropy(scores.reshape(-1, 3), labels.reshape(-1), W)

    report = explain(of_a_language_model, x, y, weight=W, engines=())
    assert (report.criterion.pair, report.criterion.value) == ("weighted-mean", of_a_language_model(x, y).item())
    assert report["weighted-mean"] == pytest.approx(nn.CrossEntropyLoss(W)(IMAGE, MASK).item())

    def each(scores, labels):
        return F.cross_entropy(scores.reshape(-1, 3), labels.reshape(-1), W, reduction="none")

    assert "8 numbers, one a sample" in explain(each, x, y, weight=W, engines=()).criterion.told[0]
    assert identify(each, x, y, weight=W).lists[0].matches[0].title == "w·ℓ of each sample"


def test_labels_that_are_shifted_are_said_to_be_where_the_criterion_does_not_shift_them():
    criterion = nn.CrossEntropyLoss(W)
    report = explain(criterion, IMAGE, MASK, shift=True, engines=())
    assert report.criterion.value == criterion(IMAGE, MASK).item()
    told = report.criterion.told[-1]
    assert told == f"As the batch is read here it would be {report['weighted-mean']:.6g} (weighted-mean)"


def test_a_number_of_16_bits_is_the_nearest_method_and_the_others_are_named():
    rng = np.random.default_rng(3)
    x, y = torch.tensor(rng.normal(size=(50, 3))).bfloat16(), torch.tensor(rng.integers(0, 3, 50))
    w = torch.tensor([1.0, 1.03, 1.06]).bfloat16()
    for criterion, pair in (
        (lambda x, y: F.cross_entropy(x, y, w), "weighted-mean"),
        (lambda x, y: F.cross_entropy(x, y, w, reduction="none").mean(), "batch-mean"),
    ):
        one = explain(criterion, x, y, weight=w, engines=()).criterion
        assert one.pair == pair
        assert one.told[0].startswith("In bfloat16 ")
        assert one.told[0].endswith("not told from it")
        assert ({"weighted-mean", "batch-mean"} - {pair}).pop() in one.told[0]
    assert explain(nn.CrossEntropyLoss(w), x, y, engines=()).criterion.told == ()


def test_what_a_model_returns_has_its_scores_as_logits():
    def loss(outputs, labels):
        return F.cross_entropy(outputs["logits"], labels, W)

    report = explain(loss, {"logits": X, "hidden": None}, Y, weight=W, engines=())
    assert (report.criterion.pair, report.criterion.value) == ("weighted-mean", F.cross_entropy(X, Y, W).item())

    class Output:
        logits = X

    assert explain(lambda o, y: F.cross_entropy(o.logits, y), Output(), Y, engines=()).criterion.pair == "weighted-mean"
    assert explain(nn.CrossEntropyLoss(W), {"input": X, "target": Y}, engines=()).criterion.pair == "weighted-mean"


def test_no_framework_is_loaded_for_a_function_of_numpy():
    code = """
import sys
from wce_cli import explain, identify
def criterion(scores, labels):
    return 0.5
explain(criterion, [[0.1, 0.9]], [1], engines=())
identify(criterion, [[0.1, 0.9]], [1])
print(sorted({"torch", "keras", "jax", "sklearn", "optax"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_what_stands_in_the_wrong_place_is_told():
    with pytest.raises(WceError, match="not read beside blocks"):
        explain(criterion=torch.nn.CrossEntropyLoss(), blocks=iter([([[1.0, 2.0]], [0])]))
    with pytest.raises(WceError) as caught:
        explain("nn.CrossEntropyLoss()", [[1.0, 2.0]], [0])
    assert 'criterion="nn.CrossEntropyLoss()"' in caught.value.problems[0].hint
