"""The odd ways to read scores: what a loss becomes when softmax, log or clipping are not where they belong.

Each takes what the right reading made of a block, a = −log p (n, C), and returns what stands in its place. They
are data for `identify`; where a wrong number came from one of them, its title says what happened.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from wce_cli.loss.readings import ScoreKind, read_logits
from wce_cli.loss.sums import Floats
from wce_cli.questions.identify.label_rows import LabelRows, binary_logit_loss, binary_loss, softmax_loss


class GivenRows(Struct, frozen=True):
    """Some rows as they were given, with the losses of the right reading."""

    scores: Floats
    """(n, C)"""
    losses: Floats
    """a = −log p (n, C)"""
    weight: Floats
    """Class weight (C,)."""
    column_logsumexp: Floats | None
    """Of each column of the whole batch (C,); None where that was not asked."""


class OddReading(Struct, frozen=True):
    """Losses that are not −log p."""

    name: str
    title: str
    kinds: tuple[ScoreKind, ...]
    """The kinds of scores for which it is another reading than the right one."""
    of_loss: Callable[[Floats], Floats] | None = None
    """What it makes of a single −log p, where it needs no more than that."""
    of_rows: Callable[[GivenRows], Floats] | None = None
    """What it makes of whole rows: (n, C)."""
    of_label: Callable[[LabelRows], Floats] | None = None
    """The same of the label's class alone, (n,), where large batches need it faster."""
    takes_weight: bool = False
    """The class weight is in the scores, and nowhere else."""
    whole_batch: bool = False
    """Needs the scores of all rows at once."""
    is_guard: bool = False
    """Keeps p from 0 and 1, and changes nothing elsewhere."""
    divides_rows: bool = False
    """Makes each row sum to 1 first, which changes nothing where it does."""
    is_second_softmax: bool = False
    """It is the right reading of softmax(x) as if that were x, whose gradient is known through both."""


_ALL_KINDS: tuple[ScoreKind, ...] = ("logits", "probs", "log_probs")


def _clip(low: float, high: float) -> Callable[[Floats], Floats]:
    return lambda a: 0.0 - np.log(np.clip(np.exp(-a), low, high))


def _plus(eps: float) -> Callable[[Floats], Floats]:
    return lambda a: 0.0 - np.log(np.exp(-a) + eps)


def _softplus(x: Floats) -> Floats:
    """log(1 + exp x)"""
    return np.logaddexp(0.0, x)


def _binary_logits(rows: GivenRows) -> Floats:
    x = rows.scores
    losses: Floats = _softplus(x).sum(axis=1)[:, None] - x
    return losses


def _binary_probs(rows: GivenRows) -> Floats:
    others = 0.0 - np.log(-np.expm1(-rows.losses))  # −log(1 − p)
    sure = np.isposinf(others)  # of a class with p = 1, whose own term is not added to it: ∞ − ∞ would be NaN
    rest = np.where(sure, 0.0, others)
    rest = rest.sum(axis=1)[:, None] - rest
    losses: Floats = rows.losses + np.where(sure.sum(axis=1)[:, None] > sure, np.inf, rest)
    return losses


def _over_the_batch(rows: GivenRows) -> Floats:
    assert rows.column_logsumexp is not None
    losses: Floats = rows.column_logsumexp - rows.scores
    return losses


def _renormalised(rows: GivenRows) -> Floats:
    return read_logits(-rows.losses).every()


def _guard(name: str, title: str, of_loss: Callable[[Floats], Floats]) -> OddReading:
    return OddReading(name, title, _ALL_KINDS, of_loss=of_loss, is_guard=True)


def _odd(*readings: OddReading) -> dict[str, OddReading]:
    return {reading.name: reading for reading in readings}


ODD_READINGS = _odd(
    OddReading(
        "softmax-twice",
        "softmax of the probabilities: they were passed as logits",
        _ALL_KINDS,
        of_rows=lambda rows: read_logits(np.exp(-rows.losses)).every(),
        of_label=lambda rows: softmax_loss(rows, rows.p),
        is_second_softmax=True,
    ),
    OddReading(
        "as-probabilities",
        "the scores are read as probabilities, no softmax",
        ("logits",),
        of_rows=lambda rows: 0.0 - np.log(rows.scores),
        of_label=lambda rows: 0.0 - np.log(rows.target),
    ),
    OddReading(
        "raw",
        "the scores are read as log-probabilities: −x[y]",
        ("logits",),
        of_rows=lambda rows: 0.0 - rows.scores,
        of_label=lambda rows: 0.0 - rows.target,
    ),
    OddReading("no-log", "the log is missing: −p[y]", _ALL_KINDS, of_loss=lambda a: 0.0 - np.exp(-a)),
    OddReading(
        "renormalised",
        "p is divided by the sum of its row first",
        ("probs", "log_probs"),
        of_rows=_renormalised,
        of_label=lambda rows: softmax_loss(rows, np.log(rows.p)),
        divides_rows=True,
    ),
    OddReading("log2", "the log has base 2", _ALL_KINDS, of_loss=lambda a: a / math.log(2)),
    OddReading("log10", "the log has base 10", _ALL_KINDS, of_loss=lambda a: a / math.log(10)),
    OddReading(
        "clip-1e-7",
        "p is clipped to [1e-7, 1 − 1e-7] (Keras)",
        _ALL_KINDS,
        of_loss=_clip(1e-7, 1 - 1e-7),
        is_guard=True,
    ),
    OddReading(
        "renormalised-clip-1e-7",
        "p is divided by the sum of its row, then clipped to [1e-7, 1 − 1e-7] (Keras)",
        ("probs", "log_probs"),
        of_rows=lambda rows: _clip(1e-7, 1 - 1e-7)(_renormalised(rows)),
        of_label=lambda rows: _clip(1e-7, 1 - 1e-7)(softmax_loss(rows, np.log(rows.p))),
        divides_rows=True,
    ),
    OddReading(
        "clip-1e-12", "p is clipped to [1e-12, 1 − 1e-12]", _ALL_KINDS, of_loss=_clip(1e-12, 1 - 1e-12), is_guard=True
    ),
    OddReading(
        "clip-1e-15",
        "p is clipped to [1e-15, 1 − 1e-15] (older scikit-learn)",
        _ALL_KINDS,
        of_loss=_clip(1e-15, 1),
        is_guard=True,
    ),
    OddReading(
        "clip-2^-23",
        "p is clipped by the eps of float32 (scikit-learn)",
        _ALL_KINDS,
        of_loss=_clip(2**-23, 1 - 2**-23),
        is_guard=True,
    ),
    OddReading(
        "clip-2^-52",
        "p is clipped by the eps of float64 (scikit-learn)",
        _ALL_KINDS,
        of_loss=_clip(2**-52, 1 - 2**-52),
        is_guard=True,
    ),
    OddReading(
        "cap-100",
        "−log p is capped at 100 (torch's binary cross-entropy)",
        _ALL_KINDS,
        of_loss=lambda a: np.minimum(a, 100.0),
        is_guard=True,
    ),
    _guard("clip-plus-1e-7", "log(clip(p) + 1e-7)", lambda a: _plus(1e-7)(_clip(1e-7, 1 - 1e-7)(a))),
    _guard("plus-1e-6", "log(p + 1e-6)", _plus(1e-6)),
    _guard("plus-1e-8", "log(p + 1e-8)", _plus(1e-8)),
    _guard("plus-1e-10", "log(p + 1e-10)", _plus(1e-10)),
    OddReading(
        "sigmoid",
        "binary cross-entropy of every class's sigmoid, summed over the classes",
        ("logits",),
        of_rows=_binary_logits,
        of_label=binary_logit_loss,
    ),
    OddReading(
        "binary-terms",
        "−log(1 − p) of the other classes is added",
        _ALL_KINDS,
        of_rows=_binary_probs,
        of_label=binary_loss,
    ),
    OddReading(
        "wrong-axis",
        "softmax runs over the batch, not the classes",
        ("logits",),
        of_rows=_over_the_batch,
        whole_batch=True,
    ),
    OddReading(
        "weight-in-logits",
        "the class weight multiplies the logits",
        ("logits",),
        of_rows=lambda rows: read_logits(rows.scores * rows.weight).every(),
        of_label=lambda rows: softmax_loss(rows, rows.scores * rows.weight),
        takes_weight=True,
    ),
    OddReading(
        "weight-in-probability",
        "the class weight multiplies the probability: −log(w·p)",
        _ALL_KINDS,
        of_rows=lambda rows: rows.losses - np.log(rows.weight),
        of_label=lambda rows: rows.loss - np.log(rows.weight[rows.label]),
        takes_weight=True,
    ),
)
"""By name. The values that they give are matched, never shown as right."""
