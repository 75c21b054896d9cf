"""A piece of code as its statements, parsed and never run."""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from wce_cli.criteria.values import dotted
from wce_cli.errors import Problem, WceError, as_written

LONGEST = 1 << 20
"""Characters: a weight of a hundred thousand classes, and no file."""
MOST_LINES = 200
DEEPEST = 60
"""Brackets within brackets: nobody writes so many, and every step down is one of Python's own stack."""
FIELD = "criterion"
INSTEAD = "write nn.CrossEntropyLoss(), or the line that you have"


class Line(Struct, frozen=True):
    """An expression, and the names that it is assigned to."""

    names: tuple[str, ...]
    value: ast.expr | None
    """None where the names stand for something that is not looked into: a part of them was assigned, or a loop does."""
    in_branch: bool = False
    """Whether it may not be run: it stands below an if, or a try."""
    asks: str = ""
    """The name whose method it calls for no value, which may change what that stands for: `w.sort()`."""


class Code(Struct, frozen=True):
    """What stands in a piece of code."""

    lines: tuple[Line, ...]
    """What is computed, in order, inside other statements too."""
    imports: Mapping[str, str]
    """By name in the code: the module, or what of it, that it was imported as."""


def parsed(text: str) -> Code:
    """The statements of a text. Raises WceError if it is no Python."""
    if len(text) > LONGEST:
        said = f"criterion has {len(text)} characters, more than the {LONGEST} of a few lines of code"
        raise WceError(Problem(said, "give the weight as --weight @FILE", FIELD))
    lines: list[Line] = []
    imports: dict[str, str] = {}
    for statement, in_branch in _statements(_tree(text)):
        lines += (structs.replace(line, in_branch=in_branch) for line in _lines(statement))
        if isinstance(statement, ast.Import):
            imports |= {one.asname: one.name for one in statement.names if one.asname}
        elif isinstance(statement, ast.ImportFrom):
            imports |= {one.asname or one.name: f"{statement.module}.{one.name}" for one in statement.names}
    if len(lines) > MOST_LINES:
        said = f"criterion has {len(lines)} statements, more than {MOST_LINES}"
        raise WceError(Problem(said, "give the line with the loss, and those that it needs", FIELD))
    return Code(tuple(lines), imports)


def _lines(statement: ast.stmt) -> Iterator[Line]:
    """What a statement computes, and which names stand for something else behind it."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            whole = tuple(filter(None, map(dotted, targets)))
            yield Line(whole, value)
            yield from _forgotten([one for one in targets if not dotted(one)])
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield Line((dotted(target),), value)
        case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
            asks = ""
            if (
                isinstance(statement, ast.Expr)
                and isinstance(value, ast.Call)
                and isinstance(value.func, ast.Attribute)
            ):
                asks = dotted(value.func.value)
            yield Line((), value, asks=asks)
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr[-1:] == "_":
                yield Line((dotted(value.func.value),), None)  # w.mul_(2)
        case ast.AugAssign(target=target, op=op, value=value):
            yield Line((dotted(target),), ast.BinOp(target, op, value))
            yield from _forgotten([] if dotted(target) else [target])
        case ast.For(target=target):
            yield from _forgotten([target])


def _forgotten(targets: Sequence[ast.expr]) -> Iterator[Line]:
    """The names of which a part is assigned, or that stand among others: `w[0] = 5`, `w, v = …`."""
    for target in targets:
        inner = target.value if isinstance(target, ast.Subscript) else target
        names = [dotted(one) for one in ast.walk(inner) if isinstance(one, (ast.Name, ast.Attribute))]
        yield Line(tuple(filter(None, names)), None)


def _tree(text: str) -> ast.Module:
    """The text parsed: as it stands, else each line without what it is indented by."""
    cleaned = textwrap.dedent(text).strip()
    if not cleaned:
        raise WceError(Problem("criterion is empty", INSTEAD, FIELD))
    try:
        try:
            tree = _ast(cleaned)
        except IndentationError:
            tree = _ast("\n".join(map(str.strip, cleaned.splitlines())))
    except (RecursionError, MemoryError) as error:
        raise too_deep() from error
    except (SyntaxError, ValueError) as error:
        raise WceError(Problem(f"criterion is no Python: {as_written(text)}", _why(error), FIELD)) from error
    if _depth(tree) > DEEPEST:
        raise too_deep()
    return tree


def _why(error: SyntaxError | ValueError) -> str:
    """What Python says is wrong, where it says more than that something is."""
    if not isinstance(error, SyntaxError):
        return "it holds characters that no code has"
    line = f", line {error.lineno}" if error.lineno and error.lineno > 1 else ""
    return INSTEAD if error.msg.startswith("invalid syntax") else f"{error.msg.partition(' (')[0]}{line}"


def too_deep() -> WceError:
    """The error of brackets within brackets within brackets."""
    return WceError(Problem("criterion is nested too deep for a line of code", field=FIELD))


def _ast(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a backslash in a text
        return ast.parse(text)


def _depth(tree: ast.Module) -> int:
    """How many nodes lie within each other at most."""
    level: list[ast.AST] = [tree]
    depth = 0
    while level and depth <= DEEPEST:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def _statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements in order, those of loops, functions and classes where they stand; and whether each may not be
    run.
    """
    waiting = [(statement, False) for statement in reversed(tree.body)]
    while waiting:
        statement, in_branch = waiting.pop()
        yield statement, in_branch
        in_branch = in_branch or isinstance(statement, (ast.If, ast.Try))
        inner = [one for name in ("body", "orelse") for one in getattr(statement, name, ())]
        waiting += [(one, in_branch) for one in reversed(inner)]
