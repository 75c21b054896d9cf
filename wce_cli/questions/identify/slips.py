"""Nothing fits: is one number not the one that was meant? The label smoothing, the number itself, a label, a weight, a
score.

Only the standard rules are asked, one number is changed at a time, and only to what one keystroke makes of it. Each
kind of change is a search that finds something for some of the numbers that mean nothing. So they are made one after
the other, the likeliest first, as long as all of them together find something for few of those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct, structs

from wce_cli.answers.identify import LITTLE, Change
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, LossValue, loss_values
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import block_terms, pairs, smoothed_losses
from wce_cli.loss.totals import block_totals
from wce_cli.questions.identify.chance import EDGE, chance, prior_of
from wce_cli.questions.identify.evaluation import KEPT_SCORES
from wce_cli.questions.identify.keystrokes import keystrokes, of_print, typed
from wce_cli.questions.identify.number import PrintedNumber

MOST_INPUTS = 256
"""Scores of a batch that are tried; a larger one has too many places for one slip to mean anything."""
USUAL = (0.1, 0.05, 0.2)
"""Label smoothings, the likeliest first."""
SLIPS_SHOWN = 3
LONG_ENOUGH = 10_000
"""Units of its last digit from which on a number is long enough for a slip to mean anything: five digits."""


class Changed(Struct, frozen=True):
    """What a standard rule gives once an input is another number."""

    place: str
    given: float
    changed: float
    pair: str
    value: float
    """For the number itself, what is typed for the changed one."""


def changes(batch: Batch, number: PrintedNumber, widening: float = 0.0) -> tuple[Change, ...]:
    """The changed inputs of the likeliest kind that explain the number, at most three.

    `widening`: how much further a standard rule may be off because the inputs were printed rounded.
    """
    spec, size = batch.spec, batch.n_samples * batch.spec.n_classes
    prior, within = prior_of(number.value, number.unit), number.tolerance + widening
    if prior is None or not 0 < size <= KEPT_SCORES:
        return ()
    block, kinds = batch.block(0, batch.n_samples), [_smoothings]
    if size <= MOST_INPUTS and abs(number.value) >= LONG_ENOUGH * max(number.unit, 2 * within):
        kinds += [_of_the_number, _labels, _weights, _scores]
    tried: list[Changed] = []
    for kind in kinds:
        with np.errstate(all="ignore"):
            made = [one for one in kind(block, spec, number) if math.isfinite(one.value)]
        tried += made
        values = math.copysign(1.0, number.value) * np.array([one.value for one in tried])
        window = np.full(len(values), within)
        odds = chance(values, window, window, number.unit, prior)
        if odds >= LITTLE:
            return ()
        found = [one for one in made if abs(one.value - number.value) <= within + number.unit * EDGE]
        if found:
            return _told(found, odds)
    return ()


def _told(found: list[Changed], odds: float) -> tuple[Change, ...]:
    """One change a place, the shortest numbers first."""
    best: dict[str, Changed] = {}
    for one in sorted(found, key=lambda one: (len(typed(one.changed)), abs(one.changed - one.given))):
        best.setdefault(one.place, one)
    return tuple(
        Change(
            one.place,
            float(typed(one.given)),
            float(typed(one.changed)),
            one.pair.removesuffix("/class"),
            one.place != "label_smoothing",
            odds,
        )
        for one in list(best.values())[:SLIPS_SHOWN]
    )


def _smoothings(block: Block, spec: Spec, number: PrintedNumber) -> Iterator[Changed]:
    """Another label smoothing than the one given, of those that are usual."""
    for eps in USUAL:
        if eps != spec.label_smoothing:
            for value in _distinct(block, structs.replace(spec, label_smoothing=eps)):
                yield Changed("label_smoothing", spec.label_smoothing, eps, value.pair, value.value)


def _of_the_number(block: Block, spec: Spec, number: PrintedNumber) -> Iterator[Changed]:
    """The number itself mistyped: what one keystroke makes of a standard value that is printed as it is."""
    decimals = max(round(-math.log10(number.unit)), 0)
    for value in _distinct(block, spec):
        if math.isfinite(value.value):
            for meant, slip in of_print(value.value, decimals):
                yield Changed("the number", number.value, meant, value.pair, slip)


def _labels(block: Block, spec: Spec, number: PrintedNumber) -> Iterator[Changed]:
    """Every label changed to every other class."""
    if spec.is_soft:
        return
    base = spec.label_base
    for n, given in enumerate(block.labels.tolist()):
        if given == spec.ignore_index:
            continue
        for other in range(spec.n_classes):
            if other != given:
                labels = block.labels.copy()
                labels[n] = other
                for value in _distinct(structs.replace(block, labels=labels), spec):
                    yield Changed(f"labels[{n}]", given + base, other + base, value.pair, value.value)


def _weights(block: Block, spec: Spec, number: PrintedNumber) -> Iterator[Changed]:
    """Every class weight and sample weight: numerators and denominators are straight lines of one of them."""
    here = _values(block, spec)

    def along(place: str, given: float, further: list[LossValue]) -> Iterator[Changed]:
        meant = np.array([one for one in keystrokes(given) if one > 0])
        seen: set[tuple[float, ...]] = set()
        for at, one in zip(here, further, strict=True):
            line = at.numerator, at.denominator, one.numerator - at.numerator, one.denominator - at.denominator
            if not METHODS[at.method].is_straight or line in seen or not any(line[2:]):
                continue
            seen.add(line)
            by = meant - given
            made = (line[0] + by * line[2]) / (line[1] + by * line[3])
            for changed, value in zip(meant.tolist(), made.tolist(), strict=True):
                yield Changed(place, given, changed, at.pair, value)

    if spec.weight is not None:
        for c, given in enumerate(spec.weight.tolist()):
            weight = spec.weight.copy()
            weight[c] += 1
            yield from along(f"weight[{c}]", given, _values(block, spec, weight))
    if spec.has_sample_weight:
        for n, given in enumerate(block.sample_weight.tolist()):
            s = block.sample_weight.copy()
            s[n] += 1
            yield from along(f"sample_weight[{n}]", given, _values(structs.replace(block, sample_weight=s), spec))


def _scores(block: Block, spec: Spec, number: PrintedNumber) -> Iterator[Changed]:
    """Every score: of its row alone the term changes, so that all changed rows are read at once."""
    places = [
        (n, c, changed)
        for n, row in enumerate(block.scores)
        for c, given in enumerate(row.tolist())
        for changed in keystrokes(given)
        if _can_be(spec, row, c, changed)
    ]
    if not places:
        return
    rows, classes, meant = (np.array(column) for column in zip(*places, strict=True))
    scores = block.scores[rows]
    scores[np.arange(len(rows)), classes] = meant
    many = Block(0, scores, block.labels[rows], block.sample_weight[rows])
    before, after = _numerators(block, spec), _numerators(many, spec)
    for value in _distinct(block, spec):
        own = value.placement if METHODS[value.method].is_weighted else "unweighted"
        made = (value.numerator - before[own][rows] + after[own]) / value.denominator
        for (n, c, changed), one in zip(places, made.tolist(), strict=True):
            yield Changed(f"{spec.scores}[{n}][{c}]", float(block.scores[n, c]), changed, value.pair, one)


def _can_be(spec: Spec, row: Floats, c: int, changed: float) -> bool:
    """Whether a score can be that number: a probability is from 0 to 1, and brings the sum of its row nearer to 1."""
    if spec.scores == "logits":
        return True
    p = np.exp(row) if spec.scores == "log_probs" else row
    own = math.exp(min(changed, 1.0)) if spec.scores == "log_probs" else changed
    return 0 <= own <= 1 and abs(p.sum() - p[c] + own - 1) < abs(p.sum() - 1) - 1e-9


def _numerators(block: Block, spec: Spec) -> dict[str, Floats]:
    """The term of every row, by placement, and `unweighted`; 0 where it is ignored."""
    terms = block_terms(block, spec)
    placed = pairs(terms, spec.class_weight, spec.label_smoothing)
    found = {name: np.where(terms.kept, term, 0.0) for name, (term, _) in placed.items()}
    return found | {"unweighted": np.where(terms.kept, smoothed_losses(terms, spec.label_smoothing), 0.0)}


def _values(block: Block, spec: Spec, weight: Floats | None = None) -> list[LossValue]:
    """The standard values of a changed batch."""
    totals = block_totals(block_terms(block, spec), spec.n_classes, spec.layout.positions)
    return list(loss_values(totals, spec.class_weight if weight is None else weight, spec.label_smoothing))


def _distinct(block: Block, spec: Spec) -> list[LossValue]:
    """The same; where placements or methods coincide, the first of them."""
    return list({(one.numerator, one.denominator): one for one in reversed(_values(block, spec))}.values())[::-1]
