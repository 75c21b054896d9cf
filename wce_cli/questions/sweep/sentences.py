"""What the curves show, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from wce_cli.answers.sweep import Crossing, Sweep, SweptMethod, axis_name
from wce_cli.digits import format_number
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import BATCH, WEIGHTED
from wce_cli.questions.sweep.crossings import pair_of
from wce_cli.questions.sweep.curves import Curves


def sentences_of(answer: Sweep, curves: Curves, facts: Facts) -> Iterator[str]:
    """The sentences of an answer that has all but these."""
    weighted = next((row for row in answer.methods if row.pair == WEIGHTED), None)
    straight = answer.method(BATCH)
    spec_plain = answer.batch.labels == "index" and curves.smoothing == 0
    if answer.axis.kind == "class":
        yield from _of_class(answer, curves, facts, weighted, straight, spec_plain)
    elif answer.axis.kind == "scale":
        if weighted is not None and curves.values[1][f"{WEIGHTED}/class"].denominator:
            yield "weighted-mean does not see the scale: it is above and below the line, and cancels (at 0 it is nan)."
        elif weighted is not None:
            one = format_number(curves.values[1][f"{WEIGHTED}/class"].value)
            yield f"The weights of the kept samples add up to 0 at every scale: weighted-mean is {one}."
        slope = curves.values[1][f"{BATCH}/class"].value
        if math.isfinite(slope):
            yield f"batch-mean and sum are proportional to it: batch-mean is {format_number(slope)} times the scale."
    else:
        ends = curves.at(np.array([0.0, 1.0]))
        mean = next(one for one in ends if pair_of(one) == BATCH)
        rise = float(mean.values[1] - mean.values[0])
        if math.isfinite(rise):
            yield (
                f"batch-mean is a straight line in ε, from {format_number(float(mean.values[0]))} at 0 to "
                f"{format_number(float(mean.values[1]))} at 1; of weighted-mean the numerator alone changes."
            )
    yield from _meetings(answer.crossings)
    if curves.totals.n_kept and not any(math.isfinite(value) for row in answer.methods for value in row.values):
        yield "No method is a finite number at any of these points: wce explain says which sample makes it so."


def _meetings(crossings: Sequence[Crossing]) -> Iterator[str]:
    """A sentence for each place where two or more curves meet."""
    places: list[list[Crossing]] = []
    for one in sorted(crossings, key=lambda one: one.place):
        last = places[-1][0] if places else None
        if last is not None and _is_near(one.place, last.place) and _is_near(one.value, last.value):
            places[-1].append(one)
            continue
        places.append([one])
    for group in places:
        *names, last_name = dict.fromkeys(name for one in group for name in (one.one, one.other))
        where, value = format_number(group[0].place), format_number(group[0].value)
        both = "both" if len(names) == 1 else "all"
        yield f"{', '.join(names)} and {last_name} meet at {where}, where {both} are {value}."


def _is_near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def _of_class(
    answer: Sweep, curves: Curves, facts: Facts, weighted: SweptMethod | None, straight: SweptMethod, is_plain: bool
) -> Iterator[str]:
    c, totals = curves.axis.index, curves.totals
    name = axis_name(answer.axis).removeprefix("the weight of ")
    if is_plain and totals.count[c] == 0:
        yield f"No kept sample is of {name}: its weight changes nothing."
        return
    if is_plain and totals.count[c] == totals.n_kept and weighted is not None:
        first = next((value for value in weighted.values if math.isfinite(value)), math.nan)
        yield (
            f"Every kept sample is of {name}, so its weight cancels: weighted-mean is flat at {format_number(first)}"
            " (at 0, it is nan)."
        )
    elif is_plain and weighted is not None and curves.is_polynomial:
        yield from _bounded(curves, facts, name)
    yield from _undivided(weighted, answer.places, curves.smoothing)
    if curves.is_polynomial and totals.n:
        slope = curves.values[1][f"{BATCH}/class"].value
        yield f"batch-mean is a straight line: {format_number(slope)} more for each 1 of the weight."


def _undivided(weighted: SweptMethod | None, places: Sequence[float], smoothing: float) -> Iterator[str]:
    """Under smoothing there may be something to divide where there is nothing to divide it by."""
    if weighted is None or not smoothing:
        return
    rows = zip(places, weighted.numerators, weighted.denominators, strict=True)
    found = [(place, top) for place, top, bottom in rows if bottom == 0 and top != 0 and math.isfinite(top)]
    if found:
        where = f"At {format_number(found[0][0])}" if len(found) == 1 else f"At {len(found)} of the points"
        yield (
            f"{where} the weights of the labels add up to 0, and smoothing leaves something above the line: "
            "weighted-mean is infinite there, and PyTorch returns nan."
        )


def _bounded(curves: Curves, facts: Facts, name: str) -> Iterator[str]:
    """Between what weighted-mean moves: the class by itself, and the others by themselves."""
    others, own = curves.values[0][f"{WEIGHTED}/class"], curves.values[1][f"{WEIGHTED}/class"]
    weights = facts.kept_weights(np.where(np.arange(len(curves.weight)) == curves.axis.index, 1.0, curves.weight))
    if not (weights >= 0).all() or not math.isfinite(own.value):
        return
    if not math.isfinite(others.value):
        return
    if _is_near(others.value, own.value):
        yield f"weighted-mean is {format_number(own.value)} whatever the weight: those of {name} and the others alike."
        return
    text = (
        f"weighted-mean moves from {format_number(others.value)} (the others alone, at 0) towards "
        f"{format_number(own.value)} (those of {name} alone) as the weight grows"
    )
    if facts.s[0].min() == facts.s[1].max() == 1:  # no sample weights: s·ℓ is ℓ
        present = curves.totals.count > 0
        low, high = float(facts.s_loss[0][present].min()), float(facts.s_loss[1][present].max())
        text += (
            f"; with weights of 0 or more it cannot leave {format_number(low)} to {format_number(high)}, the smallest "
            "and the largest loss of a sample"
        )
    yield text + "."
