"""optax, measured: losses a sample each, which its users weigh and average themselves.

`.mean()` divides by N, `jnp.average(losses, weights=…)` by the sum of the weights. JAX computes in float32 unless 64
bits are switched on (JAX_ENABLE_X64), and so it is measured.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import EngineCall, Framework, installed_version
from wce_cli.engines.case import Case


def measure(case: Case) -> Iterator[Measured]:
    """The weighted losses averaged in both ways and summed; under smoothing also weighed class by class."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    framework = Framework("optax", installed_version("optax"))
    if case.scores == "probs" or (case.scores == "log_probs" and case.logits is None):
        yield framework.nothing("takes logits, not probabilities" if case.scores == "probs" else LOG_PROBS)
        return
    import jax.numpy as jnp
    import optax

    dtype = str(jnp.asarray(np.zeros(1)).dtype)
    if case.ignored.any():
        losses = optax.softmax_cross_entropy_with_integer_labels(jnp.asarray(case.x), jnp.asarray(case.y))
        text = f"softmax_cross_entropy_with_integer_labels({case.x_text}, {case.y_text}).mean()"
        yield framework.returned(EngineCall(text, losses.mean, ()), dtype)
        yield framework.nothing("cannot express ignore_index")
        return
    yield from framework.all_returned(_calls(case, jnp, optax), dtype)


LOG_PROBS = "takes logits, and these log-probabilities are of rows that do not sum to 1"


def _calls(case: Case, jnp: Any, optax: Any) -> Iterator[EngineCall]:
    x, c, eps = jnp.asarray(case.x), case.n_classes, case.label_smoothing
    rows, rows_text = None, ""
    if case.is_soft:
        rows, rows_text = jnp.asarray(case.y), case.y_text
    elif eps > 0:
        rows, rows_text = jnp.asarray(np.eye(c)[case.labels]), f"one_hot({case.y_text}, {c})"
    if rows is not None and eps > 0:
        rows, rows_text = optax.smooth_labels(rows, eps), f"smooth_labels({rows_text}, {eps})"
    if rows is None:
        losses = optax.softmax_cross_entropy_with_integer_labels(x, jnp.asarray(case.y))
        text = f"softmax_cross_entropy_with_integer_labels({case.x_text}, {case.y_text})"
    else:
        losses = optax.softmax_cross_entropy(x, rows)
        text = f"softmax_cross_entropy({case.x_text}, {rows_text})"
    weight, weight_text = case.row_weight, case.row_weight_text
    if weight is None:
        yield EngineCall(f"{text}.mean()", losses.mean, ("batch-mean/sample", "unweighted-mean"))
        yield EngineCall(f"{text}.sum()", losses.sum, ("sum/sample",))
        return
    w = jnp.asarray(weight)
    yield EngineCall(f"({weight_text} * {text}).mean()", lambda: (w * losses).mean(), ("batch-mean/sample",))
    yield EngineCall(
        f"jnp.average({text}, weights={weight_text})", lambda: jnp.average(losses, weights=w), ("weighted-mean/sample",)
    )
    yield EngineCall(f"({weight_text} * {text}).sum()", lambda: (w * losses).sum(), ("sum/sample",))
    if rows is not None and case.w is not None and case.s is None:
        by_class = rows * jnp.asarray(case.w)
        weighed = f"softmax_cross_entropy({case.x_text}, {rows_text} * w)"
        yield EngineCall(f"{weighed}.mean()", lambda: optax.softmax_cross_entropy(x, by_class).mean(), ("batch-mean",))
    yield EngineCall(f"{text}.mean()", losses.mean, ("unweighted-mean",))
