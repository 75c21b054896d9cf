"""A document and what was typed → a batch: each option overrides the document's field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.cli.field_option import OptionValue
from wce_cli.cli.options import flag
from wce_cli.errors import Problem, WceError
from wce_cli.inputs.documents import Document
from wce_cli.loss.readings import READINGS


def batch_of(document: Document, typed: Mapping[str, OptionValue], position: int | None) -> Batch:
    """The batch of a document; one without a name is called by its position among the others.

    Raises WceError with all its problems, each with its place.
    """
    found, context = list(document.problems), list[str]()
    try:
        if document.fields or not found:
            batch = overridden(document, typed, position)
    except WceError as error:
        known_wrong = {problem.field for problem in found} - {""}  # left out of the fields, and not missing
        found += [problem for problem in error.problems if problem.field not in known_wrong]
        context += error.context
    if not found:
        return batch
    known = document.origin in ("", document.place) or any(document.origin in line for line in context)
    place = f"{document.place}: " if document.place else ""
    raise WceError(
        [Problem(f"{place}{one.message}", one.hint, one.field) for one in found],
        context if known else [*context, f"in {document.origin}"],
    )


def overridden(document: Document, typed: Mapping[str, OptionValue], position: int | None) -> Batch:
    """The batch of a document whose fields those that were typed override. Raises WceError with all its problems."""
    fields = dict(document.fields)
    sources = dict(document.sources)
    if any(kind in typed for kind in READINGS):  # typed logits replace a file's log_probs, not join them
        for kind in READINGS:
            fields.pop(kind, None)
            sources.pop(kind, None)
    for field, given in typed.items():
        fields[field] = given.value
        sources[field] = given.source
    for kind in READINGS:
        if kind in typed and typed[kind].columns:
            _name_columns(typed[kind], fields, sources)
    _refuse_shift_across(document, typed, fields)
    if position is not None and not fields.get("name"):
        fields["name"] = f"batch {position}"
    half_units = {field: half for field, half in document.half_units.items() if field in fields and field not in typed}
    half_units |= {field: given.half_units for field, given in typed.items() if given.half_units is not None}
    return Batch.build(**fields, sources=sources, half_units=half_units, spelled=flag)


def _refuse_shift_across(document: Document, typed: Mapping[str, OptionValue], fields: Mapping[str, Any]) -> None:
    """Raise WceError if a shift would run from one table into the next; of what is stored the batch knows the parts."""
    kind = next((kind for kind in READINGS if isinstance(fields.get(kind), np.ndarray)), None)
    if kind is None or fields[kind].ndim != 2 or fields.get("shift") is not True:
        return
    parts = typed[kind].parts if kind in typed else document.parts
    if parts > 1:
        from wce_cli.batches.class_axis import shifted_across

        raise WceError(Problem(*shifted_across(parts, kind), "shift"))


def _name_columns(scores: OptionValue, fields: dict[str, Any], sources: dict[str, str]) -> None:
    """The classes are called as the columns of a table of scores are, if nobody said how. Raises WceError if they were
    called the same in another order.
    """
    from wce_cli.inputs.columns import class_names
    from wce_cli.inputs.stored import as_name

    labels = fields.get("labels")
    words = labels.tolist() if isinstance(labels, np.ndarray) else labels
    found = list(class_names(scores.columns, words if isinstance(words, list) else ()))
    known = fields.setdefault("classes", found) if found else found
    if known is found:
        sources["classes"] = scores.source
    elif isinstance(known, list) and found != known and sorted(found) == sorted(map(str, known)):
        said = f"{scores.source} has the columns {', '.join(found)}, but classes are {', '.join(known)}"
        raise WceError(Problem(said, f"say in which order they are meant: --classes {','.join(map(as_name, known))}"))
