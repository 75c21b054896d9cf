"""Plain documents → the values asked for, by stacks: what `explain` says of each batch, and nothing else.

Of a batch that no stack can take nothing is said here; it is asked by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.batches.number_checks import ABOVE_ONE
from wce_cli.fields import DEFAULTS, IN_FILES
from wce_cli.loss.fast.tiny_batches import Stack, totals_of_stack, values_of_stack
from wce_cli.loss.methods import METHODS
from wce_cli.loss.readings import READINGS, ScoreKind
from wce_cli.loss.spec import IGNORE_INDEX

MANY = 4096
"""Scores of a batch that has enough of its own: it gains nothing by company."""
STACKED = (*READINGS, "labels", "weight", "sample_weight", "ignore_index")
NOT_STACKED = tuple(field for field in IN_FILES if field not in STACKED)
"""Fields that no stack knows of: a batch that has one, other than what it is anyway, is asked by itself."""


class Pile:
    """The batches of one kind and one C, as lists."""

    def __init__(self, kind: ScoreKind, n_classes: int) -> None:
        self.kind: ScoreKind = kind
        self.n_classes = n_classes
        self.which: list[int] = []
        """Where each batch stands among the documents."""
        self.rows: list[list[float]] = []
        self.labels: list[int] = []
        self.ignored: list[int] = []
        self.sample_weight: list[float] = []
        self.has_sample_weight = False
        self.sizes: list[int] = []
        self.weight: list[Sequence[float]] = []

    def stack(self) -> Stack:
        """The batches of the pile."""
        sizes, labels = np.array(self.sizes), np.array(self.labels)
        kept = labels != np.repeat(np.array(self.ignored), sizes)
        s = np.array(self.sample_weight) if self.has_sample_weight else None
        return Stack(self.kind, np.array(self.rows), np.where(kept, labels, 0), kept, s, sizes, np.array(self.weight))


def _piles(documents: Sequence[Any], weight: Sequence[float] | None) -> list[Pile]:
    """The documents that are plain, those of one kind and one C together; no others are in them."""
    piles: dict[tuple[ScoreKind, int], Pile] = {}
    for position, document in enumerate(documents):
        if document is not None:
            _put(piles, position, document, weight)
    return list(piles.values())


def _are_probabilities(stack: Stack) -> NDArray[np.bool_]:
    """Which batches of a stack hold no number that is no probability. (B,)"""
    strange = ((stack.rows < 0) | (stack.rows > 1 + ABOVE_ONE)).any(axis=1)
    n = len(stack.sizes)
    fine: NDArray[np.bool_] = np.bincount(np.repeat(np.arange(n), stack.sizes)[strange], minlength=n) == 0
    return fine


def plain_values(
    documents: Sequence[Any], weight: Sequence[float] | None, pairs: Sequence[tuple[str, str]]
) -> list[list[float] | None]:
    """The values of some (method, placement) pairs of each document; None where it is not one that can be stacked.

    The documents are those of `inputs.fast_lines`, None among them. `weight` takes the place of their own.
    """
    found: list[list[float] | None] = [None] * len(documents)
    if any(METHODS[method].by_item for method, _ in pairs):  # a stack has none of these
        return found
    for pile in _piles(documents, weight):
        stack = pile.stack()
        stacked = totals_of_stack(stack)
        is_plain = stacked.is_plain & _are_probabilities(stack) if pile.kind == "probs" else stacked.is_plain
        columns = values_of_stack(stacked, stack.weight, pairs)
        for position, ok, values in zip(pile.which, is_plain.tolist(), zip(*columns, strict=True), strict=True):
            if ok:
                found[position] = list(values)
    return found


def _put(
    piles: dict[tuple[ScoreKind, int], Pile], position: int, document: Any, typed_weight: Sequence[float] | None
) -> None:
    """Lay a document on its pile, unless something about it is not as it is of a plain batch."""
    kinds: list[ScoreKind] = [kind for kind in READINGS if document.get(kind) is not None]
    labels = document.get("labels")
    if (
        len(kinds) != 1
        or labels is None
        or any(document.get(field) not in (None, DEFAULTS[field]) for field in NOT_STACKED)
    ):
        return
    rows = document[kinds[0]]
    n = len(rows)
    if n == 0 or n != len(labels) or not (c := len(rows[0])) or n * c > MANY or any(len(row) != c for row in rows):
        return
    weight = document.get("weight") if typed_weight is None else typed_weight
    if weight is None:
        weight = [1.0] * c
    s = document.get("sample_weight")
    ignored = document.get("ignore_index")
    ignored = IGNORE_INDEX if ignored is None else ignored
    if len(weight) != c or (s is not None and len(s) != n) or not -(2**63) <= ignored < 2**63:
        return
    if (min(labels) < 0 or max(labels) >= c) and not all(0 <= y < c or y == ignored for y in labels):
        return
    key = kinds[0], c
    pile = piles.get(key)
    if pile is None:
        pile = piles[key] = Pile(kinds[0], c)
    pile.which.append(position)
    pile.rows += rows
    pile.labels += labels
    pile.ignored.append(ignored)
    pile.sample_weight += [1.0] * n if s is None else s
    pile.has_sample_weight |= s is not None
    pile.sizes.append(n)
    pile.weight.append(weight)
