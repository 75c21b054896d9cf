"""What a worker has seen of single rows: everything of `Facts` that does not depend on the order of the rows.

Extremes, counts, first places and the largest terms are the same whoever meets the rows in whichever order, so one
`RowFacts` a worker does for all the rows that it walks. What is a sum of floats is kept group by group (`Part`).
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.facts import LOST, TOP, CountedRows, Extremes, Unnormalised, both_rows
from wce_cli.loss.largest_terms import Sieve, Top
from wce_cli.loss.normalised import BFLOAT16, LOOKS_NORMALISED
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import KeptRows


class RowFacts(Struct, frozen=True):
    """Facts that do not depend on order. The fields are those of `Facts`."""

    s: tuple[Floats, Floats] | None
    """None where every sample weight is 1."""
    s_loss: tuple[Floats, Floats]
    smallest_a: float
    smallest_loss: float
    smallest_q: float
    infinite: CountedRows
    nan: CountedRows
    nan_smoothed: CountedRows
    masked: CountedRows
    no_chance: CountedRows
    broken_ignored: CountedRows
    logsumexp: Extremes
    peak: Extremes
    lost: dict[str, CountedRows]
    as_log_probs: bool
    one_hot: bool
    several_ones: CountedRows | None
    unnormalised: Unnormalised
    negative_q: CountedRows
    top: Top

    def __add__(self, other: RowFacts) -> RowFacts:
        s = self.s and other.s and _wider(self.s, other.s)
        return RowFacts(
            s,
            _wider(self.s_loss, other.s_loss),
            min(self.smallest_a, other.smallest_a),
            min(self.smallest_loss, other.smallest_loss),
            min(self.smallest_q, other.smallest_q),
            self.infinite + other.infinite,
            self.nan + other.nan,
            self.nan_smoothed + other.nan_smoothed,
            self.masked + other.masked,
            self.no_chance + other.no_chance,
            self.broken_ignored + other.broken_ignored,
            self.logsumexp + other.logsumexp,
            self.peak + other.peak,
            {dtype: rows + other.lost[dtype] for dtype, rows in self.lost.items()},
            self.as_log_probs and other.as_log_probs,
            self.one_hot and other.one_hot,
            both_rows(self.several_ones, other.several_ones),
            self.unnormalised + other.unnormalised,
            self.negative_q + other.negative_q,
            self.top + other.top,
        )


class Watch:
    """The `RowFacts` of one worker while it walks; it is shown the blocks in the order of their rows."""

    def __init__(self, spec: Spec, has_sample_weight: bool, top: int = TOP) -> None:
        c = spec.n_classes
        self.spec = spec
        self.s = _nothing(c) if has_sample_weight else None
        self.s_loss = _nothing(c)
        self.smallest_a = self.smallest_loss = self.smallest_q = math.inf
        self.infinite = self.nan = self.nan_smoothed = self.masked = self.broken_ignored = CountedRows()
        self.no_chance = self.negative_q = CountedRows()
        self.unnormalised = Unnormalised()
        self.logsumexp = self.peak = Extremes()
        self.lost = {dtype: CountedRows() for dtype in LOST}
        self.as_log_probs = spec.scores == "logits" and c > 1
        self.one_hot = spec.is_soft
        self.several_ones = CountedRows() if spec.is_soft else None
        self.by_class = not spec.is_soft and spec.label_smoothing == 0
        self.sieve = Sieve(top, self.by_class, c)
        self.rounded = LOOKS_NORMALISED + (BFLOAT16 if spec.dtypes.get("labels") == "bfloat16" else 0.0)
        """How far a probability label may be from summing to 1; NaN is another matter."""
        negative = spec.class_weight < 0
        self.negative = negative if negative.any() else None

    def see(self, kept: KeptRows) -> dict[str, float]:
        """Look at the rows of a block. Returns Σℓ of what each dtype loses."""
        row, y, loss = kept.row, kept.label, kept.loss
        s_loss = loss if kept.sample_weight is None else kept.sample_weight * loss
        if self.s is not None and kept.sample_weight is not None:
            there = ~np.isnan(kept.sample_weight)
            _widen(self.s, y[there], kept.sample_weight[there])
        finite = _finite(s_loss)
        _widen(self.s_loss, *((y, s_loss) if finite is None else (y[finite], s_loss[finite])))
        if finite is not None:
            self.infinite = self.infinite + _rows(row, np.isinf(loss))
            nan = np.isnan(loss)
            self.nan = self.nan + _rows(row, nan)
            if kept.every is not None:
                nan &= ~np.isinf(kept.every.rest)
            self.nan_smoothed = self.nan_smoothed + _rows(row, nan)
            if kept.target_score is not None:
                masked = 0.0 if self.spec.scores == "probs" else -np.inf
                self.masked = self.masked + _rows(row, (kept.target_score == masked) & (loss == np.inf))
        if kept.broken_ignored is not None:
            broken = CountedRows(len(kept.broken_ignored), int(kept.broken_ignored[0]))
            self.broken_ignored = self.broken_ignored + broken
        if kept.logsumexp is not None:
            self._see_logsumexp(kept.logsumexp, kept.peak, row)
        key = s_loss
        if not self.spec.is_soft:
            self.smallest_loss = min(self.smallest_loss, _smallest(loss))
        if kept.every is None:
            self.smallest_a = self.smallest_loss
            if self.negative is not None:
                key = np.where(self.negative[y], 0.0 - s_loss, s_loss)
        else:
            key = self._see_every(kept)
        self.sieve.add(y, key, row)
        return self._see_lost(loss, row)

    def _see_every(self, kept: KeptRows) -> Floats:
        """What smoothing and probability labels have beside it; returns the terms."""
        every = kept.every
        assert every is not None
        assert every.term is not None
        columns = every.columns
        self.smallest_a = min(self.smallest_a, columns.smallest_a)
        if _finite(every.rest) is not None:
            self.no_chance = self.no_chance + _rows(kept.row, every.rest == np.inf)
        self.negative_q = self.negative_q + columns.negative_q
        self.smallest_q = min(self.smallest_q, columns.smallest_q)
        if every.label_sum is not None:
            self.one_hot = self.one_hot and columns.zeros_and_ones and bool((every.label_sum == 1).all())
            several = _rows(kept.row, every.label_sum > 1) if columns.zeros_and_ones else None
            self.several_ones = both_rows(self.several_ones, several)
            strange = np.flatnonzero(np.abs(every.label_sum - 1) > self.rounded)
            if len(strange):
                rows = CountedRows(len(strange), int(kept.row[strange[0]]))
                self.unnormalised = self.unnormalised + Unnormalised(rows, float(every.label_sum[strange[0]]))
        return every.term

    def _see_logsumexp(self, logsumexp: Floats, peak: Floats | None, row: Ints) -> None:
        if self.as_log_probs:
            self.as_log_probs = bool((np.abs(logsumexp) <= LOOKS_NORMALISED).all())
        found = _extremes(logsumexp, row)
        self.logsumexp = self.logsumexp + found
        self.peak = self.peak + (found if peak is None else _extremes(peak, row))

    def _see_lost(self, loss: Floats, row: Ints) -> dict[str, float]:
        lost = dict.fromkeys(LOST, 0.0)
        if len(loss) and not loss.min() >= max(LOST.values()):
            for dtype, limit in LOST.items():
                there = (loss > 0) & (loss < limit)
                self.lost[dtype] = self.lost[dtype] + _rows(row, there)
                lost[dtype] = float(loss[there].sum())
        return lost

    def seen(self) -> RowFacts:
        """All of it."""
        return RowFacts(
            self.s,
            (self.s_loss[0] + 0.0, self.s_loss[1] + 0.0),  # −0 and 0 are one number, whichever came first
            self.smallest_a,
            self.smallest_loss,
            self.smallest_q,
            self.infinite,
            self.nan,
            self.nan_smoothed,
            self.masked,
            self.no_chance,
            self.broken_ignored,
            self.logsumexp,
            self.peak,
            self.lost,
            self.as_log_probs,
            self.one_hot,
            self.several_ones,
            self.unnormalised,
            self.negative_q,
            self.sieve.top(),
        )


def _nothing(n_classes: int) -> tuple[Floats, Floats]:
    return np.full(n_classes, np.inf), np.full(n_classes, -np.inf)


def _widen(ends: tuple[Floats, Floats], label: Ints, values: Floats) -> None:
    """Let the smallest and largest of each label take in some values, none of them NaN."""
    np.minimum.at(ends[0], label, values)
    np.maximum.at(ends[1], label, values)


def _wider(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])


def _finite(values: Floats) -> Ints | None:
    """Which values are finite; None for all."""
    if len(values) == 0 or (values.min() > -np.inf and values.max() < np.inf):
        return None
    return np.flatnonzero(np.isfinite(values))


def _extremes(values: Floats, row: Ints) -> Extremes:
    """Of the finite values, with their rows."""
    finite = _finite(values)
    if finite is not None:
        values, row = values[finite], row[finite]
    if not len(row):
        return Extremes()
    low, high = values.argmin(), values.argmax()
    return Extremes(float(values[low]), float(values[high]), int(row[low]), int(row[high]))


def _smallest(values: Floats) -> float:
    """The smallest value that is not NaN; +∞ for none."""
    smallest = float(values.min(initial=np.inf))
    return smallest if smallest == smallest else float(np.fmin.reduce(values, initial=np.inf))


def _rows(row: Ints, there: NDArray[np.bool_]) -> CountedRows:
    found = row[there]
    return CountedRows(len(found), int(found[0])) if len(found) else CountedRows()
