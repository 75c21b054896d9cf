"""A (method, placement) pair as it is written, `METHOD` or `METHOD/PLACEMENT`, and why there is none of a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from wce_cli.errors import Problem, WceError, did_you_mean


class Paired(Struct, frozen=True):
    """What is told of one (method, placement) pair."""

    method: str
    placement: str

    @property
    def pair(self) -> str:
        """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"


PairedRow = TypeVar("PairedRow", bound=Paired)


def row_of_pair(rows: Iterable[PairedRow], pair: str) -> PairedRow | None:
    """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if there is none."""
    wanted = pair.removesuffix("/class")
    return next((row for row in rows if row.pair == wanted), None)


def row_named(rows: Sequence[PairedRow], pair: str, is_soft: bool) -> PairedRow:
    """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement. Raises WceError if there is none."""
    row = row_of_pair(rows, pair)
    if row is None:
        raise WceError(missing_pair(pair, [one.pair for one in rows], is_soft))
    return row


def missing_pair(pair: str, known: Sequence[str], is_soft: bool) -> Problem:
    """Why there is no value for a pair; `known` are those there are."""
    from wce_cli.loss.methods import METHODS  # which loads numpy: completion needs the names of answers alone

    method = pair.partition("/")[0]
    siblings = [name for name in known if name.partition("/")[0] == method]
    if siblings:
        labels = "probability labels" if is_soft else "index labels"
        return Problem(f"{pair} is not defined for {labels}", f"defined: {', '.join(siblings)}")
    if method in METHODS and METHODS[method].by_item:
        message = f"{pair} is not told apart here: every entry of the first axis is one row"
        return Problem(message, f"it is batch-mean{pair.removeprefix(method)} then")
    return Problem(f'there is no method "{pair}"', reduction_hint(method, is_soft) or did_you_mean(pair, known))


REDUCTIONS = {
    "none": "without a reduction there is a number a sample: the terms",
    "sum_over_batch_size": "Keras' sum_over_batch_size is batch-mean/sample",
    "mean_with_sample_weight": "Keras' mean_with_sample_weight is weighted-mean/sample",
    "sum_by_nonzero_weights": "TensorFlow 1's SUM_BY_NONZERO_WEIGHTS is nonzero-mean/sample",
}
"""What frameworks call a reduction, and the method that it is here."""


def reduction_hint(word: str, is_soft: bool | None = None) -> str:
    """The method that a framework's reduction is, where those of a framework are listed; empty for any other word.

    `is_soft`: whether labels are probabilities, None where that is not known.
    """
    from wce_cli.frameworks import ENGINES, engine_called

    if word.lower() in ("mean", "average"):
        soft = "batch-mean for probability labels"
        known = {True: soft, False: "weighted-mean", None: f"weighted-mean, and {soft}"}[is_soft]
        return f"PyTorch's mean is {known}; wce methods lists them all"
    if (engine := engine_called(word)) in ENGINES:
        shown = f"wce methods {engine} lists what its calls return, wce explain --engine {engine} measures them"
        return f"{ENGINES[engine].title} is a framework: {shown}"
    return REDUCTIONS.get(word.lower(), "")
