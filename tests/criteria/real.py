"""The real frameworks, asked with the very line of code that `wce` only reads."""

from __future__ import annotations

import functools
import os
from types import SimpleNamespace
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

C = 4
X = np.array(
    [
        [1.5, -0.5, 0.25, 0.0],
        [0.5, 2.0, -1.0, 0.25],
        [-0.5, 0.75, 1.25, 0.5],
        [0.0, -1.5, 0.5, 2.5],
        [0.25, 1.0, 0.0, -0.75],
        [1.0, 0.5, -0.25, 0.75],
    ],
    dtype=np.float32,
)
"""Six samples of four classes, in steps that float32 holds."""
Y = np.array([0, 2, 1, 3, 1, 0])
W = np.array([0.5, 1.0, 2.0, 0.25], dtype=np.float32)
S = np.array([1.0, 0.5, 2.0, 0.25, 1.5, 3.0], dtype=np.float32)
Q = np.array(
    [[0.5, 0.25, 0.25, 0], [0, 0.125, 0.875, 0], [0.25, 0.75, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0.5, 0.5, 0, 0]],
    dtype=np.float32,
)
IGNORED = np.array([0, -100, 1, 3, 1, 255])
P = np.exp(X.astype(np.float64)) / np.exp(X.astype(np.float64)).sum(axis=1, keepdims=True)


def names_of(package: str, scores: Any, labels: Any, sample_weight: Any = None) -> dict[str, Any]:
    """What stands for the names of a line of code: the modules, and the arrays as the framework takes them."""
    import keras
    import torch
    from sklearn.metrics import log_loss

    array = torch.tensor if package == "torch" else np.asarray
    x, y, w = array(scores), array(labels), array(W)
    s = None if sample_weight is None else array(sample_weight)
    known: dict[str, Any] = {
        "torch": torch,
        "nn": torch.nn,
        "F": torch.nn.functional,
        "np": np,
        "keras": keras,
        "tf": SimpleNamespace(keras=keras, reduce_mean=lambda one: keras.ops.mean(one)),
        "log_loss": log_loss,
        "functools": functools,
        "partial": functools.partial,
        "device": "cpu",
        "V": C,
        **dict.fromkeys(("x", "p", "logits", "outputs", "output", "y_pred", "preds", "pred"), x),
        **dict.fromkeys(("y", "labels", "target", "targets", "y_true"), y),
        **dict.fromkeys(("w", "weights", "class_weights"), w),
        **dict.fromkeys(("s", "mask", "sample_weights"), s),
    }
    if package == "optax":
        import jax.numpy as jnp
        import optax

        known |= {"optax": optax, "jnp": jnp}
    return known


def returned(text: str, package: str, scores: Any, labels: Any, sample_weight: Any = None) -> Any:
    """What the line really returns: run, and called with the arrays where it only makes a criterion."""
    known = names_of(package, scores, labels, sample_weight)
    body, last = text.rpartition("\n")[::2]
    exec(body, known)  # it is what the test is about
    value = eval(last.partition(" = ")[2] if " = " in last else last, known)
    if isinstance(value, tuple):
        (value,) = value
    if callable(value) and not hasattr(value, "shape"):
        x, y = known["x"], known["y"]
        value = value(x, y) if package in ("torch", "optax") else value(y, x, sample_weight=sample_weight)
    return np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=np.float64)
