"""The arguments of a call by the parameters that they are for, as Python binds them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from wce_cli.criteria.known import KNOWN, KnownCriterion, Parameter
from wce_cli.criteria.parsed import FIELD
from wce_cli.errors import Problem, WceError, counted, did_you_mean

Bound = dict[Parameter, ast.expr]
"""By parameter: the expression that stands for it."""


def bound(row: KnownCriterion, parameters: Sequence[Parameter], calls: Sequence[ast.Call]) -> Bound:
    """What each parameter is in some calls, of which the last was made last: partial(f, weight=w), then f(x, y).

    Raises WceError for what the framework itself refuses: too many arguments, a keyword that there is not.
    """
    found: Bound = {}
    by_name = {one.name: one for one in parameters}
    free = [one for one in parameters if not one.by_name_only]
    for call in calls:
        arguments = [one for one in call.args if not isinstance(one, ast.Starred)]
        if len(arguments) > len(free):
            most = counted(len(free), "argument", "arguments")
            raise _refused(f"{row.name} takes {most} by position, and got {len(arguments)}", _order(parameters))
        positional = dict(zip(free, arguments, strict=False))
        for keyword in call.keywords:
            if keyword.arg is None:
                continue
            parameter = by_name.get(keyword.arg)
            if parameter is None:
                raise _refused(f"{row.name} has no keyword {keyword.arg}", _instead(row, keyword.arg, by_name))
            if parameter in positional:
                raise _refused(f"{row.name} got {keyword.arg} twice")
            positional[parameter] = keyword.value
        found |= positional
    return found


def spread(calls: Sequence[ast.Call]) -> str:
    """`**options`, where a call takes some of its arguments from elsewhere; else empty."""
    for call in calls:
        for one in call.args:
            if isinstance(one, ast.Starred):
                return ast.unparse(one)
        for keyword in call.keywords:
            if keyword.arg is None:
                return f"**{ast.unparse(keyword.value)}"
    return ""


def _instead(row: KnownCriterion, name: str, known: dict[str, Parameter]) -> str:
    """What was probably meant by a keyword."""
    close = did_you_mean(name, known, 0)
    others = [one.name for one in KNOWN.values() if one.framework == row.framework and name in one.parameters()]
    return close or (f"{others[0]} has it" if others else _order(tuple(known.values())))


def _order(parameters: Sequence[Parameter]) -> str:
    return f"it takes {', '.join(one.name for one in parameters)}"


def _refused(message: str, hint: str = "") -> WceError:
    return WceError(Problem(f"criterion: {message}", hint, FIELD))
