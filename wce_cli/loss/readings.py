"""Scores → a = −log p, per class, in nats: how logits, probabilities and log-probabilities are read.

For logits, a = logsumexp(x) − x. Written like that it loses everything small: with x = [30, 0] and y = 0 a
float64 logsumexp is 30 plus something, and most of the something is rounded away. So nothing is ever
subtracted that could cancel. With M = max x and y* where it stands,

    log S = log1p(Σ_{c≠y*} exp(x_c − M))  ≥ 0,      a_c = log S + (M − x_c)

are sums of non-negative parts. The difference x_c − M is kept as two floats d + e: exp(d) alone is off by
a relative |e|, which for x = [0.1, 700.3] is 5.7e-14.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats, Ints


class Reading(Struct, frozen=True):
    """The losses of one block of scores, computed as far as they are asked for."""

    at: Callable[[Ints], Floats]
    """−log p at one class a row: classes (n,) → (n,). The other classes of a row are not touched,
    save through the row's own logsumexp."""
    every: Callable[[], Floats]
    """−log p of every class: (n, C)."""
    logsumexp: Floats | None
    """logsumexp(x) of each row (n,); None where the scores are not logits."""


def read_logits(scores: Floats) -> Reading:
    """a = logsumexp(x) − x, to a few 1e-16 relative, however large, small or far apart the logits are.

    A row that holds NaN or +∞, or nothing but −∞, is NaN throughout, as in torch 2.13.
    """
    rows = np.arange(len(scores))
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        top = scores.argmax(axis=1)
        largest = scores[rows, top]
        difference, error = _difference(scores, largest[:, None])
        powers = np.exp(difference)
        powers += powers * error
        powers[rows, top] = np.where(np.isfinite(largest), 0.0, np.nan)
        log_s = np.log1p(powers.sum(axis=1))

        def at(classes: Ints) -> Floats:
            loss: Floats = log_s - difference[rows, classes] - error[rows, classes]
            return loss

        def every() -> Floats:
            with np.errstate(invalid="ignore"):
                losses: Floats = log_s[:, None] - difference - error
            return losses

        return Reading(at, every, np.where(largest == np.inf, np.inf, largest + log_s))


def read_probs(scores: Floats) -> Reading:
    """a = −log p, unclipped and not renormalised: p = 0 gives ∞."""
    return Reading(
        lambda classes: _minus_log(scores[np.arange(len(scores)), classes]), lambda: _minus_log(scores), None
    )


def read_log_probs(scores: Floats) -> Reading:
    """a = −log p as given, not renormalised."""
    return Reading(lambda classes: 0.0 - scores[np.arange(len(scores)), classes], lambda: 0.0 - scores, None)


ScoreKind = Literal["logits", "log_probs", "probs"]

READINGS: dict[ScoreKind, Callable[[Floats], Reading]] = {
    "logits": read_logits,
    "log_probs": read_log_probs,
    "probs": read_probs,
}
"""How each kind of scores is read; the keys are the names of the fields that carry them."""


def _minus_log(p: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return 0.0 - np.log(p)


def _difference(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a − b as its rounded value and the rounding error; the error is 0 where the value is not finite."""
    value = a - b
    part = value - a
    error = (a - (value - part)) - (b + part)
    return value, np.where(np.isfinite(error), error, 0.0)
