"""Batches on which rules differ: unequal weights, one of them 0, wrong predictions, ignored labels, N ≠ C."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracle import Rows
from wce_cli.batches.batch import Batch


def drawn(
    kind: str = "logits",
    *,
    is_soft: bool = False,
    weighted: bool = True,
    sampled: bool = False,
    smoothing: float = 0.0,
    n: int = 11,
    c: int = 4,
    seed: int = 3,
    zero: bool = False,
    extreme: bool = True,
) -> tuple[Batch, Rows]:
    """A batch, and the same for the plain loop. `extreme`: some labels have a p that clipping would change."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, c)) * 2
    if extreme:
        scores[0, :2], scores[1, :2] = (24, 0), (17, 0.5)
    if kind != "logits":
        powers = np.exp(scores)
        scores = powers / powers.sum(axis=1, keepdims=True) * rng.uniform(0.8, 1.0, (n, 1))
        scores = scores if kind == "probs" else np.log(scores)
    labels: Any
    if is_soft:
        labels = rng.dirichlet(np.ones(c), n).tolist()
    else:
        labels = (
            [1, 1, *rng.integers(0, c, n - 4).tolist(), -100, -100][:n] if n > 4 else rng.integers(0, c, n).tolist()
        )
    weight = rng.uniform(0.2, 2.0, c).round(3).tolist() if weighted else None
    if weight is not None and zero:
        weight[int(labels[2])] = 0.0
    sample_weight = rng.uniform(0.2, 2.0, n).round(3).tolist() if sampled else None
    fields = {kind: scores.tolist(), "labels": labels, "weight": weight, "sample_weight": sample_weight}
    batch = Batch.build(**fields, label_smoothing=smoothing)
    return batch, Rows(scores.tolist(), labels, weight, sample_weight, smoothing=smoothing, kind=kind)
