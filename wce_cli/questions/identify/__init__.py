"""Which rule gave this number? Rules are data; the answer is a set of them with its odds, not a guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from wce_cli.answers.identify import Identification
from wce_cli.fields import BatchFields
from wce_cli.loss.readings import READINGS
from wce_cli.questions.called import apart, given_batch, is_array, shows_fields, with_criterion
from wce_cli.questions.given_batch import by_name
from wce_cli.questions.identify.matching import NumbersAsked, identify_batch
from wce_cli.questions.identify.pasted import read_numbers

__all__ = ["Identification", "NumbersAsked", "identify", "identify_batch"]

NOT_ASKED: tuple[float, ...] = ()
"""No list of losses, no gradients."""


def _begins(arguments: tuple[Any, ...], named: Mapping[str, Any], has_lists: bool) -> int:
    """How many of the arguments are numbers: without scores by name, the batch stands behind them; behind no number
    only beside lists.
    """
    end = len(arguments)
    if any(kind in named for kind in READINGS):
        return end
    if arguments and isinstance(arguments[-1], Mapping):
        return end - 1
    begin = end - (1 if "labels" in named else 2)
    is_batch = begin > 0 or has_lists
    return begin if begin >= 0 and is_batch and is_array(arguments[begin]) else end


@shows_fields
def identify(
    *numbers: Any,
    losses: Any = NOT_ASKED,
    gradients: Any = NOT_ASKED,
    depth: int = 1,
    tolerance: float | None = None,
    separate: bool = False,
    **batch: Unpack[BatchFields],
) -> Identification:
    """Name the rules that give each of some numbers.

    A rule is a reading of the scores × a way for the weight to enter × a smoothing × a (method, placement); the
    standard ones have 0 departures, each odd part is one, and up to `depth` are tried. `numbers` are losses as they
    were printed: text keeps trailing zeros, which say how well a number is known, and may be a print, "tensor(0.98)";
    a list of numbers is each of them. `identify(0.38, batch)` and `identify(0.38, x, y)` have the batch behind them,
    given as to `explain`. `losses` is a list with one loss a sample, a sequence or image, or a score, `gradients` one
    with dL/dlogits, row by row. `identify(criterion, x, y)` calls the criterion, and its number is the one, or its list
    of losses.

    Returns an Identification: `print` it, or look at `.numbers[0].simplest`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    numbers, taken = with_criterion("identify", numbers, batch)
    named = by_name("identify", taken)
    own, arrays = apart(numbers, _begins(numbers, named, losses is not NOT_ASKED or gradients is not NOT_ASKED))
    whole = given_batch("identify", arrays, named)
    asked = NumbersAsked(*(read_numbers(values, tolerance) for values in (own, losses, gradients)))
    if whole.call is not None and asked == NumbersAsked():
        from wce_cli.questions.criterion_number import identified

        return identified(whole.call, whole.batch, depth, tolerance, separate)
    return identify_batch(whole.batch, asked, depth, separate=separate)
