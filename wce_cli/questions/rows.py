"""The rows of a report: single samples by every placement, and the samples of a class taken together."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from wce_cli.loss.batch import Batch, Spec
from wce_cli.loss.placements import Weighting, smoothed_sums
from wce_cli.loss.rows import CHUNK
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import block_terms, pairs, smoothed_losses
from wce_cli.report import Analysis, ClassRow, PlacedTerm, TermRow

CHUNK_ROWS = 2048
"""Samples that are listed at a time, at most."""


def term_rows(batch: Batch, start: int, stop: int, numerator: float | None) -> Iterator[TermRow]:
    """The samples `start` up to `stop`, each with its pair by every placement that differs."""
    spec = batch.spec
    block = batch.block(start, stop)
    terms = block_terms(block, spec)
    loss = smoothed_losses(terms, spec.label_smoothing)
    placed = pairs(terms, spec.class_weight, spec.label_smoothing)
    by_class, class_weight = placed.pop("class")
    for i in range(len(loss)):
        kept = bool(terms.kept[i])

        def scalar(values: Floats | None, i: int = i, kept: bool = kept) -> float | None:
            return float(values[i]) if kept and values is not None else None

        term = scalar(by_class)
        weight = scalar(class_weight)
        label = tuple(block.labels[i].tolist()) if spec.is_soft else int(block.labels[i])
        others = {
            name: PlacedTerm(scalar(w), float(t[i]))
            for name, (t, w) in placed.items()
            if term is not None and not (_same(t[i], term) and weight is not None and _same(scalar(w), weight))
        }
        yield TermRow(
            n=start + i,
            index=batch.index(start + i),
            label=label,
            label_name=spec.class_names[label] if spec.class_names and kept and type(label) is int else None,
            kept=kept,
            target_logit=scalar(terms.target_score) if spec.scores == "logits" else None,
            target_prob=scalar(terms.target_score) if spec.scores == "probs" else None,
            target_log_prob=scalar(terms.target_score) if spec.scores == "log_probs" else None,
            logsumexp=scalar(terms.logsumexp),
            loss=scalar(loss),
            weight=weight,
            term=term,
            share=term / numerator if term is not None and numerator is not None else None,
            placements=others,
        )


def row_chunks(batch: Batch, stop: int, numerator: float | None) -> Iterator[tuple[TermRow, ...]]:
    """The first samples up to `stop`, some at a time: what is in memory does not depend on how many there are."""
    step = max(1, min(CHUNK_ROWS, CHUNK // batch.spec.n_classes))
    for start in range(0, stop, step):
        with np.errstate(all="ignore"):
            yield tuple(term_rows(batch, start, min(start + step, stop), numerator))


def _same(a: float | None, b: float) -> bool:
    """Equal but for roundings: a placement that differs, differs by more."""
    return a is not None and bool(a == b or (np.isnan(a) and np.isnan(b)) or abs(a - b) <= 1e-14 * max(abs(a), abs(b)))


def class_rows(analysis: Analysis) -> list[ClassRow]:
    """One row for each class that has a kept sample."""
    spec, totals = analysis.spec, analysis.totals
    asked = Weighting(spec.class_weight, spec.label_smoothing)
    loss, s_loss = smoothed_sums(totals, asked)
    present = np.flatnonzero(totals.count)
    with np.errstate(invalid="ignore", over="ignore"):
        weight_sum = spec.class_weight[present] * totals.s.values()[present]
        weighted = spec.class_weight[present] * s_loss[present]
    columns = (present, spec.class_weight[present], totals.count[present], loss[present], weight_sum, weighted)
    return class_rows_of(spec, *(column.tolist() for column in columns))


def class_rows_of(
    spec: Spec,
    present: list[int],
    weight: list[float],
    counts: list[int],
    loss: list[float],
    weight_sum: list[float],
    weighted: list[float],
) -> list[ClassRow]:
    """The rows of the classes `present`: their weight, their samples, Σℓ, Σ s·w[y] and Σ s·w[y]·ℓ. (k,) each"""
    names, shares, weight_shares = spec.class_names, _shares(weighted), _shares(weight_sum)
    return [
        ClassRow(
            c,
            names[c] if names else None,
            weight[k],
            counts[k],
            loss[k],
            loss[k] / counts[k],
            weight_sum[k],
            weighted[k],
            shares[k],
            weight_shares[k],
        )
        for k, c in enumerate(present)
    ]


def _shares(parts: list[float]) -> list[float | None]:
    whole = float(np.add.reduce(parts))
    if whole == 0 or not math.isfinite(whole) or min(parts) < 0 < max(parts):
        return [None] * len(parts)
    return [part / whole for part in parts]
