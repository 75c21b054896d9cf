"""A batch as it is handed over in Python: built once, `f(batch)`, by position, `f(x, y)`, with the loss before it,
`f(criterion, x, y)`, and by the names that other libraries have for its fields, `f(y_true=y, ...)`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from wce_cli.batches.batch import Batch
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.fields import DEFAULTS, FIELDS, SCORE_KINDS, TYPES, field_of
from wce_cli.questions.given_batch import GivenBatch, built, by_name, replaced

F = TypeVar("F", bound=Callable[..., Any])


def shows_fields(function: F) -> F:
    """The function, whose signature and docstring list the fields of a batch, which it takes as `**batch`."""
    signature = inspect.signature(function, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    fields = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS[name], annotation=TYPES[name])
        for name in FIELDS
        if name not in signature.parameters
    ]
    vars(function)["__signature__"] = signature.replace(parameters=[*own, *fields])
    listed = [f"    {name:<16} {field.help}{field.given}" for name, field in FIELDS.items()]
    function.__doc__ = "\n".join([inspect.cleandoc(function.__doc__ or ""), "", "The fields of a batch:", "", *listed])
    return function


def batch_of(function: str, arrays: tuple[Any, ...], fields: Mapping[str, Any]) -> Batch:
    """The batch that a function was called with, by position and by name. Raises WceError with all problems."""
    return given_batch(function, arrays, fields).batch


def given_batch(function: str, arrays: tuple[Any, ...], fields: Mapping[str, Any]) -> GivenBatch:
    """The same, with what it was made of. A batch that was built once is itself, unless fields are to be replaced."""
    named = by_name(function, fields)
    if any(isinstance(one, GivenBatch) for one in arrays):
        if len(arrays) > 1:
            hint = "a field takes the place of the batch's own by its name: labels=, weight="
            raise WceError(Problem(f"{function} takes a batch or arrays, and got both", hint))
        (whole,) = arrays
        return replaced(named, whole.fields, whole.sources, whole.half_units) if named else whole
    for field, value in by_position(function, arrays, named.get("criterion")).items():
        if named.get(field) is not None:
            raise WceError(Problem(f"{field} is given twice, by position and by name", "leave one of them out"))
        named[field] = value
    return built(named)


def with_criterion(
    function: str, given: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """What a function was called with, by position and by name, a criterion and all that it takes of both made one
    batch, which stands where the criterion stood.

    Raises WceError with all problems.
    """
    at = next((at for at, one in enumerate(given) if callable(one) and not hasattr(one, "shape")), len(given))
    criterion, arrays = named.get("criterion"), given[at + 1 :]
    if at < len(given):
        if criterion is not None:
            raise WceError(Problem("criterion is given twice, by position and by name", "leave one of them out"))
        criterion = given[at]
    elif not callable(criterion):  # none, or a line of code
        return given, named
    elif given and not any(field_of(name, FIELDS) in SCORE_KINDS for name in named):
        hint = f"{function}(criterion, x, y), or logits= and labels= beside criterion="
        raise WceError(Problem("criterion is given by name, and arrays by position", hint))
    from wce_cli.questions.held_batch import held_batch  # few hold one

    beside = {name: value for name, value in named.items() if name != "criterion"}
    return (*given[:at], held_batch(function, criterion, arrays, beside)), {}


def apart(arguments: tuple[Any, ...], begins: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The arguments by position that are the function's own, and those that are the batch: a built one wherever it
    stands, else all behind the first `begins`.
    """
    at = next((at for at, one in enumerate(arguments) if isinstance(one, GivenBatch)), None)
    if at is None:
        return arguments[:begins], arguments[begins:]
    return (*arguments[:at], *arguments[at + 1 :]), (arguments[at],)


def own_one(function: str, name: str, own: tuple[Any, ...], named: Any) -> Any:
    """The one argument of a function that stands by position or by name. Raises WceError if it is given twice."""
    if len(own) + (named is not None) > 1:
        raise WceError(Problem(f"{function} takes one {name}, and got {len(own) + (named is not None)}"))
    return own[0] if own else named


def by_position(name: str, arrays: tuple[Any, ...], criterion: Any = None) -> dict[str, Any]:
    """The fields of (), (scores,) or (scores, labels), with which the function `name` was called: logits, or what a
    line of code takes that is the `criterion`. Raises WceError for anything else.
    """
    if not arrays:
        return {}
    first, *rest = arrays
    if isinstance(first, (str, bytes, os.PathLike)):
        hint = "batch(FILE) reads a file of one batch, for every function: explain(batch), split(batch, 4)"
        if isinstance(first, str) and "(" in first:
            hint = f"a criterion as text is criterion={as_written(first)}, beside logits= and labels="
        raise WceError(Problem(f"{name} takes arrays, and got the name {as_written(str(first))}", hint))
    if isinstance(first, Mapping) and not rest:
        return by_name(name, first)
    if len(arrays) > 2:
        hint = "weight= is one number a class, sample_weight= one a sample"
        raise WceError(Problem(f"{name} takes scores and labels by position, and got {len(arrays)} arrays", hint))
    kind = "logits"
    if isinstance(criterion, str):
        from wce_cli.criteria.read import read

        kind = read(criterion).scores
    return dict(zip((kind, "labels"), arrays, strict=False))


def is_array(value: Any) -> bool:
    """Whether a value is an array of numbers, and not several of them: a tensor, or a list of numbers or of lists."""
    return hasattr(value, "shape") or (
        isinstance(value, list) and isinstance(next(iter(value), None), (int, float, list))
    )
