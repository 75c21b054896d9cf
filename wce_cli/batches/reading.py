"""The fields of one batch as they are given → what was asked, and rows that can be walked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wce_cli.batches.class_axis import layout_of
from wce_cli.batches.field_reader import (
    Gathering,
    kind_of_scores,
    read_class_names,
    read_numbers,
    read_scores,
    score_rows,
    with_plain_keys,
)
from wce_cli.batches.file_rows import StoredRows
from wce_cli.batches.half_units import fitted
from wce_cli.batches.label_problems import say_checks
from wce_cli.batches.labels import Unread, read_labels
from wce_cli.batches.number_checks import check_scores
from wce_cli.batches.pandas_names import scores_by_column, weight_by_index
from wce_cli.batches.weights import are_counts, read_class_weight, read_sample_weight
from wce_cli.loss.readings import READINGS
from wce_cli.loss.rows import ArrayRows
from wce_cli.loss.spec import IGNORE_INDEX, Spec


def _are_numbers(labels: Any) -> bool:
    """Whether labels came as numbers, though classes have names."""
    while isinstance(labels, (list, tuple)) and labels:
        labels = labels[0]
    return not isinstance(labels, str)


def read_fields(
    given: Mapping[str, Any],
    name: str | None,
    source: str | None,
    sources: Mapping[str, str],
    half_units: Mapping[str, Any] | None,
    spelled: Callable[[str], str],
) -> tuple[Spec, ArrayRows | StoredRows, ArrayRows | StoredRows, ArrayRows | StoredRows | None, Unread | None]:
    """What was asked, the rows of the scores, of the labels, of the sample weight if there is one, and how labels that
    nobody has looked at are to be read; `given` has every field, as `Batch.build` says them.

    Raises WceError with every problem found, its sources and its shapes.
    """
    labels, weight, sample_weight, classes = (
        given[field] for field in ("labels", "weight", "sample_weight", "classes")
    )
    ignore_index, label_base, label_smoothing = (
        given[field] for field in ("ignore_index", "label_base", "label_smoothing")
    )
    g = Gathering(sources, spelled)
    read_numbers(g, given)
    criterion = given["criterion"]
    if criterion is not None:
        from wce_cli.batches.criterion import say_unsaid

        say_unsaid(g, criterion)
    kind = kind_of_scores(g, {reading: given[reading] for reading in READINGS})
    counts = are_counts(weight)
    weight = weight_by_index(g, weight)
    if kind is not None:
        scores, classes = scores_by_column(g, *kind, classes, weight, labels)
        kind = kind[0], scores
    scores = None if kind is None else read_scores(g, *kind, labels)
    if labels is None:
        g.problem("labels", "labels are missing", f"give one class index a sample: {spelled('labels')}")
    if kind is None or scores is None:
        g.look_over(labels=labels, weight=weight, sample_weight=sample_weight)
        raise g.refusal()
    is_asked = not {problem.field for problem in g.problems} & {"class_axis", "shift"}
    read = None if labels is None else g.array("labels", labels)
    layout = layout_of(g, kind[0], scores, read, given["class_axis"], given["shift"]) if is_asked else None
    rows = None if layout is None else score_rows(g, kind[0], scores, layout)
    if kind[0] == "probs" and isinstance(rows, ArrayRows) and layout is not None:
        say_checks(g, check_scores(rows, layout.n), kind[0], layout)
    if rows is None or layout is None:
        g.look_over(weight=weight, sample_weight=sample_weight)
        raise g.refusal()
    c = layout.n_classes
    weight = with_plain_keys(g, weight)
    names = read_class_names(g, classes, weight, c)
    if labels is not None:
        g.shapes["labels"] = g.shapes.pop("labels")  # told in the order of the fields, though their shape came first
    mapped = None if read is None else read_labels(g, kind[0], read, rows, layout, names, ignore_index, label_base)
    as_given = ignore_index
    if label_base:
        if mapped is not None and not mapped.is_soft and names is None:
            also = "" if ignore_index == IGNORE_INDEX else f", and the ignored {ignore_index} as {IGNORE_INDEX}"
            g.notes.append(f"labels counted from {label_base} are shown from 0{also}")
        ignore_index = IGNORE_INDEX
    if names is not None and set(names) & set(map(str, range(c))) and _are_numbers(labels):
        g.notes.append(f"labels that are numbers are class indices, not the names {', '.join(names[:3])}")
    if ignore_index != IGNORE_INDEX and mapped is not None and mapped.is_soft:
        g.notes.append("ignore_index means nothing for probability labels: every sample is kept")
    per_sample = read_sample_weight(g, sample_weight, layout)
    vector, rule = read_class_weight(g, weight, names, layout, mapped, ignore_index, label_base)
    if g.problems or mapped is None:
        raise g.refusal()
    spec = Spec(
        scores=kind[0],
        is_soft=mapped.is_soft,
        n_classes=c,
        class_names=names,
        weight=vector,
        weight_rule="counts" if counts else rule,
        ignore_index=int(ignore_index),
        label_base=label_base,
        label_smoothing=float(label_smoothing),
        layout=layout,
        label_shape=g.label_shape if layout.n == 1 and not mapped.is_soft else mapped.rows.shape,
        has_sample_weight=per_sample is not None,
        dtypes=g.dtypes,
        sources=dict(g.sources),
        half_units=fitted(
            half_units,
            {
                kind[0]: layout.shape,
                "labels": layout.shape if mapped.is_soft else None,
                "weight": None if vector is None else vector.shape,
                "sample_weight": None if per_sample is None else layout.labels,
            },
            names,
            layout,
        ),
        integer_one_hot=mapped.is_soft and g.integer_one_hot,
        named_labels=g.named_labels,
        fits_last_axis=g.ambiguous,
        ignored_as_given=int(as_given),
        name=name,
        source=source,
        notes=tuple(g.notes),
        criterion=criterion,
    )
    return spec, rows, mapped.rows, per_sample, mapped.unread
