"""The gradients of all samples together: one more walk over the rows, on all cores, whose sums are compensated.

Two gradients a row are all there is (see `gradients`), so three inner products a row give those of all PULL_KINDS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from wce_cli.batches.batch import Batch
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.passes.batch_parts import Summed
from wce_cli.passes.one_pass import walk_batch
from wce_cli.processes.work import Work
from wce_cli.questions.gradient.per_row import PULL_KINDS, Pulls, pulls_of

SCORES_AT_ONCE = 1 << 15
"""Scores that are in work at once: a few times as many numbers fit into a core's own memory."""
TWO = tuple((i, k) for i in range(len(PULL_KINDS)) for k in range(i, len(PULL_KINDS)))
"""Each two of the PULL_KINDS, once."""


class GradientTotals(Struct, frozen=True):
    """Sums over the gradients of all samples."""

    products: Floats
    """Σₙ ⟨gₙ, hₙ⟩ of each two of the PULL_KINDS. (4, 4)"""
    by_class: Floats
    """Σₙ |gₙ| by label. (4, C)"""
    broken: int
    """Samples whose gradient is not finite."""
    first_broken: int
    """The first of them; -1 if there is none."""


class GradientSums(Struct, frozen=True):
    """Sums over the gradients of a group of rows, which can be added."""

    products: Summed
    """Of the pairs in TWO. (10,)"""
    by_class: Summed
    """(4 · C,)"""
    broken: int = 0
    first_broken: int = -1

    def __add__(self, other: GradientSums) -> GradientSums:
        return GradientSums(
            self.products + other.products,
            self.by_class + other.by_class,
            self.broken + other.broken,
            self.first_broken if self.broken else other.first_broken,
        )


class RowProducts(Struct, frozen=True):
    """The inner products of the gradients of some rows. Arrays (m,)."""

    row: Ints
    label: Ints
    factors: Floats
    """What each of the PULL_KINDS multiplies one of the two gradients with. (4, m)"""
    plain: Floats
    """⟨u, u⟩ of the unweighted gradient u"""
    both: Floats
    """⟨c, u⟩ with that of class placement"""
    by_class: Floats
    """⟨c, c⟩"""

    @classmethod
    def of(cls, pulls: Pulls) -> RowProducts:
        """The inner products of some rows."""
        u, c = pulls.plain, pulls.plain if pulls.by_class is None else pulls.by_class
        plain = np.einsum("nc,nc->n", u, u)
        of_class = pulls.weights[0] if pulls.by_class is None else pulls.s
        factors = np.stack([of_class, *pulls.weights, np.ones(len(u))])
        if c is u:
            return cls(pulls.row, pulls.label, factors, plain, plain, plain)
        return cls(pulls.row, pulls.label, factors, plain, np.einsum("nc,nc->n", c, u), np.einsum("nc,nc->n", c, c))


def gradient_totals(
    batch: Batch, progress: Callable[[int, int], None] | None = None, *, workers: int | None = None
) -> GradientTotals:
    """The sums over all samples; those whose gradient is not finite are counted apart."""
    c, total = batch.spec.n_classes, list[GradientSums]()

    def fold(part: GradientSums) -> None:
        total[:] = [total[0] + part] if total else [part]

    def make(bounds: Sequence[tuple[int, int]]) -> Work[int, GradientSums, None]:
        return Work(lambda k: _group(batch, *bounds[k]), lambda: None)

    walk_batch(batch, (0, batch.n_samples), make, fold, workers, progress)
    sums, products = total[0], np.empty((len(PULL_KINDS), len(PULL_KINDS)))
    for (i, k), value in zip(TWO, sums.products.values().tolist(), strict=True):
        products[i, k] = products[k, i] = value
    return GradientTotals(products, sums.by_class.values().reshape(len(PULL_KINDS), c), sums.broken, sums.first_broken)


def _group(batch: Batch, start: int, stop: int) -> GradientSums:
    """The rows of one group, block by block."""
    step, found = batch.block_rows, None
    for first in range(start, stop, step) if start < stop else [start]:
        block = _block(batch, first, min(first + step, stop))
        found = block if found is None else found + block
    assert found is not None
    return found


@np.errstate(all="ignore")
def _block(batch: Batch, start: int, stop: int) -> GradientSums:
    c = batch.spec.n_classes
    step = max(1, SCORES_AT_ONCE // c)
    parts = [RowProducts.of(pulls_of(batch, first, min(first + step, stop))) for first in range(start, stop, step)]
    if not parts:
        return GradientSums(Summed.of(Sums.zeros(len(TWO))), Summed.of(Sums.zeros(len(PULL_KINDS) * c)))
    row, label = (np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "label"))
    plain, both, by_class = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("plain", "both", "by_class")
    )
    factors = np.concatenate([part.factors for part in parts], axis=1)
    norms = np.abs(factors) * np.sqrt(np.stack([by_class, plain, plain, plain]))
    fine = np.isfinite(norms).all(axis=0)
    broken = row[~fine]
    if len(broken):
        label, factors, norms = label[fine], factors[:, fine], norms[:, fine]
        plain, both, by_class = plain[fine], both[fine], by_class[fine]
    kinds = np.arange(len(PULL_KINDS))[:, None]
    inner = {0: plain, 1: both, 2: by_class}
    products = [factors[i] * factors[k] * inner[(i == 0) + (k == 0)] for i, k in TWO]
    return GradientSums(
        Summed.of(Sums.by_column(np.stack(products, axis=1))),
        Summed.of(Sums.by_label(norms.ravel(), (label + kinds * c).ravel(), len(PULL_KINDS) * c)),
        len(broken),
        int(broken[0]) if len(broken) else -1,
    )
