"""The order in which the samples of a batch are listed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wce_cli.loss.sums import Floats, Ints
from wce_cli.passes.listed_rows import Listed

SUMMED_EXACTLY = 200_000
"""Samples up to which all rows of a sorted batch are made (a second of it), so that those beyond the limit can be
added up by themselves: the first rows may be NaN, and no total says what is left then."""


def rows_needed(sort: str, n: int, limit: int) -> int:
    """How many of the first of n samples an order must know to name `limit` of them."""
    return min(limit, n) if sort == "index" else n


def by_index(listed: Listed, n: int, limit: int) -> list[int]:
    """The first samples as they stand."""
    return list(range(min(limit, n)))


def by_loss(listed: Listed, n: int, limit: int) -> list[int]:
    """The largest ℓ first."""
    return _largest_first(listed, listed.loss, n, limit)


def by_term(listed: Listed, n: int, limit: int) -> list[int]:
    """The largest t of class placement first."""
    return _largest_first(listed, listed.pairs["class"][0], n, limit)


ORDERS: dict[str, Callable[[Listed, int, int], list[int]]] = {
    "index": by_index,
    "loss": by_loss,
    "term": by_term,
}
"""The orders by name: what is listed of all n samples, n, and how many are wanted → their row numbers."""


def _largest_first(listed: Listed, value: Floats, n: int, limit: int) -> list[int]:
    """Row numbers: NaN, then from +∞ down to −∞, then ignored samples; equal ones as they stand."""
    limit = n if n <= SUMMED_EXACTLY else limit
    is_number = ~np.isnan(value)
    order: Ints = listed.row[np.lexsort((np.where(is_number, -value, 0.0), is_number))]
    if len(order) < limit:
        ignored = np.ones(n, dtype=bool)
        ignored[listed.row] = False
        order = np.concatenate([order, np.flatnonzero(ignored)])
    found: list[int] = order[:limit].tolist()
    return found
