"""The call of a function as a template says, `f(logits, labels, weight=weight)`.

It is a call in Python's notation, which is parsed and read, never evaluated: the only things in it are calls, the names
of `ROLES`, and literals.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.questions.audit.child.call import Argument, Call
from wce_cli.questions.audit.child.roles import LABELS, ROLES, SCORES

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
