"""What the settings of a known criterion say of a batch: the fields that they are, and the reduction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_cli.criteria.objects import ObjectCall
from wce_cli.criteria.known import KnownCriterion, Means
from wce_cli.fields import DEFAULTS, SCORE_KINDS
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.spec import Criterion


def fields_of(call: ObjectCall) -> dict[str, Any]:
    """The fields of the batch that a criterion was called with: the arrays, and settings that are not what they are
    anyway.
    """
    said, found = call.said, dict[str, Any]()
    if "scores" in said:
        found[scores_of(call)] = said["scores"]
    for field in ("labels", "weight", "sample_weight", "ignore_index", "label_smoothing"):
        value = said.get(field)
        if value is not None and (hasattr(value, "shape") or value != DEFAULTS[field]):
            found[field] = value
    return found


def criterion_of(call: ObjectCall) -> Criterion | None:
    """The criterion as a spec has it; None of somebody's own that comes from none that is known."""
    known, fields = call.kind.known, fields_of(call)
    if known is None:
        return None
    numbers = {field: value for field, value in fields.items() if field not in (*SCORE_KINDS, "labels")}
    weighs = tuple(one.means for one in known.parameters().values() if one.means in ("weight", "sample_weight"))
    return Criterion(call.text, known.name, reduction_of(known, call.said), scores_of(call), numbers, weighs)


def scores_of(call: ObjectCall) -> ScoreKind:
    """The kind of scores that a criterion takes; logits, where nobody knows."""
    if call.said.get("from_logits"):
        return "logits"
    return "logits" if call.kind.known is None else call.kind.known.scores


def reduction_of(known: KnownCriterion, said: Mapping[Means, Any]) -> str:
    """The reduction in the framework's words, after PyTorch's older settings, which outdo the new one."""
    size_average, reduce = said.get("size_average"), said.get("reduce")
    if size_average is not None or reduce is not None:
        return "none" if reduce is False else "sum" if size_average is False else "mean"
    return str(said.get("reduction", known.reduction)).lower()


def pair_of(criterion: Criterion, known: KnownCriterion, *, is_soft: bool, ignores: bool) -> str | None:
    """The METHOD or METHOD/PLACEMENT of a reduction; None where that is one number a sample, or nobody knows."""
    pairs = known.pairs.get(criterion.reduction)
    if pairs is None:
        return None
    return pairs.soft if is_soft else (pairs.ignoring if ignores and pairs.ignoring else pairs.index)
