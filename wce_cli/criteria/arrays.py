"""An expression in the place of an array → whose array it is, and what is done to it first.

`logits[:, :-1].reshape(-1, V)` is logits, cut along axis 1 and made rows of. Whether the array of a batch is still the
same behind that is for who knows its shape; what nobody can know, `logits / 2`, `logits[mask]`, is told as such.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, structs

from wce_cli.criteria.values import MODULES, dotted
from wce_cli.field_hints import SCORES
from wce_cli.fields import FIELDS, field_of
from wce_cli.loss.spec import ArrayStep

SAME = (
    *("contiguous", "float", "double", "half", "bfloat16", "to", "type", "astype", "cuda", "cpu", "detach", "clone"),
    *("numpy", "squeeze", "requires_grad_", "cast"),
)
"""Methods and functions that leave the rows of an array as they are."""
WHOLE = ("long", "int", "int64", "int32", "LongTensor", "IntTensor")
"""What cuts off the fractions of scores, as a method or a dtype."""
MOVES = ("transpose", "swapaxes", "swapdims", "permute", "movedim", "moveaxis")
VIEWS = ("view", "reshape", "flatten", "ravel")
MADE = (
    *("tensor", "as_tensor", "Tensor", "FloatTensor", "LongTensor", "array", "asarray", "from_numpy", "constant"),
    *("convert_to_tensor", "load", "cat", "concat", "concatenate", "stack", "rand", "randn", "randint", "zeros"),
    "ones",
)
"""Functions whose result has no history that would matter: numbers, or what was gathered of several batches."""
MODELS = ("model", "net", "network", "classifier", "self", "self.model", "self.net", "predict", "predict_proba")
"""What returns scores, by its name."""
ROOTS = {*(name for name in MODULES if name), "F", "nn", "nn.functional", "torch.nn.functional", "einops", "jax.nn"}


class ArrayFound(Struct, frozen=True):
    """An array of a line of code."""

    text: str
    """As it is written."""
    name: str
    """What it is called: `labels` of `batch['labels']`; empty where that says nothing."""
    steps: tuple[ArrayStep, ...] = ()
    """What is done to it; `unknown` where that is not known."""

    @property
    def is_known(self) -> bool:
        """Whether all that is done to it is known."""
        return all(what != "unknown" for what, _ in self.steps)


Arrays = Mapping[str, ArrayFound]
"""The arrays that have a name in the code."""


def array_of(node: ast.expr, names: Arrays) -> ArrayFound:
    """The array of an expression."""
    found = _known(node, names)
    if found is None:
        return ArrayFound(ast.unparse(node), "", (("unknown", ()),))
    return found if not found.is_known else structs.replace(found, text=ast.unparse(node))


def assign(names: Sequence[str], value: ast.expr | None, arrays: dict[str, ArrayFound]) -> None:
    """Let names stand for the array that a line makes of others; what is no such array the name itself says."""
    found = array_of(value, arrays) if names and value is not None else None
    is_told = found is not None and value is not None and (found.is_known or not _is_new(value, arrays))
    for name in names:
        arrays.pop(name, None)
        if found is not None and is_told:
            arrays[name] = found


def _is_new(node: ast.expr, names: Arrays) -> bool:
    """Whether an expression makes an array from something that is none: `encoder(images)`, `torch.load(path)`."""
    if not isinstance(node, ast.Call):
        return isinstance(node, (ast.Attribute, ast.Subscript)) and _is_new(node.value, names)
    module, _, last = dotted(node.func).rpartition(".")
    return last in MADE or (module not in ROOTS and not any(_is_array(part, names) for part in ast.walk(node)))


def _is_array(node: ast.AST, names: Arrays) -> bool:
    """Whether a node is a name that scores or labels have."""
    return isinstance(node, ast.Name) and (node.id in names or node.id in SCORES or _is_field(node.id))


def _is_field(name: str) -> bool:
    return field_of(name, FIELDS) in FIELDS


def _known(node: ast.expr, names: Arrays) -> ArrayFound | None:
    """The same; None where what is done to it is not known."""
    match node:
        case ast.Attribute(value=inner, attr="mT"):
            return _with(inner, names, ("transpose", (-2, -1)))
        case ast.Attribute(value=inner, attr="data"):
            return array_of(inner, names)
        case ast.Attribute(attr="T"):
            return None
        case ast.Name() | ast.Attribute() if name := dotted(node):
            own = ArrayFound(name, name.rpartition(".")[2], (("cut", (None, "")),) if "shift" in name else ())
            return names.get(name, own)
        case ast.Attribute(value=inner, attr=name):
            return _part(inner, name, names)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str() as key)):
            return _part(inner, key, names)
        case ast.Subscript(value=inner, slice=(ast.Constant(value=int()) | ast.UnaryOp(operand=ast.Constant()))):
            whole = _known(inner, names)
            is_list = whole is not None and not whole.steps and not _is_field(whole.name) and whole.name != "x"
            return ArrayFound(ast.unparse(node), "") if is_list else None
        case ast.Subscript(value=inner, slice=index):
            step = _cut(index)
            return None if step is None else _with(inner, names, *step)
        case ast.Call():
            return _called(node, names)
    return None


def _with(node: ast.expr, names: Arrays, *steps: ArrayStep) -> ArrayFound:
    """The array of an expression to which more is done."""
    found = array_of(node, names)
    return structs.replace(found, steps=found.steps + steps)


def _part(node: ast.expr, name: str, names: Arrays) -> ArrayFound | None:
    """What is called `name` within something: `model(x).logits`, `batch['labels']`."""
    whole = _known(node, names)
    if whole is None or not whole.is_known:
        return None
    return ArrayFound(name, name, (("cut", (None, "")),) if "shift" in name else ())


def _cut(index: ast.expr) -> list[ArrayStep] | None:
    """The step of `[:, :-1]`, of which the axis is counted from the end behind `...`; none of `[:]`."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    is_from_end, cuts = False, []
    for k, part in enumerate(parts):
        match part:
            case ast.Constant(value=value) if value is ... and not is_from_end:
                is_from_end = True
            case ast.Slice(lower=None, upper=None, step=None):
                pass
            case ast.Slice(step=None):
                side = {":-1": "last", "0:-1": "last", "1:": "first"}.get(ast.unparse(part), "")
                cuts.append(("cut", (k - len(parts) if is_from_end else k, side)))
            case _:
                return None
    return None if len(cuts) > 1 or any(not side for _, (_, side) in cuts) else list(cuts)


def _called(node: ast.Call, names: Arrays) -> ArrayFound | None:
    """`logits.view(-1, V)`, `torch.flatten(logits, 0, 1)`, `rearrange(…)`, and what a model returns."""
    name = dotted(node.func)
    module, _, last = name.rpartition(".")
    if name in MODELS or last in MODELS:
        return ArrayFound(ast.unparse(node), "")
    if last == "rearrange" and len(node.args) == 2 and isinstance(node.args[1], ast.Constant):
        steps = _rearranged(str(node.args[1].value))
        return None if steps is None else _with(node.args[0], names, *steps)
    if module in ROOTS or (not module and last in MADE):
        if not node.args:
            return None
        inner, arguments = node.args[0], node.args[1:]
        if last in ("one_hot", "to_categorical"):
            return _with(inner, names, ("one-hot", ()))
        if last in ("tensor", "as_tensor", "asarray", "array", "from_numpy") and dotted(inner):
            return array_of(inner, names)
    elif isinstance(node.func, ast.Attribute):
        inner, arguments, last = node.func.value, node.args, node.func.attr
        if last in ("get", "pop") and isinstance(key := next(iter(node.args), None), ast.Constant):
            return _part(inner, str(key.value), names)
    else:
        return None
    rule = _STEPS.get(last)
    step = None if rule is None else rule(last, arguments, {one.arg: one.value for one in node.keywords})
    return None if step is None else _with(inner, names, *step)


def _numbers(nodes: Sequence[ast.expr]) -> tuple[int | None, ...]:
    """The whole numbers that stand there; None for what is none."""
    return tuple(_number(one) for one in nodes)


def _number(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
    return None


def _spread(arguments: Sequence[ast.expr]) -> Sequence[ast.expr]:
    """`view((-1, V))` as `view(-1, V)`."""
    one = arguments[0] if len(arguments) == 1 else None
    return one.elts if isinstance(one, (ast.Tuple, ast.List)) else arguments


Keywords = Mapping[str | None, ast.expr]


def _same(name: str, arguments: Sequence[ast.expr], keywords: Keywords) -> list[ArrayStep] | None:
    is_whole = any(ast.unparse(one).rpartition(".")[2].strip("'") in WHOLE for one in (*arguments, *keywords.values()))
    return [("whole", ())] if is_whole else []


def _whole(name: str, arguments: Sequence[ast.expr], keywords: Keywords) -> list[ArrayStep] | None:
    return [("whole", ())]


def _moved(name: str, arguments: Sequence[ast.expr], keywords: Keywords) -> list[ArrayStep] | None:
    axes = _numbers(_spread(arguments))
    what = name.replace("swapaxes", "transpose").replace("swapdims", "transpose").replace("moveaxis", "movedim")
    what = "permute" if what == "transpose" and len(axes) > 2 else what  # numpy's and jax' transpose
    fits = len(axes) == 2 or what == "permute"
    return [(what, axes)] if axes and fits and None not in axes and not keywords else None


def _viewed(name: str, arguments: Sequence[ast.expr], keywords: Keywords) -> list[ArrayStep] | None:
    given = _spread(arguments)
    if any(isinstance(one, ast.Starred) for one in given):
        return None
    if name in ("view", "reshape"):
        return [("view", _numbers(given))] if given and not keywords else None
    by_name = [keywords.get("start_dim", ast.Constant(0)), keywords.get("end_dim", ast.Constant(-1))]
    bounds = _numbers([*given, *by_name[len(given) :]])
    return [("flatten", bounds)] if len(bounds) == 2 and None not in bounds else None


_STEPS: dict[str, Callable[[str, Sequence[ast.expr], Keywords], list[ArrayStep] | None]] = {
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(WHOLE, _whole),
    **dict.fromkeys(MOVES, _moved),
    **dict.fromkeys(VIEWS, _viewed),
}


def _rearranged(pattern: str) -> list[ArrayStep] | None:
    """The steps of einops' `b t v -> (b t) v`."""
    left, arrow, right = pattern.partition("->")
    before, after = left.split(), right.replace("(", " ").replace(")", " ").split()
    if not arrow or "(" in left or sorted(before) != sorted(after) or len({*before}) != len(before):
        return None
    moved: list[ArrayStep] = [] if before == after else [("permute", tuple(map(before.index, after)))]
    head, bracket, _ = right.partition(")")
    if not bracket:
        return moved
    return [*moved, ("flatten", (0, len(head.split()) - 1))] if head.lstrip().startswith("(") else None
