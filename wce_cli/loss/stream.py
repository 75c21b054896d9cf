"""Rows → Totals + Facts: one pass, on all cores, whose answer is the same bytes on any number of them.

Rows come in blocks and blocks in groups, with bounds that depend on the shape of the batch alone. Workers take
groups; what is a sum of floats is added group by group in the order of the rows, whoever was done first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.loss.batch import Batch
from wce_cli.loss.checks import Checks, check_index_labels, check_one_hot, check_probs, indices
from wce_cli.loss.every import EveryKernel
from wce_cli.loss.facts import LOST, Facts, Lost
from wce_cli.loss.gathering import Gathering
from wce_cli.loss.kernel import Kernel
from wce_cli.loss.labels import say_checks
from wce_cli.loss.looks import Otherwise, read_otherwise
from wce_cli.loss.rows import CHUNK, floats
from wce_cli.loss.seen import Seen, Watch
from wce_cli.loss.stored import StoredRows
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import EveryRow, KeptRows, Totals, totals_of
from wce_cli.loss.workers import Walk, walk_groups

GROUP_WORK = 1 << 22
"""What a group costs, about, in scores: some milliseconds, so that many workers end at one time."""
ROW_WORK = 32
"""What is done once a row costs as much as so many scores."""
GROUPS = 4096
"""The most groups: the more rows, the larger they are."""


class Part(Struct, frozen=True):
    """What a group leaves that depends on the order of adding, or is checked."""

    totals: Totals
    reach: float
    """Σ|t| + Σ|w|·(1 + |logsumexp|)"""
    lost: dict[str, float]
    """Σℓ of the losses that a dtype rounds to 0."""
    otherwise: Otherwise
    checks: Checks

    def __add__(self, other: Part) -> Part:
        return Part(
            self.totals + other.totals,
            self.reach + other.reach,
            {dtype: loss + other.lost[dtype] for dtype, loss in self.lost.items()},
            self.otherwise + other.otherwise,
            self.checks + other.checks,
        )


def one_pass(
    batch: Batch,
    *,
    workers: int | None = None,
    rows: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Totals, Facts]:
    """The totals and facts of a batch, or of its `rows` from one up to another.

    `workers`: how many, if not all cores for what is large and one for what is not. `progress` is told the groups
    done and all of them. Raises WceError for what is wrong with rows that nobody has looked at before.
    """
    start, stop = (0, batch.n_samples) if rows is None else rows
    bounds = group_bounds(batch, start, stop)
    total: list[Part] = []

    def fold(part: Part) -> None:
        total[:] = [total[0] + part] if total else [part]

    def make() -> Walk[Part, Seen]:
        walker = Walker(batch)
        return Walk(lambda k: walker.group(*bounds[k]), walker.watch.seen)

    if any(isinstance(field, StoredRows) and field.stored.sequential for field in batch.fields):
        workers = 1
    seen = walk_groups(make, len(bounds), (stop - start) * batch.spec.n_classes, workers, fold, progress)
    if total[0].checks.found:
        raise _refusal(batch, total[0])
    return total[0].totals, facts_of(total[0], seen)


def group_bounds(batch: Batch, start: int, stop: int) -> list[tuple[int, int]]:
    """Where groups of whole blocks begin and end; one empty group for no rows."""
    block = batch.block_rows
    blocks = max(1, GROUP_WORK // (block * (batch.spec.n_classes + ROW_WORK)), -(-(stop - start) // (block * GROUPS)))
    return [(first, min(first + block * blocks, stop)) for first in range(start, stop, block * blocks)] or [
        (start, stop)
    ]


def facts_of(part: Part, seen: list[Seen]) -> Facts:
    """The facts of all groups together and of what each worker has seen."""
    whole = seen[0]
    for other in seen[1:]:
        whole = whole + other
    present = part.totals.count > 0
    ones = np.where(present, 1.0, np.inf), np.where(present, 1.0, -np.inf)
    return Facts(
        s=ones if whole.s is None else whole.s,
        s_loss=whole.s_loss,
        smallest_a=whole.smallest_a,
        smallest_q=whole.smallest_q,
        reach=part.reach,
        infinite=whole.infinite,
        nan=whole.nan,
        masked=whole.masked,
        nan_ignored=whole.nan_ignored,
        logsumexp=whole.logsumexp,
        lost={dtype: Lost(whole.lost[dtype], part.lost[dtype]) for dtype in LOST},
        as_probs=part.otherwise.as_probs,
        as_log_probs=whole.as_log_probs,
        one_hot=whole.one_hot,
        unnormalised=whole.unnormalised,
        clipped=part.otherwise.clipped,
        renormalised=part.otherwise.renormalised,
        top=whole.top,
    )


class Walker:
    """One worker's way through a batch."""

    def __init__(self, batch: Batch) -> None:
        spec = batch.spec
        self.batch, self.spec = batch, spec
        self.watch = Watch(spec, batch.sample_weight is not None)
        needs_every = spec.is_soft or spec.label_smoothing > 0
        self.every = EveryKernel(batch) if needs_every else None
        self.kernel = None if needs_every else Kernel(batch.scores, spec.scores, spec.n_classes, batch.n_samples)
        self.heavy = np.abs(spec.class_weight)

    def group(self, start: int, stop: int) -> Part:
        """The rows of one group, block by block."""
        step, part = self.batch.block_rows, None
        with np.errstate(all="ignore"):
            for first in range(start, stop, step) if start < stop else [start]:
                block = self._block(first, min(first + step, stop), None if part is None else part.otherwise)
                part = block if part is None else part + block
        assert part is not None
        return part

    def _block(self, start: int, stop: int, before: Otherwise | None) -> Part:
        label, kept, checks = self._labels(start, stop)
        s = None if self.batch.sample_weight is None else self.batch.sample_weight_of(start, stop)
        rows = self._kept_rows(start, label, kept, s)
        return Part(
            totals_of(rows, self.spec.n_classes),
            self._reach(rows),
            self.watch.see(rows),
            read_otherwise(self.batch, rows, stop, before),
            checks,
        )

    def _labels(self, start: int, stop: int) -> tuple[Ints, NDArray[np.bool_] | None, Checks]:
        """Index labels (n,), 0 where not kept, and which are kept, None for all; zeros for probability labels."""
        batch, spec, c = self.batch, self.spec, self.spec.n_classes
        checks = (
            self._check_rows(start, stop)
            if batch.unread is not None or isinstance(batch.scores, StoredRows)
            else Checks()
        )
        if spec.is_soft:
            return np.zeros(stop - start, dtype=np.int64), None, checks
        raw, unread = batch.labels.rows(start, stop), batch.unread
        if unread is None:
            label = raw.astype(np.int64, copy=False)
            kept = label != spec.ignore_index
        else:
            raw = floats(raw, "bfloat16") if batch.labels.dtype == "bfloat16" else raw
            checks = checks + check_index_labels(raw, start, unread.ignore_index, unread.base, c)
            label = indices(raw, unread.ignore_index, spec.ignore_index, unread.base)
            kept = (label != spec.ignore_index) & (label >= 0) & (label < c)
        return (label, None, checks) if kept.all() else (np.where(kept, label, 0), kept, checks)

    def _check_rows(self, start: int, stop: int) -> Checks:
        """The checks of a file's rows of C numbers."""
        batch, spec = self.batch, self.spec
        checks, step = Checks(), max(1, CHUNK // spec.n_classes)
        for first in range(start, stop, step):
            last = min(first + step, stop)
            if spec.scores == "probs" and isinstance(batch.scores, StoredRows):
                checks = checks + check_probs(floats(batch.scores.rows(first, last), batch.scores.dtype), first)
            if spec.integer_one_hot and batch.unread is not None:
                checks = checks + check_one_hot(batch.labels.rows(first, last), first)
        return checks

    def _kept_rows(self, start: int, label: Ints, kept: NDArray[np.bool_] | None, s: Floats | None) -> KeptRows:
        n = len(label)
        which = None if kept is None else np.flatnonzero(kept)
        row = np.arange(start, start + n) if which is None else start + which
        logsumexp: Floats | None
        target: Floats | None
        if self.kernel is not None:
            found = self.kernel.losses(start, start + n, label, kept)
            every, has_nan = None, found.has_nan
            logsumexp, target = found.logsumexp, found.target_score
            loss = found.loss
        else:
            assert self.every is not None
            everywhere = np.ones(n, dtype=bool) if kept is None else kept
            rows, columns = self.every.losses(start, label, everywhere, np.ones(n) if s is None else s)
            label, loss = rows.label, rows.loss
            is_logits, soft = self.spec.scores == "logits", self.spec.is_soft
            has_nan = np.isnan(rows.largest) if is_logits else None
            logsumexp, target = rows.logsumexp if is_logits else None, None if soft else rows.target_score
            label_sum = _of(rows.label_sum, which) if soft else None
            every = EveryRow(_of(rows.rest, which), _of(rows.term, which), _of(rows.size, which), label_sum, columns)
        nan_ignored = None
        if kept is not None and has_nan is not None:
            broken = np.flatnonzero(has_nan & ~kept)
            nan_ignored = start + broken if len(broken) else None
        return KeptRows(
            n,
            row,
            label if which is None else label.take(which),
            None if s is None else _of(s, which),
            _of(loss, which),
            None if target is None else _of(target, which),
            None if logsumexp is None else _of(logsumexp, which),
            every,
            nan_ignored,
        )

    def _reach(self, rows: KeptRows) -> float:
        """Σ|t| + Σ|w|·(1 + |logsumexp|) over what is finite."""
        if rows.every is None:
            size = self.heavy.take(rows.label)
            if rows.sample_weight is not None:
                size *= np.abs(rows.sample_weight)
            term = size * np.abs(rows.loss)
        else:
            assert rows.every.term is not None
            assert rows.every.size is not None
            term, size = np.abs(rows.every.term), rows.every.size
        if rows.logsumexp is not None:
            size = size + size * np.abs(rows.logsumexp)
        whole = float((term + size).sum())
        if whole < np.inf:
            return whole
        return float(term[np.isfinite(term)].sum() + size[np.isfinite(size)].sum())


def _of(values: Floats, which: Ints | None) -> Floats:
    return values if which is None else values.take(which)


def _refusal(batch: Batch, part: Part) -> Exception:
    """The error of what the pass found wrong, as `Batch.build` words it."""
    spec, unread = batch.spec, batch.unread
    g = Gathering(spec.sources, batch.spelled)
    g.shapes = {spec.scores: str(batch.scores.shape), "labels": str(batch.labels.shape)}
    settings = () if unread is None else (unread.ignore_index, unread.base, bool(part.totals.count[0]))
    say_checks(g, part.checks, spec.scores, batch.scores.shape, *settings)
    return g.refusal()
