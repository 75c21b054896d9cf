"""Which rule gave this number? Rules are data; the answer is a set of them with its odds, not a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wce_cli.loss.batch import Batch
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.loss.readings import READINGS
from wce_cli.questions.called import is_array, takes_batch
from wce_cli.questions.identify.answer import Identification
from wce_cli.questions.identify.matching import Asked, identify_batch
from wce_cli.questions.identify.pasted import read_numbers

__all__ = ["Asked", "Identification", "identify", "identify_batch"]


def _begins(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> int:
    """How many of the arguments are numbers: without scores by name, the batch stands behind them."""
    end = len(arguments)
    if any(kind in named for kind in READINGS):
        return end
    begin = next((at for at, value in enumerate(arguments) if callable(value) and not hasattr(value, "shape")), end)
    if begin < end:
        return begin
    begin = end - (1 if "labels" in named else 2)
    is_batch = begin > 0 or "losses" in named or "gradients" in named
    return begin if begin >= 0 and is_batch and is_array(arguments[begin]) else end


@takes_batch(_begins)
def identify(
    *numbers: Any,
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
    losses: Any = (),
    gradients: Any = (),
    depth: int = 1,
    tolerance: float | None = None,
    separate: bool = False,
) -> Identification:
    """Name the rules that give each of some numbers.

    A rule is a reading of the scores × a way for the weight to enter × a smoothing × a (method, placement); the
    standard ones have 0 departures, each odd part is one, and up to `depth` are tried. `numbers` are losses as they
    were printed: text keeps trailing zeros, which say how well a number is known, and may be a print, "tensor(0.98)";
    a list of numbers is each of them. `losses` is a list with one loss a sample or one a score, `gradients` one with
    dL/dlogits, row by row. The batch is given as to `explain`.

    Returns an Identification: `print` it, or look at `.numbers[0].simplest`. Losses are in nats.
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

    asked = Asked(*(read_numbers(values, tolerance) for values in (numbers, losses, gradients)))
    return identify_batch(batch, asked, depth, separate=separate)
