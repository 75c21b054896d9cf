"""The gradient of a function with respect to its scores, by each framework's own way, or by differences."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from wce_cli.questions.audit.child.arrays import Arrays

DIFFERENCE = 1e-5
UNSURE = 1e-6
"""How far two differences of one value may part, of the largest, before they are rounding."""

Gradient = tuple[float, ...]
LossOf = Callable[[Any], tuple[Any, str]]
"""From scores to what they give, and of what that was taken."""


def by_autograd(returned: Any, scores: Any) -> tuple[Gradient | None, str]:
    """dL/dx by autograd, of the sum where there are several losses; or why there is none."""
    if not getattr(returned, "requires_grad", False):
        return None, "the result carries no gradient"
    returned.sum().backward()
    if scores.grad is None:
        return None, "no gradient reaches the scores"
    return tuple(scores.grad.double().ravel().tolist()), ""


def by_jax(loss_of: LossOf, scores: Any, arrays: Arrays) -> Gradient:
    """dL/dx by jax.grad, of the sum where there are several losses."""
    gradient = import_module("jax").grad(lambda x: loss_of(x)[0].sum())(scores)
    return tuple(arrays.numbers(gradient).ravel().tolist())


def by_differences(loss_of: LossOf, scores: Any) -> Gradient | None:
    """Central differences, which stand in for a gradient where arrays carry none; None where they are rounding."""

    def differences(size: float) -> list[float]:
        made = []
        for at in np.ndindex(*scores.shape):
            ends = []
            for step in (size, -size):
                moved = scores.copy()
                moved[at] += step
                ends.append(float(np.sum(loss_of(moved)[0])))
            made.append((ends[0] - ends[1]) / (2 * size))
        return made

    made, wider = differences(DIFFERENCE), differences(3 * DIFFERENCE)
    if not np.allclose(made, wider, rtol=0, atol=UNSURE * max(map(abs, wider)), equal_nan=True):
        return None  # float32 somewhere inside, whatever is returned
    return tuple(made)
