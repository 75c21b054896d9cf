"""A batch made wider or narrower, for a function that takes one number of classes: what is special about it stays."""

from __future__ import annotations

Rows = tuple[tuple[float, ...], ...]
STRIDE = 5
"""Rows that are added begin so many columns further on."""


def rows_of(rows: Rows, c: int, n: int | None = None) -> Rows:
    """Scores with `c` columns, of `n` rows: the first ones, then others made of them.

    Of rows that are cut, every other keeps its second column and not its first: no two losses shall be the same.
    """
    if not rows:
        return rows
    made = []
    for i in range(len(rows) if n is None else n):
        row, turn = rows[i % len(rows)], i // len(rows)
        wide = [round(row[j % len(row)] - 0.3 * (j // len(row)), 1) for j in range(max(c, len(row)))]
        at = STRIDE * turn % len(wide) if c >= len(row) else i % 2
        made.append(tuple((wide[at:] + wide[:at])[:c]))
    return tuple(made)


def labels_of(labels: tuple[int, ...], was: int, c: int, n: int | None = None) -> tuple[int, ...]:
    """Labels among `c` classes that were among `was`, spread over all of them; one that is no class stays none."""
    if sorted(labels) == list(range(was)):  # each class once
        return (*(label for label in labels if label < c), *range(was, c))
    made = []
    for i in range(len(labels) if n is None else n):
        label, turn = labels[i % len(labels)], i // len(labels)
        if label < 0:
            made.append(label)
        elif label >= was:
            made.append(label - was + c)
        else:
            spread = label if c <= was else label * (c - 1) // (was - 1)
            made.append((spread + STRIDE * turn) % c)
    return tuple(made)


def weight_of(weight: tuple[float, ...], c: int) -> tuple[float, ...]:
    """`c` class weights, no two the same; 0 among them where it was."""
    if c < len(weight):
        return (*weight[: c - 1], 0.0) if 0.0 in weight and any(weight[:c]) else weight[:c]
    n = len(weight)
    return tuple(round(weight[j % n] + 0.1 * (j // n) * (j >= n), 2) for j in range(c))


def shares_of(rows: Rows, c: int) -> Rows:
    """Rows of probabilities with `c` columns that sum to 1."""
    made = []
    for row in rows:
        cut = (*row, *(0.0,) * c)[:c]
        total = sum(cut)
        made.append(tuple(share / total for share in cut) if total else (1.0, *(0.0,) * (c - 1)))
    return tuple(made)
