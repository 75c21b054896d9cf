"""Random batches that reach every corner of the formula, and their rows as the oracle wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracle import Rows

SMOOTHINGS = (0.0, 0.1, 0.5, 1.0)
LABEL_KINDS = ("index", "index", "index", "probabilities", "one-hot", "unnormalised", "signed")
WEIGHT_KINDS = (None, "positive", "some zero", "signed", "all zero")
SAMPLE_WEIGHT_KINDS = (None, None, "positive", "some zero", "all zero")
IGNORED = (-100, -1, 255, 1)


def random_batch(seed: int, kinds: tuple[str, ...] = ("logits", "logits", "probs", "log_probs")) -> dict[str, Any]:
    """The arguments of `Batch.build` for one batch; every choice is drawn on its own."""
    rng = np.random.default_rng(seed)

    def pick(choices: tuple[Any, ...]) -> Any:
        return choices[int(rng.integers(len(choices)))]

    c = int(rng.integers(2, 7))
    n = int(rng.choice([k for k in range(1, 9) if k != c]))
    layout = int(rng.integers(4))
    shape = ((c,), (n, c), (n, c, 3), (n, c, 2, 2))[layout]
    sample_shape = shape[:1] + shape[2:] if layout else ()
    axis = 1 if layout else 0
    logits = rng.normal(size=shape) * pick((1.0, 3.0, 20.0))
    shifted = np.exp(logits - logits.max(axis=axis, keepdims=True))
    probs = shifted / shifted.sum(axis=axis, keepdims=True)
    kind = pick(kinds)
    batch: dict[str, Any] = {kind: {"logits": logits, "probs": probs, "log_probs": np.log(probs)}[kind]}
    batch["label_smoothing"] = pick(SMOOTHINGS)

    labels = rng.integers(c, size=sample_shape)
    label_kind = pick(LABEL_KINDS)
    if label_kind == "index":
        batch["ignore_index"] = pick(IGNORED)
        skipped = rng.random(sample_shape) < pick((0.0, 0.3, 0.9))
        batch["labels"] = np.where(skipped, batch["ignore_index"], labels)
    elif label_kind == "one-hot":
        batch["labels"] = np.moveaxis(np.eye(c)[labels], -1, axis)
    else:
        q = rng.random(shape)
        if label_kind == "probabilities":
            q = q / q.sum(axis=axis, keepdims=True)
        batch["labels"] = q - 0.4 if label_kind == "signed" else q

    weight_kind = pick(WEIGHT_KINDS)
    if weight_kind is not None:
        weight = rng.uniform(0.1, 3.0, size=c)
        if weight_kind == "some zero":
            weight[rng.random(c) < 0.5] = 0.0
        if weight_kind == "signed":
            weight *= rng.choice([-1.0, 1.0], size=c)
        batch["weight"] = weight * (weight_kind != "all zero")
    sample_weight_kind = pick(SAMPLE_WEIGHT_KINDS)
    if sample_weight_kind is not None:
        s = rng.uniform(0.1, 3.0, size=sample_shape)
        if sample_weight_kind == "some zero":
            s = s * (rng.random(sample_shape) < 0.6)
        batch["sample_weight"] = s * (sample_weight_kind != "all zero")
    return batch


def rows_of(batch: dict[str, Any]) -> Rows:
    """The rows of a batch, picked out of its layout one index at a time."""
    kind = next(name for name in ("logits", "probs", "log_probs") if name in batch)
    scores, labels = np.asarray(batch[kind], dtype=float), np.asarray(batch["labels"])
    sample_shape = scores.shape[:1] + scores.shape[2:] if scores.ndim > 1 else ()
    where = [
        (slice(None),) if not sample_shape else (index[0], slice(None), *index[1:])
        for index in np.ndindex(sample_shape)
    ]
    if labels.shape == scores.shape:
        listed = [labels[index].astype(float).tolist() for index in where]
    else:
        listed = [int(label) for label in labels.reshape(-1)]
    weight, s = batch.get("weight"), batch.get("sample_weight")
    return Rows(
        [scores[index].tolist() for index in where],
        listed,
        None if weight is None else np.asarray(weight, dtype=float).tolist(),
        None if s is None else np.asarray(s, dtype=float).reshape(-1).tolist(),
        batch.get("ignore_index", -100),
        batch.get("label_smoothing", 0.0),
        kind,
        sample_shape[0] if sample_shape else 1,
    )


def long_batch(seed: int, soft: bool, smoothing: float, n: int = 300, c: int = 5) -> dict[str, Any]:
    """Many rows of index labels, a fifth of them ignored, or of probability labels that do not sum to 1."""
    rng = np.random.default_rng(seed)
    return {
        "logits": rng.normal(size=(n, c)) * 4,
        "labels": rng.random(size=(n, c)) if soft else np.where(rng.random(n) < 0.2, -100, rng.integers(c, size=n)),
        "weight": rng.uniform(0.1, 3, size=c),
        "sample_weight": rng.uniform(0.1, 3, size=n) * (rng.random(n) < 0.9),
        "label_smoothing": smoothing,
    }


def random_cuts(seed: int, n: int) -> list[int]:
    """Places to cut n rows at, some of them twice."""
    rng = np.random.default_rng(seed)
    return sorted(rng.integers(0, n + 1, size=int(rng.integers(1, 5))).tolist())
