"""How a function is called: its parameters matched by their usual names, or as a template says.

A template is a call in Python's notation, `f(logits, labels, weight=weight)`. It is parsed and read, never
evaluated: the only things in it are calls, the names of `ROLES`, and literals.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.questions.audit.child.roles import LABELS, ROLES, SCORES, guess, has_weight, role_of, roles_of


class Argument(Struct, frozen=True):
    """One thing that is handed over: what a role stands for, or a constant."""

    keyword: str | None
    """None: by position."""
    role: str | None
    constant: Any = None
    name: str = ""
    """The parameter that takes it; empty in a template."""


class Call(Struct, frozen=True):
    """How a function is called; a class is made first."""

    arguments: tuple[Argument, ...]
    make: tuple[Argument, ...] | None = None
    """Not None: a class, and what it is made with."""
    optional: frozenset[str] = frozenset()
    """Roles that may be left out."""
    guessed: str = ""
    """What was taken for what, where no usual name said so."""

    @property
    def roles(self) -> set[str]:
        """All that is handed over."""
        return {one.role for one in (*self.arguments, *(self.make or ())) if one.role is not None}

    def text(self, name: str) -> str:
        """`f(logits, labels, weight=weight)`"""
        made = "" if self.make is None else f"({_listed(self.make)})"
        return f"{name}{made}({_listed(self.arguments)})"

    def run(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """Call it; a role that has no value is left out."""
        return self.once_made(self.made(function, values), values)

    def made(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Callable[..., Any]:
        """What is called: a function itself, of a class an instance."""
        return function if self.make is None else _called(function, self.make, values)

    def once_made(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """Call what was made."""
        return _called(function, self.arguments, values)

    @property
    def scores_name(self) -> str:
        """The parameter that takes the scores; empty where a template says how it is called."""
        return next((one.name for one in self.arguments if one.role in SCORES), "")

    @property
    def lists(self) -> dict[str, list[float]]:
        """The constants that are lists of numbers, by keyword."""
        handed = (*self.arguments, *(self.make or ()))
        return {
            one.keyword: one.constant
            for one in handed
            if one.keyword and isinstance(one.constant, list) and all(isinstance(x, int | float) for x in one.constant)
        }

    def name_of(self, role: str) -> str:
        """The parameter that takes a role; where it goes by position, the role itself."""
        handed = (*self.arguments, *(self.make or ()))
        return next((one.keyword for one in handed if one.role == role and one.keyword), role)


def _listed(arguments: tuple[Argument, ...]) -> str:
    def written(one: Argument) -> str:
        value = one.role if one.role is not None else repr(one.constant)
        return f"{one.keyword}={value}" if one.keyword else str(value)

    return ", ".join(map(written, arguments))


def _called(function: Callable[..., Any], arguments: tuple[Argument, ...], values: Mapping[str, Any]) -> Any:
    """The call, with what the roles stand for; `weight=` is what stands in place of a constant of that keyword."""
    given = [
        (one.keyword, values.get(f"{one.keyword}=", one.constant) if one.role is None else values[one.role])
        for one in arguments
        if one.role is None or one.role in values
    ]
    return function(*(value for keyword, value in given if not keyword), **{k: v for k, v in given if k})


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


STAND_INS = ("f", "Loss")
"""What a template may call the function or class by, whatever its name."""


def template(text: str, is_class: bool, names: Sequence[str] = ()) -> Call:
    """The call that a template describes, of a function or a class that goes by `names`."""
    call = check_template(text)
    head = _head(text)
    if names and head not in (*names, *STAND_INS):
        hint = f"--call '{text.strip().replace(head, names[0], 1)}'"
        raise WceError(Problem(f"--call {text!r} calls {head}, not {names[0]}", hint))
    if is_class and call.make is None:
        raise _refused(text, "calls a class as a function: write Loss(weight=weight)(logits, labels)")
    if call.make is not None and not is_class:
        raise _refused(text, "calls twice, but this is no class")
    return call


def check_template(text: str) -> Call:
    """The call that a template describes; WceError where it is anything else than a call of names and literals."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _refused(text, "is no call") from None
    if not isinstance(node, ast.Call):
        raise _refused(text, "is no call")
    make = None
    if isinstance(node.func, ast.Call):
        make = _arguments(node.func, text)
        if not isinstance(node.func.func, ast.Name):
            raise _refused(text, "calls something else than a name")
    elif not isinstance(node.func, ast.Name):
        raise _refused(text, "calls something else than a name")
    call = Call(_arguments(node, text), make)
    if not call.roles & set(SCORES) or not call.roles & set(LABELS):
        raise _refused(text, "hands over no scores or no labels")
    return call


def _head(text: str) -> str:
    """The name that a template calls."""
    node: ast.AST = ast.parse(text.strip(), mode="eval").body
    while isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else ""


def _arguments(node: ast.Call, text: str) -> tuple[Argument, ...]:
    made = []
    for keyword, value in [(None, arg) for arg in node.args] + [(one.arg, one.value) for one in node.keywords]:
        if isinstance(value, ast.Starred) or (keyword is None and value not in node.args):
            raise _refused(text, "unpacks with *")
        if isinstance(value, ast.Name):
            if value.id not in ROLES:
                hint = did_you_mean(value.id, ROLES)
                raise WceError(Problem(f"--call hands over {value.id}, which wce does not know", hint))
            made.append(Argument(keyword, value.id))
            continue
        try:
            made.append(Argument(keyword, None, ast.literal_eval(value)))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            raise _refused(text, "holds more than names and constants") from None
    return tuple(made)


def _refused(text: str, why: str) -> WceError:
    hint = f"--call 'f(logits, labels, weight=weight)'; names: {', '.join(ROLES)}"
    return WceError(Problem(f"--call {text!r} {why}", hint))
