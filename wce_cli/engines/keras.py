"""Keras 3, measured: the loss objects with a sample_weight, and the three numbers that one model reports.

Keras computes in its own float type, float32 unless the user has changed it, whatever the scores came in; and so it is
measured. The backend is the user's (KERAS_BACKEND), else torch, if it is there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import EngineCall, Framework, installed_version
from wce_cli.engines.case import Case

BACKENDS = ("torch", "jax", "tensorflow")
"""The first that is installed is used, where the user has said nothing."""
KERAS_REDUCTIONS = {
    None: "batch-mean/sample",
    "mean_with_sample_weight": "weighted-mean/sample",
    "sum": "sum/sample",
}
"""The reductions of a loss object and the pair of each; None is the default, sum_over_batch_size."""


def measure(case: Case) -> Iterator[Measured]:
    """Every reduction with the sample weight and none of it, and one model's loss, metric and weighted metric."""
    backend = next((name for name in BACKENDS if find_spec(name) is not None), BACKENDS[0])
    os.environ.setdefault("KERAS_BACKEND", backend)
    framework = Framework("Keras", installed_version("keras"))
    reason = _cannot_express(case)
    if reason:
        yield framework.nothing(reason)
        return
    import keras

    asked = _AskedLoss.of(case, keras.config.floatx())
    yield from framework.all_returned(_losses(asked, keras), asked.dtype)
    if case.ignored.any():
        yield from framework.all_returned(_without_ignoring(asked, keras), asked.dtype)
        yield framework.nothing("its metrics have no ignore_class: a model was not asked")
    else:
        yield from framework.all_returned(_model(asked, case, keras), asked.dtype)


class _AskedLoss(Struct, frozen=True):
    """The batch in Keras's own float type, how its parts are written, and the class and options that fit them."""

    name: str
    """CategoricalCrossentropy for probability and smoothed labels, else SparseCategoricalCrossentropy."""
    options: dict[str, Any]
    dtype: str
    x: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None
    x_text: str
    y_text: str
    weight_text: str

    @classmethod
    def of(cls, case: Case, dtype: str) -> _AskedLoss:
        is_dense = case.is_soft or case.label_smoothing > 0
        options: dict[str, Any] = {} if case.scores == "probs" else {"from_logits": True}
        if case.label_smoothing > 0:
            options["label_smoothing"] = case.label_smoothing
        if case.ignored.any():
            options["ignore_class"] = case.ignore_index
        y: NDArray[Any] = case.y.astype(dtype) if case.is_soft else case.y
        if is_dense and not case.is_soft:
            y = np.eye(case.n_classes, dtype=dtype)[case.labels]
        weight = case.row_weight
        return cls(
            f"{'' if is_dense else 'Sparse'}CategoricalCrossentropy",
            options,
            dtype,
            case.x.astype(dtype),
            y,
            None if weight is None else weight.astype(dtype),
            case.x_text,
            f"one_hot({case.y_text}, {case.n_classes})" if is_dense and not case.is_soft else case.y_text,
            case.row_weight_text,
        )

    def made(self, module: Any, **more: Any) -> Any:
        """The loss, or the metric, of this name."""
        return getattr(module, self.name)(**self.options, **more)

    def written(self, **more: Any) -> str:
        """How the object is typed."""
        options = ", ".join(f"{key}={value!r}" for key, value in {**self.options, **more}.items())
        return f"{self.name}({options})"


def _losses(asked: _AskedLoss, keras: Any) -> Iterator[EngineCall]:
    given = "" if asked.weight is None else f", sample_weight={asked.weight_text}"
    for reduction, pair in KERAS_REDUCTIONS.items():
        options = {} if reduction is None else {"reduction": reduction}
        if reduction is None and "ignore_class" in asked.options:
            pair = "kept-mean/sample"  # its mask leaves ignored samples out of the count
        same = ("unweighted-mean",) if asked.weight is None and reduction != "sum" else ()
        yield EngineCall(
            f"{asked.written(**options)}({asked.y_text}, {asked.x_text}{given})",
            partial(asked.made(keras.losses, **options), asked.y, asked.x, sample_weight=asked.weight),
            (pair, *same),
        )
    if asked.weight is not None:
        loss = asked.made(keras.losses)
        text = f"{asked.written()}({asked.y_text}, {asked.x_text})"
        yield EngineCall(text, partial(loss, asked.y, asked.x), ("unweighted-mean",))


def _without_ignoring(asked: _AskedLoss, keras: Any) -> Iterator[EngineCall]:
    """What becomes of an ignored label where nobody says that it is one: some backends take it without a word."""
    options = {key: value for key, value in asked.options.items() if key != "ignore_class"}
    bare = structs.replace(asked, options=options)
    given = "" if asked.weight is None else f", sample_weight={asked.weight_text}"
    loss = partial(bare.made(keras.losses), asked.y, asked.x, sample_weight=asked.weight)
    yield EngineCall(f"{bare.written()}({asked.y_text}, {asked.x_text}{given})", loss, ())


def _model(asked: _AskedLoss, case: Case, keras: Any) -> Iterator[EngineCall]:
    """A model that hands its input on as it is: what `evaluate` says of one batch, and a step with class_weight."""
    given = "" if asked.weight is None else f", sample_weight={asked.weight_text}"
    options: dict[str, Any] = {"batch_size": len(asked.x), "verbose": 0, "return_dict": True}

    @cache
    def evaluated() -> dict[str, float]:
        model = _made(asked, keras)
        return dict(model.evaluate(asked.x, asked.y, sample_weight=asked.weight, **options))

    def stepped() -> float:
        """The loss of a step is that of the weights before it."""
        assert case.w is not None
        by_class = dict(enumerate(case.w.tolist()))
        return float(
            _made(asked, keras).train_on_batch(asked.x, asked.y, class_weight=by_class, return_dict=True)["loss"]
        )

    asks = f"model.evaluate({asked.x_text}, {asked.y_text}{given})"
    yield EngineCall(f"{asks}: loss", lambda: evaluated()["loss"], ("batch-mean/sample",))
    yield EngineCall(f"{asks}: metrics=", lambda: evaluated()["metric"], ("unweighted-mean",))
    yield EngineCall(f"{asks}: weighted_metrics=", lambda: evaluated()["weighted"], ("weighted-mean/sample",))
    if case.w is not None and case.s is None:
        text = f"model.train_on_batch({asked.x_text}, {asked.y_text}, class_weight=dict(enumerate(w)))"
        yield EngineCall(text, stepped, ("batch-mean/sample",))


def _made(asked: _AskedLoss, keras: Any) -> Any:
    c = asked.x.shape[1]
    hand_on = keras.layers.Dense(c, use_bias=False, kernel_initializer="identity")
    model = keras.Sequential([keras.Input((c,)), hand_on])
    model.compile(
        optimizer="sgd",
        loss=asked.made(keras.losses),
        metrics=[asked.made(keras.metrics, name="metric")],
        weighted_metrics=[asked.made(keras.metrics, name="weighted")],
    )
    return model


def _cannot_express(case: Case) -> str | None:
    if case.scores == "log_probs":
        return "takes logits or probabilities, not log-probabilities"
    if case.label_smoothing > 0 and case.ignored.any():
        return "cannot express label smoothing with ignored labels: CategoricalCrossentropy has no ignore_class"
    if not len(case.x):
        return "was not asked for a batch without samples"
    return None
