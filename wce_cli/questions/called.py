"""A batch as it is handed over in Python: by position, `f(x, y)`, with the loss before it, `f(criterion, x, y)`, and by
the names that other libraries have for its fields, `f(y_true=y, ...)`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from wce_cli.errors import Problem, WceError, as_written
from wce_cli.fields import HINTS, by_field, hint_of
from wce_cli.loss.batch import as_keyword

P = ParamSpec("P")
R = TypeVar("R")

LOSSES = {"CrossEntropyLoss": "logits", "NLLLoss": "log_probs", "cross_entropy": "logits", "nll_loss": "log_probs"}
"""PyTorch's losses of classes, and what they take."""
SETTINGS = {"weight": None, "ignore_index": -100, "label_smoothing": 0.0}
"""What a loss of PyTorch's was made with, and what that is where nobody said."""


def takes_batch(
    begins: Callable[[tuple[Any, ...], Mapping[str, Any]], int],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function of a batch by keywords as one that takes it by position and by other names as well.

    `begins` says how many arguments by position are the function's own; those behind them are the batch.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        run: Any = function
        code = run.__code__
        own_names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]  # sweep has a smoothing of its own

        @functools.wraps(function)
        def called(*arguments: P.args, **named: P.kwargs) -> R:
            known = {name: value for name, value in named.items() if name in own_names}
            others = {name: value for name, value in named.items() if name not in own_names}
            fields = {**known, **_by_field(function.__name__, others, known)}
            own = begins(arguments, fields)
            for field, value in by_position(function.__name__, arguments[own:]).items():
                if fields.get(field) is not None:
                    raise WceError(Problem(f"{field} is given twice, by position and by name", "leave one of them out"))
                fields[field] = value
            answer: R = run(*arguments[:own], **fields)
            return answer

        return called

    return decorated


def by_position(name: str, arrays: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of (), (scores,), (scores, labels) or (criterion, scores, labels). Raises WceError for anything else;
    `name` is the function that was called.
    """
    if not arrays:
        return {}
    first, *rest = arrays
    if isinstance(first, (str, bytes, os.PathLike)):
        hint = "explain(FILE) reads a file of one batch, the other functions take arrays: logits=, labels="
        raise WceError(Problem(f"{name} takes arrays, and got the name {as_written(str(first))}", hint))
    if isinstance(first, Mapping) and not rest:
        return _by_field(name, first)
    if callable(first) and not hasattr(first, "shape"):
        return {**_settings(name, first), **dict(zip((_scores_of(name, first), "labels"), rest, strict=False))}
    if len(arrays) > 2:
        hint = "weight= is one number a class, sample_weight= one a sample"
        raise WceError(Problem(f"{name} takes scores and labels by position, and got {len(arrays)} arrays", hint))
    return dict(zip(("logits", "labels"), arrays, strict=False))


def is_array(value: Any) -> bool:
    """Whether a value is an array of numbers, and not several of them: a tensor, or a list of numbers or of lists."""
    return hasattr(value, "shape") or (
        isinstance(value, list) and isinstance(next(iter(value), None), (int, float, list))
    )


def _by_field(function: str, named: Mapping[str, Any], beside: Iterable[str] = ()) -> dict[str, Any]:
    """Values by the field that each name means; `beside` are fields that are given already. Raises WceError for two
    names that mean the same, and where a hint is known.
    """
    given = [name for name, value in named.items() if value is not None]
    names, problems = by_field([*beside, *given], as_keyword)
    problems += [Problem(f"{function} has no {name}=", hint_of(name, as_keyword)) for name in given if name in HINTS]
    if problems:
        raise WceError(problems)
    return {field: named[name] for field, name in names.items() if name in named}


def _scores_of(function: str, criterion: Any) -> str:
    """What a loss of PyTorch's takes. Raises WceError for any other function, which is not called here."""
    kind = criterion if hasattr(criterion, "__qualname__") and not isinstance(criterion, type) else type(criterion)
    if str(kind.__module__).startswith("torch.nn.") and kind.__name__ in LOSSES:
        return LOSSES[kind.__name__]
    name = getattr(criterion, "__name__", type(criterion).__name__)
    hint = "give the batch, logits=x, labels=y; audit('file.py:name') says what a function of your own computes"
    raise WceError(Problem(f"{function} calls no function, and got {name}", hint))


def _settings(function: str, criterion: Any) -> dict[str, Any]:
    """What a loss was made with, as far as it is not what it is anyway."""
    _scores_of(function, criterion)
    found = {field: getattr(criterion, field, usual) for field, usual in SETTINGS.items()}
    return {field: value for field, value in found.items() if hasattr(value, "shape") or value != SETTINGS[field]}
