"""What does the weight do? Every method's loss as a weight, the smoothing or the scale goes through a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Unpack

from wce_cli.answers.sweep import Sweep, axis_name
from wce_cli.errors import Problem, WceError
from wce_cli.fields import BatchFields
from wce_cli.questions.called import apart, batch_of, own_one, shows_fields, with_criterion
from wce_cli.questions.sweep.curves import Axis
from wce_cli.questions.sweep.points import sweep_batch, sweep_totals
from wce_cli.questions.sweep.ranges import MOST_POINTS, class_index, places_of

__all__ = ["MOST_POINTS", "Sweep", "axis_name", "class_index", "places_of", "sweep", "sweep_batch", "sweep_totals"]

POINTS = 41


@shows_fields
def sweep(
    *given: Any,
    class_: int | str | None = None,
    smoothing: bool = False,
    scale: bool = False,
    start: float = 0.0,
    stop: float | None = None,
    points: int = POINTS,
    values: Sequence[float] | None = None,
    **batch: Unpack[BatchFields],
) -> Sweep:
    """Every method's loss as the weight of a class goes through a range, or the smoothing, or the scale of all weights.

    `sweep(batch, 0)`, `sweep(0, x, y)` and `sweep(x, y, class_=0)` let the weight of class 0 go.

    Exactly one of `class_` (an index or a name), `smoothing`, `scale`. `points` places from `start` to `stop` (2, of
    the smoothing 1), or those of `values`. The batch is given as to `explain`, and walked once; of a
    criterion the settings are read, and it is not called.

    Returns a Sweep: `print` it, or take the arrays `.at` and `.values("weighted-mean")`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    given, named = with_criterion("sweep", given, batch)
    own, arrays = apart(given, 0 if class_ is not None or smoothing or scale else 1)
    class_ = own_one("sweep", "class_", own, class_)
    whole = batch_of("sweep", arrays, named)
    asked = [class_ is not None, smoothing, scale]
    if sum(asked) != 1:
        raise WceError(Problem("give exactly one of class_, smoothing and scale"))
    kind: Literal["class", "smoothing", "scale"] = "class" if asked[0] else "smoothing" if smoothing else "scale"
    axis = Axis(kind, class_index(whole.spec, class_) if class_ is not None else 0)
    return sweep_batch(whole, axis, places_of(kind, start, stop, points, values))
