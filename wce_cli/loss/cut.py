"""How a batch is cut into parts, and what each part leaves: its sums for one class weight and one smoothing.

A part keeps a few numbers, whatever C is, so that ten thousand of them fit beside the totals of the whole. They add
up like totals do: block by block, group by group, in the order of the rows.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.loss.batch import Spec
from wce_cli.loss.permuted import Permutation
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.terms import mixed
from wce_cli.loss.totals import KeptRows

ROUNDS = 2
"""Rounds of extraction of a block's sums, as for totals."""


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
    seed: int | None = None
    """Not None: items are shuffled first."""

    @property
    def steps(self) -> int:
        """Parts of each rank."""
        if self.bounds:
            return len(self.bounds)
        most = -(-self.items // self.ranks)
        return 1 if self.size is None else max(1, -(-most // self.size))

    @property
    def parts(self) -> int:
        """Parts of all ranks: those of rank 0 first."""
        return self.ranks * self.steps

    def part_of(self, rows: Ints) -> Ints:
        """The part of each of some rows. (m,)"""
        place = rows // self.inner if self.inner > 1 else rows
        if self.seed is not None:
            place = Permutation(self.items, self.seed).places(place)
        if self.bounds:
            found: Ints = np.searchsorted(np.array(self.bounds), place, side="right")
            return found
        rank, turn = (place % self.ranks, place // self.ranks) if self.ranks > 1 else (0, place)
        return rank * self.steps + (turn // self.size if self.size is not None else turn * 0)


class PartSums(Struct, frozen=True):
    """What each of P parts leaves. (P,) each."""

    n: Ints
    n_kept: Ints
    loss: Sums
    """Σℓ, after smoothing."""
    terms: dict[str, Sums]
    """Σt by placement; under `class` alone where all placements agree."""
    weights: dict[str, Sums]
    """Σw by placement: `sample`, and `label-mix` where it differs."""
    nonzero: dict[str, Ints]
    """Kept samples with w ≠ 0, likewise."""

    def __add__(self, other: PartSums) -> PartSums:
        return PartSums(
            self.n + other.n,
            self.n_kept + other.n_kept,
            self.loss + other.loss,
            {name: terms + other.terms[name] for name, terms in self.terms.items()},
            {name: weights + other.weights[name] for name, weights in self.weights.items()},
            {name: count + other.nonzero[name] for name, count in self.nonzero.items()},
        )


def part_sums(rows: KeptRows, start: int, spec: Spec, cut: Cut) -> PartSums:
    """The sums of the rows of one block, which begins at row `start`, by part."""
    everyone = cut.part_of(np.arange(start, start + rows.n))
    part = everyone if len(rows.row) == rows.n else everyone[rows.row - start]
    parts = cut.parts

    def summed(values: Floats) -> Sums:
        return Sums.by_label(values, part, parts, ROUNDS)

    def counted(weights: Floats) -> Ints:
        return np.bincount(part[weights != 0], minlength=parts)

    with np.errstate(all="ignore"):
        own = spec.class_weight.take(rows.label)
        if rows.sample_weight is not None:
            own = own * rows.sample_weight
        loss, terms, weights = rows.loss, {}, {"sample": own}
        if rows.every is None:
            terms["class"] = own * loss
        else:
            loss = mixed(loss, rows.every.rest, spec.label_smoothing, spec.n_classes)
            weights["label-mix"] = mix = _mixed_weight(rows, spec)
            assert rows.every.term is not None
            terms |= {"class": rows.every.term, "sample": own * loss, "label-mix": mix * loss}
        return PartSums(
            np.bincount(everyone, minlength=parts),
            np.bincount(part, minlength=parts),
            summed(loss),
            {name: summed(values) for name, values in terms.items()},
            {name: summed(values) for name, values in weights.items()},
            {name: counted(values) for name, values in weights.items()},
        )


def _mixed_weight(rows: KeptRows, spec: Spec) -> Floats:
    """s · Σ_c w[c]·q[c] of each row, after smoothing. (k,)"""
    assert rows.every is not None
    weight = spec.class_weight
    plain = weight.take(rows.label) if rows.every.mix is None else rows.every.mix
    mix = mixed(plain, np.full(len(plain), weight.sum()), spec.label_smoothing, spec.n_classes)
    return mix if rows.sample_weight is None else rows.sample_weight * mix
