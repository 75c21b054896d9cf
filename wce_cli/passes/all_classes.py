"""Losses of all classes of a row, for label smoothing and probability labels, a chunk at a time.

With M = max x, D_c = M − x_c ≥ 0 and S = Σ exp(x_c − M) a class loses a_c = log S + D_c: two parts that are not
negative, so every sum of them is one factor and one sum over D, and nothing cancels:

    Σ_c w_c·a_c = log S · Σ_c w_c + Σ_c w_c·D_c        Σ_n s_n·a_nc = Σ_n s_n·log S_n + Σ_n s_n·D_nc

log S is log1p of the sum without the largest score. For probabilities it is 0 and D = −log p, for log-probabilities
D = −x. No matrix outlives its chunk. Rows for which that does not hold (±∞, NaN, the ends of float64) go through
`block_terms`, which takes them class by class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch
from wce_cli.loss.class_sums import BlockClassSums, ColumnSums, columns_of
from wce_cli.loss.fast.buffers import Buffers
from wce_cli.loss.fast.index_labels import FARTHEST, SUM_RANGE
from wce_cli.loss.rows import floats
from wce_cli.loss.spec import Block
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.terms import block_terms, mixed, pairs

X, D, Q = 0, 1, 2
"""The buffers: scores and their powers (then q·D), differences, probability labels."""
SIZE = 1 << 17
"""Numbers in each of them."""
FEW = 32
"""Up to so many classes lie as (C, m): argmax and differences along (m, C) are slow where C is small."""


class EveryLosses(Struct, frozen=True):
    """What the losses of all classes leave of each row of a block. (n,) each; rows not kept hold nothing of use."""

    label: Ints
    """y; for probability labels the argmax, the first on a tie."""
    target_score: Floats
    target_loss: Floats
    """D[y]"""
    largest: Floats
    """M"""
    others: Floats
    """Σ exp(x[c]) over all but the largest."""
    loss: Floats
    """ℓ before smoothing."""
    base: Floats
    """log S"""
    rest: Floats
    """R = Σ_c a[c]."""
    everywhere: Floats
    """Σ_c w[c]·a[c], where there is smoothing."""
    label_sum: Floats
    """Σ_c q[c]; of probability labels only, like the next two."""
    mix: Floats
    """Σ_c w[c]·q[c]"""
    own: Floats
    """Σ_c w[c]·q[c]·a[c]"""
    logsumexp: Floats
    term: Floats
    """t under class placement."""
    size: Floats
    """The larger |w| of the other two placements."""

    @classmethod
    def of(cls, label: Ints) -> EveryLosses:
        """Room for as many rows as there are labels."""
        return cls(label, *np.zeros((14, len(label))))

    def part(self, rows: slice) -> EveryLosses:
        """Some of the rows: views, to be written to."""
        return EveryLosses(*(getattr(self, field)[rows] for field in self.__struct_fields__))


class EveryKernel:
    """The losses of every class of one batch, with the buffers that this takes."""

    def __init__(self, batch: Batch) -> None:
        spec = batch.spec
        self.batch, self.spec, self.c, self.soft = batch, spec, spec.n_classes, spec.is_soft
        self.buffers = Buffers(self.c, self.c <= FEW, SIZE, 3 if self.soft else 2, least=8)
        self.weight = spec.class_weight
        with np.errstate(invalid="ignore", over="ignore"):  # ∞ of both signs: every row then goes class by class
            self.weight_sum = float(self.weight.sum())
        self.has_usual = bool(np.isfinite(self.weight).all())

    def losses(self, start: int, label: Ints, kept: NDArray[np.bool_], s: Floats) -> tuple[EveryLosses, BlockClassSums]:
        """The rows from `start` on, whose classes are `label` (n,), to be found for probability labels."""
        out, columns, step = EveryLosses.of(label), ColumnSums(self.c, self.soft), self.buffers.rows
        usual = np.zeros(len(label), dtype=bool)
        parts = [slice(first, min(first + step, len(label))) for first in range(0, len(label), step)]
        for rows in parts:
            usual[rows] = self._chunk(start + rows.start, kept[rows], s[rows], out.part(rows), columns)
        if not self.soft:
            self._bases(out)
            self._row_losses(out)
            columns.add_everywhere(float((s * out.base)[usual].sum()))
        self._terms(s, out)
        columns.see_smallest(self._smallest(out, usual))
        left = kept & ~usual
        again = left | kept & ~np.isfinite(out.term + out.size + out.loss)
        if again.any():
            for rows in parts:
                self._class_by_class(start + rows.start, left[rows], s[rows], out.part(rows), columns)
                self._class_by_class(start + rows.start, (again & ~left)[rows], s[rows], out.part(rows), None)
        return out, columns.sums()

    def _chunk(
        self, start: int, kept: NDArray[np.bool_], s: Floats, out: EveryLosses, columns: ColumnSums
    ) -> NDArray[np.bool_]:
        """Everything that needs the numbers of one chunk. Returns the rows that were added to the columns. (m,)"""
        buffers, m = self.buffers, len(s)
        raw = self.batch.scores.rows(start, start + m)
        if self.soft:
            q = buffers.load(Q, self.batch.labels.rows(start, start + m), self.batch.labels.dtype)
            out.label[:] = buffers.top(Q, m)
            columns.see_labels(q, start, 0 if buffers.by_class else 1)
        usual = kept & self._differences(raw, out)
        buffers.add_up(D, m, out.rest)
        if self.spec.label_smoothing > 0:
            buffers.dot(D, m, self.weight, out.everywhere)
        if self.soft:
            self._label_sums(out)
        if not self.has_usual:
            usual[:] = False
        usual &= np.isfinite(out.rest + s + out.label_sum + out.own)
        if not usual.all():  # 0 · ∞ would be NaN
            gone = np.flatnonzero(~usual)
            s = np.where(usual, s, 0.0)
            for k in range(len(buffers.flat)):
                buffers.clear(k, m, gone)
            if self.soft:
                for values in (out.base, out.loss, out.rest):
                    values[gone] = 0.0
        if not columns.add(self._columns(s, out)):
            usual[:] = False
        return usual

    def _differences(self, raw: NDArray[Any], out: EveryLosses) -> NDArray[np.bool_] | bool:
        """Put D in its buffer, and what log S is made of in its place; which rows it holds for. (m,)"""
        buffers, m = self.buffers, len(raw)
        where = buffers.places(out.label)
        if self.spec.scores != "logits":
            difference = buffers.load(D, raw, self.batch.scores.dtype)
            np.take(buffers.flat[D], where, out=out.target_score, mode="clip")
            if self.spec.scores == "probs":
                np.log(difference, out=difference)
            np.subtract(0.0, difference, out=difference)
            np.take(buffers.flat[D], where, out=out.target_loss, mode="clip")
            buffers.smallest(D, m, out.largest)
            return True
        powers = buffers.load(X, raw, self.batch.scores.dtype)
        np.take(buffers.flat[X], where, out=out.target_score, mode="clip")
        top = buffers.top(X, m)
        buffers.largest(X, m, top, out.largest)
        np.subtract(buffers.along(out.largest), powers, out=buffers.matrix(D, m))
        np.take(buffers.flat[D], where, out=out.target_loss, mode="clip")
        np.exp(powers, out=powers)
        buffers.flat[X][buffers.places(top)] = 0.0
        buffers.add_up(X, m, out.others)
        low, high = SUM_RANGE
        return (out.others >= low) & (out.others <= high) & (np.abs(out.largest) <= FARTHEST)

    def _bases(self, out: EveryLosses) -> None:
        """log S"""
        if self.spec.scores == "logits":
            np.log1p(out.others * np.exp(-out.largest), out=out.base)
            np.add(out.largest, out.base, out=out.logsumexp)

    def _row_losses(self, out: EveryLosses) -> None:
        """Sums over D → sums over a = log S + D."""
        out.rest[:] += self.c * out.base
        out.everywhere[:] += self.weight_sum * out.base
        if self.soft:
            out.loss[:] += out.label_sum * out.base
            out.own[:] += out.mix * out.base
        else:
            np.add(out.base, out.target_loss, out=out.loss)

    def _label_sums(self, out: EveryLosses) -> None:
        """What is summed over the classes of probability labels; q·D takes the place of the powers."""
        buffers, m = self.buffers, len(out.label)
        self._bases(out)
        buffers.add_up(Q, m, out.label_sum)
        buffers.dot(Q, m, self.weight, out.mix)
        np.multiply(buffers.matrix(Q, m), buffers.matrix(D, m), out=buffers.matrix(X, m))
        buffers.add_up(X, m, out.loss)
        buffers.dot(X, m, self.weight, out.own)
        self._row_losses(out)

    def _columns(self, s: Floats, out: EveryLosses) -> Floats:
        """Σ_n over the rows of the chunk: s·D, and for probability labels s·a, s·q, s·q·a, s·q·ℓ, s·q·R. (k, C)"""
        buffers = self.buffers
        losses = buffers.over_rows(D, s)
        if not self.soft:
            return losses[None]
        s_base = s * out.base
        s_q, s_q_base, s_q_loss, s_q_rest = buffers.over_rows(Q, np.stack([s, s_base, s * out.loss, s * out.rest]))
        s_q_losses = s_q_base + buffers.over_rows(X, s)
        return np.stack([losses + s_base.sum(), s_q, s_q_losses, s_q_loss, s_q_rest])

    def _terms(self, s: Floats, out: EveryLosses) -> None:
        """t under class placement, and the larger |w| under the others."""
        c, smoothing, by_label = self.c, self.spec.label_smoothing, self.weight[out.label]
        own, mix = (out.own, out.mix) if self.soft else (by_label * out.loss, by_label)
        np.multiply(s, mixed(own, out.everywhere, smoothing, c), out=out.term)
        mix = mixed(mix, np.full(len(s), self.weight_sum), smoothing, c)
        np.maximum(np.abs(s * by_label), np.abs(s * mix), out=out.size)

    def _smallest(self, out: EveryLosses, usual: NDArray[np.bool_]) -> float:
        """The smallest a: where D is 0, or smallest."""
        lowest = out.base if self.spec.scores == "logits" else out.largest
        return float(lowest[usual].min(initial=np.inf))

    def _class_by_class(
        self, start: int, which: NDArray[np.bool_], s: Floats, out: EveryLosses, columns: ColumnSums | None
    ) -> None:
        """Rows that hold ±∞ or NaN, or reach the ends of float64; added to the columns, unless they are in them."""
        left = np.flatnonzero(which)
        if not len(left):
            return
        batch = self.batch
        labels: Ints | Floats = out.label[left]
        if self.soft:
            labels = floats(batch.labels.rows(start, start + len(s))[left], batch.labels.dtype)
        scores = floats(batch.scores.rows(start, start + len(s))[left], batch.scores.dtype)
        terms = block_terms(Block(0, scores, labels, s[left]), self.spec)
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
        if columns is not None:
            columns.add_sums(columns_of(terms))
            columns.see_smallest(float(np.fmin.reduce(terms.losses, axis=None, initial=np.inf)))
