"""Other labels beside the scores, as data: shifted too little or too much, or flattened so that axes are mixed.

A pairing is another batch over the same memory or file: what is made of its rows is what a pass makes of any.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct, structs

from wce_cli.batches.batch import Batch
from wce_cli.batches.labels import Unread
from wce_cli.loss.layout import ALL, FIRST, LAST, TORCHS_AXIS, Dropped, Layout
from wce_cli.loss.rows import ArrayRows

MOST_SCORES = 1 << 27
"""Scores up to which a batch that is too large to keep is walked for labels in any other order: seconds each."""


class Pairing(Struct, frozen=True):
    """Other labels beside the scores, or other scores beside the labels."""

    name: str
    title: str
    applies: Callable[[Batch], bool]
    """Whether a batch has it, and it is another one than the right one."""
    of: Callable[[Batch], Batch]
    is_cheap: Callable[[Batch], bool]
    """Whether it is tried for a batch that is too large to keep, as a pass of its own."""


def _always(batch: Batch) -> bool:
    return True


def _is_one_short_pass(batch: Batch) -> bool:
    return batch.n_samples * batch.spec.n_classes <= MOST_SCORES


def _is_view(batch: Batch) -> bool:
    """Whether the scores are in memory as they were given, so that another shape of them is no copy."""
    scores = batch.scores
    return _is_one_short_pass(batch) and isinstance(scores, ArrayRows) and _given(batch).flags.c_contiguous


def _dropping(scores: Dropped, labels: Dropped) -> Callable[[Batch], Batch]:
    """The batch in which other positions of the scores, and of the labels, are no rows."""

    def of(batch: Batch) -> Batch:
        spec, s = batch.spec, batch.sample_weight
        items, *others = scores.shape(spec.layout.labels, 0)
        unread = batch.unread
        if unread is None and not spec.is_soft:  # of what a shift drops nobody has looked at the labels
            unread = Unread(spec.ignore_index)
        return structs.replace(
            batch,
            spec=structs.replace(spec, layout=Layout((items, spec.n_classes, *others)), half_units={}),
            scores=batch.scores.dropping(scores),
            labels=batch.labels.dropping(labels),
            sample_weight=None if s is None else s.dropping(labels),
            unread=unread,
        )

    return of


def _with_labels(of: Callable[[np.ndarray], np.ndarray]) -> Callable[[Batch], Batch]:
    """The batch whose index labels, and their weights, (B, T) stand in another order."""

    def paired(batch: Batch) -> Batch:
        rows, shape = batch.n_samples, batch.sample_shape
        labels = of(batch.labels_of(0, rows).reshape(shape))
        s = None if batch.sample_weight is None else of(batch.sample_weight_of(0, rows).reshape(shape))
        return structs.replace(
            batch,
            spec=structs.replace(batch.spec, half_units={}),
            labels=ArrayRows.of_samples(labels),
            sample_weight=None if s is None else ArrayRows.of_samples(s),
            unread=None,
        )

    return paired


def _read_as(of: Callable[[np.ndarray, Layout], np.ndarray]) -> Callable[[Batch], Batch]:
    """The batch whose scores are the same memory in another shape, as `view` and `reshape` have it."""

    def paired(batch: Batch) -> Batch:
        given = _given(batch)
        dtype = batch.scores.dtype if isinstance(batch.scores, ArrayRows) else str(given.dtype)
        return structs.replace(
            batch,
            spec=structs.replace(batch.spec, layout=Layout(batch.scores.shape), half_units={}),
            scores=ArrayRows.of_scores(of(given.reshape(-1), batch.spec.layout), dtype),
        )

    return paired


def _given(batch: Batch) -> np.ndarray:
    """The scores with the axes as they were given, less what a shift drops; of a file, read as a whole."""
    scores = batch.scores
    array = scores.array if isinstance(scores, ArrayRows) else scores.whole()
    return np.moveaxis(array, TORCHS_AXIS, batch.spec.layout.class_axis)


def _is_of_sequences(batch: Batch) -> bool:
    """Whether scores are (B, T, C) in some order, with a class index a position."""
    return len(batch.sample_shape) == 2 and min(batch.sample_shape) > 0 and not batch.spec.is_soft


def _is_shifted(batch: Batch) -> bool:
    return batch.spec.layout.shift


def _has_two_more(batch: Batch) -> bool:
    return _is_shifted(batch) and batch.spec.layout.labels[-1] > 2


def _is_unshifted(batch: Batch) -> bool:
    return _is_of_sequences(batch) and not batch.spec.layout.shift and batch.sample_shape[-1] > 1


def _is_table(batch: Batch) -> bool:
    """Whether sequences and positions can be mistaken for each other."""
    return _is_of_sequences(batch) and min(batch.sample_shape) > 1


def _has_axis(is_torchs: bool) -> Callable[[Batch], bool]:
    """Whether the classes of sequences stand where torch has them, or at the end."""

    def applies(batch: Batch) -> bool:
        layout = batch.spec.layout
        is_there = layout.is_torchs if is_torchs else layout.class_axis == len(layout.shape) - 1
        return _is_of_sequences(batch) and batch.sample_shape[-1] > 1 and batch.spec.n_classes > 1 and is_there

    return applies


PAIRINGS = {
    pairing.name: pairing
    for pairing in (
        Pairing(
            "labels-ahead",
            "the labels are one position ahead, as a shift has them",
            _is_unshifted,
            _dropping(LAST, FIRST),
            _always,
        ),
        Pairing(
            "labels-behind",
            "the labels are one position behind",
            _is_unshifted,
            _dropping(FIRST, LAST),
            _is_one_short_pass,
        ),
        Pairing("not-shifted", "the labels are not shifted", _is_shifted, _dropping(ALL, ALL), _always),
        Pairing(
            "shifted-twice",
            "the labels are shifted twice, two positions ahead",
            _has_two_more,
            _dropping(Dropped(after=2), Dropped(before=2)),
            _always,
        ),
        Pairing(
            "scores-time-major",
            "the scores are flattened time first, the labels sequence first",
            _is_table,
            _with_labels(lambda labels: labels.reshape(labels.shape[::-1]).T),
            _is_one_short_pass,
        ),
        Pairing(
            "labels-time-major",
            "the labels are flattened time first, the scores sequence first",
            _is_table,
            _with_labels(lambda labels: labels.T.reshape(labels.shape)),
            _is_one_short_pass,
        ),
        Pairing(
            "rows-of-memory",
            "scores (B, C, T) are flattened to rows of C, and the class axis is not moved to the end",
            _has_axis(is_torchs=True),
            _read_as(lambda memory, layout: _in_torchs(memory, layout.shape[0], layout.n_classes)),
            _is_view,
        ),
        Pairing(
            "viewed-as-torchs",
            "scores (B, T, C) are viewed as (B, C, T), and not transposed",
            _has_axis(is_torchs=False),
            _read_as(lambda memory, layout: memory.reshape(layout.shape[0], layout.n_classes, -1)),
            _is_view,
        ),
    )
}


def _in_torchs(memory: np.ndarray, items: int, c: int) -> np.ndarray:
    """Rows of C numbers that follow each other in memory, in torch's layout."""
    return np.moveaxis(memory.reshape(items, -1, c), 2, TORCHS_AXIS)


def pairings_of(batch: Batch, is_kept: bool) -> tuple[str, ...]:
    """The names of those that are tried; `is_kept`: the batch is small enough to be kept in memory."""
    return tuple(one.name for one in PAIRINGS.values() if one.applies(batch) and (is_kept or one.is_cheap(batch)))


def untried(batch: Batch, tried: tuple[str, ...]) -> tuple[str, ...]:
    """The titles of those that the batch has beside the ones that are tried: it is too large."""
    return tuple(one.title for one in PAIRINGS.values() if one.name not in tried and one.applies(batch))
