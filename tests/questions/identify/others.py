"""Losses that other people compute and no rule is: what a number by them finds among the rules is an accident.

Each is written as its paper or its code has it, plainly, and knows nothing of `wce_cli`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Loss = Callable[[Array, Array, Array, Array], float]
"""(x (N, C), p = softmax of it, y (N,), w (C,)) → the number."""


def log_softmax(x: Array) -> Array:
    top = x.max(axis=1, keepdims=True)
    return np.asarray(x - top - np.log(np.exp(x - top).sum(axis=1, keepdims=True)))


def own(table: Array, y: Array) -> Array:
    """The entry of each row's label (N,)."""
    return np.asarray(table[np.arange(len(y)), y])


def weighted(losses: Array, w: Array, y: Array) -> float:
    return float((w[y] * losses).sum() / w[y].sum())


def cross_entropy(x: Array, y: Array) -> Array:
    return -own(log_softmax(x), y)


def focal(gamma: float) -> Loss:
    return lambda x, p, y, w: weighted((1 - own(p, y)) ** gamma * cross_entropy(x, y), w, y)


def generalised(q: float) -> Loss:
    return lambda x, p, y, w: float(((1 - own(p, y) ** q) / q).mean())


def hardest(x: Array, p: Array, y: Array, w: Array) -> float:
    """The mean of the larger three quarters of the losses."""
    losses = np.sort(cross_entropy(x, y))[::-1]
    return float(losses[: max(1, int(np.ceil(0.75 * len(y))))].mean())


def class_balanced(x: Array, p: Array, y: Array, w: Array) -> float:
    """Weights by the effective number of samples, normalised to C (Cui et al. 2019)."""
    counts = np.bincount(y, minlength=x.shape[1])
    made = (1 - 0.9) / (1 - 0.9 ** np.maximum(counts, 1))
    made = made / made.sum() * x.shape[1]
    return float((made[y] * cross_entropy(x, y)).mean())


def counted(power: float) -> Loss:
    """Weights of one over a power of the counts, a mean over N."""

    def loss(x: Array, p: Array, y: Array, w: Array) -> float:
        made = np.maximum(np.bincount(y, minlength=x.shape[1]), 1.0) ** -power
        return float((made[y] / made.mean() * cross_entropy(x, y)).mean())

    return loss


def margin(x: Array, p: Array, y: Array, w: Array) -> float:
    """The label's logit lowered by 0.35, as in additive margins."""
    lowered = x.copy()
    lowered[np.arange(len(y)), y] -= 0.35
    return weighted(cross_entropy(lowered, y), w, y)


def adjusted(x: Array, p: Array, y: Array, w: Array) -> float:
    """Logits with the log of the class frequencies added (Menon et al. 2021)."""
    counts = np.bincount(y, minlength=x.shape[1]) + 1.0
    return float(cross_entropy(x + np.log(counts / counts.sum()), y).mean())


def confident(x: Array, p: Array, y: Array, w: Array) -> float:
    """Less a tenth of the entropy (Pereyra et al. 2017)."""
    entropy = -(p * log_softmax(x)).sum(axis=1)
    return weighted(cross_entropy(x, y) - 0.1 * entropy, w, y)


def symmetric(x: Array, p: Array, y: Array, w: Array) -> float:
    """With a tenth of the reverse cross-entropy, log 0 taken as −4 (Wang et al. 2019)."""
    return float((cross_entropy(x, y) + 0.1 * 4 * (1 - own(p, y))).mean())


def hinge(x: Array, p: Array, y: Array, w: Array) -> float:
    """torch's multi_margin_loss."""
    gaps = np.maximum(0.0, 1 - own(x, y)[:, None] + x)
    return float((gaps.sum(axis=1) - 1).mean() / x.shape[1])


def decayed(x: Array, p: Array, y: Array, w: Array) -> float:
    """With an L2 penalty on the logits."""
    return weighted(cross_entropy(x, y), w, y) + 1e-2 * float((x * x).mean())


def moving(x: Array, p: Array, y: Array, w: Array) -> float:
    """A running mean of the losses, bias-corrected."""
    mean = 0.0
    for loss in cross_entropy(x, y):
        mean = 0.9 * mean + 0.1 * float(loss)
    return mean / (1 - 0.9 ** len(y))


OTHERS: dict[str, Loss] = {
    "focal, γ = 1": focal(1),
    "focal, γ = 2": focal(2),
    "generalised, q = 0.7": generalised(0.7),
    "generalised, q = 0.2": generalised(0.2),
    "poly-1": lambda x, p, y, w: weighted(cross_entropy(x, y) + 1 - own(p, y), w, y),
    "temperature 2": lambda x, p, y, w: weighted(cross_entropy(x / 2, y), w, y),
    "temperature 0.7": lambda x, p, y, w: float(cross_entropy(x / 0.7, y).mean()),
    "a label smoothing of 0.13": lambda x, p, y, w: float(
        (0.87 * cross_entropy(x, y) - 0.13 * log_softmax(x).mean(axis=1)).mean()
    ),
    "hardest": hardest,
    "median": lambda x, p, y, w: float(np.median(cross_entropy(x, y))),
    "class balanced": class_balanced,
    "one over √count": counted(0.5),
    "one over count": counted(1.0),
    "weights' root": lambda x, p, y, w: weighted(cross_entropy(x, y), np.sqrt(w), y),
    "1 + weights": lambda x, p, y, w: weighted(cross_entropy(x, y), 1 + w, y),
    "margin": margin,
    "logit adjustment": adjusted,
    "confidence penalty": confident,
    "symmetric": symmetric,
    "Brier": lambda x, p, y, w: float(((p - np.eye(x.shape[1])[y]) ** 2).sum(axis=1).mean()),
    "absolute": lambda x, p, y, w: weighted(1 - own(p, y), w, y),
    "hinge": hinge,
    "weight decay": decayed,
    "running mean": moving,
    "log of the mean p": lambda x, p, y, w: float(-np.log(own(p, y).mean())),
    "the last sample dropped": lambda x, p, y, w: float(cross_entropy(x, y)[:-1].mean()),
}


def batch_of(rng: np.random.Generator) -> dict[str, Any]:
    """A batch as people have them: logits of four decimals, weights of two, of every size from 4 to 40."""
    n, c = int(rng.integers(4, 40)), int(rng.integers(2, 9))
    x = np.round(rng.normal(0, rng.uniform(0.5, 3), (n, c)), 4)
    y = rng.integers(0, c, n)
    x[np.arange(n), y] += rng.uniform(0, 2)
    w = np.round(rng.uniform(0.1, 3, c), 2)
    return {"logits": x, "labels": y, "weight": w}


def by_item(fields: dict[str, Any], inner: int) -> dict[str, Any]:
    """The same rows as those of sequences, `inner` each; what is left of them is left out."""
    n = len(fields["labels"]) // inner * inner
    x = fields["logits"][:n].reshape(-1, inner, fields["logits"].shape[1])
    return fields | {"logits": np.moveaxis(x, 2, 1), "labels": fields["labels"][:n].reshape(-1, inner)}


def number_of(loss: Loss, fields: dict[str, Any]) -> float:
    x, y, w = np.moveaxis(fields["logits"], 1, -1), fields["labels"].ravel(), fields["weight"]
    x = x.reshape(len(y), -1)
    return loss(x, np.exp(log_softmax(x)), y, w)
