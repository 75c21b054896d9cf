"""Which rule gave this list: a loss of each sample, a −log p or p of each score, or the gradient of each logit.

A list says far more than one number: every entry has to fit. Where no rule does, one factor common to all entries
is allowed, and said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from wce_cli.answers.identify import IdentifiedList, ListMatch
from wce_cli.batches.batch import Batch
from wce_cli.digits import format_number
from wce_cli.errors import Problem, WceError, counted
from wce_cli.loss.layout import ALL, TORCHS_AXIS, Layout, class_axis_last
from wce_cli.loss.methods import METHODS, SUM
from wce_cli.loss.readings import READINGS, read_logits
from wce_cli.loss.sums import Floats
from wce_cli.loss.terms import label_weights, mixed, row_weights
from wce_cli.questions.identify.evaluation import KEPT_SCORES, Evaluation, case_of
from wce_cli.questions.identify.item_lists import Candidate, losses_of_items
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.odd_readings import ODD_READINGS, GivenRows
from wce_cli.questions.identify.odd_ways import ODD_METHODS, STANDARD
from wce_cli.questions.identify.rules import Rule, rules
from wce_cli.questions.identify.twists import TWISTS

RULES_SHOWN = 6
FACTOR = "factor"
"""The departure of a list whose entries are all multiplied by one number."""


def identify_losses(batch: Batch, numbers: Sequence[PrintedNumber], depth: int) -> IdentifiedList:
    """The rules that give a list of losses: one of each sample, kept sample, item or score."""
    spec, n, case = batch.spec, batch.n_samples, case_of(batch)
    if 1 < case.parted == len(numbers) < n and not case.fits_memory:  # of the right reading the pass says enough
        return _matched("losses", numbers, list(losses_of_items(Evaluation(batch, ()), 0)))
    _check_size(batch)
    evaluation = Evaluation(batch, rules(case, depth))
    kept = _kept(evaluation)
    candidates: list[Candidate] = []
    if case.parted == len(numbers) < n:
        candidates += losses_of_items(evaluation, depth)
    if len(numbers) == n or len(numbers) == int(kept.sum()):
        candidates += _by_sample(evaluation, depth, None if len(numbers) == n else kept)
    if len(numbers) == n * spec.n_classes:
        candidates += _by_score(batch)
    if not candidates:
        items = f" of {counted(case.items, 'item', 'items')}" if case.items < n else ""
        samples = f"{counted(n, 'sample', 'samples')}{items}, {int(kept.sum())} of them kept"
        sizes = f"{samples}, and {n * spec.n_classes} scores"
        raise WceError(Problem(f"the list has {counted(len(numbers), 'number', 'numbers')}, the batch has {sizes}"))
    return _matched("losses", numbers, candidates)


def identify_gradients(batch: Batch, numbers: Sequence[PrintedNumber], depth: int) -> IdentifiedList:
    """The rules whose gradient with respect to the logits this is: one number a logit, row by row."""
    _check_size(batch)
    spec, n = batch.spec, batch.n_samples
    if spec.scores != "logits":
        raise WceError(Problem("gradients are those of logits", "give --logits"))
    whole = math.prod(spec.layout.shape)
    if len(numbers) not in (n * spec.n_classes, whole):
        expected = f"{n} × {spec.n_classes} = {n * spec.n_classes}"
        expected += f", or {whole} before the shift" if whole != n * spec.n_classes else ""
        raise WceError(Problem(f"there are {len(numbers)} gradients, expected one for each logit: {expected}"))
    orders = [order for order in _orders(spec.layout, len(numbers)) if _is_rest_zero(numbers, order)]
    if not orders:
        reason = "the shift drops the last position of each sequence, where gradients are not 0"
        return IdentifiedList("gradients", len(numbers), (), 0, reason)
    listed = list(rules(case_of(batch), depth))
    candidates = list(_gradients(Evaluation(batch, listed), listed))
    tried = [_matched("gradients", [numbers[k] for k in order], candidates) for order in orders]
    return structs.replace(next((one for one in tried if one.matches), tried[0]), count=len(numbers))


def _orders(layout: Layout, count: int) -> Iterator[list[int]]:
    """Which numbers are those of the rows, row by row: of a list in that order, and of one with the axes as given, as
    `x.grad` has them; with or without what a shift drops.
    """
    is_whole = count == math.prod(layout.shape)
    samples, dropped = (layout.labels, layout.dropped) if is_whole else (layout.samples, ALL)
    for axis in dict.fromkeys((len(samples), layout.class_axis)):
        given = np.arange(count).reshape(*samples[:axis], layout.n_classes, *samples[axis:])
        torchs = np.moveaxis(given, axis, TORCHS_AXIS) if given.ndim > 1 else given
        order: list[int] = class_axis_last(dropped.of_scores(torchs)).ravel().tolist()
        yield order


def _is_rest_zero(numbers: Sequence[PrintedNumber], order: Sequence[int]) -> bool:
    """Whether all other numbers are 0, as the gradients of logits that are in no loss are."""
    taken = set(order)
    return all(number.value == 0 for k, number in enumerate(numbers) if k not in taken)


def _check_size(batch: Batch) -> None:
    if batch.n_samples * batch.spec.n_classes > KEPT_SCORES:
        raise WceError(Problem(f"lists are identified for batches of up to {KEPT_SCORES} scores", "cut the batch"))


def _kept(evaluation: Evaluation) -> NDArray[np.bool_]:
    return evaluation.pairs(Rule(SUM, "class"))[2].kept


def _by_sample(evaluation: Evaluation, depth: int, kept: NDArray[np.bool_] | None) -> Iterator[Candidate]:
    """t of every sample by each way to read, weigh and smooth; 0 where it is ignored."""
    for rule in rules(evaluation.case, depth):
        if not rule.is_by_sample:
            continue
        term = evaluation.pairs(rule)[0] * (TWISTS[rule.twist].of(1.0, 1) if rule.twist else 1.0)
        title = "; ".join(
            ["w·ℓ of each sample" if evaluation.spec.weight is not None else "ℓ of each sample", *_odd(rule)]
        )
        title += "" if rule.placement == "class" else f" ({rule.placement})"
        yield title, rule.departures, term if kept is None else term[kept]
    if evaluation.case.is_weighted:
        loss = evaluation.unweighted()
        yield "ℓ of each sample, not weighted", (), loss if kept is None else loss[kept]


def _odd(rule: Rule) -> list[str]:
    return rule.title.split("; ")[1:]


def _by_score(batch: Batch) -> Iterator[Candidate]:
    """−log p, or p, of every score, class by class."""
    block = batch.block(0, batch.n_samples)
    losses = READINGS[batch.spec.scores](block.scores).every()
    rows = GivenRows(block.scores, losses, batch.spec.class_weight, None)
    readings: list[tuple[str, tuple[str, ...], Floats]] = [("", (), losses)]
    for name, reading in ODD_READINGS.items():
        if batch.spec.scores in reading.kinds and not reading.whole_batch and not reading.takes_weight:
            made = reading.of_loss(losses) if reading.of_loss else reading.of_rows(rows) if reading.of_rows else losses
            readings.append((f"; {reading.title}", (name,), made))
    for title, departures, made in readings:
        yield f"−log p of every class{title}", departures, made.ravel()
        yield f"p of every class{title}", departures, np.exp(-made).ravel()


def _gradients(evaluation: Evaluation, listed: Sequence[Rule]) -> Iterator[Candidate]:
    """dL/dx of every rule that has one in closed form."""
    batch = evaluation.batch
    x = batch.block(0, batch.n_samples).scores
    p = np.exp(-read_logits(x).every())
    again = np.exp(-read_logits(p).every())  # softmax of the probabilities
    for rule in listed:
        factor = TWISTS[rule.twist].factor if rule.twist else lambda n: 1.0
        if (
            rule.pairing
            or factor is None
            or not (rule.reading == STANDARD or ODD_READINGS[rule.reading].is_second_softmax)
        ):
            continue
        if rule.method not in METHODS and not (rule.method in ODD_METHODS and ODD_METHODS[rule.method].divisor):
            continue
        fraction = evaluation.fraction(rule)
        if fraction is None or not fraction[1]:
            continue
        gradient = _gradient_of_terms(evaluation, rule, p if not rule.reading else again)
        if rule.reading:  # through the first softmax: p∘(g − Σ p·g)
            gradient = p * (gradient - (p * gradient).sum(axis=1, keepdims=True))
        yield rule.title, rule.departures, (factor(evaluation.case.n) / fraction[1] * gradient).ravel()


def _gradient_of_terms(evaluation: Evaluation, rule: Rule, p: Floats) -> Floats:
    """dt/dx of every row, p its softmax: (Σ_c v[c]·q[c])·p − v∘q; v[c] is what −log p of class c is multiplied by."""
    terms = evaluation.pairs(rule)[2]
    c = evaluation.case.n_classes
    asked, _, factor = evaluation.asked(rule)
    target = np.eye(c)[terms.label] if terms.target is None else terms.target
    q = factor * mixed(target, np.ones_like(target), asked.smoothing, c)
    weight, s = asked.weight, terms.sample_weight
    if rule.method in METHODS and not METHODS[rule.method].is_weighted:
        v = np.ones((len(p), c))
    elif rule.placement == "class":
        v = s[:, None] * weight
    else:
        mix = None if terms.target is None else (weight * target).sum(axis=1)
        by_label = label_weights(terms.label, mix, weight, asked.smoothing)
        each = row_weights(s, by_label)[rule.placement] * (factor if rule.placement == "label-mix" else 1.0)
        v = np.repeat(each[:, None], c, axis=1)
    gradient: Floats = (v * q).sum(axis=1, keepdims=True) * p - v * q
    return np.where(terms.kept[:, None], gradient, 0.0)


def _matched(what: str, numbers: Sequence[PrintedNumber], candidates: Sequence[Candidate]) -> IdentifiedList:
    """The candidates that fit every number; if none does, those that fit with one factor."""
    wanted = np.array([number.value for number in numbers])
    tolerance = np.array([number.tolerance for number in numbers])
    found = [
        ListMatch(title, odd, 1.0, tuple(made.tolist()), _off(made, wanted))
        for title, odd, made in candidates
        if _fit(made, wanted, tolerance)
    ]
    if not found:
        for title, odd, made in candidates:
            factor = _factor(made, wanted)
            short = None if factor is None else float(f"{factor:.3g}")
            if short is not None and _fit(short * made, wanted, tolerance):
                factor = short  # 20, where the least squares are 20.00003
            if factor is not None and _fit(factor * made, wanted, tolerance):
                name = f"{title}, all times {format_number(factor)}"
                found.append(ListMatch(name, (*odd, FACTOR), factor, tuple(made.tolist()), _off(factor * made, wanted)))
    found.sort(key=lambda match: len(match.departures))
    fewest = len(found[0].departures) if found else 0
    unique: dict[tuple[float, ...], ListMatch] = {}
    for match in found:
        if len(match.departures) == fewest:
            unique.setdefault(tuple(round(value, 12) for value in match.values), match)
    reason = "" if found else "no rule gives all of the list, nor all of it times one factor"
    return IdentifiedList(what, len(numbers), tuple(unique.values())[:RULES_SHOWN], len(candidates), reason)


def _fit(made: Floats, wanted: Floats, tolerance: Floats) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(
            np.all(
                (np.abs(made - wanted) <= tolerance * (1 + 1e-9))
                | (made == wanted)
                | (np.isnan(made) & np.isnan(wanted))
            )
        )


def _off(made: Floats, wanted: Floats) -> float:
    with np.errstate(invalid="ignore"):
        off = np.abs(made - wanted)
    return float(off[np.isfinite(off)].max(initial=0.0))


def _factor(made: Floats, wanted: Floats) -> float | None:
    """The one number that takes `made` to `wanted`, by least squares; None where any would fit."""
    finite = np.isfinite(made) & np.isfinite(wanted) & (made != 0)
    if finite.sum() < 2:  # a factor always fits one number
        return None
    return float((made[finite] * wanted[finite]).sum() / (made[finite] ** 2).sum())
