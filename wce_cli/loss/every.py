"""Losses of all classes of a row, for label smoothing and probability labels, a chunk at a time.

With M = max x, D_c = M − x_c ≥ 0 and S = Σ exp(x_c − M) a class loses a_c = log S + D_c: two parts that are not
negative, so every sum of them is one factor and one sum over D, and nothing cancels:

    Σ_c w_c·a_c = log S · Σ_c w_c + Σ_c w_c·D_c        Σ_n s_n·a_nc = Σ_n s_n·log S_n + Σ_n s_n·D_nc

For probabilities log S is 0 and D = −log p, for log-probabilities D = −x. No matrix outlives its chunk. Rows for
which that does not hold (±∞, NaN, the ends of float64) go through `block_terms`, which takes them class by class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch, Block
from wce_cli.loss.buffers import NARROW, Buffers
from wce_cli.loss.columns import Columns, ColumnSums, columns_of
from wce_cli.loss.kernel import label_losses
from wce_cli.loss.rows import CHUNK, floats
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import block_terms, mixed, pairs

SURE = 2.0
"""Below this S, log S is log1p of a sum without the largest score: log(1 + little) has lost the little."""
X, D, Q = 0, 1, 2
"""The buffers: scores and their powers (then q·D), differences, probability labels."""


class EveryLosses(Struct, frozen=True):
    """What the losses of all classes leave of each row of a block. (n,) each; rows not kept hold nothing of use."""

    label: Ints
    """y; for probability labels the argmax, the first on a tie."""
    loss: Floats
    """ℓ before smoothing."""
    target_score: Floats
    logsumexp: Floats
    rest: Floats
    """R = Σ_c a[c]."""
    term: Floats
    """t under class placement."""
    size: Floats
    """The larger |w| of the other two placements."""
    label_sum: Floats
    """Σ_c q[c]; of probability labels only."""
    others: Floats
    """Σ_{c≠y} exp(x[c])."""

    @classmethod
    def of(cls, label: Ints) -> EveryLosses:
        """Room for as many rows as there are labels."""
        return cls(label, *(np.zeros(len(label)) for _ in range(8)))

    def part(self, rows: slice) -> EveryLosses:
        """Some of the rows: views, to be written to."""
        return EveryLosses(*(getattr(self, field)[rows] for field in self.__struct_fields__))


class EveryKernel:
    """The losses of every class of one batch, with the buffers that this takes."""

    def __init__(self, batch: Batch) -> None:
        spec = batch.spec
        self.batch, self.spec, self.c, self.soft = batch, spec, spec.n_classes, spec.is_soft
        self.buffers = Buffers(self.c, self.c <= NARROW, CHUNK // 2, 3, least=8)
        self.weight = spec.class_weight
        with np.errstate(invalid="ignore", over="ignore"):  # ∞ of both signs: every row then goes class by class
            self.weight_sum = float(self.weight.sum())

    def losses(self, start: int, label: Ints, kept: NDArray[np.bool_], s: Floats) -> tuple[EveryLosses, Columns]:
        """The rows from `start` on, whose classes are `label` (n,), to be found for probability labels."""
        out, columns, step = EveryLosses.of(label), ColumnSums(self.c, self.soft), self.buffers.rows
        for first in range(0, len(label), step):
            rows = slice(first, min(first + step, len(label)))
            self._chunk(start + first, kept[rows], s[rows], out.part(rows), columns)
        return out, columns.sums()

    def _chunk(self, start: int, kept: NDArray[np.bool_], s: Floats, out: EveryLosses, columns: ColumnSums) -> None:
        """One chunk: the rows that are as usual together, the others class by class."""
        raw = self.batch.scores.rows(start, start + len(s))
        if self.soft:
            self._load_labels(start, out, columns)
        base = self._log_differences(raw, out) if self.spec.scores == "logits" else self._given(raw, out)
        usual = kept & self._row_sums(base, s, out)
        if self._add_columns(base, usual, s, out, columns):
            columns.see_smallest(self._smallest(base, usual))
        else:
            usual[:] = False
        left = np.flatnonzero(kept & ~usual)
        if len(left):
            self._class_by_class(start, left, raw, s, out, columns)

    def _load_labels(self, start: int, out: EveryLosses, columns: ColumnSums) -> None:
        m = len(out.label)
        q = self.buffers.load(Q, self.batch.labels.rows(start, start + m), self.batch.labels.dtype)
        out.label[:] = q.argmax(axis=0 if self.buffers.by_class else 1)
        columns.see_labels(q)

    def _log_differences(self, raw: NDArray[Any], out: EveryLosses) -> Floats:
        """Put D of logits in its buffer and return log S (m,); NaN where the formula does not hold."""
        buffers, m = self.buffers, len(raw)
        where = buffers.places(out.label)
        powers = buffers.load(X, raw, self.batch.scores.dtype)
        np.take(buffers.flat[X], where, out=out.target_score, mode="clip")
        largest = buffers.largest(X, m)
        difference = np.subtract(buffers.along(largest), powers, out=buffers.matrix(D, m))
        np.exp(powers, out=powers)
        buffers.flat[X][where] = 0.0
        buffers.add_up(X, m, out.others)
        out.loss[:], outside = label_losses(out.target_score, out.others)
        out.logsumexp[:] = out.target_score + out.loss
        own = np.exp(out.target_score)
        s = (out.others + own) * np.exp(-largest)
        on_top = out.target_score == largest
        base = np.where(on_top, out.loss, np.log(s))
        near = np.flatnonzero(~on_top & (s < SURE))
        if len(near):
            rows, first = powers[:, near].T if buffers.by_class else powers[near], np.arange(len(near))
            gaps = difference[:, near].T if buffers.by_class else difference[near]
            rows = np.ascontiguousarray(rows)
            rows[first, gaps.argmin(axis=1)] = 0.0
            base[near] = np.log1p((rows.sum(axis=1) + own[near]) * np.exp(-largest[near]))
        return base if outside is None else np.where(outside, np.nan, base)

    def _given(self, raw: NDArray[Any], out: EveryLosses) -> Floats:
        """Put −log p in the buffer of D, as it is given, and return zeros for log S (m,)."""
        buffers, m = self.buffers, len(raw)
        where = buffers.places(out.label)
        difference = buffers.load(D, raw, self.batch.scores.dtype)
        np.take(buffers.flat[D], where, out=out.target_score, mode="clip")
        if self.spec.scores == "probs":
            np.log(difference, out=difference)
        np.subtract(0.0, difference, out=difference)
        np.take(buffers.flat[D], where, out=out.loss, mode="clip")
        return np.zeros(m)

    def _row_sums(self, base: Floats, s: Floats, out: EveryLosses) -> NDArray[np.bool_]:
        """Everything that is summed over the classes of a row; whether all of it is a number. (m,)"""
        buffers, m, c, smoothing = self.buffers, len(s), self.c, self.spec.label_smoothing
        buffers.add_up(D, m, out.rest)
        out.rest[:] += c * base
        everywhere = np.zeros(m)
        if smoothing > 0:
            buffers.dot(D, m, self.weight, everywhere)
            everywhere += self.weight_sum * base
        by_label = self.weight[out.label]
        own, mix = by_label * out.loss, by_label
        if self.soft:
            own, mix = np.empty(m), np.empty(m)
            buffers.add_up(Q, m, out.label_sum)
            buffers.dot(Q, m, self.weight, mix)
            np.multiply(buffers.matrix(Q, m), buffers.matrix(D, m), out=buffers.matrix(X, m))
            buffers.add_up(X, m, out.loss)
            out.loss[:] += base * out.label_sum
            buffers.dot(X, m, self.weight, own)
            own += base * mix
        out.term[:] = s * mixed(own, everywhere, smoothing, c)
        out.size[:] = np.maximum(
            np.abs(s * by_label), np.abs(s * mixed(mix, np.full(m, self.weight_sum), smoothing, c))
        )
        return np.isfinite(out.term) & np.isfinite(out.rest) & np.isfinite(out.loss) & np.isfinite(out.size)

    def _add_columns(
        self, base: Floats, usual: NDArray[np.bool_], s: Floats, out: EveryLosses, columns: ColumnSums
    ) -> bool:
        """Everything that is summed over the rows of a class; False, and nothing added, if some of it is no number."""
        buffers, m = self.buffers, len(s)
        factors = np.stack([s, s * base, s * out.loss, s * out.rest] if self.soft else [s, s * base])
        if not usual.all():
            gone = np.flatnonzero(~usual)
            factors[:, gone] = 0.0
            for k in (X, D, Q) if self.soft else (D,):
                buffers.matrix(k, m)[(slice(None), gone) if buffers.by_class else gone] = 0.0

        def over(k: int, which: slice) -> Floats:
            """Σ_n factor[n] · number[n, c]: a row for each factor. (k, C)"""
            if buffers.by_class:
                return (buffers.matrix(k, m) @ factors[which].T).T
            return factors[which] @ buffers.matrix(k, m)

        losses = over(D, slice(0, 1)) + factors[1].sum()
        if not self.soft:
            return columns.add(losses)
        s_q, s_q_base, s_q_loss, s_q_rest = over(Q, slice(0, 4))
        return columns.add(np.stack([losses[0], s_q, over(X, slice(0, 1))[0] + s_q_base, s_q_loss, s_q_rest]))

    def _smallest(self, base: Floats, usual: NDArray[np.bool_]) -> float:
        if self.spec.scores == "logits":
            return float(base[usual].min(initial=np.inf))
        lowest = np.minimum.reduce(self.buffers.matrix(D, len(base)), axis=0 if self.buffers.by_class else 1)
        return float(lowest[usual].min(initial=np.inf))

    def _class_by_class(
        self, start: int, left: Ints, raw: NDArray[Any], s: Floats, out: EveryLosses, columns: ColumnSums
    ) -> None:
        """Rows that hold ±∞ or NaN, or reach the ends of float64."""
        batch = self.batch
        labels: Ints | Floats = out.label[left]
        if self.soft:
            labels = floats(batch.labels.rows(start, start + len(s))[left], batch.labels.dtype)
        terms = block_terms(Block(0, floats(raw[left], batch.scores.dtype), labels, s[left]), self.spec)
        placed = pairs(terms, self.weight, self.spec.label_smoothing)
        assert terms.losses is not None
        out.loss[left] = terms.loss
        out.rest[left], out.term[left] = terms.losses.sum(axis=1), placed["class"][0]
        sizes = [np.abs(w) for _, w in (placed["sample"], placed["label-mix"]) if w is not None]
        out.size[left] = np.maximum(*sizes)
        if terms.logsumexp is not None:
            out.logsumexp[left] = terms.logsumexp
        if terms.target is not None:
            out.label[left], out.label_sum[left] = terms.label, terms.target.sum(axis=1)
        columns.add_sums(columns_of(terms))
        columns.see_smallest(float(np.fmin.reduce(terms.losses, axis=None, initial=np.inf)))
