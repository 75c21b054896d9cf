"""The arrays of a framework: a probe's numbers as what the function takes, and what it returns as numbers again."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.questions.audit.probes import Probe

FRAMEWORKS = ("torch", "numpy", "jax")
DTYPES = {
    "torch": ("float64", "float32", "float16", "bfloat16"),
    "numpy": ("float64", "float32", "float16"),
    "jax": ("float64", "float32", "float16", "bfloat16"),
}

WIDEST = "float64"
"""What a function is asked in, so that its digits tell rules apart."""


class Arrays:
    """One framework's arrays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: Any = import_module("jax.numpy" if name == "jax" else name)
        if name == "jax":
            import_module("jax").config.update("jax_enable_x64", True)

    def of(self, values: Any, dtype: str) -> Any:
        """An array of that dtype."""
        if self.name == "torch":
            return self.module.tensor(
                np.array(values).tolist() if np.size(values) else values, dtype=getattr(self.module, dtype)
            )
        return self.module.asarray(values, dtype=getattr(self.module, dtype))

    def numbers(self, value: Any) -> NDArray[np.float64]:
        """A result as float64, of whatever shape it has."""
        if self.name == "torch" and isinstance(value, self.module.Tensor):
            return np.asarray(value.detach().double().cpu().numpy())
        return np.asarray(value, dtype=np.float64)

    def stacked(self, numbers: list[Any]) -> Any:
        """Numbers, or arrays of one number each, as one array."""
        ones = [one.reshape(()) if hasattr(one, "shape") else one for one in numbers]
        is_torch = self.name == "torch" and any(isinstance(one, self.module.Tensor) for one in ones)
        return self.module.stack(ones) if is_torch else self.module.asarray(ones)

    def dtype(self, value: Any) -> str:
        """The name of a result's dtype, a Python number's type."""
        return str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")

    def tracked(self, scores: Any) -> tuple[Any, Any]:
        """Scores whose gradient will be asked for, and what is handed over for them: as from a model, no leaf, so that
        it may be changed in place."""
        if self.name != "torch":
            return scores, scores
        leaf = scores.requires_grad_()
        return leaf, leaf.clone()


def numbers_of(probe: Probe, kind: str, shift: int = 0) -> dict[str, Any]:
    """What every role stands for in a probe, as numpy arrays and plain values; None where it has none.

    With a `shift` every row has its label one place further: the last row has none, and the first label no row.
    """
    c = len(probe.logits[0]) if probe.logits else probe.width
    x = np.array(probe.logits, dtype=np.float64).reshape(len(probe.logits), c)
    labels = np.array(probe.labels, dtype=np.int64)
    with np.errstate(all="ignore"):
        top = x.max(axis=1, keepdims=True) if len(x) else np.zeros((0, 1))
        log_p = x - top - np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + probe.shift
    scores: NDArray[Any] = {"logits": x, "probs": np.exp(log_p), "log_probs": log_p}[kind]
    if probe.scores is not None:
        scores = np.array(probe.scores)
    one_hot: NDArray[Any] = np.zeros((len(labels), c))
    inside = (labels >= 0) & (labels < c)
    one_hot[np.flatnonzero(inside), labels[inside]] = 1.0
    if probe.soft is not None:
        one_hot = np.array(probe.soft)
    weight = None if probe.weight is None else np.array(probe.weight)
    sample_weight = None if weight is None else np.where(inside, weight[np.where(inside, labels, 0)], probe.unlabelled)
    if shift and len(labels):
        scores = np.concatenate([scores, scores[-1:]])
        labels, one_hot = np.concatenate([labels[:1], labels]), np.concatenate([one_hot[:1], one_hot])
        sample_weight = None if sample_weight is None else np.concatenate([sample_weight[:1], sample_weight])
    if probe.layout == "positions":
        scores, one_hot = (_positions(array) for array in (scores, one_hot))
        labels = labels.reshape(2, 3)
    return {
        kind: scores,
        "labels": labels,
        "one_hot": one_hot,
        "weight": weight,
        "sample_weight": sample_weight,
        "ignore_index": probe.ignore_index,
        "label_smoothing": probe.smoothing,
        "reduction": probe.reduction,
        "n_classes": c,
    }


def _positions(rows: NDArray[np.float64]) -> NDArray[Any]:
    """(6, C) as (2, C, 3)."""
    return np.moveaxis(rows.reshape(2, 3, rows.shape[1]), 2, 1)


def handed_over(
    probe: Probe, kind: str, roles: set[str], labels: str, arrays: Arrays, shift: int = 0
) -> dict[str, Any]:
    """The values of a call by role; a role without a value is left out where that is what the probe says."""
    numbers = numbers_of(probe, kind, shift)
    given: dict[str, Any] = {}
    for role in roles:
        value = numbers.get(role)
        if role == "labels" and labels == "one-hot":
            value = numbers["one_hot"]
        if value is None:
            if role in ("weight", "sample_weight") and probe.weight is None:
                given[role] = None
            continue
        if not isinstance(value, np.ndarray):
            given[role] = value
        elif value.dtype == np.int64:
            given[role] = arrays.of(value, "int64")
        elif role == kind and probe.layout == "strided":
            given[role] = arrays.of(value.T, probe.dtype).T
        else:
            given[role] = arrays.of(value, probe.dtype)
    return given


def changed(given: Mapping[str, Any], before: Mapping[str, NDArray[np.float64]], arrays: Arrays) -> list[str]:
    """The roles whose arrays are no longer what they were."""
    return [
        role for role, was in before.items() if not np.array_equal(was, arrays.numbers(given[role]), equal_nan=True)
    ]
