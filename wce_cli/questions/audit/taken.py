"""What of a returned thing is the loss: the thing itself, or one of several that were returned together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_cli.questions.audit.arrays import Arrays

LOSS = "loss"


class ReturnedNone(Exception):
    """There is nothing to look at."""


def taken(returned: Any, n: int, arrays: Arrays) -> tuple[Any, str]:
    """The loss or the losses of `n` samples, and of what they were taken, `the first of a tuple of 2`.

    A list with a number for each sample is an array of them; of other lists, of tuples and of dictionaries one is
    taken. Raises ReturnedNone.
    """
    if returned is None:
        raise ReturnedNone
    if hasattr(returned, "shape"):
        return returned, ""
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


def _is_one(value: Any) -> bool:
    """Whether it is one number."""
    return isinstance(value, int | float) or (hasattr(value, "shape") and set(value.shape) <= {1})
