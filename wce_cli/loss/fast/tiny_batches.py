"""Many small batches at once: a stack of batches of one kind and C, with the digits that each has by itself.

Only what is plain is stacked: index labels, no smoothing, two axes, finite numbers. A row's loss never depends on its
neighbours (`read_logits`), and the sums are cut batch by batch just as `Sums.by_label` cuts them, so a stack is a
way to save calls, not another arithmetic. Its `Totals` hold one more axis, the batch: arrays (B,) and (B, C), which
the methods answer as they answer one batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.methods import METHODS, divide
from wce_cli.loss.placements import PLACEMENTS, Weighting, unweighted_numerator
from wce_cli.loss.readings import READINGS, ScoreKind
from wce_cli.loss.sums import Floats, Ints, Sums, two_sum
from wce_cli.loss.totals import ROUNDS, Totals

FARTHEST = 1e200
"""Losses beyond this are left to a batch by itself: a cut above them could leave float64."""


class Stack(Struct, frozen=True):
    """B batches, their R rows one after the other."""

    scores: ScoreKind
    rows: Floats
    """(R, C)"""
    labels: Ints
    """(R,), 0 for a row that is not kept."""
    kept: NDArray[np.bool_]
    sample_weight: Floats | None
    """(R,); None where no batch has one."""
    sizes: Ints
    """Rows of each batch (B,)."""
    weight: Floats
    """(B, C)"""


class Stacked(Struct, frozen=True):
    """What the batches of a stack came to."""

    totals: Totals
    """With one more axis than those of a batch."""
    is_plain: NDArray[np.bool_]
    """Which batches it holds for; the others have numbers that are better read one by one. (B,)"""


def totals_of_stack(stack: Stack) -> Stacked:
    """The totals of every batch of a stack."""
    b, c = stack.weight.shape
    batch = np.repeat(np.arange(b), stack.sizes)
    row = np.flatnonzero(stack.kept)
    of, y = batch[row], stack.labels[row]
    with np.errstate(all="ignore"):
        loss = READINGS[stack.scores](stack.rows[row]).at(y)
        s = None if stack.sample_weight is None else stack.sample_weight[row]
        s_loss = loss if s is None else s * loss
        strange = ~(np.abs(loss) <= FARTHEST) | ~(np.abs(s_loss) <= FARTHEST)
    is_plain = np.ones(b, dtype=bool)
    is_plain[of[strange]] = False
    if strange.any():
        loss, s_loss = np.where(strange, 0.0, loss), np.where(strange, 0.0, s_loss)
    n_kept = np.bincount(of, minlength=b)
    flat = of * c + y

    def by_label(values: Floats) -> Sums:
        return _by_batch_and_label(values, of, flat, n_kept, c)

    def counted(labels: Ints) -> Ints:
        return np.bincount(labels, minlength=b * c).reshape(b, c)

    count, losses = counted(flat), by_label(loss)
    none = np.zeros((b, c), dtype=np.int64)
    totals = Totals(
        stack.sizes,  # type: ignore[arg-type]  # one a batch
        n_kept,  # type: ignore[arg-type]
        stack.sizes,  # type: ignore[arg-type]  # each item is a row
        count,
        count if s is None else counted(flat[s != 0]),
        Sums(count.astype(np.float64), np.zeros((b, c)), none, none, none) if s is None else by_label(s),
        losses,
        losses if s is None else by_label(s_loss),
        None,
    )
    return Stacked(totals, is_plain)


def values_of_stack(stacked: Stacked, weight: Floats, pairs: Sequence[tuple[str, str]]) -> list[list[float]]:
    """The values of some (method, placement) pairs, one a batch: its placements are one, and asked once."""
    totals, asked, place = stacked.totals, Weighting(weight), PLACEMENTS["class"]
    numerators: dict[bool, list[float]] = {}
    found: dict[str, list[float]] = {}
    for method in dict.fromkeys(method for method, _ in pairs):
        rule = METHODS[method]
        if rule.is_weighted not in numerators:
            numerator = (place.numerator if rule.is_weighted else unweighted_numerator)(totals, asked)
            numerators[rule.is_weighted] = np.broadcast_to(numerator, len(weight)).tolist()
        denominator = np.asarray(rule.denominator(totals, asked, place), dtype=np.float64)
        below = np.broadcast_to(denominator, len(weight)).tolist()
        found[method] = list(map(divide, numerators[rule.is_weighted], below))
    return [found[method] for method, _ in pairs]


def _by_batch_and_label(values: Floats, batch: Ints, flat: Ints, n: Ints, c: int) -> Sums:
    """`Sums.by_label` of every batch: each is cut by its own largest value and its own number of rows."""
    b = len(n)
    size = np.array([math.ceil(math.log2(k)) if k else 0 for k in range(int(n.max(initial=0)) + 1)])[n] + 1

    def largest(left: Floats) -> Floats:
        found = np.zeros(b)
        np.maximum.at(found, batch, np.abs(left))
        return found

    def add(part: Floats) -> Floats:
        return np.asarray(np.bincount(flat, weights=part, minlength=b * c), dtype=np.float64)

    high, low, rest, ends = np.zeros(b * c), np.zeros(b * c), values, largest(values)
    for _ in range(ROUNDS):
        cut = np.where(ends > 0, np.ldexp(1.0, np.frexp(ends)[1] + size), 0.0)[batch]
        top = (rest + cut) - cut
        rest = rest - top
        high, error = two_sum(high, add(top))
        low = low + error
        ends = largest(rest)
    high, error = two_sum(high, add(rest))
    high, low = two_sum(high, low + error)
    none = np.zeros((b, c), dtype=np.int64)
    return Sums(high.reshape(b, c), low.reshape(b, c), none, none, none)
