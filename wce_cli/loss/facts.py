"""What findings need to know of single rows: the second monoid of the one pass.

Free of the class weight wherever that is possible, so that the facts of saved parts answer for any weight.
Unless a field says otherwise it speaks of kept rows only.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct, structs

from wce_cli.loss.largest_terms import TOP, Top
from wce_cli.loss.sums import Floats, Sums, both

__all__ = ["LOST", "TOP", "UNDERFLOW", "CountedRows", "Extremes", "Facts", "Lost", "RowSums", "Top", "Unnormalised"]

LOST = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Losses below this come out as 0 where 1 + S is rounded in the dtype: log(1 + S), S = Σ_{c≠y} exp(x_c − x_y)."""

UNDERFLOW = {
    "float16": -25 * math.log(2),
    "bfloat16": -134 * math.log(2),
    "float32": -150 * math.log(2),
    "float64": -1075 * math.log(2),
}
"""By dtype: the log of half its smallest number above 0, which is the largest that exp rounds to 0."""


class CountedRows(Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of which something is true: how many, and the first of them."""

    count: int = 0
    first: int = -1
    """−1 for none."""

    def __add__(self, other: CountedRows) -> CountedRows:
        first = min((row for row in (self.first, other.first) if row >= 0), default=-1)
        return CountedRows(self.count + other.count, first)

    def shifted(self, n: int) -> CountedRows:
        """The same rows behind n others."""
        return CountedRows(self.count, self.first + n if self.first >= 0 else -1)


def both_rows(one: CountedRows | None, other: CountedRows | None) -> CountedRows | None:
    """The rows of two parts, if both have been asked for them."""
    return None if one is None or other is None else one + other


class Extremes(Struct, frozen=True, forbid_unknown_fields=True):
    """The smallest and the largest of some values, each with its row; NaN has no part in it."""

    smallest: float = math.inf
    largest: float = -math.inf
    smallest_row: int = -1
    largest_row: int = -1

    def __add__(self, other: Extremes) -> Extremes:
        low = min(self, other, key=lambda one: (one.smallest, one.smallest_row))
        high = min(self, other, key=lambda one: (-one.largest, one.largest_row))
        return Extremes(low.smallest, high.largest, low.smallest_row, high.largest_row)

    def shifted(self, n: int) -> Extremes:
        """The same rows behind n others."""
        low, high = (row + n if row >= 0 else -1 for row in (self.smallest_row, self.largest_row))
        return Extremes(self.smallest, self.largest, low, high)


class Lost(Struct, frozen=True, forbid_unknown_fields=True):
    """Losses above 0 that a dtype rounds to 0."""

    rows: CountedRows = CountedRows()
    loss: float = 0.0
    """Σℓ of them."""

    def __add__(self, other: Lost) -> Lost:
        return Lost(self.rows + other.rows, self.loss + other.loss)


class Unnormalised(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of probabilities that do not sum to 1."""

    rows: CountedRows = CountedRows()
    total: float = 1.0
    """What the first of them sums to."""

    def __add__(self, other: Unnormalised) -> Unnormalised:
        rows = self.rows + other.rows
        return Unnormalised(rows, self.total if rows.first == self.rows.first else other.total)

    def shifted(self, n: int) -> Unnormalised:
        """The same rows behind n others."""
        return Unnormalised(self.rows.shifted(n), self.total)


class RowSums(Struct, frozen=True, forbid_unknown_fields=True):
    """What the probabilities of rows sum to, where the scores are probabilities or their logs: Z of each row."""

    looked: int = 0
    """Rows that were looked at: of a large batch the first ones."""
    off: Unnormalised = Unnormalised()
    """Those of them that do not sum to 1, beyond what their digits leave open."""

    def __add__(self, other: RowSums) -> RowSums:
        return RowSums(self.looked + other.looked, self.off + other.off)

    def shifted(self, n: int) -> RowSums:
        """The same of rows that stand behind n others."""
        return RowSums(self.looked, self.off.shifted(n))


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """What findings need to know of single rows."""

    s: tuple[Floats, Floats]
    """Extremes of the sample weight by y, (C,) each: +∞ and −∞ where there is no sample."""
    s_loss: tuple[Floats, Floats]
    """Extremes of the finite s·ℓ by y, ℓ before smoothing, likewise."""
    smallest_a: float
    """The smallest −log p: of every class where all are asked for, else of the labels. +∞ for no samples."""
    smallest_loss: float
    """The smallest −log p at an index label, before smoothing; +∞ for probability labels."""
    smallest_q: float
    """The smallest number of a probability label; +∞ for index labels."""
    reach: float
    """Σ|t| + Σ|w|·(1 + |logsumexp|), for the weights of the spec: the scale of the rounding of who subtracts
    x[y] from a rounded logsumexp."""
    infinite: CountedRows
    """Losses that are ±∞."""
    nan: CountedRows
    """Losses that are NaN before smoothing."""
    nan_smoothed: CountedRows
    """Those that are so under smoothing, too: not a 0·∞, since smoothing leaves no share at 0."""
    masked: CountedRows
    """Losses that are ∞ because the index label's own score is −∞ (a probability of 0)."""
    no_chance: CountedRows
    """Rows in which a class has a probability of 0, where all classes are asked for; else none."""
    broken_ignored: CountedRows
    """Ignored rows of logits whose softmax is not defined: they hold NaN or +∞, or nothing but −∞."""
    logsumexp: Extremes
    """Of the finite logsumexp; what log(Σ exp x) without a shift can overflow by."""
    peak: Extremes
    """Of the largest logit of each row, as far as an end of UNDERFLOW is concerned: where it is below one, all
    of Σ exp x is 0 in that dtype."""
    lost: dict[str, Lost]
    """By dtype: losses that it rounds to 0."""
    as_probs: Sums | None
    """Reading the logits, or the log-probabilities, as probabilities: Σs·ℓ by y, ℓ before smoothing; for probability
    labels Σs·q·a by class. Where every row lies in [0, 1] and sums to 1, else None."""
    as_log_probs: bool
    """Whether the scores are logits and every row already is log-probabilities: logsumexp 0."""
    one_hot: bool
    """Whether every label is a probability row that is one-hot."""
    several_ones: CountedRows | None
    """Labels with more than one 1, where every label is a row of numbers that are 0 or 1, else None."""
    unnormalised: Unnormalised
    """Probability labels that do not sum to 1."""
    negative_q: CountedRows
    """Probability labels with a number below 0."""
    clipped: Sums | None
    """Σs·ℓ by y of probabilities that are clipped first, as `loss.clipped` has it; None where it has nothing."""
    renormalised: Sums | None
    """The same of probabilities that are divided by the sum of their row and clipped."""
    undivided: Sums | None
    """The same of probabilities that are clipped to the same ends, and not divided."""
    row_sums: RowSums
    log_totals: Sums | None
    """Σs·log Z by y, Z the sum of the probabilities of a row, for probability labels Σs·q·log Z by class: how much
    larger the loss is where each row is divided by its sum. Of scores that are no logits; None of a large batch."""
    as_elements: Sums | None
    """Σs·ℓ by class of the binary cross-entropy of every score beside its label; where all labels are rows of 0 and 1,
    of a batch that is not large, else None."""
    top: Top

    def __add__(self, other: Facts) -> Facts:
        return Facts(
            (np.minimum(self.s[0], other.s[0]), np.maximum(self.s[1], other.s[1])),
            (np.minimum(self.s_loss[0], other.s_loss[0]), np.maximum(self.s_loss[1], other.s_loss[1])),
            min(self.smallest_a, other.smallest_a),
            min(self.smallest_loss, other.smallest_loss),
            min(self.smallest_q, other.smallest_q),
            self.reach + other.reach,
            self.infinite + other.infinite,
            self.nan + other.nan,
            self.nan_smoothed + other.nan_smoothed,
            self.masked + other.masked,
            self.no_chance + other.no_chance,
            self.broken_ignored + other.broken_ignored,
            self.logsumexp + other.logsumexp,
            self.peak + other.peak,
            {dtype: lost + other.lost[dtype] for dtype, lost in self.lost.items()},
            both(self.as_probs, other.as_probs),
            self.as_log_probs and other.as_log_probs,
            self.one_hot and other.one_hot,
            both_rows(self.several_ones, other.several_ones),
            self.unnormalised + other.unnormalised,
            self.negative_q + other.negative_q,
            both(self.clipped, other.clipped),
            both(self.renormalised, other.renormalised),
            both(self.undivided, other.undivided),
            self.row_sums + other.row_sums,
            both(self.log_totals, other.log_totals),
            both(self.as_elements, other.as_elements),
            self.top + other.top,
        )

    def nan_under(self, smoothing: float) -> CountedRows:
        """Losses that are NaN under a smoothing."""
        return self.nan_smoothed if smoothing > 0 else self.nan

    def shifted(self, n: int) -> Facts:
        """The same of rows that stand behind n others."""
        return structs.replace(
            self,
            infinite=self.infinite.shifted(n),
            nan=self.nan.shifted(n),
            nan_smoothed=self.nan_smoothed.shifted(n),
            masked=self.masked.shifted(n),
            no_chance=self.no_chance.shifted(n),
            negative_q=self.negative_q.shifted(n),
            broken_ignored=self.broken_ignored.shifted(n),
            logsumexp=self.logsumexp.shifted(n),
            peak=self.peak.shifted(n),
            lost={dtype: Lost(one.rows.shifted(n), one.loss) for dtype, one in self.lost.items()},
            unnormalised=self.unnormalised.shifted(n),
            several_ones=None if self.several_ones is None else self.several_ones.shifted(n),
            row_sums=self.row_sums.shifted(n),
            top=structs.replace(self.top, row=self.top.row + n),
        )

    def kept_weights(self, weight: Floats) -> Floats:
        """The weights s·w[y] that kept samples have: of each class the smallest, then of each the largest."""
        present = self.s[0] <= self.s[1]
        with np.errstate(invalid="ignore"):
            return np.concatenate([weight[present] * s[present] for s in self.s])

    def terms_have_one_sign(self, weight: Floats) -> bool:
        """Whether no two terms under class placement have opposite signs, so that each has a share of their sum.

        With smoothing or probability labels a term mixes all classes: then it is enough that each of its
        factors has one sign.
        """
        with np.errstate(invalid="ignore"):
            if self.top.by_class:
                present = self.s_loss[0] <= self.s_loss[1]
                ends = np.concatenate([weight[present] * end[present] for end in self.s_loss])
                return bool((ends >= 0).all() or (ends <= 0).all())
            s_low, s_high = self.s[0].min(initial=np.inf), self.s[1].max(initial=-np.inf)
            signs = (weight >= 0).all() or (weight <= 0).all()
            return bool(signs and (s_low >= 0 or s_high <= 0) and self.smallest_a >= 0 and self.smallest_q >= 0)
