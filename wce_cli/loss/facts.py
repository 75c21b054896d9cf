"""What findings need to know of single rows: the second monoid of the one pass.

Free of the class weight wherever that is possible, so that the facts of saved parts answer for any weight.
Unless a field says otherwise it speaks of kept rows only.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Self, get_type_hints

import numpy as np
from msgspec import Struct

from wce_cli.loss import row_facts
from wce_cli.loss.fact_kinds import (
    BesideNeighbour,
    CountedRows,
    Ends,
    Extremes,
    FactKind,
    Lost,
    RowSums,
    Unnormalised,
    always,
    by_dtype,
    ends,
    least,
    rows,
    total,
    where_all,
)
from wce_cli.loss.largest_terms import TOP, Top
from wce_cli.loss.row_facts import LOST, UNDERFLOW, BlockRows
from wce_cli.loss.sums import Floats, Sums

__all__ = [
    "LOST",
    "TOP",
    "UNDERFLOW",
    "BesideNeighbour",
    "CountedRows",
    "Extremes",
    "Facts",
    "Lost",
    "RowSums",
    "Top",
    "Unnormalised",
]


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """What findings need to know of single rows. A fact is declared here, once: its type, its kind, who finds it."""

    s: Annotated[Ends, ends(row_facts.sample_weights)]
    """Extremes of the sample weight by y, (C,) each: +∞ and −∞ where there is no sample."""
    s_loss: Annotated[Ends, ends(row_facts.weighted_losses)]
    """Extremes of the finite s·ℓ by y, ℓ before smoothing, likewise."""
    smallest_a: Annotated[float, least(row_facts.smallest_a)]
    """The smallest −log p: of every class where all are asked for, else of the labels. +∞ for no samples."""
    smallest_loss: Annotated[float, least(row_facts.smallest_loss)]
    """The smallest −log p at an index label, before smoothing; +∞ for probability labels."""
    smallest_q: Annotated[float, least(row_facts.smallest_q)]
    """The smallest number of a probability label; +∞ for index labels."""
    reach: Annotated[float, total(row_facts.reach)]
    """Σ|t| + Σ|w|·(1 + |logsumexp|), for the weights of the spec: the scale of the rounding of who subtracts
    x[y] from a rounded logsumexp."""
    infinite: Annotated[CountedRows, rows(row_facts.infinite)]
    """Losses that are ±∞."""
    nan: Annotated[CountedRows, rows(row_facts.nan)]
    """Losses that are NaN before smoothing."""
    nan_smoothed: Annotated[CountedRows, rows(row_facts.nan_smoothed)]
    """Those that are so under smoothing, too: not a 0·∞, since smoothing leaves no share at 0."""
    masked: Annotated[CountedRows, rows(row_facts.masked)]
    """Losses that are ∞ because the index label's own score is −∞ (a probability of 0)."""
    no_chance: Annotated[CountedRows, rows(row_facts.no_chance)]
    """Rows in which a class has a probability of 0, where all classes are asked for; else none."""
    broken_ignored: Annotated[CountedRows, rows(row_facts.broken_ignored)]
    """Ignored rows of logits whose softmax is not defined: they hold NaN or +∞, or nothing but −∞."""
    logsumexp: Annotated[Extremes, rows(row_facts.logsumexp)]
    """Of the finite logsumexp; what log(Σ exp x) without a shift can overflow by."""
    peak: Annotated[Extremes, rows(row_facts.peak)]
    """Of the largest logit of each row, as far as an end of UNDERFLOW is concerned: where it is below one, all
    of Σ exp x is 0 in that dtype."""
    lost: Annotated[dict[str, Lost], by_dtype(row_facts.lost)]
    """By dtype: losses that it rounds to 0."""
    as_probs: Annotated[Sums | None, where_all(lambda block: block.otherwise.as_probs)]
    """Reading the logits, or the log-probabilities, as probabilities: Σs·ℓ by y, ℓ before smoothing; for probability
    labels Σs·q·a by class. Where every row lies in [0, 1] and sums to 1, else None."""
    as_log_probs: Annotated[bool, always(row_facts.as_log_probs)]
    """Whether the scores are logits and every row already is log-probabilities: logsumexp 0."""
    one_hot: Annotated[bool, always(row_facts.one_hot)]
    """Whether every label is a probability row that is one-hot."""
    several_ones: Annotated[CountedRows | None, where_all(row_facts.several_ones)]
    """Labels with more than one 1, where every label is a row of numbers that are 0 or 1, else None."""
    unnormalised: Annotated[Unnormalised, rows(row_facts.unnormalised)]
    """Probability labels that do not sum to 1."""
    negative_q: Annotated[CountedRows, rows(row_facts.negative_q)]
    """Probability labels with a number below 0."""
    clipped: Annotated[Sums | None, where_all(lambda block: block.otherwise.clipped)]
    """Σs·ℓ by y of probabilities that are clipped first, as `loss.clipped` has it; None where it has nothing."""
    renormalised: Annotated[Sums | None, where_all(lambda block: block.otherwise.renormalised)]
    """The same of probabilities that are divided by the sum of their row and clipped."""
    undivided: Annotated[Sums | None, where_all(lambda block: block.otherwise.undivided)]
    """The same of probabilities that are clipped to the same ends, and not divided."""
    row_sums: Annotated[RowSums, rows(lambda block: block.otherwise.row_sums)]
    log_totals: Annotated[Sums | None, where_all(lambda block: block.otherwise.log_totals)]
    """Σs·log Z by y, Z the sum of the probabilities of a row, for probability labels Σs·q·log Z by class: how much
    larger the loss is where each row is divided by its sum. Of scores that are no logits; None of a large batch."""
    as_elements: Annotated[Sums | None, where_all(lambda block: block.otherwise.as_elements)]
    """Σs·ℓ by class of the binary cross-entropy of every score beside its label; where all labels are rows of 0 and 1,
    of a batch that is not large, else None."""
    by_sorted_name: Annotated[Sums | None, where_all(lambda block: block.otherwise.by_sorted_name)]
    """Σs·ℓ by y where the column of a class is the place of its name in sorted order; where the labels are names, and
    those are not sorted, else None."""
    labels_ahead: Annotated[BesideNeighbour, total(lambda block: block.otherwise.labels_ahead)]
    """Positions of sequences beside the label one position later; of a large batch the first ones."""
    labels_behind: Annotated[BesideNeighbour, total(lambda block: block.otherwise.labels_behind)]
    """The same beside the label one position earlier."""
    top: Annotated[Top, rows(lambda block: block.top)]

    def __add__(self, other: Facts) -> Facts:
        return type(self)(*(kind.add(getattr(self, f), getattr(other, f)) for f, kind in kinds_of(type(self)).items()))

    @classmethod
    def of(cls, block: BlockRows) -> Self:
        """The facts of some rows."""
        return cls(*(kind.of(block) for kind in kinds_of(cls).values()))

    def nan_under(self, smoothing: float) -> CountedRows:
        """Losses that are NaN under a smoothing."""
        return self.nan_smoothed if smoothing > 0 else self.nan

    def shifted(self, n: int) -> Facts:
        """The same of rows that stand behind n others."""
        return type(self)(*(kind.shifted(getattr(self, f), n) for f, kind in kinds_of(type(self)).items()))

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


@cache
def kinds_of(facts: type[Facts]) -> dict[str, FactKind]:
    """The kind of each fact, by its name, as it is declared."""
    return {name: declared.__metadata__[0] for name, declared in get_type_hints(facts, include_extras=True).items()}
