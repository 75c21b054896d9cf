"""What the settings of a known criterion say of a batch: the fields that they are, and the reduction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_cli.criteria.known import older_reduction
from wce_cli.criteria.object_arrays import arranged
from wce_cli.criteria.objects import ObjectCall
from wce_cli.criteria.settings import FIELDS_SET, MASKED
from wce_cli.errors import as_written
from wce_cli.fields import DEFAULTS
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.spec import Criterion

OWN = "it is a class of your own, and was not called"
"""Why nobody knows what a subclass of a known loss returns; what begins with it says that of a loss that was."""


def fields_of(call: ObjectCall) -> dict[str, Any]:
    """The fields of the batch that a criterion was called with: the arrays, and settings that are not what they are
    anyway.
    """
    said, found = call.said, dict[str, Any]()
    if "scores" in said:
        found[scores_of(call)] = _logits_of(said["scores"])
    for field in ("labels", *FIELDS_SET):
        value = said.get(field)
        if value is not None and (hasattr(value, "shape") or value != DEFAULTS[field]):
            found[field] = value
    return found if call.kind.known is None else arranged(call.kind.known, said, found, scores_of(call))


def _logits_of(output: Any) -> Any:
    """The logits of what a model returned, where that holds more than them; scores as they are."""
    if isinstance(output, Mapping):
        return output.get("logits", output)
    return output if hasattr(output, "shape") else getattr(output, "logits", output)


def criterion_of(call: ObjectCall) -> Criterion | None:
    """The criterion as a spec has it; None of somebody's own that comes from none that is known."""
    known = call.kind.known
    if known is None:
        return None
    fields = {field: value for field, value in fields_of(call).items() if field in FIELDS_SET}
    reduction = older_reduction(call.said) or call.said.get("reduction", known.reduction)
    reduction = bool(reduction) if isinstance(reduction, np.bool_) else reduction
    if not known.has(reduction):
        said, reduction = f"{as_written(reduction)} is no reduction of {known.name}", known.reduction
    else:
        said = MASKED if call.said.get("mask") is not None else ""
    return Criterion(
        call.text,
        known.name,
        reduction,
        scores_of(call),
        fields=fields,
        takes=tuple(fields),
        lists_classes=call.said.get("class_list") is not None,
        reason=f"{OWN if call.kind.is_own else ''}{said}",
    )


def scores_of(call: ObjectCall) -> ScoreKind:
    """The kind of scores that a criterion takes; logits, where nobody knows."""
    if call.said.get("from_logits"):
        return "logits"
    return "logits" if call.kind.known is None else call.kind.known.scores
