"""What a value says that is written in code: numbers, lists, mappings and array constructors, computed here without
running anything. Whatever else stands there, a name or a call, is not said.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

DTYPES = {
    **dict.fromkeys(("float32", "float", "single"), "float32"),
    **dict.fromkeys(("float64", "double"), "float64"),
    **dict.fromkeys(("float16", "half"), "float16"),
    **dict.fromkeys(("int64", "long"), "int64"),
    **dict.fromkeys(("int32", "int"), "int32"),
}
"""By the last part of their name, as torch has them: numpy's float is a float64."""
MODULES = ("torch", "th", "np", "numpy", "jnp", "jax.numpy", "tf", "math", "keras.ops", "ops", "torch.cuda", "")
SINGLES = ("tensor", "as_tensor", "Tensor", "FloatTensor", "constant", "convert_to_tensor", "Variable")
"""What makes float32 of the floats of Python, as torch and TensorFlow do."""
TENSORS = {**dict.fromkeys(SINGLES, "float32"), "DoubleTensor": "float64", "HalfTensor": "float16"}
ALWAYS = ("Tensor", "FloatTensor", "DoubleTensor", "HalfTensor")
"""Those that make floats of whole numbers, too."""
ARRAYS = ("array", "asarray", "from_numpy")
FILLED = {"ones": 1.0, "zeros": 0.0}
CONSTANTS = {"inf": math.inf, "infty": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e}
CASTS = {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32"}
"""Methods that turn a tensor into another dtype."""
SAME = ("cuda", "cpu", "detach", "clone", "contiguous", "numpy", "requires_grad_", "view", "reshape", "flatten")
"""Methods that leave the numbers of a vector as they are."""
MOST = 1 << 20
"""Numbers that a few characters may stand for: [1.0] * 19, torch.ones(1000)."""
MOST_WHOLE = 1 << 63


class NotSaid(Exception):
    """A value that the code does not hold: a name, or something that would have to be run."""


def value_of(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """A number, a text, a list, a mapping, an array, None. `names`: the values that have one. Raises NotSaid."""
    try:
        with np.errstate(all="ignore"):
            return _value(node, names)
    except (ArithmeticError, ValueError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        raise NotSaid from error


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return node.value
        case ast.List() | ast.Tuple():
            return [_item(item, names) for item in node.elts]
        case ast.Dict():
            keys = [_value(key, names) for key in node.keys if key is not None]
            return dict(zip(keys, [_value(value, names) for value in node.values], strict=True))
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, names)
        case ast.UnaryOp(op=ast.UAdd()):
            return _value(node.operand, names)
        case ast.BinOp():
            return _computed(node.op, _value(node.left, names), _value(node.right, names))
        case ast.Attribute(attr=name) if name in CONSTANTS and dotted(node.value) in MODULES:
            return CONSTANTS[name]
        case ast.Call():
            return _called(node, names)
    if (name := dotted(node)) in names:
        return names[name]
    raise NotSaid


def _item(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """An item of a list; rows stand there themselves, or a few lines would hold more than there is memory for."""
    item = _value(node, names)
    if isinstance(item, (list, np.ndarray)) and not isinstance(node, (ast.List, ast.Tuple)):
        raise NotSaid
    return item


def dotted(node: ast.expr) -> str:
    """`torch.nn` of such a node; empty for anything but names with points between them."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _computed(op: ast.operator, left: Any, right: Any) -> Any:
    """Sums and products of numbers and arrays, and lists that are repeated or joined."""
    if isinstance(left, list) or isinstance(right, list):
        return _of_lists(op, left, right)
    if not all(isinstance(one, (int, float, np.ndarray, np.generic)) for one in (left, right)):
        raise NotSaid
    shapes = {np.shape(one) for one in (left, right)} - {()}
    if len(shapes) > 1 or any(type(one) is int and abs(one) > MOST_WHOLE for one in (left, right)):
        raise NotSaid
    if isinstance(op, ast.Div):
        if any(isinstance(one, np.ndarray) and one.dtype.kind == "i" for one in (left, right)):
            raise NotSaid  # float32 of torch, float64 of numpy
        return left / right
    if isinstance(op, ast.Pow):
        return (float(left) if isinstance(left, int) else left) ** right
    if type(op) not in _OPERATORS:
        raise NotSaid
    return _OPERATORS[type(op)](left, right)


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
}


def _of_lists(op: ast.operator, left: Any, right: Any) -> list[Any]:
    if isinstance(op, ast.Add) and isinstance(left, list) and isinstance(right, list) and len(left + right) <= MOST:
        return left + right
    items, times = (left, right) if isinstance(left, list) else (right, left)
    if isinstance(op, ast.Mult) and type(times) is int and len(items) * times <= MOST:
        return list(items) * times
    raise NotSaid


def _called(node: ast.Call, names: Mapping[str, Any]) -> Any:
    """`torch.tensor([1.0])`, `np.ones(3)`, `float('inf')`, and methods of such arrays: `.to(device)`, `.double()`."""
    module, _, name = dotted(node.func).rpartition(".")
    if name and module in MODULES:
        return _constructed(name, node, names)
    if not isinstance(node.func, ast.Attribute):
        raise NotSaid
    array, method = _value(node.func.value, names), node.func.attr
    if not isinstance(array, np.ndarray):
        raise NotSaid
    if method in CASTS:
        return array.astype(CASTS[method])
    if method in ("to", "type", "astype"):
        return _moved(array, node)
    if method in ("sum", "mean", "max", "min") and not node.args:
        return getattr(array, method)()
    if method in SAME and array.ndim == 1:
        return array
    raise NotSaid


def _moved(array: Any, node: ast.Call) -> Any:
    """An array in the dtype that `.to(…)` names, if it names one, and not a device."""
    for one in (*node.args, *(keyword.value for keyword in node.keywords)):
        dtype = _dtype(one)
        if dtype:
            array = array.astype(dtype)
        elif dotted(one).rpartition(".")[0] in ("torch", "np", "tf"):
            raise NotSaid  # bfloat16, which numpy has not
    return array


def _dtype(node: ast.expr) -> str:
    """`float64` of `torch.double` or 'float64'; empty for what is none that numpy has."""
    if isinstance(node, ast.Constant):
        return DTYPES.get(node.value, "") if isinstance(node.value, str) else ""
    module, _, name = dotted(node).rpartition(".")
    if name == "float" and module in ("np", ""):
        return "float64"
    return DTYPES.get(name, TENSORS.get(name, ""))


def _constructed(name: str, node: ast.Call, names: Mapping[str, Any]) -> Any:
    keywords = {one.arg: one.value for one in node.keywords}
    if name in ("float", "int") and len(node.args) == 1:
        value = _value(node.args[0], names)
        return float(value) if name == "float" else int(value)
    if name in ("list", "tuple", "dict"):
        if name == "dict" and not node.args:
            return {str(key): _value(value, names) for key, value in keywords.items()}
        return dict(_value(node.args[0], names)) if name == "dict" else list(_value(node.args[0], names))
    own = _dtype(keywords["dtype"]) if "dtype" in keywords else ""
    if "dtype" in keywords and not own:
        raise NotSaid
    if name in FILLED or name == "full":
        return _filled(name, [_value(one, names) for one in node.args], own or _whole_or_single(node))
    if name not in TENSORS and name not in ARRAYS:
        raise NotSaid
    (first, *rest) = node.args
    if name in ALWAYS and type(_value(first, names)) is int:
        raise NotSaid  # torch.Tensor(3) holds what was in the memory
    array = np.asarray(_value(first, names), dtype=_dtype(rest[0]) or None if rest else None)
    if array.dtype.kind not in "if" or (own == "" and rest and not _dtype(rest[0])):
        raise NotSaid
    if not own and name in TENSORS and (array.dtype.kind == "f" or name in ALWAYS):
        made_of = _value(first, names)
        own = "" if isinstance(made_of, np.ndarray) and name not in ALWAYS else TENSORS[name]
    return array.astype(own) if own else array


def _whole_or_single(node: ast.Call) -> str:
    """The dtype of `torch.ones(3)`, of `np.ones(3)`."""
    return "float64" if dotted(node.func).partition(".")[0] in ("np", "numpy") else "float32"


def _filled(name: str, arguments: list[Any], dtype: str) -> Any:
    """`torch.ones(3)`, `np.zeros((3,))`, `torch.full((3,), 0.5)`."""
    size, *rest = arguments
    value = rest.pop(0) if name == "full" else FILLED[name]
    n = size[0] if isinstance(size, list) and len(size) == 1 else size
    if rest or type(n) is not int or not 0 <= n <= MOST:
        raise NotSaid
    return np.full(n, value, dtype=dtype)
