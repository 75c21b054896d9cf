"""What does the weight do? Every method's loss as a weight, the smoothing or the scale goes through a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from wce_cli.errors import Problem, WceError
from wce_cli.loss.batch import Batch
from wce_cli.loss.curves import Axis
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.questions.called import takes_batch
from wce_cli.questions.sweep.answer import Sweep, axis_name
from wce_cli.questions.sweep.asked import MOST_POINTS, class_index, places_of
from wce_cli.questions.sweep.points import sweep_batch, sweep_totals

__all__ = ["MOST_POINTS", "Sweep", "axis_name", "class_index", "places_of", "sweep", "sweep_batch", "sweep_totals"]

POINTS = 41


@takes_batch(lambda arguments, named: 0 if {"class_", "smoothing", "scale"} & set(named) else 1)
def sweep(
    class_: int | str | None = None,
    *,
    smoothing: bool = False,
    scale: bool = False,
    start: float = 0.0,
    stop: float | None = None,
    points: int = POINTS,
    values: Sequence[float] | None = None,
    logits: Any = None,
    log_probs: Any = None,
    probs: Any = None,
    labels: Any = None,
    weight: Any = None,
    sample_weight: Any = None,
    classes: Sequence[str] | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    label_base: int = 0,
) -> Sweep:
    """Every method's loss as the weight of a class goes through a range, or the smoothing, or the scale of all weights.

    Exactly one of `class_` (an index or a name), `smoothing`, `scale`. `points` places from `start` to `stop` (2, of
    the smoothing 1), or those of `values`. The batch is given as to `explain`, and walked once.

    Returns a Sweep: `print` it, or take the arrays `.at` and `.values("weighted-mean")`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    batch = Batch.build(
        logits=logits,
        log_probs=log_probs,
        probs=probs,
        labels=labels,
        weight=weight,
        sample_weight=sample_weight,
        classes=classes,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        label_base=label_base,
    )
    asked = [class_ is not None, smoothing, scale]
    if sum(asked) != 1:
        raise WceError(Problem("give exactly one of class_, smoothing and scale"))
    kind: Literal["class", "smoothing", "scale"] = "class" if asked[0] else "smoothing" if smoothing else "scale"
    axis = Axis(kind, class_index(batch.spec, class_) if class_ is not None else 0)
    return sweep_batch(batch, axis, places_of(kind, start, stop, points, values))
