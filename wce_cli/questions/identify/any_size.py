"""The means of parts of any size: thousands of rules, which are numbers until one of them is asked for."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats, Ints
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.part_means import AllCuts
from wce_cli.questions.identify.parts import DIVISORS, ROWS, PartMethod, any_sizes, of_rows
from wce_cli.questions.identify.rules import Rule, placements


class AnySize(Struct, frozen=True):
    """The means of parts of every size that is not a usual one, by placement and by what a part is divided by."""

    kinds: list[tuple[str, str]]
    """(placement, divisor) (K,)"""
    kind: Ints
    """Which of them each is. (R,)"""
    rows: Ints
    """The size of its parts. (R,)"""
    values: Floats
    """What it gives. (R,)"""
    n: int
    items: int

    @classmethod
    def of(cls, evaluation: Evaluation) -> AnySize:
        """Those of a batch that is at hand and not too large; else none."""
        case = evaluation.case
        sizes = any_sizes(case.n if case.fits_memory else 0, case.parted)
        kinds: list[tuple[str, str]] = []
        values: list[Floats] = []
        cuts = AllCuts.of(case.n, sizes) if len(sizes) else None
        for placement in placements(case, PartMethod(ROWS, 1).name) if cuts is not None else ():
            assert cuts is not None
            sums = evaluation.summands(Rule("", placement))
            for divisor in DIVISORS:
                if divisor in sums.below:
                    kinds.append((placement, divisor))
                    values.append(cuts.means(sums, divisor))
        every = np.concatenate(values) if values else np.empty(0)
        given = np.isfinite(every)
        kind, rows = np.repeat(np.arange(len(kinds)), len(sizes)), np.tile(sizes, len(kinds))
        return cls(kinds, kind[given], rows[given], every[given], case.n, case.parted)

    def rule(self, position: int) -> Rule:
        """One of them."""
        placement, divisor = self.kinds[int(self.kind[position])]
        return Rule(of_rows(divisor, int(self.rows[position]), self.n, self.items).name, placement)
