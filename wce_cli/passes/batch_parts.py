"""How a batch is cut into parts, and what each part leaves: its sums for one class weight and one smoothing.

A part keeps a few numbers, whatever C is, so that ten thousand of them fit beside the totals of the whole. They add
up like totals do: block by block, group by group, in the order of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.methods import METHODS
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats, Ints, Sums, two_sum
from wce_cli.loss.terms import mixed
from wce_cli.loss.totals import KeptRows

ROUNDS = 2
"""Rounds of extraction of a block's sums, as for totals."""


class Shuffled(Struct, frozen=True):
    """Items in the order `np.random.default_rng(seed).permutation(n)`, which anybody can repeat."""

    seed: int
    places: Ints
    """Where each item stands in it. (n,)"""

    @classmethod
    def by(cls, seed: int, n: int) -> Shuffled:
        """The order of `n` items that a seed names."""
        order = np.random.default_rng(seed).permutation(n)
        places = np.empty(n, dtype=np.int64)
        places[order] = np.arange(n)
        return cls(seed, places)


class Cut(Struct, frozen=True):
    """Which part each row belongs to. Items are what stands along the first axis; each has `inner` rows.

    Items are dealt to the ranks in turn, and each rank's are cut into blocks of `size`, or at `bounds` (one rank).
    """

    items: int
    inner: int = 1
    size: int | None = None
    """Items of a block; the last may have fewer."""
    bounds: tuple[int, ...] = ()
    """Where each block ends, for blocks of any sizes."""
    ranks: int = 1
    shuffled: Shuffled | None = None
    """The order in which items are dealt and cut; None for their own."""

    @property
    def steps(self) -> int:
        """Parts of each rank."""
        if self.bounds:
            return len(self.bounds)
        most = -(-self.items // self.ranks)
        return 1 if self.size is None else max(1, -(-most // self.size))

    @property
    def parts(self) -> int:
        """Parts of all ranks: the first of each rank, then the second of each."""
        return self.ranks * self.steps

    def sizes(self) -> Ints:
        """The rows of each part, which no order changes. (P,)"""
        if self.bounds:
            return np.diff(self.bounds, prepend=0) * self.inner
        of_rank = self.items // self.ranks + (np.arange(self.ranks) < self.items % self.ranks)
        if self.size is None:
            return of_rank * self.inner
        left = of_rank - self.size * np.arange(self.steps)[:, None]
        found: Ints = np.clip(left, 0, self.size).ravel() * self.inner
        return found

    def part_of(self, rows: Ints) -> Ints:
        """The part of each of some rows. (m,)"""
        place = rows // self.inner if self.inner > 1 else rows
        if self.shuffled is not None:
            place = self.shuffled.places.take(place)
        if self.bounds:
            found: Ints = np.searchsorted(np.array(self.bounds), place, side="right")
            return found
        if self.ranks == 1:
            return place * 0 if self.size is None else place // self.size
        rank = place % self.ranks
        return rank if self.size is None else place // self.ranks // self.size * self.ranks + rank


class Summed(Struct, frozen=True):
    """One sum a part, as `Sums` has them, but the counts of ∞ and NaN only where there are any. (P,)"""

    high: Floats
    low: Floats
    odd: Ints | None
    """(3, P): +∞, −∞, NaN."""

    @classmethod
    def of(cls, sums: Sums) -> Summed:
        """The same sums."""
        counts = (sums.positive_infinities, sums.negative_infinities, sums.nans)
        return cls(sums.high, sums.low, np.stack(counts) if any(count.any() for count in counts) else None)

    def values(self) -> Floats:
        """The sums as IEEE arithmetic would give them, ∞ and NaN included. (P,)"""
        return self._whole().values()

    def __add__(self, other: Summed) -> Summed:
        high, error = two_sum(self.high, other.high)
        low = self.low + other.low + error
        if self.odd is None and other.odd is None and np.isfinite(high).all():
            return Summed(*two_sum(high, low), None)
        return Summed.of(self._whole() + other._whole())

    def _whole(self) -> Sums:
        none = np.zeros(len(self.high), dtype=np.int64)
        return Sums(self.high, self.low, *(3 * (none,) if self.odd is None else self.odd))

    def within(self, before: int, after: int) -> Summed:
        """The same among more parts, of which the others have nothing."""
        odd = None if self.odd is None else np.stack([padded(row, before, after) for row in self.odd])
        return Summed(padded(self.high, before, after), padded(self.low, before, after), odd)


class PartSums(Struct, frozen=True):
    """What each part leaves, from the part `first` on. (P,) each."""

    first: int
    n_kept: Ints
    loss: Summed
    """Σℓ, after smoothing."""
    terms: dict[str, Summed]
    """Σt by placement; under `class` alone where all placements agree."""
    weights: dict[str, Summed]
    """Σw by placement: `sample`, and `label-mix` where it differs."""
    nonzero: dict[str, Ints]
    """D by `METHOD/sample` or `METHOD/label-mix`, of the methods that count the samples whose weight is not 0."""
    bent: dict[str, Summed]
    """D by `METHOD/sample` or `METHOD/label-mix`, of the methods that are bent where a weight is 0."""

    def __add__(self, other: PartSums) -> PartSums:
        start, stop = min(self.first, other.first), max(self.stop, other.stop)
        one, two = self.within(start, stop), other.within(start, stop)
        n_kept = one.n_kept + two.n_kept
        return PartSums(
            start,
            n_kept,
            one.loss + two.loss,
            {name: terms + two.terms[name] for name, terms in one.terms.items()},
            {name: weights + two.weights[name] for name, weights in one.weights.items()},
            {name: one._nonzero(two, name, n_kept) for name in one.nonzero},
            {name: bent + two.bent[name] for name, bent in one.bent.items()},
        )

    def _nonzero(self, other: PartSums, name: str, n_kept: Ints) -> Ints:
        """What is the same count is the same object: it is sent once."""
        mine, others = self.nonzero[name], other.nonzero[name]
        return n_kept if mine is self.n_kept and others is other.n_kept else mine + others

    @property
    def stop(self) -> int:
        """The part after the last."""
        return self.first + len(self.n_kept)

    def within(self, start: int, stop: int) -> PartSums:
        """The same among the parts from `start` up to `stop`, of which the others have nothing."""
        before, after = self.first - start, stop - self.stop
        if before == after == 0:
            return self
        n_kept = padded(self.n_kept, before, after)
        return PartSums(
            start,
            n_kept,
            self.loss.within(before, after),
            {name: terms.within(before, after) for name, terms in self.terms.items()},
            {name: weights.within(before, after) for name, weights in self.weights.items()},
            {
                name: n_kept if count is self.n_kept else padded(count, before, after)
                for name, count in self.nonzero.items()
            },
            {name: bent.within(before, after) for name, bent in self.bent.items()},
        )


def padded(values: NDArray[Any], before: int, after: int) -> NDArray[Any]:
    """Some zeros, the values, and some zeros."""
    wide = np.zeros(before + len(values) + after, dtype=values.dtype)
    wide[before : before + len(values)] = values
    return wide


def part_sums(rows: KeptRows, start: int, spec: Spec, cut: Cut) -> PartSums:
    """The sums of the rows of one block, which begins at row `start`, by part."""
    everyone = cut.part_of(np.arange(start, start + rows.n))
    first, parts = 0, cut.parts
    if cut.shuffled is None:  # shuffled rows are of parts from end to end
        first = int(everyone.min()) if rows.n else 0
        everyone -= first
        parts = int(everyone.max()) + 1 if rows.n else 1
    part = everyone if len(rows.row) == rows.n else everyone[rows.row - start]

    def summed(values: Floats) -> Summed:
        return Summed.of(Sums.by_label(values, part, parts, ROUNDS))

    def counted(there: NDArray[np.bool_]) -> Ints:
        if s is not None:
            there = there & (s != 0)
        return n_kept if there.all() else np.bincount(part[there], minlength=parts)

    with np.errstate(all="ignore"):
        n_kept = np.bincount(part, minlength=parts)
        s, loss, terms = rows.sample_weight, rows.loss, {}
        by_class = {"sample": spec.class_weight.take(rows.label)}
        if rows.every is not None:
            by_class["label-mix"] = _mixed_weight(rows, spec)
        weights = {name: values if s is None else s * values for name, values in by_class.items()}
        own = weights["sample"]
        if rows.every is None:
            terms["class"] = own * loss
        else:
            loss = mixed(loss, rows.every.rest, spec.label_smoothing, spec.n_classes)
            assert rows.every.term is not None
            terms |= {"class": rows.every.term, "sample": own * loss, "label-mix": weights["label-mix"] * loss}
        return PartSums(
            first,
            n_kept,
            summed(loss),
            {name: summed(values) for name, values in terms.items()},
            {name: summed(values) for name, values in weights.items()},
            {
                f"{method.name}/{name}": counted(method.of(values))
                for method in METHODS.values()
                if method.kind == "nonzero"
                for name, values in by_class.items()
            },
            {
                f"{method.name}/{name}": summed(method.of(values) if s is None else s * method.of(values))
                for method in METHODS.values()
                if method.kind == "bent"
                for name, values in by_class.items()
            },
        )


def _mixed_weight(rows: KeptRows, spec: Spec) -> Floats:
    """Σ_c w[c]·q[c] of each row, after smoothing. (k,)"""
    assert rows.every is not None
    weight = spec.class_weight
    plain = weight.take(rows.label) if rows.every.mix is None else rows.every.mix
    return mixed(plain, np.full(len(plain), weight.sum()), spec.label_smoothing, spec.n_classes)
