"""What a criterion in hand returns: the object itself, called once with its arguments as they came.

Nothing is left behind by us: no graph is recorded, and whatever random numbers it draws, the next ones are those that
would have come without it. What the object changes of itself, or of its arguments, it changes as it always does.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.batches.arrays import to_array
from wce_cli.digits import dtype_of
from wce_cli.engines.calls import first_line
from wce_cli.errors import WceError, as_written
from wce_cli.loss.rows import floats
from wce_cli.loss.sums import Floats


class CriterionAnswer(Struct, frozen=True):
    """What a criterion returned: a number, one number a sample, or why it is neither."""

    came: Any = None
    """What it returned, as it is."""
    value: float | None = None
    values: Floats | None = None
    """What it returned where that is an array of several numbers, in its shape."""
    dtype: str = ""
    """Empty for a number of Python's."""
    reason: str = ""
    is_error: bool = False
    """It raised, and `reason` is what that says."""
    changed: bool = False
    """It wrote into one of its tensors."""


def returned_by(function: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]) -> CriterionAnswer:
    """What a function returns for these arguments; what it raises is a reason, not an end."""
    tensors = [one for one in (*arguments, *keywords.values()) if hasattr(one, "detach") and hasattr(one, "device")]
    versions = list(map(_version, tensors))
    try:
        with _nothing_left(tensors):
            came = function(*arguments, **keywords)
    except Exception as error:  # whatever a person's own function does wrong, the report goes on
        return CriterionAnswer(reason=f"{type(error).__name__}: {first_line(error)}", is_error=True)
    return read(came, changed=list(map(_version, tensors)) != versions)


def read(came: Any, *, changed: bool = False) -> CriterionAnswer:
    """What there is in a value: a number of Python's or a list of them, a scalar or an array of any framework's."""
    if isinstance(came, list) and came and all(type(one) in (int, float) for one in came):
        return CriterionAnswer(came, values=np.array(came, dtype=np.float64), changed=changed)
    if came is None or isinstance(came, (str, bytes, bool, np.bool_, complex, tuple, list, set, Mapping)):
        return CriterionAnswer(reason=f"{_what(came)}, and no number", changed=changed)
    if isinstance(came, (int, float)):
        return CriterionAnswer(came, float(came), changed=changed)
    try:
        array, dtype = to_array("it", came)
    except (WceError, TypeError, ValueError):
        array, dtype = np.empty(0, dtype=object), None
    if array.dtype.kind not in "fiu" or dtype is None:
        return CriterionAnswer(reason=f"{_what(came)}, and no number", changed=changed)
    numbers = floats(array, dtype)
    if numbers.size == 1:
        return CriterionAnswer(came, numbers.item(), dtype=dtype_of(came), changed=changed)
    return CriterionAnswer(came, values=numbers, dtype=dtype_of(came), changed=changed)


def _version(tensor: Any) -> int:
    """How often a tensor has been written into; 0 of one that does not know, as those of inference mode."""
    try:
        return int(tensor._version)
    except (AttributeError, RuntimeError, TypeError):
        return 0


def _what(came: Any) -> str:
    """A value in few words: itself where it is short, else its type."""
    if came is None or isinstance(came, (str, bool)):
        return "None" if came is None else as_written(came) if isinstance(came, str) else str(came)
    name = type(came).__name__
    count = f" of {len(came)}" if isinstance(came, (tuple, list, set, Mapping)) else ""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}{count}"


@contextmanager
def _nothing_left(tensors: Sequence[Any]) -> Iterator[None]:
    """No graph is recorded, and the generators of random, numpy and torch end where they began: those of the CPU, and
    of the GPUs that the tensors are on.
    """
    torch, ours, numpys = sys.modules.get("torch"), random.getstate(), np.random.get_state()
    with ExitStack() as left:
        left.callback(random.setstate, ours)
        left.callback(np.random.set_state, numpys)
        if torch is not None:
            devices = {one.device.index for one in tensors if getattr(one.device, "type", "") == "cuda"}
            left.enter_context(torch.random.fork_rng(devices=sorted(devices), device_type="cuda"))
            left.enter_context(torch.no_grad())
        yield
