"""The samples of a batch whose rows are several, from the sums that the pass leaves of each."""

from __future__ import annotations

import sys

import numpy as np

from wce_cli.answers.by_sample import BySample, SampleRow
from wce_cli.loss.methods import divide, torchs_mean
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Ints, exact_sum
from wce_cli.passes.item_sums import ItemSums

LISTED = 10_000
"""Samples up to which a report holds them all."""
LARGEST = 21
"""Those that it holds of more: what a person is shown, or one more than that."""


def samples_listed(total: int) -> int:
    """How many samples a report holds where nobody says it."""
    return total if total <= LISTED else LARGEST


def by_sample(spec: Spec, sums: ItemSums, numerator: float | None, listed: int | None = None) -> BySample:
    """The samples, `listed` of them: each with what PyTorch's mean is of it alone, and its share of `numerator`."""
    total = len(sums.n_kept)
    held = samples_listed(total) if listed is None else min(listed, total)
    with np.errstate(all="ignore"):
        value = sums.term / (sums.weight + 0.0)  # x / −0 has the sign of x, as in `divide`
    kept = sums.n_kept > 0
    which, others = np.arange(total), np.arange(0)
    if held < total:
        order = np.argsort(np.where(np.isnan(sums.term), -np.inf, -np.abs(sums.term)), kind="stable")
        which, others = order[:held], np.sort(order[held:])
    columns = (column[which].tolist() for column in (sums.n_kept, sums.loss, sums.term, sums.weight, value))
    rows = tuple(
        SampleRow(n, n_kept, loss, term, weight, own, None if numerator is None else term / numerator)
        for n, n_kept, loss, term, weight, own in zip(which.tolist(), *columns, strict=True)
    )
    return BySample(
        method=torchs_mean(spec.is_soft),
        total=total,
        n=sums.positions,
        least_kept=int(sums.n_kept.min(initial=sys.maxsize)),
        most_kept=int(sums.n_kept.max(initial=0)),
        n_empty=total - int(kept.sum()),
        mean_of_values=exact_sum(value[kept]) / int(kept.sum()) if kept.any() else None,
        rows=rows,
        rest=_together(sums, others, numerator) if len(others) else None,
    )


def _together(sums: ItemSums, which: Ints, numerator: float | None) -> SampleRow:
    loss, term, weight = (exact_sum(column[which]) for column in (sums.loss, sums.term, sums.weight))
    share = None if numerator is None else term / numerator
    return SampleRow(None, int(sums.n_kept[which].sum()), loss, term, weight, divide(term, weight), share)
