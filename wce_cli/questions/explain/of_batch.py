"""The report of a checked batch: one pass, the rows that are listed, the frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured, Report, TermRow
from wce_cli.batches.batch import Batch
from wce_cli.engines import measure_all
from wce_cli.loss.facts import TOP, Facts
from wce_cli.loss.methods import LossValue, loss_values, torchs_mean
from wce_cli.loss.totals import Totals
from wce_cli.passes.listed_rows import Listed, read_listed
from wce_cli.passes.one_pass import listing_pass
from wce_cli.questions.explain.order import ORDERS, rows_needed
from wce_cli.questions.explain.report import agreed, report_of, shared_numerator
from wce_cli.questions.explain.rows import rows_of, term_rows

if TYPE_CHECKING:
    from wce_cli.passes.item_sums import ItemSums

TERMS_LISTED = 10_000
"""Samples that a report lists unless others are asked for: all of so many, and of a larger batch none. Totals, classes
and the largest terms always cover all."""
LABELS_LISTED = 1_000_000
"""Numbers that the probability labels of listed samples may hold: beyond it none is listed, as nobody reads them."""


@np.errstate(all="ignore")  # what overflows or is NaN is part of the answer, never a warning beside it
def explain_batch(
    batch: Batch,
    engines: Iterable[str] = (),
    rows: int | None = None,
    sort: str = "index",
    *,
    top: int = TOP,
    progress: Callable[[int, int], None] | None = None,
    samples: int | None = None,
    last: Callable[[Report, Analysis], Report] | None = None,
) -> Report:
    """The report of a checked batch, listing its first `rows` samples in the order of `sort`, a key of ORDERS.

    `top`: how many of the samples with the largest terms it names. `progress` is told how much of the pass is done,
    and of how much. `samples`: how many it lists where each is several rows. `last` is handed the report, and makes the
    one that is returned of it.
    """
    rows = rows_listed(batch) if rows is None else rows
    needed = rows_needed(sort, batch.n_samples, rows)
    by_item = batch.positions > 1 and samples != 0
    passed = listing_pass(batch, needed, progress=progress, top=top, by_item=by_item)
    totals, facts, listed, items = passed
    return explain_and_share(
        batch, totals, facts, engines, rows, sort, listed, items=items, samples=samples, last=last
    )[0]


def explain_pass(
    batch: Batch,
    totals: Totals,
    facts: Facts,
    rows: int | None = None,
    sort: str = "index",
) -> Report:
    """The report of a batch whose pass has been made, without any framework."""
    return explain_and_share(batch, totals, facts, (), rows, sort)[0]


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
    items: ItemSums | None = None,
    samples: int | None = None,
    last: Callable[[Report, Analysis], Report] | None = None,
) -> tuple[Report, float | None]:
    """The report of a batch whose pass has been made, and the numerator that the samples' shares are shares of.

    `listed` is what the pass left of the first rows, None for nothing, `items` what it left of each sample, of which
    `samples` are listed; `told` is shown the report as it is each time a framework has answered. `last` is handed the
    report with all that was computed, and makes the one that is returned.
    """
    spec = batch.spec
    rows = rows_listed(batch) if rows is None else rows
    needed = rows_needed(sort, batch.n_samples, rows)
    if listed is None:
        listed = read_listed(batch, 0, needed)
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    errors: Mapping[str, float] = {}
    if spec.half_units:
        from wce_cli.precision.bounds import rounding_errors

        errors = rounding_errors(batch, values)
    bare = Analysis(spec, totals, facts, values, (), errors, along_last_axis=_along_last_axis(batch))
    shared = shared_numerator(bare)
    if items is not None:
        from wce_cli.questions.explain.by_sample import by_sample

        bare = structs.replace(bare, by_sample=by_sample(spec, items, shared, samples))
    terms = tuple(rows_of(batch, listed, ORDERS[sort](listed, batch.n_samples, rows), shared))
    top = _largest(batch, facts, terms, listed, shared)

    def report(measured: tuple[Measured, ...]) -> Report:
        analysis = structs.replace(bare, measured=tuple(agreed(one, values, facts.reach) for one in measured))
        return report_of(analysis, batch.scores.shape, terms, top, batch)

    heard = None if told is None else lambda measured: told(report(measured))
    found = report(measure_all(tuple(engines), batch, heard))
    return (found if last is None else last(found, bare)), shared


def _along_last_axis(batch: Batch) -> LossValue | None:
    """torch's mean with the classes on the last axis of the scores, where the labels fit that as well as axis 1: all of
    them, though only the first probability labels were looked at.
    """
    if not batch.spec.fits_last_axis:
        return None
    from wce_cli.batches.batch import WrongRows
    from wce_cli.batches.other_axis import along
    from wce_cli.passes.one_pass import one_pass

    other = along(batch, len(batch.spec.layout.shape) - 1)
    try:
        totals, facts = one_pass(other, top=0)
    except WrongRows:
        return None
    if facts.unnormalised.rows.count:
        return None
    values = loss_values(totals, other.spec.class_weight, other.spec.label_smoothing)
    return next(value for value in values if value.pair == f"{torchs_mean(batch.spec.is_soft)}/class")


def rows_listed(batch: Batch) -> int:
    """The samples that are listed where nobody says how many: all, or none of many."""
    n, numbers = batch.n_samples, batch.spec.n_classes if batch.spec.is_soft else 1
    return n if n <= TERMS_LISTED and n * numbers <= LABELS_LISTED else 0


def _largest(
    batch: Batch, facts: Facts, terms: Sequence[TermRow], listed: Listed, numerator: float | None
) -> tuple[TermRow, ...]:
    """The rows of the largest terms: those that have been read, and others read by themselves."""
    largest = [n for _, n in facts.top.terms(batch.spec.class_weight)]
    wanted = set(largest)
    by_row = {row.n: row for row in terms if row.n in wanted}
    left = sorted((wanted - by_row.keys()).intersection(listed.row.tolist()))
    by_row.update(zip(left, rows_of(batch, listed, left, numerator), strict=True))
    for n in sorted(wanted - by_row.keys()):  # a file is read forwards
        by_row.update((row.n, row) for row in term_rows(batch, n, n + 1, numerator))
    return tuple(by_row[n] for n in largest)
