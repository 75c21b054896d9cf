"""The report of a batch, from what was computed and measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import SCHEMA, BatchPart, CriterionPart, Measured, MethodRow, Report, TermRow, TotalsPart
from wce_cli.batches.batch import Batch
from wce_cli.findings import find
from wce_cli.loss.methods import METHODS, SUM, UNWEIGHTED, WEIGHTED, LossValue
from wce_cli.loss.spec import Spec
from wce_cli.questions.explain.rows import class_rows

ENGINE_ROUNDING = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-2, "bfloat16": 5e-2}
"""How far a framework's own arithmetic may be off, relative to `Facts.reach` / |D|, and still be the same method."""


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
    batch: Batch | None = None,
) -> Report:
    """The report of what was found, with its findings; `shape` is that of the scores as they were given, `batch` its
    rows, where they are at hand.
    """
    spec, totals = analysis.spec, analysis.totals
    return Report(
        schema=SCHEMA,
        batch=batch_part(spec, shape, totals.n, totals.n_kept),
        terms=terms,
        terms_shown=len(terms),
        terms_total=totals.n,
        classes=tuple(class_rows(analysis)),
        by_sample=analysis.by_sample,
        top=top,
        totals=_totals_part(analysis),
        methods=_method_rows(analysis),
        measurements=analysis.measured,
        findings=find(analysis),
        criterion=criterion_part(analysis, batch),
    )


def criterion_part(analysis: Analysis, batch: Batch | None) -> CriterionPart | None:
    """What the criterion of a batch returns, as every answer says it; None where there is none."""
    if analysis.spec.criterion is None:
        return None
    from wce_cli.questions.criterion import returned  # few hold one

    return returned(analysis.spec.criterion, analysis, batch)


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
    """A measurement with the methods that it agrees with; of placements that coincide the one its call expresses."""
    if measured.value is None:
        return measured
    rounding = ENGINE_ROUNDING.get(measured.dtype, 5e-2)
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
        shift=spec.layout.shift,
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
