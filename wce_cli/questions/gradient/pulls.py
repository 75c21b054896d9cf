"""The gradient of every method, sample by sample, by class and as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.gradient import SCHEMA, ClassGradient, Gradients, MethodGradient, Pull, SampleGradient
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, LossValue, divide, loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.doubts import doubts_of
from wce_cli.questions.explain.report import batch_part, criterion_part
from wce_cli.questions.explain.rows import class_rows
from wce_cli.questions.gradient.gaps import compared, cosine_of, gaps_of, sentence_of
from wce_cli.questions.gradient.per_row import PULL_KINDS, gradients_of
from wce_cli.questions.gradient.totals import GradientTotals, gradient_totals

SAMPLES_LISTED = 1000
"""Samples that are listed unless others are asked for: all of so many, and of a larger batch none."""

NOTHING_KEPT = "No sample is kept: in PyTorch the gradient is 0 by every method, also where the loss is 0/0 = nan."
"""Of methods that do not differ: two of them are not compared."""


@np.errstate(all="ignore")
def gradient_batch(
    batch: Batch,
    rows: int | None = None,
    pairs: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Gradients:
    """The answer for a checked batch, listing its first `rows` samples. `pairs`: those that are compared."""
    spec = batch.spec
    totals, facts = one_pass(batch, top=0)
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    analysis, summed = Analysis(spec, totals, facts, values, ()), gradient_totals(batch, progress)
    if rows is None:
        rows = batch.n_samples if batch.n_samples <= SAMPLES_LISTED else 0
    methods = tuple(_method(value, summed, spec.is_soft, spec.has_sample_weight, totals.n_kept) for value in values)
    gaps = tuple(gaps_of(methods, summed, pairs or compared(spec.is_soft)))
    return Gradients(
        schema=SCHEMA,
        batch=batch_part(spec, batch.scores.shape, totals.n, totals.n_kept),
        samples=tuple(islice(_samples(batch, rows), rows)),
        classes=tuple(_classes(analysis, summed)),
        methods=methods,
        gaps=gaps,
        sentences=(*map(sentence_of, gaps), *_broken(batch, summed)) if totals.n_kept else (NOTHING_KEPT,),
        findings=doubts_of(spec, totals, facts),
        criterion=criterion_part(analysis, batch),
    )


def _method(
    value: LossValue, summed: GradientTotals, is_soft: bool, has_sample_weight: bool, n_kept: int
) -> MethodGradient:
    """One pair. Where no sample is kept nothing pulls, though the loss is 0/0: torch's gradient is 0 there."""
    kind = PULL_KINDS.index(value.placement) if METHODS[value.method].is_weighted else 3
    norm = divide(math.sqrt(summed.products[kind, kind]), abs(value.denominator)) if n_kept else 0.0
    return MethodGradient(
        value.method,
        value.placement,
        METHODS[value.method].formula_for(value.placement, is_soft, has_sample_weight),
        value.denominator,
        norm,
        cosine_of(summed, kind, 3, value.denominator),
    )


def _broken(batch: Batch, summed: GradientTotals) -> Iterator[str]:
    if summed.broken:
        where = f"sample {batch.spec.layout.name(summed.first_broken)}"
        which = where if summed.broken == 1 else f"{summed.broken} samples, the first is {where},"
        have = "has" if summed.broken == 1 else "have"
        yield f"{which} {have} a gradient that is nan or infinite: it is left out here, and in training it is not."


def _samples(batch: Batch, wanted: int) -> Iterator[SampleGradient]:
    """The kept samples in their order, read about as many at a time as are wanted: an ignored one has no gradient."""
    spec, stop, step = batch.spec, batch.n_samples, min(max(wanted, 32), 256)
    plain = not spec.is_soft and spec.label_smoothing == 0
    for start in range(0, stop, step):
        found = gradients_of(batch, start, min(start + step, stop))
        norms, cosines = found.norms, found.cosines
        for k, (row, label) in enumerate(zip(found.row.tolist(), found.label.tolist(), strict=True)):
            weights = {"sample": found.weights[0, k], "label-mix": found.weights[1, k]}
            if plain:
                weights["class"] = weights["sample"]
            pulls = {
                kind: Pull(
                    float(weights[kind]) if kind in weights else None,
                    float(norms[position, k]),
                    None if np.isnan(cosines[position, k]) else float(cosines[position, k]),
                )
                for position, kind in enumerate(PULL_KINDS[:3])
            }
            yield SampleGradient(row, batch.index(row), label, float(norms[3, k]), pulls)


def _classes(analysis: Analysis, summed: GradientTotals) -> Iterator[ClassGradient]:
    def shares(kind: int) -> list[float | None]:
        whole = float(summed.by_class[kind].sum())
        found = summed.by_class[kind].tolist()
        return [None] * len(found) if not whole or not math.isfinite(whole) else [part / whole for part in found]

    weighted, unweighted = shares(0), shares(3)
    for row in class_rows(analysis):
        share, plain = weighted[row.index], unweighted[row.index]
        yield ClassGradient(row.index, row.name, row.count, row.numerator_share, share, plain)
