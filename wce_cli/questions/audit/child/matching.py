"""The call of a function whose parameters are matched by their usual names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.questions.audit.child.call import Argument, Call
from wce_cli.questions.audit.child.roles import LABELS, SCORES, guess, has_weight, role_of, roles_of


def matched(target: Any, name: str, constants: Mapping[str, Any]) -> Call:
    """The call of a function or class by the names of its parameters; `constants` are handed over as they are."""
    if not inspect.isclass(target):
        function = target if inspect.isroutine(target) else _called_method(target)
        without: set[str | None] = (
            {"weight"} if has_weight(target) else set()
        )  # what else is called weight is one a sample
        arguments, optional, guessed = _of(function, name, constants, needs_batch=True, without=without)
        return Call(arguments, None, optional, guessed)
    method = _called_method(target)
    make, optional, _ = _of(target, name, constants, needs_batch=False, of_class=True)
    taken = {one.role or role_of(one.keyword or "") for one in make}
    arguments, more, guessed = _of(method, name, {}, needs_batch=True, skip_self=True, of_class=True, without=taken)
    return Call(arguments, make, optional | more, guessed)


def _called_method(target: Any) -> Callable[..., Any]:
    """What a call of an object comes to: an nn.Module's own `forward`, where its class has no `__call__` of its own."""
    kind = target if inspect.isclass(target) else type(target)
    forward = getattr(target, "forward", None)
    is_missing = getattr(forward, "__name__", "") == "_forward_unimplemented"
    call: Callable[..., Any] = kind.__call__ if inspect.isclass(target) else target
    return call if forward is None or is_missing else forward


def _of(
    function: Callable[..., Any],
    name: str,
    constants: Mapping[str, Any],
    *,
    needs_batch: bool,
    skip_self: bool = False,
    of_class: bool = False,
    without: set[str | None] | None = None,
) -> tuple[tuple[Argument, ...], frozenset[str], str]:
    """The arguments of one call, those roles that may be left out, and what was guessed."""
    hint = _template_hint(name, of_class)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise WceError(Problem(f"the parameters of {name} cannot be read", hint)) from None
    parameters = [p for p in signature.parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if isinstance(function, functools.partial):  # what it was made with is its own
        parameters = [p for p in parameters if p.name not in function.keywords]
    if skip_self:
        parameters = parameters[1:]
    keywords = any(p.kind == p.VAR_KEYWORD for p in signature.parameters.values())
    unknown = [key for key in constants if key not in signature.parameters and not keywords]
    if unknown:
        near = did_you_mean(unknown[0], [p.name for p in parameters])
        raise WceError(Problem(f"{name} has no parameter {unknown[0]} for --kwargs", near))
    is_given = any(role_of(key) == "weight" and isinstance(value, list) for key, value in constants.items())
    roles = roles_of(parameters, constants, (without or set()) | ({"weight"} if is_given else set()))
    guessed = ""
    if needs_batch:
        guessed = guess(parameters, roles, constants)
    required = [p for p in parameters if p.default is p.empty and p.name not in roles and p.name not in constants]
    found = set(roles.values())
    if needs_batch and (not found & set(SCORES) or not found & set(LABELS)):
        what = "logits" if not found & set(SCORES) else "labels"
        listed = ", ".join(p.name for p in parameters) or "none"
        raise WceError(Problem(f"no parameter of {name} is known to take the {what} ({listed})", hint))
    if required:
        hint = f"give it: --kwargs '{{\"{required[0].name}\": {_example(required[0].name)}}}', or {hint}"
        raise WceError(Problem(f"{name} needs {required[0].name}, and no usual name says what that is", hint))
    arguments: list[Argument] = []
    for p in parameters:
        keyword = None if p.kind == p.POSITIONAL_ONLY or roles.get(p.name) in (*SCORES, *LABELS) else p.name
        if arguments and arguments[-1].keyword and keyword is None and p.kind != p.POSITIONAL_ONLY:
            keyword = p.name  # something before it goes by keyword
        if p.name in constants:
            arguments.append(Argument(keyword, None, constants[p.name]))
        elif p.name in roles:
            arguments.append(Argument(keyword, roles[p.name], name=p.name))
    arguments += [Argument(key, None, value) for key, value in constants.items() if key not in signature.parameters]
    optional = frozenset(roles[p.name] for p in parameters if p.name in roles and p.default is not p.empty)
    return tuple(arguments), optional, guessed


EXAMPLES = (
    (("smooth", "eps"), "0.1"),
    (("gamma",), "2"),
    (("alpha",), "0.25"),
    (("list", "per_cls", "per_class", "freq", "count", "num_per"), "[100, 10, 1]"),
)
"""What may stand for a parameter, by a part of its name."""


def _example(name: str) -> str:
    return next((text for parts, text in EXAMPLES if any(part in name.lower() for part in parts)), "1")


def _template_hint(name: str, is_class: bool) -> str:
    made = "(weight=weight)(logits, labels)" if is_class else "(logits, labels, weight=weight)"
    return f"say how to call it: --call '{name.rpartition('.')[2]}{made}'"
