"""What goes through which range: a class by its name or number, and the places; what is no range is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wce_cli.digits import in_full
from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats

MOST_POINTS = 100_000


def class_index(spec: Spec, given: int | str) -> int:
    """The class that is named, or counted as labels are, from their base on. Raises WceError if there is none."""
    names, base = spec.class_names or (), spec.label_base
    known = f"classes are {base} to {base + spec.n_classes - 1}"
    if isinstance(given, str) and given in names:
        return names.index(given)
    try:
        index = int(given)
    except ValueError:
        hint = did_you_mean(str(given), names) if names else known
        raise WceError(Problem(f'there is no class "{given}"', hint)) from None
    if not 0 <= index - base < spec.n_classes:
        raise WceError(Problem(f"there is no class {index}", known))
    return index - base


def places_of(
    kind: str, start: float, stop: float | None, points: int, values: Sequence[float] | None = None
) -> Floats:
    """Where the curves are asked for. Raises WceError for what is no range."""
    if values is None:
        stop = (1.0 if kind == "smoothing" else 2.0) if stop is None else stop
        if not (math.isfinite(start) and math.isfinite(stop)) or stop <= start:
            raise WceError(Problem(f"from {in_full(start)} to {in_full(stop)} is no range, expected one that rises"))
        if not 2 <= points <= MOST_POINTS:
            raise WceError(Problem(f"{points} points, expected 2 to {MOST_POINTS}"))
        found = 2 * np.linspace(start / 2, stop / 2, points)  # the way between them may be no number
    else:
        found = np.array(list(values), dtype=np.float64)
        if not 1 <= len(found) <= MOST_POINTS:
            raise WceError(Problem(f"{len(found)} values, expected 1 to {MOST_POINTS}"))
        if not np.isfinite(found).all():
            raise WceError(Problem("the values hold nan or inf, expected numbers"))
    if kind == "smoothing" and not ((found >= 0) & (found <= 1)).all():
        wrong = found[(found < 0) | (found > 1)][0]
        raise WceError(Problem(f"a label smoothing of {in_full(float(wrong))}, expected 0 to 1"))
    return found
