"""The real frameworks, asked with the very line of code that `wce` only reads.

They run in a process of their own: jax minds any fork of the process that it was loaded into, and other tests fork.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import pickle
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np

ENVIRONMENT = {"KERAS_BACKEND": "torch", "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
PACKAGES = ("torch", "keras", "sklearn", "optax")
ARE_INSTALLED = all(find_spec(name) is not None for name in PACKAGES)
HOMES = {"torch": ("torch.nn", "torch.nn.functional"), "keras": ("keras.losses",), "sklearn": ("sklearn.metrics",)}
HOMES |= {"optax": ("optax",)}

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
    if x.ndim == 3 and y.ndim == 2:
        known |= {"shift_logits": x[:, :-1], "shift_labels": y[:, 1:], "keep": y > 0}
    if package == "optax":
        import jax.numpy as jnp
        import optax

        known |= {"optax": optax, "jnp": jnp}
    return known


def _returned(text: str, package: str, scores: Any, labels: Any, sample_weight: Any = None) -> Any:
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


def _signature(name: str, package: str, method: str) -> tuple[str, list[tuple[str, Any, bool]]]:
    """The module of a class or a function, and its parameters: names, defaults, and whether they go by name only."""
    found = next(one for home in HOMES[package] if (one := getattr(import_module(home), name, None)) is not None)
    signature = inspect.signature(getattr(found, method) if method else found)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    empty = inspect.Parameter.empty
    told = [
        (one.name, "required" if one.default is empty else one.default, one.kind is one.KEYWORD_ONLY)
        for one in parameters
    ]
    return str(found.__module__), told


@cache
def _child() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.criteria.real"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | ENVIRONMENT)
    atexit.register(child.terminate)
    return child


def _asked(*request: Any) -> Any:
    child = _child()
    assert child.stdin is not None
    assert child.stdout is not None
    pickle.dump(request, child.stdin)
    child.stdin.flush()
    is_fine, answer = pickle.load(child.stdout)
    assert is_fine, answer
    return answer


def returned(text: str, package: str, scores: Any, labels: Any, sample_weight: Any = None) -> Any:
    """What the line really returns: run, and called with the arrays where it only makes a criterion."""
    return _asked("returned", text, package, scores, labels, sample_weight)


def signature(name: str, package: str, method: str = "") -> tuple[str, list[tuple[str, Any, bool]]]:
    """The module of a class or a function, and its parameters: names, defaults, and whether they go by name only."""
    return _asked("signature", name, package, method)


def _serve() -> None:
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    functions = {"returned": _returned, "signature": _signature}
    while True:
        try:
            name, *arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            found = (True, functions[name](*arguments))
        except Exception as error:
            found = (False, f"{type(error).__name__}: {error}")
        pickle.dump(found, answers)
        answers.flush()


if __name__ == "__main__":
    _serve()
