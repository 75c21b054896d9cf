"""What is to be known of parts that have nothing to divide by, or are not as large as the others, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_cli.errors import counted
from wce_cli.loss.sums import Ints
from wce_cli.passes.batch_parts import Cut, PartSums


def notes_of(cut: Cut, sums: PartSums, n: Ints) -> list[str]:
    """The sentences; none where all parts are alike and have kept samples."""
    notes = []
    empty = np.flatnonzero(sums.n_kept == 0)
    if 0 < len(empty) < len(sums.n_kept):  # where nothing is kept at all, `zero-denominator` says so
        which, has = _named(empty), "has" if len(empty) == 1 else "have"
        notes.append(
            f"{which} {has} no kept sample: a mean over kept samples or their weights is 0/0 = nan there, as in "
            "PyTorch, and makes the mean of the parts nan; it has no gradient, and the remedy adds 0 for it"
        )
    weights = sums.weights["sample"].values()
    weightless = np.flatnonzero((sums.n_kept > 0) & (weights == 0))
    if len(weightless):
        how = "0/0 = nan"
        if sums.terms["class"].values()[weightless].any():
            how = "infinite (in PyTorch nan)" if "label-mix" in sums.weights else "infinite"
        notes.append(f"{_named(weightless)}: the weights of the kept samples add up to 0, weighted-mean is {how} there")
    if len(set(n.tolist())) > 1:
        notes.append(
            f"the parts have {int(n.min())} to {int(n.max())} samples: where they differ, the mean of the "
            "parts is not the whole batch's even for batch-mean"
        )
    if cut.ranks > 1 and cut.items % cut.ranks:
        notes.append(
            f"{cut.items} items are not a multiple of {cut.ranks} ranks: torch's DistributedSampler would repeat "
            f"{counted(-cut.items % cut.ranks, 'item', 'items')} to even them out, here each counts once"
        )
    return notes


def _named(parts: Any) -> str:
    """`part 2`, `parts 0 and 2`, `12 parts, the first is part 3`."""
    found = [int(part) for part in parts]
    if len(found) == 1:
        return f"part {found[0]}"
    if len(found) <= 4:
        return f"parts {', '.join(map(str, found[:-1]))} and {found[-1]}"
    return f"{len(found)} parts, the first is part {found[0]},"
