"""Plain documents → their reports, by stacks: what `explain_batch` says of each of them, in the same digits.

What costs a call is asked of a whole stack at once; what stands in a report is then put together batch by batch from
plain lists. Where a batch has anything rare about it (nothing kept, losses that float32 loses, logits that look like
probabilities) nothing is said here, and it is asked by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import ClassRow, Measured, MethodRow, Report, TermRow
from wce_cli.batches.batch import Batch
from wce_cli.engines import measure_all
from wce_cli.fields import IN_FILES
from wce_cli.loss.facts import LOST, UNDERFLOW, CountedRows, Extremes, Facts, Lost, RowSums, Unnormalised
from wce_cli.loss.fast.tiny_batches import Stack, Stacked, quotients, totals_of_stack
from wce_cli.loss.largest_terms import Top
from wce_cli.loss.methods import METHODS, SUM, LossValue
from wce_cli.loss.normalised import LOOKS_NORMALISED, log_totals, not_one, sum_to_one
from wce_cli.loss.rows import ArrayRows
from wce_cli.loss.spec import Spec
from wce_cli.loss.sums import Floats, Ints
from wce_cli.loss.totals import Totals
from wce_cli.questions.explain.report import agreed, report_of
from wce_cli.questions.explain.rows import class_rows_of
from wce_cli.questions.lines.values import Pile, piles_of

SOURCES = (*IN_FILES, "name", "source")
"""The fields of a document that `explain` reads, in their order."""
PAIRS = [(method.name, placement) for method in METHODS.values() for placement in method.placements]
"""All of them are defined for index labels."""
_PAIRS: tuple[list[str], list[str]] = [method for method, _ in PAIRS], [placement for _, placement in PAIRS]
_SUM = PAIRS.index((SUM, "class"))


def plain_reports(
    documents: Sequence[Any],
    names: Sequence[str | None],
    places: Sequence[str],
    weight: tuple[list[float], str] | None,
    engines: Sequence[str],
    rows: Callable[[int], int],
    top: int,
) -> Iterator[Report | None]:
    """The report of each document, made when its turn comes; None where it is not one that can be stacked.

    `names` and `places` (`run.ndjson:3`) are those of the documents, `weight` one that was typed, with its source,
    `rows` how many samples of so many are listed.
    """
    stacked_at: list[tuple[_Parts, int] | None] = [None] * len(documents)
    for pile in piles_of(documents, None if weight is None else weight[0], by_sample_weight=True):
        if pile.kind == "probs" or pile.n_classes == 1:
            continue
        stack = pile.stack()
        parts = _Parts(pile, stack, totals_of_stack(stack))
        for b, position in enumerate(pile.which):
            if parts.is_plain[b]:
                stacked_at[position] = parts, b
    for at, document, name, place in zip(stacked_at, documents, names, places, strict=True):
        if at is None:
            yield None
            continue
        parts, b = at
        yield _report(parts, b, _spec(parts.pile, b, parts.stack, document, name, place, weight), engines, rows, top)


class _Parts:
    """Everything about the batches of a stack that their reports are made of, as lists where it is many numbers."""

    @np.errstate(all="ignore")  # as of a batch by itself
    def __init__(self, pile: Pile, stack: Stack, stacked: Stacked) -> None:
        self.pile, self.stack, self.totals = pile, stack, stacked.totals
        row, of, loss = stacked.row, stacked.batch, stacked.loss
        b, c = stack.weight.shape
        y = stack.labels[row]
        s = np.ones(len(row)) if stack.sample_weight is None else stack.sample_weight[row]
        s_loss = loss if stack.sample_weight is None else s * loss
        weight = s * stack.weight[of, y]
        term = weight * loss
        target = stack.rows[row, y]
        n_kept = np.asarray(stacked.totals.n_kept)
        size = np.abs(weight)
        plain = stacked.is_plain & (n_kept > 0) & np.isfinite(stack.weight).all(axis=1)
        strange = (loss > 0) & (loss < max(LOST.values()))
        if stacked.logsumexp is not None:
            strange |= ~np.isfinite(stacked.logsumexp)
            strange |= stacked.logsumexp < max(UNDERFLOW.values()) + math.log(c)  # the peak would be another number
            size = size + size * np.abs(stacked.logsumexp)
            far = np.bincount(of, np.abs(stacked.logsumexp) > LOOKS_NORMALISED, b)
            chosen = stack.rows[row]
            normal = (chosen >= 0).all(axis=1) & (chosen <= 1).all(axis=1) & sum_to_one(chosen.sum(axis=1))
            plain &= (far > 0) & (np.bincount(of, normal, b) == 0)
        else:  # log-probabilities
            strange |= not_one(stack.rows[row], log_totals(stack.rows[row], is_log=True), is_log=True)
        plain[of[strange]] = False
        self.is_plain: list[bool] = plain.tolist()
        self.n_kept: list[int] = n_kept.tolist()
        self.begin: list[int] = np.concatenate([[0], np.cumsum(n_kept)]).tolist()
        self.first: list[int] = np.concatenate([[0], np.cumsum(stack.sizes)]).tolist()
        self.row: list[int] = row.tolist()
        self.reach: list[float] = np.bincount(of, np.abs(term) + size, b).tolist()
        self.loss, self.weight, self.term = loss.tolist(), weight.tolist(), term.tolist()
        self.target = target.tolist()
        self.logsumexp = None if stacked.logsumexp is None else stacked.logsumexp.tolist()
        self.key = np.where(stack.weight[of, y] < 0, 0.0 - s_loss, s_loss).tolist()
        self.label = y.tolist()
        flat = of * c + y
        self.s = _ends(np.ones(len(row)) if stack.sample_weight is None else s, flat, b, c)
        self.s_loss = _ends(s_loss, flat, b, c)
        sums = stacked.totals
        columns = (
            *(stack.weight, sums.count, sums.loss.values()),
            *(stack.weight * sums.s.values(), stack.weight * sums.s_loss.values()),
        )
        of_class, present = np.nonzero(sums.count)
        self.classes = [present.tolist(), *(column[of_class, present].tolist() for column in columns)]
        self.first_class: list[int] = np.searchsorted(of_class, np.arange(b + 1)).tolist()
        above, below, values = zip(*quotients(stacked, stack.weight, PAIRS), strict=True)
        self.above, self.below = list(zip(*above, strict=True)), list(zip(*below, strict=True))
        self.values = list(zip(*values, strict=True))

    def totals_of(self, b: int) -> Totals:
        """The totals of one batch."""
        whole = self.totals
        loss = whole.loss.of_batch(b)
        s_loss = loss if whole.s_loss is whole.loss else whole.s_loss.of_batch(b)
        count = whole.count[b]
        weighted = count if whole.count_weighted is whole.count else whole.count_weighted[b]
        return Totals(self.pile.sizes[b], self.n_kept[b], count, weighted, whole.s.of_batch(b), loss, s_loss, None)

    def facts_of(self, b: int) -> Facts:
        """The facts of one batch: of those that are plain most are that there is nothing to say."""
        part = slice(self.begin[b], self.begin[b + 1])
        ends = Extremes()
        if self.logsumexp is not None:
            found = self.logsumexp[part]
            low, high = min(found), max(found)
            rows, first = self.row[part], self.first[b]
            ends = Extremes(low, high, rows[found.index(low)] - first, rows[found.index(high)] - first)
        smallest = min(self.loss[part])
        return Facts(
            (self.s[0][b], self.s[1][b]),
            (self.s_loss[0][b], self.s_loss[1][b]),
            smallest,
            smallest,
            math.inf,
            self.reach[b],
            NO_ROWS,
            NO_ROWS,
            NO_ROWS,
            NO_ROWS,
            NO_ROWS,
            NO_ROWS,
            ends,
            ends,
            NONE_LOST,
            None,
            False,
            False,
            None,
            NORMALISED,
            NO_ROWS,
            None,
            None,
            None,
            RowSums(0 if self.logsumexp is not None else self.n_kept[b]),
            None,
            None,
            NO_TOP,
        )


NO_ROWS, NORMALISED = CountedRows(), Unnormalised()
NONE_LOST = dict.fromkeys(LOST, Lost())
_NONE: Ints = np.zeros(0, dtype=np.int64)
NO_TOP = Top(0, True, _NONE, np.zeros(0), _NONE)
"""The largest terms are found in the lists."""


def _ends(values: Floats, flat: Ints, b: int, c: int) -> tuple[Floats, Floats]:
    low, high = np.full(b * c, np.inf), np.full(b * c, -np.inf)
    np.minimum.at(low, flat, values)
    np.maximum.at(high, flat, values)
    return (low + 0.0).reshape(b, c), (high + 0.0).reshape(b, c)


def _report(
    parts: _Parts, b: int, spec: Spec, engines: Sequence[str], listed: Callable[[int], int], top: int
) -> Report:
    totals, facts = parts.totals_of(b), parts.facts_of(b)
    columns = *_PAIRS, parts.above[b], parts.below[b], parts.values[b]
    values = tuple(map(LossValue, *columns))
    n, first = parts.pile.sizes[b], parts.first[b]
    measured: tuple[Measured, ...] = ()
    if engines:
        batch = _batch(parts, b, spec)
        measured = tuple(agreed(one, values, facts.reach) for one in measure_all(engines, batch))
    analysis = Analysis(spec, totals, facts, values, measured)
    span = range(parts.begin[b], parts.begin[b + 1])
    terms = parts.term[span.start : span.stop]
    numerator = parts.above[b][_SUM]
    one_sign = min(terms) >= 0 or max(terms) <= 0
    shared = numerator if one_sign and numerator != 0 and math.isfinite(numerator) else None
    by_row = {parts.row[k] - first: k for k in span}
    shown: dict[int, TermRow] = {}

    def row(i: int) -> TermRow:
        if i not in shown:
            shown[i] = _term_row(parts, i, by_row.get(i), spec, parts.pile.labels[first + i], shared)
        return shown[i]

    order = _largest(parts, span, parts.pile.weight[b], top)
    return report_of(
        analysis,
        (n, spec.n_classes),
        tuple(row(i) for i in range(min(listed(n), n))),
        tuple(row(parts.row[k] - first) for k in order),
        _class_rows(parts, b, spec),
        tuple(map(MethodRow, *columns, _formulas(spec.has_sample_weight))),
    )


@cache
def _formulas(has_sample_weight: bool) -> tuple[str, ...]:
    return tuple(METHODS[method].formula_for(placement, False, has_sample_weight) for method, placement in PAIRS)


def _largest(parts: _Parts, span: range, weight: Sequence[float], top: int) -> list[int]:
    """The rows with the largest terms as `Top` has them: of every class those with the largest keys, then by term."""
    met: dict[int, int] = {}
    kept = []
    for k in sorted(span, key=lambda k: (-parts.key[k], k)):
        met[parts.label[k]] = met.get(parts.label[k], 0) + 1
        if met[parts.label[k]] <= top:
            kept.append(k)
    return sorted(kept, key=lambda k: (-abs(weight[parts.label[k]]) * parts.key[k], k))[:top]


def _term_row(parts: _Parts, n: int, k: int | None, spec: Spec, label: int, shared: float | None) -> TermRow:
    if k is None:
        return TermRow(n, (n,), label, None, False, None, None, None, None, None, None, None, None, {})
    target, is_logits, term = parts.target[k], spec.scores == "logits", parts.term[k]
    return TermRow(
        n,
        (n,),
        label,
        None,
        True,
        target if is_logits else None,
        None,
        None if is_logits else target,
        None if parts.logsumexp is None else parts.logsumexp[k],
        parts.loss[k],
        parts.weight[k],
        term,
        None if shared is None else term / shared,
        {},
    )


def _class_rows(parts: _Parts, b: int, spec: Spec) -> list[ClassRow]:
    part = slice(parts.first_class[b], parts.first_class[b + 1])
    return class_rows_of(spec, *(column[part] for column in parts.classes))


def _spec(
    pile: Pile,
    b: int,
    stack: Stack,
    document: Any,
    name: str | None,
    place: str,
    typed: tuple[list[float], str] | None,
) -> Spec:
    sources = {key: f"{place} $.{key}" for key in SOURCES if document.get(key) is not None}
    if typed is not None:
        sources["weight"] = typed[1]
    return Spec(
        scores=pile.kind,
        is_soft=False,
        n_classes=pile.n_classes,
        class_names=None,
        weight=None if typed is None and document.get("weight") is None else stack.weight[b],
        weight_rule=None,
        ignore_index=pile.ignored[b],
        label_base=0,
        label_smoothing=0.0,
        label_shape=(pile.sizes[b],),
        has_sample_weight=pile.has_sample_weight[b],
        dtypes={},
        sources=sources,
        name=name,
        source=document.get("source"),
    )


def _batch(parts: _Parts, b: int, spec: Spec) -> Batch:
    """The batch as an engine wants it."""
    part = slice(parts.first[b], parts.first[b + 1])
    s = parts.stack.sample_weight if spec.has_sample_weight else None
    return Batch(
        spec,
        ArrayRows.of_scores(parts.stack.rows[part]),
        ArrayRows.of_samples(np.array(parts.pile.labels[part])),
        None if s is None else ArrayRows.of_samples(s[part]),
    )
