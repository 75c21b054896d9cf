"""Every method's loss at every place, from one pass over the rows or from totals that were saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.sweep import SCHEMA, AxisPart, Sweep, SweptMethod
from wce_cli.batches.batch import Batch
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import MEANS, METHODS, loss_values
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.doubts import doubts_of
from wce_cli.questions.explain.report import batch_part, criterion_part
from wce_cli.questions.sweep.crossings import crossings_of
from wce_cli.questions.sweep.curves import Axis, Curves
from wce_cli.questions.sweep.sentences import sentences_of


@np.errstate(all="ignore")
def sweep_batch(
    batch: Batch,
    axis: Axis,
    places: Floats,
    pairs: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """The answer for a checked batch. `pairs`: those whose crossings are looked for, in the order asked."""
    walked = batch
    if axis.kind == "smoothing" and batch.spec.label_smoothing == 0:  # so that the sums over all classes are kept
        walked = structs.replace(batch, spec=structs.replace(batch.spec, label_smoothing=0.5))
    totals, facts = one_pass(walked, progress=progress, top=0)
    answer = sweep_totals(batch.spec, batch.scores.shape, totals, facts, axis, places, pairs)
    if batch.spec.criterion is None:
        return answer
    values = loss_values(totals, batch.spec.class_weight, batch.spec.label_smoothing)
    part = criterion_part(Analysis(batch.spec, totals, facts, values, ()), batch)
    return structs.replace(answer, criterion=part)


@np.errstate(all="ignore")
def sweep_totals(
    spec: Spec,
    shape: tuple[int, ...],
    totals: Totals,
    facts: Facts,
    axis: Axis,
    places: Floats,
    pairs: Sequence[str] | None = None,
) -> Sweep:
    """The answer for totals; those of a sweep of ε were taken with smoothing."""
    curves = Curves(totals, spec.class_weight, spec.label_smoothing, axis)
    found = curves.at(places)
    rows = tuple(
        SweptMethod(
            one.method,
            one.placement,
            METHODS[one.method].formula_for(one.placement, spec.is_soft, spec.has_sample_weight),
            tuple(one.numerators.tolist()),
            tuple(one.denominators.tolist()),
            tuple(one.values.tolist()),
        )
        for one in found
    )
    named = axis.kind == "class" and spec.class_names
    given = {"class": spec.class_weight[axis.index], "smoothing": spec.label_smoothing, "scale": 1.0}[axis.kind]
    part = AxisPart(
        axis.kind,
        axis.index if axis.kind == "class" else None,
        spec.class_names[axis.index] if named and spec.class_names else None,
        float(given),
    )
    crossings = tuple(crossings_of(curves, found, places, pairs or MEANS))
    whole, doubts = batch_part(spec, shape, totals.n, totals.n_kept), doubts_of(spec, totals, facts)
    answer = Sweep(SCHEMA, whole, part, tuple(places.tolist()), rows, crossings, (), doubts)
    return structs.replace(answer, sentences=tuple(sentences_of(answer, curves, facts)))
