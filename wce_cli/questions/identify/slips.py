"""Nothing fits: is it one input? What a single logit, probability, label or weight would have to be, or the smoothing.

Only the standard rules are asked and only one input is changed, so the answer is a slip and not a search. A changed
input may lie anywhere between two ends, those of the number's tolerance; the shortest number between them is shown,
and one that is a keystroke away from what was given comes first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from msgspec import Struct, structs

from wce_cli.digits import format_number
from wce_cli.loss.batch import Batch, Block, Spec
from wce_cli.loss.methods import LossValue, loss_values
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import block_terms, pairs, smoothed_losses
from wce_cli.loss.totals import block_totals
from wce_cli.questions.identify.answer import Change
from wce_cli.questions.identify.evaluation import KEPT_SCORES
from wce_cli.questions.identify.number import Seen

MOST_INPUTS = 256
"""Scores of a batch that are tried; a larger one has too many places for one slip to mean anything."""
USUAL = (0.1, 0.05, 0.2)
"""Label smoothings, the likeliest first."""
SHOWN = 3
REACH = 20.0
"""How far from its value a logit is looked for."""
GRID = 256
FEWEST_DIGITS = 1000
"""Units of its last digit from which on a number is long enough for one wrong digit to be a slip: four digits."""


class Between(Struct, frozen=True):
    """Where an input must lie for a standard rule to give the number."""

    place: str
    given: float
    low: float
    high: float
    pair: str


def changes(batch: Batch, number: Seen) -> tuple[Change, ...]:
    """The changed inputs that explain the number, the likeliest slips first."""
    spec, size = batch.spec, batch.n_samples * batch.spec.n_classes
    if number.unit == 0 or not 0 < size <= KEPT_SCORES:
        return ()
    block = batch.block(0, batch.n_samples)
    ends = (number.value - number.tolerance, number.value + number.tolerance)
    with np.errstate(all="ignore"):
        own = [*_smoothings(block, spec, ends)][:1]
        if size > MOST_INPUTS:
            return tuple(own)
        own += [*_of_the_number(block, spec, number)][:1]
        found = [*_labels(block, spec, ends), *_weights(block, spec, ends), *_scores(block, spec, ends)]
    best: dict[str, Change] = {}
    for change in map(_shortest, found):
        if change.place not in best or _rank(change) < _rank(best[change.place]):
            best[change.place] = change
    return (*own, *sorted(best.values(), key=_rank))[:SHOWN]


def _smoothings(block: Block, spec: Spec, ends: tuple[float, float]) -> Iterator[Change]:
    """Another label smoothing than the one given, of those that are usual."""
    for eps in USUAL:
        if eps != spec.label_smoothing:
            for value in _values(block, structs.replace(spec, label_smoothing=eps)):
                if ends[0] <= value.value <= ends[1]:
                    pair = value.pair.removesuffix("/class")
                    yield Change("label_smoothing", spec.label_smoothing, eps, pair, False)


def _of_the_number(block: Block, spec: Spec, number: Seen) -> Iterator[Change]:
    """The number itself mistyped: a standard value, written with as many decimals, is one keystroke away."""
    if abs(number.value) < FEWEST_DIGITS * number.unit:
        return
    typed = set(keystrokes(number.value))
    for value in _values(block, spec):
        written = round(value.value / number.unit) * number.unit if math.isfinite(value.value) else math.nan
        if any(abs(written - one) <= number.unit * 1e-6 for one in typed):
            shown = float(f"{written:.15g}")
            yield Change("the number", number.value, shown, value.pair.removesuffix("/class"), True)


def _rank(change: Change) -> tuple[bool, int, float]:
    return not change.is_slip, len(_plain(change.changed)), abs(change.changed - change.given)


def _values(block: Block, spec: Spec, weight: Floats | None = None) -> list[LossValue]:
    """The standard values of a changed batch; where placements or methods coincide, the first of them."""
    totals = block_totals(block_terms(block, spec), spec.n_classes)
    return list(loss_values(totals, spec.class_weight if weight is None else weight, spec.label_smoothing))


def _labels(block: Block, spec: Spec, ends: tuple[float, float]) -> Iterator[Between]:
    """Every label changed to every other class."""
    if spec.is_soft:
        return
    for n, given in enumerate(block.labels.tolist()):
        if given == spec.ignore_index:
            continue
        for other in range(spec.n_classes):
            if other == given:
                continue
            labels = block.labels.copy()
            labels[n] = other
            for value in _values(structs.replace(block, labels=labels), spec):
                if ends[0] <= value.value <= ends[1]:
                    base = spec.label_base
                    yield Between(f"labels[{n}]", given + base, other + base, other + base, value.pair)


def _weights(block: Block, spec: Spec, ends: tuple[float, float]) -> Iterator[Between]:
    """Every class weight and sample weight: numerators and denominators are straight lines of one of them."""

    def solved(place: str, given: float, at: list[LossValue], further: list[LossValue]) -> Iterator[Between]:
        for one, two in zip(at, further, strict=True):
            if one.method == "nonzero-mean":  # a count is no line
                continue
            steep, steep_below = two.numerator - one.numerator, two.denominator - one.denominator
            roots = []
            for end in ends:
                slope = steep - end * steep_below
                roots.append(given + (end * one.denominator - one.numerator) / slope if slope else math.nan)
            if all(map(math.isfinite, roots)) and min(roots) > 0:
                yield Between(place, given, min(roots), max(roots), one.pair)

    here = _values(block, spec)
    if spec.weight is not None:
        for c, given in enumerate(spec.weight.tolist()):
            weight = spec.weight.copy()
            weight[c] += 1
            yield from solved(f"weight[{c}]", given, here, _values(block, spec, weight))
    if spec.has_sample_weight:
        for n, given in enumerate(block.sample_weight.tolist()):
            s = block.sample_weight.copy()
            s[n] += 1
            changed = structs.replace(block, sample_weight=s)
            yield from solved(f"sample_weight[{n}]", given, here, _values(changed, spec))


def _scores(block: Block, spec: Spec, ends: tuple[float, float]) -> Iterator[Between]:
    """Every score: of its row alone the term changes, so that the others are summed once."""
    here = {value.pair: value for value in _values(block, spec)}
    distinct = {(value.numerator, value.denominator): value for value in reversed(here.values())}
    for n in range(len(block.scores)):
        row = Block(0, block.scores[n : n + 1], block.labels[n : n + 1], block.sample_weight[n : n + 1])
        own = {value.pair: value.numerator for value in _values(row, spec)}
        for c, given in enumerate(block.scores[n].tolist()):
            if not math.isfinite(given):
                continue
            low, high = (1e-6, 1.0) if spec.scores == "probs" else (given - REACH, given + REACH)
            grid = np.linspace(low, high, GRID + 1)
            terms = _terms_along(row, spec, c, grid)
            for value in distinct.values():
                rest = value.numerator - own[value.pair]
                along = (rest + terms[value.pair]) / value.denominator
                roots = [root for end in ends if (root := _crossing(along, grid, end, given)) is not None]
                if len(roots) == 2:
                    narrowed = [
                        _refined(row, spec, c, root, end, rest, value) for root, end in zip(roots, ends, strict=True)
                    ]
                    yield Between(f"{spec.scores}[{n}][{c}]", given, min(narrowed), max(narrowed), value.pair)


def _terms_along(row: Block, spec: Spec, c: int, grid: Floats) -> _ByPair:
    """By pair: the numerator of a batch of this one row, score c taking each value of a grid."""
    times = [0] * len(grid)
    scores = row.scores[times]
    scores[:, c] = grid
    many = Block(0, scores, row.labels[times], row.sample_weight[times])
    terms = block_terms(many, spec)
    placed = pairs(terms, spec.class_weight, spec.label_smoothing)
    kept = terms.kept
    by_placement = {name: np.where(kept, term, 0.0) for name, (term, _) in placed.items()}
    unweighted = np.where(kept, smoothed_losses(terms, spec.label_smoothing), 0.0)
    return _ByPair(by_placement, unweighted)


class _ByPair(dict[str, Floats]):
    """Numerators of one row by pair: all methods of a placement have the same."""

    def __init__(self, by_placement: dict[str, Floats], unweighted: Floats) -> None:
        super().__init__()
        self.by_placement, self.unweighted = by_placement, unweighted

    def __missing__(self, pair: str) -> Floats:
        method, _, placement = pair.partition("/")
        return self.unweighted if method == "unweighted-mean" else self.by_placement[placement]


def _crossing(along: Floats, grid: Floats, end: float, given: float) -> tuple[float, float] | None:
    """The cell of the grid, nearest to what was given, in which the value passes `end`."""
    above = along >= end
    cells = np.flatnonzero((above[1:] != above[:-1]) & np.isfinite(along[1:]) & np.isfinite(along[:-1]))
    if not len(cells):
        return None
    cell = cells[np.abs(grid[cells] - given).argmin()]
    return float(grid[cell]), float(grid[cell + 1])


def _refined(
    row: Block, spec: Spec, c: int, cell: tuple[float, float], end: float, rest: float, value: LossValue
) -> float:
    """Where in a cell the value passes `end`, to about 1e-9 of the cell."""
    for _ in range(4):
        grid = np.linspace(*cell, GRID + 1)
        along = (rest + _terms_along(row, spec, c, grid)[value.pair]) / value.denominator
        narrower = _crossing(along, grid, end, cell[0])
        if narrower is None:
            break
        cell = narrower
    return (cell[0] + cell[1]) / 2


def _shortest(between: Between) -> Change:
    """The number between the two ends that is a keystroke away, else the shortest."""
    slips = [number for number in keystrokes(between.given) if between.low <= number <= between.high]
    typed = _number(_plain(between.given))
    is_label = between.place.startswith("labels")
    if slips or is_label:
        changed = min(slips, key=lambda number: abs(number - between.given)) if slips else between.low
        return Change(between.place, typed, changed, between.pair.removesuffix("/class"), True)
    middle = (between.low + between.high) / 2
    changed = middle
    for decimals in range(16):
        rounded = round(middle, decimals)
        if between.low <= rounded <= between.high:
            changed = rounded
            break
    return Change(between.place, typed, changed, between.pair.removesuffix("/class"), False)


def keystrokes(given: float) -> Iterable[float]:
    """The numbers one slip of the hand away: sign, decimal point, a digit wrong, missing, doubled, or two swapped."""
    text = _plain(abs(given))
    sign = -1.0 if given < 0 else 1.0
    variants = {_number("-" + text) * sign if given else 0.0}
    for i, character in enumerate(text):
        if not character.isdigit():
            continue
        variants |= {sign * _number(text[:i] + digit + text[i + 1 :]) for digit in "0123456789"}
        variants |= {sign * _number(text[:i] + text[i + 1 :]), sign * _number(text[:i] + character + text[i:])}
        if i + 1 < len(text) and text[i + 1].isdigit():
            variants.add(sign * _number(text[:i] + text[i + 1] + character + text[i + 2 :]))
    variants |= {given * factor for factor in (0.001, 0.01, 0.1, 10.0, 100.0, 1000.0)}
    return {variant for variant in variants if math.isfinite(variant) and variant != given}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _plain(value: float) -> str:
    """The digits that were typed: those of a float32 are fewer."""
    return format_number(float(str(np.float32(value))) if float(np.float32(value)) == value else value, 15)
