"""A criterion in hand is recognised without being called, and its arguments are taken in its own order."""

from __future__ import annotations

import functools
import warnings
from functools import partial

import numpy as np
import pytest

from wce_cli.criteria.object_settings import criterion_of, fields_of
from wce_cli.criteria.objects import call_of, kind_of
from wce_cli.errors import WceError

torch = pytest.importorskip("torch")
F, nn = torch.nn.functional, torch.nn

X, Y, W = torch.zeros(4, 3), torch.tensor([0, 1, 2, 1]), torch.tensor([0.5, 1.0, 3.0])


class Squared(nn.CrossEntropyLoss):
    def forward(self, input, target):
        raise AssertionError("it is called")


class Own(nn.Module):
    def forward(self, scores, labels):
        raise AssertionError("it is called")


def in_keras_order(y_true, y_pred):
    raise AssertionError("it is called")


def with_settings(x, y, class_weight=None, *, smoothing=0.0, gamma=2.0):
    raise AssertionError("it is called")


@functools.wraps(F.cross_entropy)
def wears_its_name(*arguments):
    raise AssertionError("it is called")


class CrossEntropyLoss:
    """A namesake."""

    def __call__(self, scores, labels):
        raise AssertionError("it is called")


CROSS, NLL = nn.CrossEntropyLoss(W, ignore_index=2, label_smoothing=0.1), nn.NLLLoss(W, reduction="sum")


@pytest.mark.parametrize(
    ("criterion", "arrays", "named", "text", "fields"),
    [
        (nn.CrossEntropyLoss(), (X, Y), {}, "CrossEntropyLoss()", {"logits": X, "labels": Y}),
        (
            CROSS,
            (X, Y),
            {},
            "CrossEntropyLoss(weight=w, ignore_index=2, label_smoothing=0.1)",
            {"logits": X, "labels": Y, "weight": W, "ignore_index": 2, "label_smoothing": 0.1},
        ),
        (CROSS.forward, (X, Y), {}, "CrossEntropyLoss(weight=w, ignore_index=2, label_smoothing=0.1)", ...),
        (NLL, (X, Y), {}, "NLLLoss(weight=w, reduction='sum')", {"log_probs": X, "labels": Y, "weight": W}),
        (F.cross_entropy, (X, Y, W), {}, "cross_entropy(x, y, weight=w)", ...),
        (F.cross_entropy, (X, Y), {"weight": W}, "cross_entropy(x, y, weight=w)", ...),
        (F.cross_entropy, (), {"input": X, "target": Y}, "cross_entropy(x, y)", ...),
        (F.cross_entropy, (X,), {"labels": Y}, "cross_entropy(x, y)", ...),
        (
            F.nll_loss,
            (),
            {"log_probs": X, "labels": Y, "reduction": "sum"},
            "nll_loss(x, y, reduction='sum')",
            {"log_probs": X, "labels": Y},
        ),
        (partial(F.cross_entropy, weight=W), (X, Y), {}, "cross_entropy(x, y, weight=w)", ...),
        (partial(partial(F.cross_entropy, X), ignore_index=1), (Y,), {}, "cross_entropy(x, y, ignore_index=1)", ...),
        (Squared(W), (X, Y), {}, "Squared(weight=w)", {"logits": X, "labels": Y, "weight": W}),
        (Own(), (X, Y), {}, "Own", {"logits": X, "labels": Y}),
        (in_keras_order, (Y, X), {}, "in_keras_order", {"logits": X, "labels": Y}),
        (in_keras_order, (), {"logits": X, "labels": Y}, "in_keras_order", {"logits": X, "labels": Y}),
        (
            with_settings,
            (X, Y),
            {"class_weight": W, "smoothing": 0.1, "gamma": 3.0},
            "with_settings",
            {"logits": X, "labels": Y, "weight": W, "label_smoothing": 0.1},
        ),
        (partial(with_settings, smoothing=0.1), (X, Y), {}, "with_settings", ...),
        (lambda a, b: a, (X, Y), {}, "the lambda", {"logits": X, "labels": Y}),
        (lambda *a: a, (), {"logits": X, "labels": Y}, "the lambda", {"logits": X, "labels": Y}),
        (CrossEntropyLoss(), (X, Y), {}, "CrossEntropyLoss", {"logits": X, "labels": Y}),
        (torch.compile(nn.CrossEntropyLoss(W), backend="eager"), (X, Y), {}, "CrossEntropyLoss(weight=w)", ...),
    ],
)
def test_what_a_call_says_of_a_batch(criterion, arrays, named, text, fields):
    call, beside = call_of(criterion, arrays, named)
    assert call.text == text
    found = fields_of(call)
    if fields is not ...:
        assert found == fields
    assert (found["labels"], found.get("logits", found.get("log_probs"))) == (Y, X)
    assert set(beside) <= {"logits", "log_probs"}  # which say what kind of scores they are


@pytest.mark.parametrize(
    ("criterion", "known", "is_own"),
    [
        (nn.CrossEntropyLoss(), "CrossEntropyLoss", False),
        (F.nll_loss, "nll_loss", False),
        (Squared(), "CrossEntropyLoss", True),
        (CrossEntropyLoss(), None, True),
        (wears_its_name, None, True),
        (Own(), None, True),
        (len, None, True),
    ],
)
def test_what_wears_a_name_of_a_framework_elsewhere_is_somebodys_own(criterion, known, is_own):
    kind = kind_of(criterion)
    assert (kind.known and kind.known.name, kind.is_own, kind.is_unknown) == (known, is_own, False)


def test_losses_of_a_framework_that_are_none_of_classes_are_not_known():
    assert all(kind_of(one).is_unknown for one in (nn.MSELoss(), nn.BCEWithLogitsLoss(), F.mse_loss))
    assert not any(kind_of(one).is_unknown for one in (nn.DataParallel(nn.NLLLoss()), nn.Sequential(), torch.mean))


@pytest.mark.parametrize(
    ("criterion", "reduction"),
    [
        (nn.CrossEntropyLoss(), "mean"),
        (nn.CrossEntropyLoss(reduction="none"), "none"),
        (partial(F.cross_entropy, size_average=False), "sum"),
        (partial(F.cross_entropy, reduce=False), "none"),
        (partial(F.cross_entropy, size_average=True, reduction="sum"), "mean"),
    ],
)
def test_the_reduction_is_what_older_settings_make_of_it(criterion, reduction):
    call, _ = call_of(criterion, (X, Y), {})
    assert criterion_of(call).reduction == reduction
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (torch.as_tensor(criterion(X, Y)).ndim == 0) == (reduction != "none")


def test_a_field_that_a_function_takes_as_well_is_of_both():
    def shifting(logits, labels, *, shift):
        raise AssertionError("it is called")

    call, beside = call_of(shifting, (X, Y), {"shift": True})
    assert (call.keywords, beside) == ({"shift": True}, {"shift": True})

    def by_name(x, *, target):
        raise AssertionError("it is called")

    call, beside = call_of(by_name, (X,), {"target": Y})
    assert (call.arguments, call.keywords, beside) == ((X,), {"target": Y}, {})
    assert fields_of(call) == {"logits": X, "labels": Y}


def test_what_is_handed_over_is_what_came():
    call, beside = call_of(partial(F.cross_entropy, weight=W), (X, Y), {"reduction": "sum", "classes": ["a", "b", "c"]})
    assert call.arguments[0] is X
    assert call.arguments[1] is Y
    assert call.keywords == {"reduction": "sum"}
    assert beside == {"classes": ["a", "b", "c"]}
    call, _ = call_of(lambda *arrays: arrays, (), {"labels": Y, "logits": X})
    assert call.arguments == (X, Y)
    assert call.keywords == {}


def test_a_keyword_that_means_two_things_is_the_criterions_own_where_it_has_its_labels():
    metrics = pytest.importorskip("sklearn.metrics")
    y, p = [0, 1], np.full((2, 3), 1 / 3)
    call, beside = call_of(metrics.log_loss, (y, p), {"labels": [0, 1, 2]})
    assert call.text == "log_loss(y, x, labels=[0, 1, 2])"
    assert beside == {}
    call, beside = call_of(metrics.log_loss, (), {"probs": p, "labels": y})
    assert call.said["labels"] is y
    assert call.text == "log_loss(y, x)"


def test_more_arrays_than_it_takes_are_refused():
    with pytest.raises(WceError, match="CrossEntropyLoss takes 2 arguments, and got 3"):
        call_of(nn.CrossEntropyLoss(), (X, Y, W), {})
