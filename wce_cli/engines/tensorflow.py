"""TensorFlow, measured: `compat.v1.losses`, whose default divides by the number of weights that are not 0."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import EngineCall, Framework, installed_version
from wce_cli.engines.case import Case

TF1_REDUCTIONS = {
    None: "nonzero-mean/sample",
    "MEAN": "weighted-mean/sample",
    "SUM_OVER_BATCH_SIZE": "batch-mean/sample",
    "SUM": "sum/sample",
}
"""The reductions and the pair of each; None is the default, SUM_BY_NONZERO_WEIGHTS."""


def measure(case: Case) -> Iterator[Measured]:
    """Every reduction with the weights, and the default without."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    framework = Framework("TensorFlow", installed_version("tensorflow"))
    if case.other_than_logits:
        yield framework.nothing(case.other_than_logits)
        return
    import tensorflow

    dtype = case.dtype
    yield from framework.all_returned(_calls(case, dtype, tensorflow.compat.v1.losses), dtype)


def _calls(case: Case, dtype: str, losses: Any) -> Iterator[EngineCall]:
    is_dense = case.is_soft or case.label_smoothing > 0
    name = "softmax_cross_entropy" if is_dense else "sparse_softmax_cross_entropy"
    y, y_text = (case.y.astype(dtype) if case.is_soft else case.labels), case.label_text
    if case.is_soft:
        y_text = case.y_text
    if is_dense and not case.is_soft:
        y, y_text = np.eye(case.n_classes, dtype=dtype)[case.labels], f"one_hot({y_text}, {case.n_classes})"
    options: dict[str, Any] = {"label_smoothing": case.label_smoothing} if case.label_smoothing > 0 else {}
    run = partial(getattr(losses, name), y, case.x.astype(dtype), **options)
    text = f"losses.{name}({y_text}, {case.x_text}" + "".join(f", {key}={value}" for key, value in options.items())
    weight, weight_text = case.row_weight, case.row_weight_text
    if case.ignored.any():  # there is no ignore_index: a weight of 0 is how it is done
        kept_text = f"({case.y_text} != {case.ignore_index})"
        weight_text = kept_text if weight is None else f"{weight_text} * {kept_text}"
        weight = (~case.ignored).astype(np.float64) if weight is None else weight * ~case.ignored
        if not is_dense:
            bare = partial(losses.sparse_softmax_cross_entropy, case.y, case.x.astype(dtype))
            yield EngineCall(f"losses.{name}({case.y_text}, {case.x_text})", bare, ())
    same = ("unweighted-mean",) if case.row_weight is None else ()
    given: dict[str, Any] = {} if weight is None else {"weights": weight.astype(dtype)}
    weighed = text if weight is None else f"{text}, weights={weight_text}"
    for reduction, pair in TF1_REDUCTIONS.items():
        if reduction is None:
            yield EngineCall(f"{weighed})", partial(run, **given), (pair, *same))
        else:
            asked = getattr(losses.Reduction, reduction)
            call = f"{weighed}, reduction=Reduction.{reduction})"
            yield EngineCall(call, partial(run, **given, reduction=asked), (pair,))
    if case.row_weight is not None and not case.ignored.any():
        yield EngineCall(f"{text})", run, ("unweighted-mean",))
