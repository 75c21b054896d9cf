"""The rows of a report: single samples by every placement, and the samples of a class taken together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import ClassRow, PlacedTerm, TermRow
from wce_cli.batches.batch import Batch
from wce_cli.loss.placements import Weighting, smoothed_sums
from wce_cli.loss.sums import Floats
from wce_cli.passes.listed_rows import Listed, read_listed
from wce_cli.passes.row_reader import RowReader

CHUNK_ROWS = 2048
"""Samples that are listed at a time, at most."""


def term_rows(batch: Batch, start: int, stop: int, numerator: float | None) -> Iterator[TermRow]:
    """The samples `start` up to `stop`, read and listed."""
    return rows_of(batch, read_listed(batch, start, stop), range(start, stop), numerator)


def rows_of(batch: Batch, listed: Listed, which: Iterable[int], numerator: float | None) -> Iterator[TermRow]:
    """The samples `which`, each with its pair by every placement that differs; one that `listed` lacks is ignored."""
    spec = batch.spec
    at = {row: k for k, row in enumerate(listed.row.tolist())}
    label, loss = listed.label.tolist(), listed.loss.tolist()
    score, logsumexp = _plain(listed.target_score), _plain(listed.logsumexp)
    pairs = {name: (t.tolist(), _plain(w)) for name, (t, w) in listed.pairs.items()}
    terms, weights = pairs.pop("class")
    others = {name: pair for name, pair in pairs.items() if _differs(listed, name)}
    for n in which:
        k = at.get(n)
        if k is None:
            yield _ignored(batch, n)
            continue
        term, weight = terms[k], None if weights is None else weights[k]
        target = None if score is None else score[k]
        yield TermRow(
            n=n,
            index=batch.index(n),
            label=tuple(batch.labels_of(n, n + 1)[0].tolist()) if spec.is_soft else label[k],
            label_name=spec.class_names[label[k]] if spec.class_names and not spec.is_soft else None,
            kept=True,
            target_logit=target if spec.scores == "logits" else None,
            target_prob=target if spec.scores == "probs" else None,
            target_log_prob=target if spec.scores == "log_probs" else None,
            logsumexp=None if logsumexp is None else logsumexp[k],
            loss=loss[k],
            weight=weight,
            term=term,
            share=None if numerator is None else term / numerator,
            placements={
                name: PlacedTerm(None if w is None else w[k], t[k])
                for name, (t, w) in others.items()
                if not (_same(t[k], term) and weight is not None and w is not None and _same(w[k], weight))
            },
        )


def _ignored(batch: Batch, n: int) -> TermRow:
    nothing = (None,) * 8
    return TermRow(n, batch.index(n), batch.spec.ignore_index, None, False, *nothing, {})


def _plain(values: Floats | None) -> list[float] | None:
    return None if values is None else values.tolist()


def _differs(listed: Listed, name: str) -> bool:
    """Whether any row has another pair under a placement than under that of the class."""
    (term, weight), (own, by_own) = listed.pairs["class"], listed.pairs[name]
    return (
        weight is None or by_own is None or (own is not term and bool((own != term).any() or (by_own != weight).any()))
    )


def row_chunks(batch: Batch, stop: int, numerator: float | None) -> Iterator[tuple[TermRow, ...]]:
    """The first samples up to `stop`, some at a time: what is in memory does not depend on how many there are."""
    reader = RowReader(batch)
    for start in range(0, stop, CHUNK_ROWS):
        end = min(start + CHUNK_ROWS, stop)
        yield tuple(rows_of(batch, read_listed(batch, start, end, reader), range(start, end), numerator))


def _same(a: float, b: float) -> bool:
    """Equal but for roundings: a placement that differs, differs by more."""
    return a == b or (a != a and b != b) or abs(a - b) <= 1e-14 * max(abs(a), abs(b))


def class_rows(analysis: Analysis) -> list[ClassRow]:
    """One row for each class that has a kept sample."""
    spec, totals = analysis.spec, analysis.totals
    asked = Weighting(spec.class_weight, spec.label_smoothing)
    loss, s_loss = smoothed_sums(totals, asked)
    present = np.flatnonzero(totals.count)
    weight, names = spec.class_weight[present], spec.class_names
    with np.errstate(invalid="ignore", over="ignore"):
        weight_sums = (weight * totals.s.values()[present]).tolist()
        numerators = (weight * s_loss[present]).tolist()
    columns = present.tolist(), weight.tolist(), totals.count[present].tolist(), loss[present].tolist()
    shares = _shares(numerators), _shares(weight_sums)
    return [
        ClassRow(c, names[c] if names else None, w, count, losses, losses / count, weight_sum, numerator, *both)
        for c, w, count, losses, weight_sum, numerator, *both in zip(
            *columns, weight_sums, numerators, *shares, strict=True
        )
    ]


def _shares(parts: list[float]) -> list[float | None]:
    whole = float(np.add.reduce(parts))
    if whole == 0 or not math.isfinite(whole) or min(parts) < 0 < max(parts):
        return [None] * len(parts)
    return [part / whole for part in parts]
