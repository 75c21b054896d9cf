"""What does the weight do? Every method's loss as a weight, the smoothing or the scale goes through a range."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from msgspec import Struct, structs

from wce_cli.digits import format_number, in_full
from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.loss.batch import Batch, Spec
from wce_cli.loss.curves import Axis, Curve, Curves
from wce_cli.loss.facts import Facts
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.loss.methods import METHODS
from wce_cli.loss.stream import one_pass
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals
from wce_cli.questions.explain import batch_part
from wce_cli.report import BatchPart, missing_pair, to_plain

SCHEMA = "wce.sweep/1"
POINTS = 41
MOST_POINTS = 100_000
NEAR = 1e-12
"""Up to here, relative to them, two numbers are one: roundings."""
CROSSING = ("weighted-mean", "batch-mean", "unweighted-mean")
"""The methods whose crossings are looked for, unless others are asked for."""


class AxisPart(Struct, frozen=True):
    """What goes through the range."""

    kind: Literal["class", "smoothing", "scale"]
    index: int | None
    """The class; None of the other kinds."""
    name: str | None
    given: float
    """Where the batch itself stands."""


class SweptMethod(Struct, frozen=True):
    """One (method, placement) pair: numerator / denominator = value at each place."""

    method: str
    placement: str
    formula: str
    numerators: tuple[float, ...]
    denominators: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def pair(self) -> str:
        """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"


class Crossing(Struct, frozen=True):
    """Where two methods give one number."""

    one: str
    other: str
    place: float
    value: float


class Sweep(Struct, frozen=True):
    """The answer; its fields are the JSON."""

    schema: str
    batch: BatchPart
    axis: AxisPart
    places: tuple[float, ...]
    methods: tuple[SweptMethod, ...]
    crossings: tuple[Crossing, ...]
    sentences: tuple[str, ...]
    """What the curves show."""

    @property
    def at(self) -> Floats:
        """The places, as an array."""
        return np.array(self.places)

    def values(self, pair: str) -> Floats:
        """The losses by `METHOD/PLACEMENT` (`METHOD` alone means class placement), as an array, in nats.

        Raises WceError if there is no such pair, or if these labels leave it undefined.
        """
        return np.array(self.method(pair).values)

    def method(self, pair: str) -> SweptMethod:
        """The row of a pair. Raises WceError as `values`."""
        wanted = pair.removesuffix("/class")
        for row in self.methods:
            if row.pair == wanted:
                return row
        raise WceError(missing_pair(pair, [row.pair for row in self.methods], self.batch.labels == "probability"))

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, ready for `json.dumps(…, allow_nan=False)`."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        from wce_cli.formats.sweep import to_table

        return to_table([self])

    def _repr_html_(self) -> str:
        from wce_cli.formats.pictures.sweep import fragment

        return fragment(self)

    def __repr__(self) -> str:
        ends = f"{self.places[0]:g} to {self.places[-1]:g}" if self.places else "nowhere"
        return f"<wce sweep of {axis_name(self.axis)} from {ends}, {len(self.places)} points>"


def axis_name(axis: AxisPart) -> str:
    """`the weight of class 0`, `label smoothing`, `the scale of all weights`"""
    if axis.kind == "class":
        return f'the weight of class "{axis.name}"' if axis.name is not None else f"the weight of class {axis.index}"
    return "label smoothing" if axis.kind == "smoothing" else "the scale of all weights"


def sweep(
    class_: int | str | None = None,
    *,
    smoothing: bool = False,
    scale: bool = False,
    start: float = 0.0,
    stop: float | None = None,
    points: int = POINTS,
    values: Sequence[float] | None = None,
    logits: Any = None,
    log_probs: Any = None,
    probs: Any = None,
    labels: Any = None,
    weight: Any = None,
    sample_weight: Any = None,
    classes: Sequence[str] | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    label_base: int = 0,
) -> Sweep:
    """Every method's loss as the weight of a class goes through a range, or the smoothing, or the scale of all weights.

    Exactly one of `class_` (an index or a name), `smoothing`, `scale`. `points` places from `start` to `stop` (2, of
    the smoothing 1), or those of `values`. The batch is given as to `explain`, and walked once.

    Returns a Sweep: `print` it, or take the arrays `.at` and `.values("weighted-mean")`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    batch = Batch.build(
        logits=logits,
        log_probs=log_probs,
        probs=probs,
        labels=labels,
        weight=weight,
        sample_weight=sample_weight,
        classes=classes,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        label_base=label_base,
    )
    asked = [class_ is not None, smoothing, scale]
    if sum(asked) != 1:
        raise WceError(Problem("give exactly one of class_, smoothing and scale"))
    kind: Literal["class", "smoothing", "scale"] = "class" if asked[0] else "smoothing" if smoothing else "scale"
    axis = Axis(kind, class_index(batch.spec, class_) if class_ is not None else 0)
    return sweep_batch(batch, axis, places_of(kind, start, stop, points, values))


def class_index(spec: Spec, given: int | str) -> int:
    """The class that is named, or counted from 0. Raises WceError if there is none."""
    names = spec.class_names or ()
    if isinstance(given, str) and given in names:
        return names.index(given)
    try:
        index = int(given)
    except ValueError:
        hint = did_you_mean(str(given), names) if names else f"classes are 0 to {spec.n_classes - 1}"
        raise WceError(Problem(f'there is no class "{given}"', hint)) from None
    if not 0 <= index < spec.n_classes:
        raise WceError(Problem(f"there is no class {index}", f"classes are 0 to {spec.n_classes - 1}"))
    return index


def places_of(
    kind: str, start: float, stop: float | None, points: int, values: Sequence[float] | None = None
) -> Floats:
    """Where the curves are asked for. Raises WceError for what is no range."""
    if values is None:
        stop = (1.0 if kind == "smoothing" else 2.0) if stop is None else stop
        if not (math.isfinite(start) and math.isfinite(stop)) or stop <= start:
            raise WceError(Problem(f"from {in_full(start)} to {in_full(stop)} is no range, expected one that rises"))
        if not 2 <= points <= MOST_POINTS:
            raise WceError(Problem(f"{points} points, expected 2 to {MOST_POINTS}"))
        found = np.linspace(start, stop, points)
    else:
        found = np.array(list(values), dtype=np.float64)
        if not 1 <= len(found) <= MOST_POINTS:
            raise WceError(Problem(f"{len(found)} values, expected 1 to {MOST_POINTS}"))
        if not np.isfinite(found).all():
            raise WceError(Problem("the values hold nan or inf, expected numbers"))
    if kind == "smoothing" and not ((found >= 0) & (found <= 1)).all():
        wrong = found[(found < 0) | (found > 1)][0]
        raise WceError(Problem(f"a label smoothing of {in_full(float(wrong))}, expected 0 to 1"))
    return found


@np.errstate(all="ignore")
def sweep_batch(
    batch: Batch,
    axis: Axis,
    places: Floats,
    pairs: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """The answer for a checked batch. `pairs`: those whose crossings are looked for, in the order asked."""
    walked = batch
    if axis.kind == "smoothing" and batch.spec.label_smoothing == 0:  # so that the sums over all classes are kept
        walked = structs.replace(batch, spec=structs.replace(batch.spec, label_smoothing=0.5))
    totals, facts = one_pass(walked, progress=progress, top=0)
    return sweep_totals(batch.spec, batch.scores.shape, totals, facts, axis, places, pairs)


def sweep_totals(
    spec: Spec,
    shape: tuple[int, ...],
    totals: Totals,
    facts: Facts,
    axis: Axis,
    places: Floats,
    pairs: Sequence[str] | None = None,
) -> Sweep:
    """The answer for totals; those of a sweep of ε were taken with smoothing."""
    curves = Curves(totals, spec.class_weight, spec.label_smoothing, axis)
    found = curves.at(places)
    rows = tuple(
        SweptMethod(
            one.method,
            one.placement,
            METHODS[one.method].formula_for(one.placement, spec.is_soft, spec.has_sample_weight),
            tuple(one.numerators.tolist()),
            tuple(one.denominators.tolist()),
            tuple(one.values.tolist()),
        )
        for one in found
    )
    named = axis.kind == "class" and spec.class_names
    given = {"class": spec.class_weight[axis.index], "smoothing": spec.label_smoothing, "scale": 1.0}[axis.kind]
    part = AxisPart(
        axis.kind,
        axis.index if axis.kind == "class" else None,
        spec.class_names[axis.index] if named and spec.class_names else None,
        float(given),
    )
    crossings = tuple(_crossings(curves, found, places, pairs or CROSSING))
    answer = Sweep(
        SCHEMA, batch_part(spec, shape, totals.n, totals.n_kept), part, tuple(places.tolist()), rows, crossings, ()
    )
    return structs.replace(answer, sentences=tuple(_sentences(answer, curves, facts)))


def _is_near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def _pair(curve: Curve) -> str:
    return curve.method if curve.placement == "class" else f"{curve.method}/{curve.placement}"


def _crossings(curves: Curves, found: Sequence[Curve], places: Floats, pairs: Sequence[str]) -> Iterator[Crossing]:
    """Where two of the curves meet, found between neighbouring places and closed in on."""
    wanted = [pair.removesuffix("/class") for pair in pairs]
    chosen = [k for k, one in enumerate(found) if _pair(one) in wanted]
    order = np.argsort(places, kind="stable")
    x = places[order]
    for position, a in enumerate(chosen):
        for b in chosen[position + 1 :]:
            one, other = found[a], found[b]
            if one.method == other.method and _close(one.values, other.values).all():
                continue
            gap = (one.values - other.values)[order]
            gap[_close(one.values, other.values)[order]] = 0.0
            if not np.isfinite(gap).any() or (gap[np.isfinite(gap)] == 0).all():
                continue
            yield from _of_two(curves, one, other, x, gap, (one.denominators[order], other.denominators[order]))


def _of_two(
    curves: Curves, a: Curve, b: Curve, x: Floats, gap: Floats, bottoms: tuple[Floats, Floats]
) -> Iterator[Crossing]:
    pairs = [f"{one.method}/{one.placement}" for one in (a, b)]

    def both(place: float) -> tuple[float, float]:
        one, other = curves.at(np.array([place]), pairs)
        return float(one.values[0]), float(other.values[0])

    def crossing(place: float) -> Crossing:
        return Crossing(_pair(a), _pair(b), place, both(place)[0])

    for k in range(len(x)):
        touches = gap[k] == 0 and not (k and gap[k - 1] == 0) and not (k + 1 < len(x) and gap[k + 1] == 0)
        if touches:
            yield crossing(float(x[k]))
        if k + 1 == len(x) or not gap[k] * gap[k + 1] < 0:
            continue
        if any(one[k] * one[k + 1] <= 0 for one in bottoms):  # a pole, not a meeting
            continue
        low, high = float(x[k]), float(x[k + 1])
        for _ in range(200):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            one, other = both(middle)
            if (one - other) * gap[k] > 0:
                low = middle
            else:
                high = middle
        yield crossing(high)


def _close(a: Floats, b: Floats) -> Any:
    return np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= NEAR * np.maximum(np.abs(a), np.abs(b)))


def _sentences(answer: Sweep, curves: Curves, facts: Facts) -> Iterator[str]:
    """What the curves show, in words."""
    weighted = next((row for row in answer.methods if row.pair == "weighted-mean"), None)
    straight = answer.method("batch-mean")
    spec_plain = answer.batch.labels == "index" and curves.smoothing == 0
    if answer.axis.kind == "class":
        yield from _of_class(answer, curves, facts, weighted, straight, spec_plain)
    elif answer.axis.kind == "scale":
        if weighted is not None:
            yield "weighted-mean does not see the scale: it is above and below the line, and cancels (at 0 it is nan)."
        slope = curves.values[1]["batch-mean/class"].value
        if math.isfinite(slope):
            yield f"batch-mean and sum are proportional to it: batch-mean is {format_number(slope)} times the scale."
    else:
        ends = curves.at(np.array([0.0, 1.0]))
        mean = next(one for one in ends if _pair(one) == "batch-mean")
        rise = float(mean.values[1] - mean.values[0])
        if math.isfinite(rise):
            yield (
                f"batch-mean is a straight line in ε, from {format_number(float(mean.values[0]))} at 0 to "
                f"{format_number(float(mean.values[1]))} at 1; of weighted-mean the numerator alone changes."
            )
    yield from _meetings(answer.crossings)


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
        where, value = format_number(group[0].place, 9), format_number(group[0].value)
        both = "both" if len(names) == 1 else "all"
        yield f"{', '.join(names)} and {last_name} meet at {where}, where {both} are {value}."


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
    if curves.is_polynomial and totals.n:
        slope = curves.values[1]["batch-mean/class"].value
        yield f"batch-mean is a straight line: {format_number(slope)} more for each 1 of the weight."


def _bounded(curves: Curves, facts: Facts, name: str) -> Iterator[str]:
    """Between what weighted-mean moves: the class by itself, and the others by themselves."""
    others, own = curves.values[0]["weighted-mean/class"], curves.values[1]["weighted-mean/class"]
    weights = facts.kept_weights(np.where(np.arange(len(curves.weight)) == curves.axis.index, 1.0, curves.weight))
    if not (weights >= 0).all() or not math.isfinite(own.value):
        return
    if not math.isfinite(others.value):
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
