"""Where does the number come from?"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Unpack

import numpy as np
from msgspec import structs

from wce_cli.engines import AUTO, engines_of, measure_all
from wce_cli.errors import Problem, WceError
from wce_cli.fields import BatchFields
from wce_cli.findings import find
from wce_cli.loss.batch import Batch, Spec
from wce_cli.loss.facts import TOP, Facts
from wce_cli.loss.listed import Listed, read_listed
from wce_cli.loss.methods import METHODS, SUM, UNWEIGHTED, WEIGHTED, LossValue, loss_values
from wce_cli.loss.rounding import rounding_errors
from wce_cli.loss.stream import listing_pass
from wce_cli.loss.totals import Totals
from wce_cli.questions.called import batch_of, by_name, is_array, shows_fields
from wce_cli.questions.given_batch import GivenBatch
from wce_cli.questions.order import ORDERS, rows_needed
from wce_cli.questions.rows import class_rows, rows_of, term_rows
from wce_cli.report import SCHEMA, Analysis, BatchPart, ClassRow, Measured, MethodRow, Report, TermRow, TotalsPart

TERMS_LISTED = 10_000
"""Samples that a report lists unless others are asked for: all of so many, and of a larger batch none. Totals, classes
and the largest terms always cover all."""

LABELS_LISTED = 1_000_000
"""Numbers that the probability labels of listed samples may hold: beyond it none is listed, as nobody reads them."""

ROUNDING = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-2, "bfloat16": 5e-2}
"""How far a framework's own arithmetic may be off, relative to `Facts.reach` / |D|, and still be the same method."""


def _is_rows(given: Any, has_labels: bool) -> bool:
    """Whether the only argument is scores, or a batch, and not blocks or a file."""
    return isinstance(given, (Mapping, GivenBatch)) or hasattr(given, "shape") or (is_array(given) and has_labels)


@shows_fields
def explain(
    *given: Any,
    blocks: Iterable[Any] | None = None,
    engines: Sequence[str] = (AUTO,),
    **batch: Unpack[BatchFields],
) -> Report:
    """Explain where the cross-entropy of a batch comes from, by every method.

        L = Σₙ tₙ / D

    `explain(x, y)` takes logits and labels, `explain(criterion, x, y)` a loss of PyTorch's and what it is called with,
    `explain("batch.json")` a file that holds one batch, `explain(batch)` one that `wce_cli.batch` has built for several
    questions. A field beside a file or a batch takes the place of its own.

    Exactly one of `logits`, `log_probs`, `probs` is given. Labels stand without the class axis, or are probability rows
    in the scores' shape; a sample weight has the shape of index labels. `engines`: the frameworks to measure beside it,
    keys of ENGINES, "auto" (torch, of a batch that is not large), "all" that are installed; () for none.

    A batch that does not fit in memory is an array that maps a file (`numpy.memmap`), or blocks: an iterable of
    tuples (logits, labels) or (logits, labels, sample_weight), or of mappings by field, each some rows of it. Blocks
    are walked once, so of more than a few million scores the report lists no samples but the largest terms, and no
    framework is measured; the numbers are the same bytes as those of the whole array, wherever it is cut.

    Returns a Report: `print` it, or ask `report.value("batch-mean")`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    engines = engines_of(engines, "engines")
    named = by_name("explain", batch)
    if blocks is not None:
        given = (blocks, *given)
    if len(given) != 1 or _is_rows(given[0], "labels" in named):
        return explain_batch(batch_of("explain", given, named), engines)
    if isinstance(given[0], (str, os.PathLike)):
        from wce_cli.questions.of_file import batch_of_file

        return explain_batch(batch_of_file(os.fspath(given[0]), named).batch, engines)
    from wce_cli.questions.blocks import FIELDS, explain_blocks

    beside = next((field for field in FIELDS if named.get(field) is not None), None)
    if beside is not None:
        raise WceError(Problem(f"{beside} is given beside blocks", "put it into every block"))
    if isinstance(named.get("weight"), str) and named["weight"] == "balanced":
        raise WceError(Problem("balanced counts all labels, and blocks are walked once", "give the weights as numbers"))
    once = {field: value for field, value in named.items() if field not in FIELDS}
    return explain_blocks(given[0], partial(Batch.build, **once), engines)


@np.errstate(all="ignore")  # what overflows or is NaN is part of the answer, never a warning beside it
def explain_batch(
    batch: Batch,
    engines: Iterable[str] = (),
    rows: int | None = None,
    sort: str = "index",
    *,
    top: int = TOP,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """The report of a checked batch, listing its first `rows` samples in the order of `sort`, a key of ORDERS.

    `top`: how many of the samples with the largest terms it names. `progress` is told how much of the pass is done,
    and of how much.
    """
    rows = rows_listed(batch) if rows is None else rows
    needed = rows_needed(sort, batch.n_samples, rows)
    totals, facts, listed = listing_pass(batch, needed, progress=progress, top=top)
    return explain_pass(batch, totals, facts, engines, rows, sort, listed)


def explain_pass(
    batch: Batch,
    totals: Totals,
    facts: Facts,
    engines: Iterable[str] = (),
    rows: int | None = None,
    sort: str = "index",
    listed: Listed | None = None,
) -> Report:
    """The report of a batch whose pass has been made. `listed`: what it left of its first rows, None for nothing."""
    return explain_and_share(batch, totals, facts, engines, rows, sort, listed)[0]


@np.errstate(all="ignore")
def explain_and_share(
    batch: Batch,
    totals: Totals,
    facts: Facts,
    engines: Iterable[str] = (),
    rows: int | None = None,
    sort: str = "index",
    listed: Listed | None = None,
    told: Callable[[Report], None] | None = None,
) -> tuple[Report, float | None]:
    """`explain_pass`, and what a sample's share is a share of, for who lists the samples.

    `told` is shown the report as it is each time a framework has answered.
    """
    spec = batch.spec
    rows = rows_listed(batch) if rows is None else rows
    needed = rows_needed(sort, batch.n_samples, rows)
    if listed is None:
        listed = read_listed(batch, 0, needed)
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    bare = Analysis(spec, totals, facts, values, (), rounding_errors(batch, values))
    shared = shared_numerator(bare)
    terms = tuple(rows_of(batch, listed, ORDERS[sort](listed, batch.n_samples, rows), shared))
    top = _largest(batch, facts, terms, shared)

    def report(measured: tuple[Measured, ...]) -> Report:
        analysis = structs.replace(bare, measured=tuple(agreed(one, values, facts.reach) for one in measured))
        return report_of(analysis, batch.scores.shape, terms, top)

    heard = None if told is None else lambda measured: told(report(measured))
    return report(measure_all(tuple(engines), batch, heard)), shared


def rows_listed(batch: Batch) -> int:
    """The samples that are listed where nobody says how many: all, or none of many."""
    n, numbers = batch.n_samples, batch.spec.n_classes if batch.spec.is_soft else 1
    return n if n <= TERMS_LISTED and n * numbers <= LABELS_LISTED else 0


def _largest(batch: Batch, facts: Facts, terms: Sequence[TermRow], numerator: float | None) -> tuple[TermRow, ...]:
    """The rows of the largest terms: those that are listed, and others read by themselves."""
    largest = [n for _, n in facts.top.terms(batch.spec.class_weight)]
    wanted = set(largest)
    by_row = {row.n: row for row in terms if row.n in wanted}
    for n in sorted(wanted - by_row.keys()):  # a file is read forwards
        by_row.update((row.n, row) for row in term_rows(batch, n, n + 1, numerator))
    return tuple(by_row[n] for n in largest)


def shared_numerator(analysis: Analysis) -> float | None:
    """Σt, where every term has a share of it: all of one sign, and the sum neither 0 nor infinite."""
    numerator = _class_value(analysis, SUM).numerator
    one_sign = analysis.facts.terms_have_one_sign(analysis.spec.class_weight)
    return numerator if one_sign and numerator != 0 and math.isfinite(numerator) else None


def report_of(
    analysis: Analysis,
    shape: tuple[int, ...],
    terms: tuple[TermRow, ...],
    top: tuple[TermRow, ...],
    classes: Iterable[ClassRow] | None = None,
    methods: tuple[MethodRow, ...] | None = None,
) -> Report:
    """The report of what was found, with its findings; `shape` is that of the scores as they were given.

    `classes`, `methods`: their rows, where they are known already.
    """
    spec, totals = analysis.spec, analysis.totals
    return Report(
        schema=SCHEMA,
        batch=batch_part(spec, shape, totals.n, totals.n_kept),
        terms=terms,
        terms_shown=len(terms),
        terms_total=totals.n,
        classes=tuple(class_rows(analysis) if classes is None else classes),
        top=top,
        totals=_totals_part(analysis),
        methods=_method_rows(analysis) if methods is None else methods,
        measurements=analysis.measured,
        findings=find(analysis),
    )


def _method_rows(analysis: Analysis) -> tuple[MethodRow, ...]:
    spec = analysis.spec
    return tuple(
        MethodRow(
            value.method,
            value.placement,
            value.numerator,
            value.denominator,
            value.value,
            _formula(value.method, value.placement, spec.is_soft, spec.has_sample_weight),
            analysis.rounding.get(value.pair) if analysis.rounding else None,
        )
        for value in analysis.values
    )


@cache
def _formula(method: str, placement: str, is_soft: bool, has_sample_weight: bool) -> str:
    return METHODS[method].formula_for(placement, is_soft, has_sample_weight)


def _class_value(analysis: Analysis, method: str) -> LossValue:
    """Under class placement, of a method that all labels have there."""
    value = analysis.value(method)
    assert value is not None
    return value


def agreed(measured: Measured, values: Sequence[LossValue], reach: float) -> Measured:
    """Say which methods a measurement agrees with; of placements that coincide the one that its call expresses."""
    if measured.value is None:
        return measured
    rounding = ROUNDING.get(measured.dtype, 5e-2)
    expressed = {pair if "/" in pair else f"{pair}/class" for pair in measured.expresses}
    agreeing: dict[str, str] = {}
    for value in values:
        scale = abs(value.value)
        if value.denominator and math.isfinite(further := reach / abs(value.denominator)):
            scale = max(scale, further)
        close = (
            value.value == measured.value
            or (math.isnan(value.value) and math.isnan(measured.value))
            or (math.isfinite(scale) and abs(value.value - measured.value) <= rounding * scale)
        )
        if close and (value.method not in agreeing or value.pair in expressed):
            agreeing[value.method] = value.pair.removesuffix("/class")
    return structs.replace(measured, methods=tuple(agreeing.values()))


def batch_part(spec: Spec, shape: tuple[int, ...], n: int, n_kept: int) -> BatchPart:
    """What was asked, as every answer says it."""
    return BatchPart(
        name=spec.name,
        source=spec.source,
        scores=spec.scores,
        labels="probability" if spec.is_soft else "index",
        shape=shape,
        dtype=spec.dtypes.get(spec.scores),
        n=n,
        n_kept=n_kept,
        n_classes=spec.n_classes,
        classes=spec.class_names,
        weight=None if spec.weight is None else tuple(spec.weight.tolist()),
        weight_rule=spec.weight_rule,
        has_sample_weight=spec.has_sample_weight,
        ignore_index=spec.ignore_index,
        label_smoothing=spec.label_smoothing,
        sources=dict(spec.sources),
        notes=spec.notes,
    )


def _totals_part(analysis: Analysis) -> TotalsPart:
    totals, facts = analysis.totals, analysis.facts
    nan = facts.nan_under(analysis.spec.label_smoothing)
    unweighted = _class_value(analysis, UNWEIGHTED)
    weighted = analysis.value(WEIGHTED)
    return TotalsPart(
        n=totals.n,
        n_kept=totals.n_kept,
        n_ignored=totals.n - totals.n_kept,
        loss_sum=unweighted.numerator,
        weight_sum=None if weighted is None else weighted.denominator,
        numerator=_class_value(analysis, SUM).numerator,
        n_infinite=facts.infinite.count,
        n_nan=nan.count,
        first_infinite=facts.infinite.first if facts.infinite.count else None,
        first_nan=nan.first if nan.count else None,
    )
