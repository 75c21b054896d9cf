"""What a function brings along itself: weights, a smoothing, a label to skip, read from what it is made of.

Read is not known: whether it computes with them, its answers tell.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.questions.audit.child.roles import LEAST_SMOOTHING, role_of

CLASSES = ("cls", "size", "out_features")
"""Names of a number of classes, beside those of parameters that are handed it."""
SMOOTHINGS = ("epsilon", "eps", "smoothing_value", "smooth_val", "label_smoothing_eps", "label_smoothing_factor")
"""Names of a smoothing that others use, too: whether it is one, the answers tell."""
KEPT = ("confidence", "ls")
"""Names of what a smoothing leaves to the label, 1 − ε."""
FACTORS = ("alpha", "loss_weight", "scale", "factor", "lambda", "lam", "lamb", "coef", "coefficient", "weight")
"""Names of a number that a loss may be multiplied by."""
DIVISORS = (
    "num_items_in_batch", "num_items", "avg_factor", "normalizer", "norm", "num_tokens", "n_tokens", "ntokens",
    "num_boxes", "num_masks", "denominator", "divisor", "batch_size", "accumulation_steps", "world_size",
)  # fmt: skip
"""Names of a number that a loss may be divided by."""
MOST_CLASSES = 2000
MOST = 3
"""Constants of one kind that are tried."""


class Carried(Struct, frozen=True):
    """Constants that were found, the likeliest first."""

    weights: tuple[tuple[float, ...], ...] = ()
    smoothings: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()
    ignore_index: int | None = None
    classes: tuple[int, ...] = ()
    """Numbers of classes that it may take: by name, then by the lengths of the weights."""


def carried(things: Iterable[Any], constants: Mapping[str, Any], handed_over: set[str]) -> Carried:
    """What is found in a function, in an object, and among the constants of its call; no role that is handed over."""
    named = [(name, value) for name, value in constants.items() if name]
    for thing in things:
        named += _named(thing)
    by_role = [(role_of(name), name.lower().strip("_"), value) for name, value in named]
    weights = [(role == "weight", made) for role, _, value in by_role if (made := _weights(value)) is not None]
    kept = [value for _, name, value in by_role if name in KEPT and _is_number(value) and 0.5 < value < 1]
    by_role += [("label_smoothing", "", round(1.0 - value, 12)) for value in kept]
    smoothings = [
        (2 * (role == "label_smoothing") + (name in SMOOTHINGS), float(value))
        for role, name, value in by_role
        if _is_number(value) and LEAST_SMOOTHING <= value < 1
    ]
    factors = [
        float(value)
        for _, name, value in by_role
        if name in FACTORS and _is_number(value) and math.isfinite(value) and value not in (0, 1)
    ]
    factors += [1 / value for _, name, value in by_role if name in DIVISORS and _is_number(value) and value > 1]
    skipped = [value for role, _, value in by_role if role == "ignore_index" and _is_whole(value)]
    classes = [
        value
        for role, name, value in by_role
        if (role == "n_classes" or name in CLASSES) and _is_whole(value) and 2 <= value <= MOST_CLASSES
    ]
    likeliest = [made for _, made in sorted(weights, key=lambda one: not one[0])]
    of_names = [] if "n_classes" in handed_over else classes
    return Carried(
        weights=() if "weight" in handed_over else tuple(dict.fromkeys(likeliest))[:MOST],
        smoothings=()
        if "label_smoothing" in handed_over
        else tuple(dict.fromkeys(value for _, value in sorted(smoothings, key=lambda one: -one[0])))[:MOST],
        factors=tuple(dict.fromkeys(factors))[:MOST],
        ignore_index=skipped[0] if skipped and "ignore_index" not in handed_over else None,
        classes=tuple(dict.fromkeys(of_names)),
    )


def _named(thing: Any, *, is_inner: bool = False) -> Iterator[tuple[str, Any]]:
    """Names and values that a function or an object holds; of the objects in there, theirs."""
    if isinstance(thing, functools.partial):
        yield from thing.keywords.items()
        yield from _named(thing.func)
        return
    if inspect.ismethod(thing):
        yield from _named(thing.__self__, is_inner=is_inner)
        thing = thing.__func__
    held = list(_of_function(inspect.unwrap(thing)) if inspect.isfunction(thing) else _of_object(thing))
    if not is_inner and not inspect.isroutine(thing):
        call = next((getattr(type(thing), name, None) for name in ("forward", "__call__")), None)
        held += _of_function(inspect.unwrap(call)) if inspect.isfunction(call) else ()
    for name, value in held:
        yield name, value
        if not is_inner and callable(value) and hasattr(value, "__dict__") and not inspect.isclass(value):
            is_own = getattr(value, "__module__", None) == getattr(thing, "__module__", None)
            if is_own or not inspect.isroutine(value):
                yield from _named(value, is_inner=True)


def _of_function(function: Any) -> Iterator[tuple[str, Any]]:
    """Defaults, what it closes over, the globals that it names, and the constants in its code."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for p in inspect.signature(function).parameters.values():
        if p.default is not p.empty:
            yield p.name, p.default
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not bound yet
            continue
    for name in code.co_names:
        if name in function.__globals__:
            value = function.__globals__[name]
            yield name, value
            yield from _settings(value, (*code.co_names, *code.co_consts))
    for value in code.co_consts:
        if isinstance(value, float | tuple):
            yield "", value


def _settings(value: Any, names: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """What a function reads of a global that holds settings, by the names in its code: `cfg.eps`, `CFG["eps"]`."""
    held = value if isinstance(value, dict) else {} if callable(value) else getattr(value, "__dict__", {})
    yield from ((name, held[name]) for name in names if isinstance(name, str) and name in held)


def _of_object(thing: Any) -> Iterator[tuple[str, Any]]:
    """Attributes, and of a torch module those of all modules in it."""
    modules = thing.modules() if hasattr(thing, "named_buffers") and hasattr(thing, "modules") else [thing]
    for module in modules:
        held = dict(getattr(module, "__dict__", {}))
        for kind in ("_buffers", "_parameters"):
            held |= held.pop(kind, None) or {}
        yield from ((name, value) for name, value in held.items() if name != "_modules")
    own = [kind for kind in type(thing).__mro__ if kind.__module__ == type(thing).__module__]
    yield from ((name, value) for kind in own for name, value in vars(kind).items() if not callable(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _weights(value: Any) -> tuple[float, ...] | None:
    """One number a class, as a tuple; None for anything else."""
    if isinstance(value, dict):
        value = list(value.values()) if value and sorted(value, key=str) == sorted(range(len(value)), key=str) else None
    if isinstance(value, list | tuple):
        if not 2 <= len(value) <= MOST_CLASSES or not all(map(_is_number, value)):
            return None
    elif not hasattr(value, "shape") or not hasattr(value, "dtype") or callable(getattr(value, "forward", None)):
        return None
    try:
        array = value.detach().cpu().double().numpy() if hasattr(value, "detach") else np.asarray(value, np.float64)
    except Exception:  # whatever it is, it is no array of numbers
        return None
    if not 2 <= array.size <= MOST_CLASSES or array.size != max(array.shape):
        return None
    numbers = tuple(float(f"{number:.7g}") if _is_narrow(value) else float(number) for number in array.ravel())
    is_weight = all(math.isfinite(number) and number >= 0 for number in numbers)
    return numbers if is_weight and any(numbers) and set(numbers) != {1.0} else None


def _is_narrow(value: Any) -> bool:
    return str(getattr(value, "dtype", "")).endswith("float32")
