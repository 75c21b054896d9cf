"""An expression → the criterion that it is, or that it makes a number of, and what is done with that number."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from wce_cli.criteria.arrays import Arrays
from wce_cli.criteria.known import KNOWN, KnownCriterion
from wce_cli.criteria.values import dotted

UNCHANGED = (
    *("to", "cuda", "cpu", "item", "backward", "detach", "numpy", "tolist", "eval", "train", "requires_grad_"),
    *("float", "double", "half", "clone", "print", "block_until_ready", "append", "log", "scale"),
)
"""Methods and functions that hand on the criterion, or its number, as it is."""
OVER_SAMPLES = {
    **dict.fromkeys(("mean", "reduce_mean", "average"), "mean"),
    **dict.fromkeys(("sum", "reduce_sum"), "sum"),
}
"""Methods and functions that make one number of one a sample: torch.mean, tf.reduce_sum, jnp.average."""
WRAPPERS = ("partial", "functools.partial", "jit", "jax.jit", "torch.compile")
KEYWORDS = ("loss", "criterion", "loss_fn")
"""By which a loss is handed over: model.compile(loss=…)."""


class Held(Struct, frozen=True):
    """A criterion found in code, and what is done around it."""

    row: KnownCriterion
    home: str
    """What stands before its name."""
    node: ast.expr
    """All of it, with what its names stand for in their place."""
    made: ast.Call | None = None
    """The call with its settings, of a class."""
    partials: tuple[ast.Call, ...] = ()
    called: ast.Call | None = None
    """The call with the arrays; that of a function has its settings, too."""
    adds: str = ""
    """How what it returns is added up: mean, sum, or average by what each is multiplied with."""
    times: tuple[ast.expr, ...] = ()
    """By what each sample's is multiplied before that: s, w[y]."""
    changed: str = ""
    """What else is done with its number, as it is written."""
    values: Mapping[str, Any] | None = None
    """What names stood for where it was made; None before."""
    unsure: str = ""
    """Why nothing is sure of it: what the code does to it afterwards, or instead of it."""
    arrays: Arrays | None = None
    """The arrays that had a name where it was called; None before."""

    def put(self, node: ast.expr, inner: ast.expr) -> Held:
        """The same within another expression, of which it is the part `inner`."""
        return structs.replace(self, node=_replaced(node, inner, self.node))

    def altered(self, node: ast.expr, inner: ast.expr) -> Held:
        """The same where an expression makes something else of its number."""
        return self if self.changed else structs.replace(self, changed=ast.unparse(_replaced(node, inner, self.node)))


Names = Mapping[str, Held]
"""The criteria, and their numbers, that have a name."""


def held(node: ast.expr, names: Names) -> Held | None:
    """The criterion of an expression; None where there is none."""
    name = dotted(node)
    if name in names:
        return names[name]
    match node:
        case ast.Name() | ast.Attribute():
            return _named(name, node)
        case ast.Constant(value=str() as text):  # as model.compile takes it
            found = _named(text, node)
            return found if found is not None and found.row.compiled else None
        case ast.Tuple(elts=[one]) | ast.UnaryOp(op=ast.UAdd(), operand=one) | ast.Await(value=one):
            return held(one, names)
        case ast.BinOp():
            return _computed(node, names)
        case ast.Call():
            return next((found for rule in _RULES if (found := rule(node, names)) is not None), None)
        case ast.Constant():
            return None
        case ast.Lambda(body=body):
            return held(body, names)
    return _within(node, names)


def _within(node: ast.expr, names: Names) -> Held | None:
    """The first criterion within an expression that makes something else of it: `-loss`, `losses[mask]`, `[loss]`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and (found := held(child, names)) is not None:
            return found.altered(node, child)
    return None


def _named(name: str, node: ast.expr) -> Held | None:
    home, _, last = name.rpartition(".")
    row = KNOWN.get(last)
    return Held(row, home, node) if row is not None and home in row.homes else None


def _call_of_it(node: ast.Call, names: Names) -> Held | None:
    """`nn.CrossEntropyLoss(w)`, `criterion(x, y)`, `F.cross_entropy(x, y)`."""
    function = held(node.func, names)
    if function is None or function.called is not None:
        return None
    whole = function.put(node, node.func)
    if function.row.is_function or function.made is not None:
        return structs.replace(whole, called=node)
    return structs.replace(whole, made=node)


def _wrapped(node: ast.Call, names: Names) -> Held | None:
    """`partial(F.cross_entropy, weight=w)`."""
    if dotted(node.func) not in WRAPPERS or not node.args:
        return None
    function, *rest = node.args
    found = held(function, names)
    if found is None:
        return None
    settings = ast.Call(function, rest, node.keywords)
    return structs.replace(found.put(node, function), partials=(*found.partials, settings))


def _handed_on(node: ast.Call, names: Names) -> Held | None:
    """`float(loss)`, `self.log("loss", loss)`, `torch.mean(losses)`; any other function makes another number of it."""
    name = dotted(node.func).rpartition(".")[2]
    found, inner = next(((one, argument) for argument in node.args if (one := held(argument, names))), (None, node))
    if found is None or name in UNCHANGED:
        return found
    return _added(found, node, inner, name) if name in OVER_SAMPLES else found.altered(node, inner)


def _method(node: ast.Call, names: Names) -> Held | None:
    """`loss.item()`, `losses.mean()`, `criterion.to(device)`."""
    if not isinstance(node.func, ast.Attribute):
        return None
    inner, name = node.func.value, node.func.attr
    found = held(inner, names)
    if found is not None and name == "forward" and found.made is not None and found.called is None:
        return structs.replace(found.put(node, inner), called=node)
    if found is None or name in UNCHANGED:
        return found
    return _added(found, node, inner, name) if name in OVER_SAMPLES else found.altered(node, inner)


def _keyword(node: ast.Call, names: Names) -> Held | None:
    """`model.compile(optimizer="adam", loss="categorical_crossentropy")`."""
    loss = next((one.value for one in node.keywords if one.arg in KEYWORDS), None)
    return None if loss is None else held(loss, names)


_RULES: tuple[Callable[[ast.Call, Names], Held | None], ...] = (_call_of_it, _wrapped, _handed_on, _method, _keyword)


def _added(found: Held, node: ast.Call, inner: ast.expr, name: str) -> Held:
    """The criterion whose numbers are added up; of one number that changes nothing."""
    own = [one for one in node.keywords if one.arg != "dtype"]
    if any(argument is not inner for argument in node.args):  # an axis: one number an item is left
        return found.altered(node, inner)
    if found.adds and not own:
        return found
    if name == "average" and [one.arg for one in own] == ["weights"] and not found.times:
        return structs.replace(found.put(node, inner), adds="average", times=(own[0].value,))
    if own or found.changed:
        return found.altered(node, inner)
    return structs.replace(found.put(node, inner), adds=OVER_SAMPLES[name])


def _computed(node: ast.BinOp, names: Names) -> Held | None:
    """`losses * s`, `(losses * s).sum() / s.sum()`; anything else makes another number of it."""
    left, right = held(node.left, names), held(node.right, names)
    found, inner, other = (left, node.left, node.right) if left else (right, node.right, node.left)
    if found is None or (left and right) or found.changed:
        return None if found is None else found.altered(node, inner)
    if isinstance(node.op, ast.Mult) and not found.adds and _is_name(other):
        return structs.replace(found.put(node, inner), times=(*found.times, other))
    is_divided = isinstance(node.op, ast.Div) and found is left and found.adds == "sum"
    if is_divided and [f"{ast.unparse(s)}.sum()" for s in found.times] == [ast.unparse(other)]:
        return structs.replace(found.put(node, inner), adds="average")
    return found.altered(node, inner)


def _is_name(node: ast.expr) -> bool:
    """`s`, `batch.mask`, and `w[y]`."""
    return bool(dotted(node.value if isinstance(node, ast.Subscript) else node))


def _replaced(node: ast.expr, inner: ast.expr, by: ast.expr) -> ast.expr:
    """An expression with another one in the place of a part of it."""
    return node if by is inner else copy.deepcopy(node, {id(inner): by})
