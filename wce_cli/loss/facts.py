"""What findings need to know of single rows: the second monoid of the one pass.

Free of the class weight wherever that is possible, so that the facts of saved parts answer for any weight.
Unless a field says otherwise it speaks of kept rows only.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.batch import Block, Spec
from wce_cli.loss.clipped import clipped, renormalised
from wce_cli.loss.readings import read_probs
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.terms import Terms, pairs

TOP = 5
"""Samples with the largest terms that are kept by index."""
LOOKS_NORMALISED = 1e-3
"""How far a row may be from summing to 1 and still look like probabilities: printed decimals, half precision."""
LOST = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Losses below this come out as 0 where 1 + S is rounded in the dtype: log(1 + S), S = Σ_{c≠y} exp(x_c − x_y)."""


class Rows(Struct, frozen=True):
    """The rows of which something is true: how many, and the first of them."""

    count: int = 0
    first: int = -1
    """−1 for none."""

    def __add__(self, other: Rows) -> Rows:
        first = min((row for row in (self.first, other.first) if row >= 0), default=-1)
        return Rows(self.count + other.count, first)


class Extremes(Struct, frozen=True):
    """The smallest and the largest of some values, each with its row; NaN has no part in it."""

    smallest: float = math.inf
    largest: float = -math.inf
    smallest_row: int = -1
    largest_row: int = -1

    def __add__(self, other: Extremes) -> Extremes:
        low = self if self.smallest <= other.smallest else other
        high = self if self.largest >= other.largest else other
        return Extremes(low.smallest, high.largest, low.smallest_row, high.largest_row)


class Lost(Struct, frozen=True):
    """Losses above 0 that a dtype rounds to 0."""

    rows: Rows = Rows()
    loss: float = 0.0
    """Σℓ of them."""

    def __add__(self, other: Lost) -> Lost:
        return Lost(self.rows + other.rows, self.loss + other.loss)


class Unnormalised(Struct, frozen=True):
    """Probability labels that do not sum to 1."""

    rows: Rows = Rows()
    total: float = 1.0
    """What the first of them sums to."""

    def __add__(self, other: Unnormalised) -> Unnormalised:
        rows = self.rows + other.rows
        return Unnormalised(rows, self.total if rows.first == self.rows.first else other.total)


class Top(Struct, frozen=True):
    """The rows with the largest terms of every class: enough for the largest of all, for any weight ≥ 0.

    With index labels and no smoothing a term is w[y]·s·ℓ, so the key is s·ℓ (its negative, where the class
    weighs less than 0). With smoothing or probability labels the order depends on every weight: the key is then
    the term itself, all classes are one, and the answer holds for the weight that the pass was made with.
    """

    size: int
    by_class: bool
    label: Ints
    key: Floats
    row: Ints

    def __add__(self, other: Top) -> Top:
        label = np.concatenate([self.label, other.label])
        key, row = np.concatenate([self.key, other.key]), np.concatenate([self.row, other.row])
        return _top(self.size, self.by_class, label, key, row)

    def terms(self, weight: Floats) -> tuple[tuple[float, int], ...]:
        """(term, row) of the largest terms under class placement, largest first, the earlier row on a tie."""
        with np.errstate(invalid="ignore", over="ignore"):
            term = np.abs(weight)[self.label] * self.key if self.by_class else self.key
        order = np.lexsort((self.row, -term))
        there = [i for i in order.tolist() if not np.isnan(term[i])][: self.size]  # 0·∞
        return tuple((float(term[i]), int(self.row[i])) for i in there)


class Facts(Struct, frozen=True):
    """What findings need to know of single rows."""

    s: tuple[Floats, Floats]
    """Extremes of the sample weight by y, (C,) each: +∞ and −∞ where there is no sample."""
    s_loss: tuple[Floats, Floats]
    """Extremes of the finite s·ℓ by y, ℓ before smoothing, likewise."""
    smallest_a: float
    """The smallest −log p: of every class where all are asked for, else of the labels. +∞ for no samples."""
    smallest_q: float
    """The smallest number of a probability label; +∞ for index labels."""
    reach: float
    """Σ|t| + Σ|w|·(1 + |logsumexp|), for the weights of the spec: the scale of the rounding of who subtracts
    x[y] from a rounded logsumexp."""
    infinite: Rows
    """Losses that are ±∞."""
    nan: Rows
    """Losses that are NaN."""
    masked: Rows
    """Losses that are ∞ because the index label's own score is −∞ (a probability of 0)."""
    nan_ignored: Rows
    """Ignored rows that hold NaN."""
    logsumexp: Extremes
    """Of the finite logsumexp; what log(Σ exp x) without a shift can overflow or underflow by."""
    lost: dict[str, Lost]
    """By dtype: losses that it rounds to 0."""
    as_probs: Sums | None
    """Reading the logits as probabilities: Σs·ℓ by y, ℓ before smoothing; for probability labels Σs·q·a by class.
    Where every row lies in [0, 1] and sums to 1, else None."""
    as_log_probs: bool
    """Whether the scores are logits and every row already is log-probabilities: logsumexp 0."""
    one_hot: bool
    """Whether every label is a probability row that is one-hot."""
    unnormalised: Unnormalised
    clipped: Sums | None
    """Σs·ℓ by y of probabilities that are clipped first, as `loss.clipped` has it; None where it has nothing."""
    renormalised: Sums | None
    """The same of probabilities that are divided by the sum of their row and clipped."""
    top: Top

    def __add__(self, other: Facts) -> Facts:
        return Facts(
            (np.minimum(self.s[0], other.s[0]), np.maximum(self.s[1], other.s[1])),
            (np.minimum(self.s_loss[0], other.s_loss[0]), np.maximum(self.s_loss[1], other.s_loss[1])),
            min(self.smallest_a, other.smallest_a),
            min(self.smallest_q, other.smallest_q),
            self.reach + other.reach,
            self.infinite + other.infinite,
            self.nan + other.nan,
            self.masked + other.masked,
            self.nan_ignored + other.nan_ignored,
            self.logsumexp + other.logsumexp,
            {dtype: lost + other.lost[dtype] for dtype, lost in self.lost.items()},
            _both(self.as_probs, other.as_probs),
            self.as_log_probs and other.as_log_probs,
            self.one_hot and other.one_hot,
            self.unnormalised + other.unnormalised,
            _both(self.clipped, other.clipped),
            _both(self.renormalised, other.renormalised),
            self.top + other.top,
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


def block_facts(block: Block, terms: Terms, spec: Spec, top: int = TOP) -> Facts:
    """The facts of one block and its terms, with the `top` largest terms of each class."""
    c, kept = spec.n_classes, terms.kept
    rows = np.flatnonzero(kept) + terms.start
    y, s, loss = terms.label[kept], terms.sample_weight[kept], terms.loss[kept]
    lse = None if terms.logsumexp is None else terms.logsumexp[kept]
    with np.errstate(invalid="ignore", over="ignore"):
        s_loss = s * loss
        term, reach = _term_and_reach(terms, spec)
        by_class = terms.target is None and spec.label_smoothing == 0
        key = np.where(spec.class_weight[y] < 0, 0.0 - s_loss, s_loss) if by_class else term
        lost = {
            dtype: Lost(_rows(rows, there), float(loss[there].sum()))
            for dtype, limit in LOST.items()
            for there in [(loss > 0) & (loss < limit)]
        }
        every = loss if terms.losses is None else terms.losses[kept]
        return Facts(
            _extremes_by_label(s, y, c),
            _extremes_by_label(np.where(np.isfinite(s_loss), s_loss, np.nan), y, c),
            float(np.fmin.reduce(every, axis=None, initial=np.inf)),
            np.inf if terms.target is None else float(np.fmin.reduce(terms.target, axis=None, initial=np.inf)),
            reach,
            _rows(rows, np.isinf(loss)),
            _rows(rows, np.isnan(loss)),
            _masked(terms, spec, rows),
            _nan_ignored(block, terms, spec),
            Extremes() if lse is None else _extremes(lse, rows),
            lost,
            _as_probs(block, terms, spec),
            lse is not None and c > 1 and bool((np.abs(lse) <= LOOKS_NORMALISED).all()),
            terms.target is not None and _one_hot(terms.target),
            _unnormalised(terms, rows),
            clipped(terms, spec),
            renormalised(block, terms, spec),
            _top(top, by_class, y if by_class else np.zeros_like(y), key, rows),
        )


def _term_and_reach(terms: Terms, spec: Spec) -> tuple[Floats, float]:
    """t of the kept rows under class placement, and the scale of a framework's rounding of their sum."""
    kept = terms.kept
    placed = pairs(terms, spec.class_weight, spec.label_smoothing)
    term = placed["class"][0][kept]
    weight = np.maximum(*(np.abs(w[kept]) for _, w in (placed["sample"], placed["label-mix"]) if w is not None))
    size = weight if terms.logsumexp is None else weight * (1 + np.abs(terms.logsumexp[kept]))
    reach = np.abs(term[np.isfinite(term)]).sum() + size[np.isfinite(size)].sum()
    return term, float(reach)


def _extremes_by_label(values: Floats, y: Ints, n_classes: int) -> tuple[Floats, Floats]:
    smallest, largest = np.full(n_classes, np.inf), np.full(n_classes, -np.inf)
    np.fmin.at(smallest, y, values)
    np.fmax.at(largest, y, values)
    return smallest, largest


def _extremes(values: Floats, rows: Ints) -> Extremes:
    there = np.flatnonzero(np.isfinite(values))
    if not len(there):
        return Extremes()
    low, high = there[values[there].argmin()], there[values[there].argmax()]
    return Extremes(float(values[low]), float(values[high]), int(rows[low]), int(rows[high]))


def _rows(rows: Ints, there: NDArray[np.bool_]) -> Rows:
    found = rows[there]
    return Rows(len(found), int(found[0])) if len(found) else Rows()


def _both(one: Sums | None, other: Sums | None) -> Sums | None:
    """A sum that one part does not have, the whole does not have either."""
    return None if one is None or other is None else one + other


def _masked(terms: Terms, spec: Spec, rows: Ints) -> Rows:
    if terms.target_score is None:
        return Rows()
    nothing = 0.0 if spec.scores == "probs" else -np.inf
    return _rows(rows, (terms.target_score[terms.kept] == nothing) & (terms.loss[terms.kept] == np.inf))


def _nan_ignored(block: Block, terms: Terms, spec: Spec) -> Rows:
    """Ignored rows of logits that hold NaN: log_softmax hands it to the gradient of the whole row."""
    if spec.scores != "logits" or terms.kept.all():
        return Rows()
    ignored = ~terms.kept
    holds_nan = np.logical_or.reduce(np.isnan(block.scores[ignored]), axis=1)
    return _rows(np.flatnonzero(ignored) + terms.start, holds_nan)


def _as_probs(block: Block, terms: Terms, spec: Spec) -> Sums | None:
    if spec.scores != "logits" or spec.n_classes == 1:
        return None
    scores = block.scores[terms.kept]
    if len(scores) and not (_looks_like_probs(scores[:1]) and _looks_like_probs(scores)):  # one row mostly settles it
        return None
    reading, s, y = read_probs(scores), terms.sample_weight[terms.kept], terms.label[terms.kept]
    if terms.target is None:
        return Sums.by_label(s * reading.at(y), y, spec.n_classes)
    return Sums.by_column(s[:, None] * terms.target[terms.kept] * reading.every())


def _looks_like_probs(scores: Floats) -> bool:
    return bool((scores >= 0).all() and (scores <= 1).all() and _sums_to_one(scores).all())


def _sums_to_one(rows: Floats) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(rows.sum(axis=1) - 1) <= LOOKS_NORMALISED
    return near


def _unnormalised(terms: Terms, rows: Ints) -> Unnormalised:
    if terms.target is None:
        return Unnormalised()
    found = _rows(rows, ~_sums_to_one(terms.target))
    return Unnormalised(found, float(terms.target[found.first - terms.start].sum())) if found.count else Unnormalised()


def _one_hot(q: Floats) -> bool:
    return bool(((q == 0) | (q == 1)).all() and (q.sum(axis=1) == 1).all())


def _top(size: int, by_class: bool, label: Ints, key: Floats, row: Ints) -> Top:
    """Keep the `size` largest keys of each label, the earlier rows on a tie."""
    there = np.flatnonzero(~np.isnan(key))
    order = there[np.lexsort((row[there], -key[there], label[there]))]
    labels = label[order]
    position = np.arange(len(order))
    begins = np.r_[True, labels[1:] != labels[:-1]] if len(order) else np.zeros(0, dtype=bool)
    rank = position - np.maximum.accumulate(np.where(begins, position, 0)) if len(order) else position
    chosen = order[rank < size]
    return Top(size, by_class, label[chosen], key[chosen], row[chosen])
