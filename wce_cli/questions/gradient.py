"""What does the loss pull at? The gradient of every method, sample by sample, and whether a gap between two methods is
one factor, which a learning rate makes up for, or another direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.digits import format_number
from wce_cli.errors import WceError, counted
from wce_cli.loss.batch import Batch
from wce_cli.loss.gradients import KINDS, GradientTotals, gradient_totals, gradients_of
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.loss.methods import METHODS, LossValue, divide, loss_values
from wce_cli.loss.stream import one_pass
from wce_cli.questions.explain import batch_part
from wce_cli.questions.rows import class_rows
from wce_cli.report import Analysis, BatchPart, missing_pair, to_plain

SCHEMA = "wce.gradient/1"
LISTED = 1000
"""Samples that are listed unless others are asked for: all of so many, and of a larger batch none."""
ONE = 1e-12
"""Two directions are one if their cosine is this near to 1."""


class Pull(Struct, frozen=True):
    """The gradient of a sample under one placement, before the division by D."""

    weight: float | None
    """wₙ, the factor on the gradient of the unweighted loss; None where there is no such factor."""
    norm: float
    cosine: float | None
    """With the gradient of the unweighted loss; None where one of them is 0."""


class SampleGradient(Struct, frozen=True):
    """One kept sample."""

    n: int
    index: tuple[int, ...]
    label: int
    """Class index; of a probability label its argmax."""
    norm: float
    """|dℓ/dx| of its unweighted loss."""
    pulls: dict[str, Pull]
    """By placement."""


class ClassGradient(Struct, frozen=True):
    """The kept samples of one class."""

    index: int
    name: str | None
    count: int
    loss_share: float | None
    """Of Σ w·ℓ."""
    share: float | None
    """Of the Σ |gradient| of all samples, under the first placement of the methods."""
    unweighted_share: float | None
    """The same without weights."""


class MethodGradient(Struct, frozen=True):
    """One (method, placement) pair."""

    method: str
    placement: str
    formula: str
    denominator: float
    norm: float
    """|dL/dX| over all samples together."""
    cosine: float | None
    """With the gradient of unweighted-mean; None where one of them is 0."""

    @property
    def pair(self) -> str:
        """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"

    @property
    def kind(self) -> str:
        """The placement whose pulls it divides, or `unweighted`."""
        return self.placement if METHODS[self.method].is_weighted else "unweighted"


class Gap(Struct, frozen=True):
    """How the gradients of two methods compare."""

    one: str
    other: str
    cosine: float | None
    factor: float | None
    """The gradient of `one` is so many times that of `other`; None where their directions differ."""


class Gradients(Struct, frozen=True):
    """The answer; its fields are the JSON."""

    schema: str
    batch: BatchPart
    samples: tuple[SampleGradient, ...]
    classes: tuple[ClassGradient, ...]
    methods: tuple[MethodGradient, ...]
    gaps: tuple[Gap, ...]
    sentences: tuple[str, ...]

    def method(self, pair: str) -> MethodGradient:
        """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement. Raises WceError if there is none."""
        wanted = pair.removesuffix("/class")
        for row in self.methods:
            if row.pair == wanted:
                return row
        raise WceError(missing_pair(pair, [row.pair for row in self.methods], self.batch.labels == "probability"))

    def factor(self, sample: SampleGradient, row: MethodGradient) -> float | None:
        """wₙ / D: what the gradient of a sample's unweighted loss is multiplied by; None where there is no factor."""
        weight = 1.0 if row.kind == "unweighted" else sample.pulls[row.kind].weight
        return None if weight is None else divide(weight, row.denominator)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, ready for `json.dumps(…, allow_nan=False)`."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        from wce_cli.formats.gradient import to_table

        return to_table([self])

    def _repr_html_(self) -> str:
        from wce_cli.formats.pictures.gradient import fragment

        return fragment(self)

    def __repr__(self) -> str:
        return f"<wce gradients of {counted(self.batch.n, 'sample', 'samples')} × {self.batch.n_classes} classes>"


def gradient(
    *,
    logits: Any = None,
    log_probs: Any = None,
    probs: Any = None,
    labels: Any = None,
    weight: Any = None,
    sample_weight: Any = None,
    classes: Sequence[str] | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    label_base: int = 0,
) -> Gradients:
    """Say what every method's loss pulls at: dL/dlogits by sample, by class and as a whole.

    The batch is given as to `explain`. Returns a Gradients: `print` it, or look at its `.gaps`.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    return gradient_batch(
        Batch.build(
            logits=logits,
            log_probs=log_probs,
            probs=probs,
            labels=labels,
            weight=weight,
            sample_weight=sample_weight,
            classes=classes,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
            label_base=label_base,
        )
    )


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
    summed = gradient_totals(batch, progress)
    if rows is None:
        rows = batch.n_samples if batch.n_samples <= LISTED else 0
    methods = tuple(_method(value, summed, spec.is_soft, spec.has_sample_weight) for value in values)
    gaps = tuple(_gaps(methods, summed, pairs or _compared(spec.is_soft)))
    return Gradients(
        schema=SCHEMA,
        batch=batch_part(spec, batch.scores.shape, totals.n, totals.n_kept),
        samples=tuple(_samples(batch, min(rows, batch.n_samples))),
        classes=tuple(_classes(Analysis(spec, totals, facts, values, ()), summed)),
        methods=methods,
        gaps=gaps,
        sentences=(*map(_sentence, gaps), *_broken(summed)),
    )


def _compared(is_soft: bool) -> tuple[str, ...]:
    if is_soft:
        return ("batch-mean", "weighted-mean/sample", "unweighted-mean")
    return ("weighted-mean", "batch-mean", "unweighted-mean")


def _method(value: LossValue, summed: GradientTotals, is_soft: bool, has_sample_weight: bool) -> MethodGradient:
    kind = KINDS.index(value.placement) if METHODS[value.method].is_weighted else 3
    return MethodGradient(
        value.method,
        value.placement,
        METHODS[value.method].formula_for(value.placement, is_soft, has_sample_weight),
        value.denominator,
        divide(math.sqrt(summed.products[kind, kind]), abs(value.denominator)),
        _cosine(summed, kind, 3, value.denominator),
    )


def _cosine(summed: GradientTotals, one: int, other: int, sign: float) -> float | None:
    """Of the gradients of all samples together; with the sign of what divides them."""
    size = math.sqrt(summed.products[one, one]) * math.sqrt(summed.products[other, other])
    if size == 0 or sign == 0 or math.isnan(sign):
        return None
    return math.copysign(1.0, sign) * float(np.clip(summed.products[one, other] / size, -1, 1))


def _gaps(methods: Sequence[MethodGradient], summed: GradientTotals, pairs: Sequence[str]) -> Iterator[Gap]:
    """The first of the methods against each of the others."""
    by_pair = {row.pair: row for row in methods}
    rows = [by_pair[pair.removesuffix("/class")] for pair in pairs if pair.removesuffix("/class") in by_pair]
    for other in rows[1:]:
        one = rows[0]
        kinds = KINDS.index(one.kind), KINDS.index(other.kind)
        cosine = _cosine(summed, *kinds, one.denominator * other.denominator)
        factor = None
        if kinds[0] == kinds[1]:
            factor = divide(other.denominator, one.denominator)
        elif cosine is not None and abs(cosine) >= 1 - ONE:
            factor = math.copysign(divide(one.norm, other.norm), cosine)
        yield Gap(one.pair, other.pair, cosine, factor if factor is not None and math.isfinite(factor) else None)


def _sentence(gap: Gap) -> str:
    if gap.cosine is None:
        return f"{gap.one} and {gap.other} have no directions to compare: a gradient is 0 or not defined."
    if gap.factor is not None:
        if math.isclose(gap.factor, 1, rel_tol=ONE):
            return f"{gap.one} and {gap.other} have the same gradient."
        return (
            f"{gap.one} has {format_number(gap.factor)} times the gradient of {gap.other}, for every sample: one "
            "factor, which a learning rate makes up for (and Adam hardly sees)."
        )
    return (
        f"{gap.one} and {gap.other} pull in different directions (cosine {format_number(gap.cosine)}): no learning "
        "rate makes one of them the other."
    )


def _broken(summed: GradientTotals) -> Iterator[str]:
    if summed.broken:
        where = f"sample {summed.first_broken}"
        which = where if summed.broken == 1 else f"{summed.broken} samples, the first is {where},"
        have = "has" if summed.broken == 1 else "have"
        yield f"{which} {have} a gradient that is nan or infinite: it is left out here, and in training it is not."


def _samples(batch: Batch, stop: int) -> Iterator[SampleGradient]:
    spec = batch.spec
    plain = not spec.is_soft and spec.label_smoothing == 0
    for start in range(0, stop, 256):
        found = gradients_of(batch, start, min(start + 256, stop))
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
                for position, kind in enumerate(KINDS[:3])
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
