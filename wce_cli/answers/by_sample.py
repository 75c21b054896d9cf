"""What each sample of a batch leaves whose rows are several: the tokens of a sequence, the pixels of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct, structs


class SampleRow(Struct, frozen=True, gc=False):
    """The rows of one sample, by PyTorch's mean: numerator / denominator = value."""

    sample: int | None
    """Its place along the first axis, from 0; None of several together."""
    n_kept: int
    loss_sum: float
    """Σℓ"""
    numerator: float
    """Σt of class placement."""
    denominator: float
    """Σw; of probability labels the number of its rows."""
    value: float
    """What PyTorch's mean is of this sample alone."""
    share: float | None
    """Its part of the batch's Σt; None where terms have mixed signs or sum to 0."""


class BySample(Struct, frozen=True):
    """The samples of a batch, each several rows."""

    method: str
    """PyTorch's mean for these labels: weighted-mean, or batch-mean of probability labels."""
    total: int
    n: int
    """Rows of each, ignored ones counted."""
    least_kept: int
    most_kept: int
    n_empty: int
    """Samples without a kept row."""
    mean_of_values: float | None
    """The mean over the samples that keep a row of the value of each; None where none does."""
    rows: tuple[SampleRow, ...]
    """All in their order; of very many those with the largest |Σt|, the largest first."""
    rest: SampleRow | None
    """Those that are not listed, together; None where all are."""

    def largest(self, n: int) -> BySample:
        """The same with at most `n` of them: those with the largest |Σt|, NaN before all."""
        if n >= len(self.rows):
            return self
        order = sorted(self.rows, key=lambda row: (-_size(row), row.sample))
        others = [*order[n:], *([] if self.rest is None else [self.rest])]
        return structs.replace(self, rows=tuple(order[:n]), rest=together(others))


def together(rows: Sequence[SampleRow]) -> SampleRow:
    """Several samples as one row."""
    from wce_cli.loss.methods import divide
    from wce_cli.loss.sums import exact_sum

    def total(field: str) -> float:
        return exact_sum([getattr(row, field) for row in rows])

    numerator, denominator = total("numerator"), total("denominator")
    shares = [row.share for row in rows if row.share is not None]
    return SampleRow(
        None,
        sum(row.n_kept for row in rows),
        total("loss_sum"),
        numerator,
        denominator,
        divide(numerator, denominator),
        math.fsum(shares) if len(shares) == len(rows) else None,
    )


def _size(row: SampleRow) -> float:
    size = abs(row.numerator)
    return math.inf if math.isnan(size) else size
