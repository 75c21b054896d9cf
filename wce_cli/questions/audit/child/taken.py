"""What of a returned thing is the loss: the thing itself, or one of several that were returned together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_cli.questions.audit.child.arrays import Arrays

LOSS = "loss"
ORDINALS = ("first", "second", "third", "fourth", "fifth")


class ReturnedNone(Exception):
    """There is nothing to look at."""


class Returned(Exception):
    """There are several things, and nothing says which of them is the loss."""


def taken(returned: Any, n: int, arrays: Arrays, pick: int | str | None = None) -> tuple[Any, str]:
    """The loss or the losses of `n` samples, and of what they were taken, `the first of a tuple of 2`.

    A list with a number for each sample is an array of them; of other lists, of tuples and of dictionaries one is
    taken, `pick` where that is known. Raises ReturnedNone, Returned.
    """
    if returned is None:
        raise ReturnedNone
    if hasattr(returned, "shape"):
        return returned, ""
    if pick is not None:
        kind = "dict" if isinstance(returned, Mapping) else "list" if isinstance(returned, list) else "tuple"
        return returned[pick], f"{_place(pick)} of a {kind} of {len(returned)}"
    if isinstance(returned, Mapping) and LOSS not in returned and len(returned) != 1:
        names = ", ".join(repr(key) for key in list(returned)[:4])
        raise Returned(f"a dict without {LOSS!r} ({names})")
    if isinstance(returned, Mapping) and (LOSS in returned or len(returned) == 1):
        key = LOSS if LOSS in returned else next(iter(returned))
        return returned[key], f"{key!r} of a dict of {len(returned)}"
    if isinstance(returned, list) and len(returned) == n > 1 and all(map(_is_one, returned)):
        return arrays.stacked(returned), ""
    if isinstance(returned, tuple | list) and returned:
        return returned[0], f"the first of a {'list' if isinstance(returned, list) else 'tuple'} of {len(returned)}"
    if hasattr(returned, LOSS):
        return returned.loss, f"the .{LOSS} of its {type(returned).__name__}"
    return returned, ""


def carriers(returned: Any) -> list[int | str]:
    """The places or keys of what carries a gradient, among several things that were returned."""
    items = returned.items() if isinstance(returned, Mapping) else enumerate(returned)
    return [key for key, value in items if getattr(value, "requires_grad", False)]


def _place(pick: int | str) -> str:
    if isinstance(pick, str):
        return repr(pick)
    return f"the {ORDINALS[pick]}" if pick < len(ORDINALS) else f"number {pick + 1}"


def _is_one(value: Any) -> bool:
    """Whether it is one number."""
    return isinstance(value, int | float) or (hasattr(value, "shape") and set(value.shape) <= {1})
