"""Losses of Keras, scikit-learn and optax in hand: labels first where they have them first, and their own number."""

from __future__ import annotations

import math
import os
from functools import partial

import numpy as np
import pytest

from wce_cli import assert_loss, check, explain, identify

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
pytest.importorskip("torch")
keras, optax = pytest.importorskip("keras"), pytest.importorskip("optax")
jnp = pytest.importorskip("jax.numpy")
log_loss = pytest.importorskip("sklearn.metrics").log_loss

RNG = np.random.default_rng(4)
X = RNG.normal(size=(6, 3)).astype(np.float32)
P = np.exp(X.astype(np.float64)) / np.exp(X.astype(np.float64)).sum(1, keepdims=True)
Y = np.array([0, 1, 2, 1, 2, 2])
ONE_HOT, Q = np.eye(3, dtype=np.float32)[Y], RNG.dirichlet([1.0, 1.0, 1.0], 6).astype(np.float32)
S = np.array([1.0, 2.0, 0.0, 0.5, 3.0, 0.25], dtype=np.float32)
"""Unequal, and one is zero."""
Dense, Sparse = keras.losses.CategoricalCrossentropy, keras.losses.SparseCategoricalCrossentropy
LOGITS = {"from_logits": True}

ONE_NUMBER = {
    "dense": (Dense(**LOGITS), (ONE_HOT, X), {}, "batch-mean/sample"),
    "dense, soft": (Dense(**LOGITS), (Q, X), {}, "batch-mean/sample"),
    "dense, smoothed": (Dense(**LOGITS, label_smoothing=0.2), (ONE_HOT, X), {}, "batch-mean/sample"),
    "dense, weighed by place": (Dense(**LOGITS), (ONE_HOT, X, S), {}, "batch-mean/sample"),
    "dense, weighed mean": (
        Dense(**LOGITS, reduction="mean_with_sample_weight"),
        (Q, X),
        {"sample_weight": S},
        "weighted-mean/sample",
    ),
    "dense, of probabilities": (Dense(), (ONE_HOT, P.astype(np.float32)), {"sample_weight": S}, "batch-mean/sample"),
    "sparse": (Sparse(**LOGITS), (Y, X), {"sample_weight": S}, "batch-mean/sample"),
    "sparse, in a column": (Sparse(**LOGITS), (Y[:, None], X), {"sample_weight": S}, "batch-mean/sample"),
    "sparse, by name": (Sparse(**LOGITS), (), {"y_true": Y, "y_pred": X}, "batch-mean/sample"),
    "sparse, ignoring": (Sparse(**LOGITS, ignore_class=1), (Y, X), {}, "kept-mean/sample"),
    "sparse, classes last of three": (Sparse(**LOGITS), (Y.reshape(2, 3), X.reshape(2, 3, 3)), {}, "batch-mean/sample"),
    "sparse, pixels weighed": (
        Sparse(**LOGITS),
        (Y[:4].reshape(2, 2), X[:4].reshape(2, 2, 3)),
        {"sample_weight": S[:4].reshape(2, 2)},
        "batch-mean/sample",
    ),
    "dense, classes first": (
        Dense(**LOGITS, axis=1),
        (np.moveaxis(Q[:4].reshape(2, 2, 3), -1, 1), np.moveaxis(X[:4].reshape(2, 2, 3), -1, 1)),
        {},
        "batch-mean/sample",
    ),
    "sparse, sum": (Sparse(**LOGITS, reduction="sum"), (Y, X, S), {}, "sum/sample"),
    "log_loss": (log_loss, (Y, P), {}, "weighted-mean/sample"),
    "log_loss, weighed": (log_loss, (Y, P), {"sample_weight": S}, "weighted-mean/sample"),
    "log_loss, partial sum": (partial(log_loss, sample_weight=S, normalize=False), (Y, P), {}, "sum/sample"),
    "log_loss, listed": (log_loss, (Y[:2], P[:2]), {"labels": [0, 1, 2]}, "weighted-mean/sample"),
    "log_loss, of names": (log_loss, (["b", "a", "c", "c", "b", "a"], P), {}, "weighted-mean/sample"),
    "log_loss, from 1": (log_loss, (Y + 1, P), {}, "weighted-mean/sample"),
    "log_loss, of the second": (log_loss, ([0, 1, 1], P[:3, 0]), {}, "weighted-mean/sample"),
    "log_loss, of a column": (log_loss, (["no", "yes", "no"], P[:3, :1]), {}, "weighted-mean/sample"),
    "optax, averaged": (
        lambda x, y: optax.softmax_cross_entropy(x, y).mean(),
        (jnp.array(X), jnp.array(Q)),
        {},
        "batch-mean",
    ),
    "optax, weighed": (
        lambda x, y, sample_weight: jnp.average(
            optax.softmax_cross_entropy_with_integer_labels(x, y), weights=sample_weight
        ),
        (X, Y),
        {"sample_weight": S},
        "weighted-mean",
    ),
}


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_the_number_of_a_framework_is_the_method_that_its_settings_say(name):
    criterion, arrays, named, pair = ONE_NUMBER[name]
    value = float(criterion(*arrays, **named))
    report = explain(criterion, *arrays, **named, engines=())
    assert report.criterion.value == value
    assert report.method(report.criterion.pair).value == pytest.approx(report[pair], rel=1e-12)
    assert report[pair] == pytest.approx(value, rel=2e-6)
    assert not any("By its settings" in said for said in report.criterion.told)
    assert identify(criterion, *arrays, **named).numbers[0].matches
    if not name.startswith("optax"):
        assert report.criterion.told == ()
        assert check(criterion, *arrays, **named).is_ok
        assert_loss(criterion, *arrays, **named)


@pytest.mark.parametrize(
    ("criterion", "arrays", "named"),
    [
        (Sparse(**LOGITS, reduction=None), (Y, X, S), {}),
        (Sparse(**LOGITS, reduction="none"), (Y, X), {}),
        (partial(keras.losses.categorical_crossentropy, from_logits=True, label_smoothing=0.1), (Q, X), {}),
        (keras.losses.sparse_categorical_crossentropy, (Y, X), {"from_logits": True}),
        (optax.softmax_cross_entropy, (jnp.array(X), jnp.array(Q)), {}),
        (partial(optax.softmax_cross_entropy_with_integer_labels, axis=-1), (X, Y), {}),
        (optax.softmax_cross_entropy_with_integer_labels, (X.reshape(2, 3, 3), Y.reshape(2, 3)), {}),
        (partial(optax.softmax_cross_entropy, axis=0), (jnp.array(X).T, jnp.array(ONE_HOT).T), {}),
    ],
)
def test_one_number_a_sample_adds_up_to_the_sum(criterion, arrays, named):
    report = explain(criterion, *arrays, **named, engines=())
    assert report.criterion.pair is None
    (told,) = report.criterion.told
    total = float(np.asarray(criterion(*arrays, **named)).sum())
    assert "returned 6 numbers, one a sample: they add up to" in told
    assert told.endswith((", which is sum", ", which is sum/sample"))
    assert report["sum/sample" if Q is arrays[0] else "sum"] == pytest.approx(total, rel=1e-5)
    (found,) = identify(criterion, *arrays, **named).lists
    assert found.matches


@pytest.mark.parametrize(
    ("criterion", "arrays", "told"),
    [
        (Sparse(**LOGITS), (ONE_HOT, X), "SparseCategoricalCrossentropy(from_logits=True) raised "),
        (log_loss, (np.zeros(6, int), P), "log_loss(y, x) raised ValueError: "),
        (lambda x, y: keras.KerasTensor((2,)), (X, Y), "the lambda returned a KerasTensor, and no number"),
        (lambda x, y: jnp.full((), math.nan), (X, Y), "the lambda returned nan"),
    ],
)
def test_what_a_framework_refuses_is_said(criterion, arrays, told):
    report = explain(criterion, *arrays, engines=())
    assert report.criterion.told[0].startswith(told)
    assert report.criterion.value is None or math.isnan(report.criterion.value)


@pytest.mark.parametrize(
    "number",
    [
        lambda value: jnp.asarray(value),
        lambda value: keras.ops.convert_to_tensor(value),
        np.float32,
        float,
    ],
)
def test_a_scalar_of_any_framework_is_a_number(number):
    value = float(np.float32(explain(X, Y, engines=())["weighted-mean"]))
    report = explain(lambda x, y: number(value), X, Y, engines=())
    assert (report.criterion.value, report.criterion.pair) == (value, "weighted-mean")


def test_classes_of_names_stand_in_the_order_of_scikit_learn():
    report = explain(log_loss, ["dog", "cat"], [[0.9, 0.1], [0.2, 0.8]], engines=())
    assert report.batch.classes == ("cat", "dog")
    assert report.criterion.value == pytest.approx(-math.log(0.1 * 0.2) / 2)
    assert report.criterion.pair is not None
