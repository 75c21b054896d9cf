"""The loss of the whole batch beside the mean of the losses of its parts, by every method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.split import SCHEMA, CutPart, PartRow, Split, SplitMethod
from wce_cli.batches.batch import Batch
from wce_cli.findings import find
from wce_cli.loss.methods import METHODS, Counts, LossValue, divide, loss_values
from wce_cli.loss.sums import Floats, Ints, exact_sum
from wce_cli.passes.batch_parts import Cut, PartSums, Summed
from wce_cli.passes.one_pass import cut_pass
from wce_cli.questions.explain.report import batch_part, criterion_part
from wce_cli.questions.split.notes import notes_of

LISTED = 10_000
"""Up to so many items the answer says which part holds which."""


@np.errstate(all="ignore")
def split_batch(batch: Batch, cut: Cut, *, progress: Callable[[int, int], None] | None = None) -> Split:
    """The answer for a checked batch."""
    spec = batch.spec
    totals, facts, sums = cut_pass(batch, cut, progress=progress)
    n = cut.sizes()
    by_row = cut.inner == 1 and batch.positions > 1
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    if by_row:  # flattened, there are no items to count
        values = tuple(value for value in values if not METHODS[value.method].by_item)
    analysis = Analysis(spec, totals, facts, values, (), {}, tuple(sums.n_kept.tolist()))
    known: dict[Any, Any] = {}
    counts = Counts(n, sums.n_kept, spec.n_classes, n // cut.inner)
    rows = [_method(analysis, value, sums, counts, known) for value in values]
    return Split(
        schema=SCHEMA,
        batch=batch_part(spec, batch.scores.shape, totals.n, totals.n_kept),
        cut=_cut_part(cut, by_row),
        parts=_parts(cut, sums, n),
        parts_total=cut.parts,
        methods=tuple(rows),
        notes=tuple(notes_of(cut, sums, n)),
        findings=find(analysis),
        criterion=criterion_part(analysis, batch),
    )


def _cut_part(cut: Cut, by_row: bool) -> CutPart:
    sizes = tuple(np.diff(cut.bounds, prepend=0).tolist()) if cut.bounds else None
    seed = cut.shuffled.seed if cut.shuffled else None
    return CutPart(cut.size, sizes, cut.ranks, seed, cut.items, "row" if by_row else "sample")


def _numerators(sums: PartSums, value: LossValue) -> Summed:
    if not METHODS[value.method].is_weighted:
        return sums.loss
    return sums.terms.get(value.placement, sums.terms["class"])


def _denominators(sums: PartSums, value: LossValue, counts: Counts) -> tuple[Floats, Any]:
    """D of each part, by the method's own rule: what it counts, or the weights of the placement; and what it is of."""
    method = METHODS[value.method]
    weights = "label-mix" if value.placement == "label-mix" and "label-mix" in sums.weights else "sample"
    if method.kind == "count":
        return np.broadcast_to(1.0 * method.of(counts), counts.n.shape), method.name
    if method.kind == "nonzero":
        return sums.nonzero[f"{method.name}/{weights}"].astype(np.float64), (method.name, weights)
    added = sums.weights[weights] if method.kind == "weights" else sums.bent[f"{method.name}/{weights}"]
    return added.values(), (method.name, weights)


def _method(analysis: Analysis, value: LossValue, sums: PartSums, counts: Counts, known: dict[Any, Any]) -> SplitMethod:
    """One pair. What pairs that share their sums have in common is made once: `known` holds it."""
    spec, k = analysis.spec, len(counts.n)
    summed, (denominators, of) = _numerators(sums, value), _denominators(sums, value, counts)
    whole = value.denominator + 0.0  # x / −0 has the sign of x, as in `divide`
    if id(summed) not in known:
        known[id(summed)] = _listed(summed.values())
    if (id(summed), of) not in known:
        below = denominators + 0.0
        values = _listed(summed.values() / below)
        gradients = _where_kept(_listed(1.0 / (k * below)), sums.n_kept)
        known[id(summed), of] = _listed(denominators), values, gradients, exact_sum(values) / k
    if (id(summed), whole) not in known:
        known[id(summed), whole] = exact_sum((summed.values() / np.float64(whole)).tolist())
    below_, values, gradients, mean = known[id(summed), of]
    has_factor = value.value != 0 and math.isfinite(value.value) and math.isfinite(mean)
    return SplitMethod(
        method=value.method,
        placement=value.placement,
        formula=METHODS[value.method].formula_for(value.placement, spec.is_soft, spec.has_sample_weight),
        numerator=value.numerator,
        denominator=value.denominator,
        value=value.value,
        mean_of_parts=mean,
        difference=mean - value.value,
        factor=mean / value.value if has_factor else None,
        remedy=known[id(summed), whole],
        gradient=divide(1.0, value.denominator),
        numerators=known[id(summed)],
        denominators=below_,
        values=values,
        gradients=gradients,
    )


def _listed(values: Floats) -> tuple[float, ...]:
    first = values[0]
    return (float(first),) * len(values) if first and (values == first).all() else tuple(values.tolist())


def _where_kept(values: tuple[float, ...], n_kept: Ints) -> tuple[float | None, ...]:
    """A part without a kept sample has no gradient to multiply, whatever it divides by."""
    if n_kept.all():
        return values
    return tuple(value if kept else None for value, kept in zip(values, n_kept.tolist(), strict=True))


def _parts(cut: Cut, sums: PartSums, n: Ints) -> tuple[PartRow, ...]:
    held: list[list[int]] | None = None
    if cut.items <= LISTED:
        held = [[] for _ in range(cut.parts)]
        first = np.arange(cut.items) * cut.inner
        for item, part in enumerate(cut.part_of(first).tolist()):
            held[part].append(item)
    numbers = np.arange(cut.parts)
    which = (numbers, numbers % cut.ranks, numbers // cut.ranks, n, sums.n_kept)
    items: Iterable[tuple[int, ...] | None] = repeat(None) if held is None else map(tuple, held)
    return tuple(map(PartRow, *(column.tolist() for column in which), items))
