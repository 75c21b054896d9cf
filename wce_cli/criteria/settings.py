"""A criterion that was found in code → what it says of a batch: its settings, by what they mean here."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.criteria.arrays import array_of
from wce_cli.criteria.bound import Bound, bound, spread
from wce_cli.criteria.held import Held
from wce_cli.criteria.known import KNOWN, KnownCriterion, Parameter, older_reduction
from wce_cli.criteria.parsed import FIELD
from wce_cli.criteria.values import NotSaid, value_of
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.loss.readings import ScoreKind
from wce_cli.loss.spec import ArrayTaken, Criterion

FIELDS_SET = ("weight", "sample_weight", "ignore_index", "label_smoothing")
"""The fields of ours that a criterion has settings for."""
MASKED = "its where leaves out what it masks"


class _Settings(Struct):
    """The settings of a criterion by what they mean."""

    said: dict[str, Any] = {}
    unsaid: dict[str, str] = {}
    """Those whose value is somewhere else, as they are written."""
    notes: list[str] = []


def criterion_from(one: Held, names: Mapping[str, Any]) -> Criterion:
    """What a criterion that was found says of a batch; `names`: the values that were assigned before."""
    row, arguments = one.row, _arguments(one)
    settings = _settings(row, arguments, names)
    if one.called is None and row.compiled:
        row = KNOWN[row.compiled]
    fields = {field: settings.said[field] for field in FIELDS_SET if settings.said.get(field) is not None}
    unsaid = {field: settings.unsaid[field] for field in FIELDS_SET if field in settings.unsaid}
    for factor in one.times:
        unsaid["weight" if isinstance(factor, ast.Subscript) else "sample_weight"] = ast.unparse(factor)
    reduction = _reduction(row, settings)
    if one.changed:
        settings.notes.append(f"the code makes another number of what the criterion returns: {one.changed}")
    return Criterion(
        text=" ".join(ast.unparse(one.node).split()),
        name=row.name,
        reduction=reduction,
        scores=_scores(row, settings),
        adds=one.adds,
        fields=fields,
        unsaid=unsaid,
        takes=tuple(field for field in FIELDS_SET if field in fields or field in unsaid),
        weighs_by_hand=any(isinstance(factor, ast.Subscript) for factor in one.times),
        is_called=one.called is not None,
        arrays=tuple(
            _taken(parameter.means, node, one) for parameter, node in arguments.items() if _is_array(parameter)
        ),
        lists_classes="class_list" in (settings.said.keys() | settings.unsaid.keys()),
        given=_given(row, arguments, fields.get("weight")),
        reason=_reason(one, row, settings, reduction, arguments),
        notes=tuple(settings.notes),
    )


def _is_array(parameter: Parameter) -> bool:
    return parameter.means in ("scores", "labels")


def _taken(place: str, node: ast.expr, one: Held) -> ArrayTaken:
    """What stands in the place of the scores, or of the labels."""
    array = array_of(node, one.arrays or {})
    return ArrayTaken(place, array.text, array.name, array.steps)


def _arguments(one: Held) -> Bound:
    """Every argument that the criterion is made and called with, by its parameter."""
    row, calls = one.row, [*one.partials, *([one.called] if one.called else [])]
    if row.is_function:
        return bound(row, row.called, calls)
    made = bound(row, row.made, [one.made] if one.made else [])
    _refuse_arrays(one, made)
    return made | bound(row, row.called, calls)


def _refuse_arrays(one: Held, made: Bound) -> None:
    """Refuse `nn.CrossEntropyLoss(outputs, labels)`, which makes a criterion of two arrays, and calls none."""
    call = one.made
    if call is None or one.called is not None or len(call.args) != 2 or call.keywords:
        return
    if all(isinstance(argument, (ast.Name, ast.Attribute, ast.Call)) for argument in call.args):
        arrays = ", ".join(map(ast.unparse, call.args))
        name = ast.unparse(call.func)
        said = f"criterion: {name}({arrays}) makes a criterion whose {' and '.join(p.name for p in made)} they are"
        raise WceError(Problem(said, f"call what it makes: {name}()({arrays})", FIELD))


def _settings(row: KnownCriterion, arguments: Bound, names: Mapping[str, Any]) -> _Settings:
    """The value of every argument that is no array of the batch. Raises WceError for one that cannot be."""
    found = _Settings({}, {}, [])
    for parameter, node in arguments.items():
        if _is_array(parameter):
            continue
        try:
            value = value_of(node, names)
        except NotSaid:
            found.unsaid[parameter.means or parameter.name] = ast.unparse(node)
            continue
        if parameter.means in FIELDS_SET:
            _refuse_value(row, parameter.name, value, parameter.default)
        is_idle = parameter.means in ("", "axis") or (parameter.means in ("size_average", "reduce") and value is None)
        if is_idle and (parameter.means != "axis" or value == parameter.default):
            found.notes.append(f"{parameter.name}={ast.unparse(node)} changes nothing in {row.name}")
        found.said[parameter.means or parameter.name] = value
    return found


def _refuse_value(row: KnownCriterion, name: str, value: Any, default: Any) -> None:
    """Refuse a setting that is no number, and no numbers."""
    if isinstance(value, str) or (value is None and default is not None):
        hint = "--weight balanced counts the labels" if value == "balanced" else ""
        raise WceError(Problem(f"criterion: {name} of {row.name} is {value!r}, expected numbers", hint, FIELD))


def _reduction(row: KnownCriterion, settings: _Settings) -> Any:
    """The reduction, which PyTorch's older size_average and reduce override. Raises WceError if it is none."""
    found = older_reduction(settings.said)
    if found is not None:
        if settings.said.get("reduction", row.reduction) not in (found, row.reduction):
            settings.notes.append(f"size_average and reduce override the reduction: it is {found}")
        return found
    found = settings.said.get("reduction", row.reduction)
    if not row.has(found):
        listed = ", ".join(map(repr, row.reductions))
        said = f"criterion: {as_written(found)} is no reduction of {row.name}"
        raise WceError(Problem(said, f"it has {listed}", FIELD))
    return found


def _scores(row: KnownCriterion, settings: _Settings) -> ScoreKind:
    return "logits" if settings.said.get("from_logits") else row.scores


def _given(row: KnownCriterion, arguments: Bound, weight: Any) -> str:
    """What PyTorch must be given in the place of what is written: it takes a weight as a tensor of floats."""
    if weight is None or row.package != "torch":
        return ""
    node = next(node for parameter, node in arguments.items() if parameter.means == "weight")
    is_floats = isinstance(weight, np.ndarray) and weight.dtype.kind == "f"
    is_array = isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.array", "numpy.array", "np.asarray")
    return "" if is_floats and not is_array else "with its weight as a float tensor"


def _reason(one: Held, row: KnownCriterion, settings: _Settings, reduction: Any, arguments: Bound) -> str:
    """Why nothing is sure of what it returns, whatever the batch; empty where something is."""
    spreads = spread([call for call in (*one.partials, one.made, one.called) if call is not None])
    if one.unsure:
        return one.unsure
    if spreads:
        return f"what {spreads} holds is not in the line"
    for name in ("reduction", "from_logits", "size_average", "reduce", "mask"):
        if name in settings.unsaid:
            return (
                f"its {name if name != 'mask' else 'where'} is {settings.unsaid[name]}, whose value is not in the line"
            )
    if settings.said.get("mask") is not None:
        return MASKED
    if one.times and row.reductions[reduction] is not None:
        return f"the line multiplies its one number by {' * '.join(map(ast.unparse, one.times))}"
    is_weighed_twice = any(parameter.means == "weight" for parameter in arguments)
    if one.adds == "average" and is_weighed_twice:
        return "it weighs by class and sample, and divides by the weights of the samples alone"
    if is_weighed_twice and any(isinstance(factor, ast.Subscript) for factor in one.times):
        return "it weighs by class twice"
    return ""
