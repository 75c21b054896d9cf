"""The batches that a loss function is asked: data, small enough to be read, each with what it is there for.

The ones of `rules` come first, the plainest first: they give every two rules different numbers, so that a function
which agrees with one on all of them follows it. The others are edges, where functions that agree elsewhere part.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from wce_cli.answers.audit import IGNORED, VERY_LARGE, Own
from wce_cli.questions.audit.widths import Rows, labels_of, rows_of, shares_of, weight_of

SMOOTHING = 0.2


class Probe(Struct, frozen=True):
    """One batch, and how it is handed over."""

    name: str
    about: str
    """What it is there for, in words that end a sentence: `a label is ignored`."""
    logits: Rows
    labels: tuple[int, ...]
    weight: tuple[float, ...] | None = None
    smoothing: float | None = 0.0
    """None: the function's own choice."""
    ignore_index: int = IGNORED
    reduction: str | None = None
    """None: the function's own choice."""
    soft: Rows | None = None
    """Rows of probabilities for a function that takes such labels; None: the labels one-hot."""
    dtype: str = "float64"
    layout: str = "rows"
    """`rows`; `strided`: not contiguous; `positions`: (2, C, 3), one label a position; `tracked`: with a gradient."""
    scores: Rows | None = None
    """The scores as they are handed over; None: made from the logits."""
    shift: float = 0.0
    """Added to log-probabilities, so that rows of probabilities do not sum to 1."""
    width: int = 3
    """Classes of a batch without rows."""
    repeat: int = 1
    """Calls: 2 to see whether the second gives the same."""
    unlabelled: float = 0.0
    """The weight that a row without a class has, where every sample is handed its own."""


class Offers(Struct, frozen=True):
    """What a function takes, and so what it can be asked."""

    weight: bool = True
    weight_optional: bool = True
    ignore_index: bool = False
    smoothing: bool = False
    reduction: bool = False
    labels: str = "index"
    """`index` or `one-hot`"""
    scores: str = "logits"
    dtypes: tuple[str, ...] = ("float32", "float64")
    classes: int = 0
    """The only number of classes that it takes; 0: any."""
    own: Own = Own()
    weight_name: str = "weight"
    """The parameter that takes the class weight."""

    pick: int | str | None = None
    """Which of several things that it returns is the loss, where that is not the first."""
    has_arrays: bool = False
    """Whether constants that are lists are handed over as arrays."""
    has_default_smoothing: bool = True
    """Whether it gives a number where no smoothing is asked of it."""
    shift: int = 0
    """1: each row is judged by the label of the next one; the batches have a row, and a label, more for it."""
    ignored: int | None = None
    """The class whose rows it leaves out of its own accord."""

    @property
    def is_told(self) -> bool:
        """Whether it knows of a label that means skip."""
        return self.ignore_index or self.own.ignore_index is not None

    @property
    def skipped(self) -> int:
        """The label that means skip to it, if any does."""
        return IGNORED if self.own.ignore_index is None else self.own.ignore_index

    @property
    def is_weighted(self) -> bool:
        """Whether it has a class weight, be it handed over or its own."""
        return self.weight or self.own.weight is not None


REDUCTIONS = ("mean", "sum", "none")

_POSITIVE: Rows = ((0.3, 1.7, 0.6), (2.1, 0.4, 0.9), (0.2, 0.5, 1.1), (1.3, 0.8, 0.1), (0.7, 1.9, 2.4), (0.9, 0.6, 0.3))
_MIXED: Rows = (
    (0.4, -1.2, 2.3, 0.1),
    (-0.7, 0.9, 0.2, -2.0),
    (1.6, 0.3, -0.5, 1.1),
    (-1.4, 2.2, 0.8, 0.6),
    (0.5, -0.3, -1.1, 1.9),
    (3.0, 0.7, -0.2, 0.4),
    (0.1, 0.6, 1.5, -0.9),
)
_ABOVE: Rows = tuple(tuple(round(score + 2.1, 1) for score in row) for row in _MIXED)
_SQUARE: Rows = ((0.6, -0.4, 1.2), (-1.1, 0.3, 0.8), (2.0, 0.7, -0.6))
_FAR: Rows = ((0.0, -200.0, -3.0), (-22.0, 0.0, -24.0), (0.0, -45.0, -41.0), (-1.0, -0.5, 0.0), (-20.0, -21.0, 0.0))

PLAIN = Probe("plain", "nothing is special", _POSITIVE, (0, 2, 1, 1, 0, 2), (0.4, 1.9, 0.7))
ZERO = Probe("zero", "a class weighs 0", _ABOVE, (0, 2, 1, 3, 1, 2, 3), (0.3, 2.5, 0.0, 1.2))
SQUARE = Probe("square", "there are as many samples as classes", _SQUARE, (1, 1, 0), (0.2, 1.4, 2.3))
SQUARE_ZERO = Probe(
    "square-zero",
    "a class weighs 0, and there are as many samples as classes",
    _ABOVE[:4],
    (0, 2, 1, 3),
    (0.3, 2.5, 0.0, 1.2),
)
SQUARE_IGNORES = structs.replace(
    SQUARE_ZERO,
    name="square-ignored",
    about="labels are ignored, and there are as many samples as classes",
    labels=(0, IGNORED, 2, 3),
)
UNWEIGHTED = Probe("unweighted", "no class weight is given", _MIXED, (3, 0, 2, 2, 1, 0, 1))
IGNORES = Probe("ignored", "labels are ignored", _MIXED, (0, IGNORED, 1, 3, IGNORED, 2, 1), (0.3, 2.5, 0.8, 1.2))
OTHER = Probe("other", "ignore_index is a class", _MIXED, (0, 2, 1, 3, 2, 0, 1), (0.3, 2.5, 0.8, 1.2), ignore_index=2)
SMOOTHED = structs.replace(PLAIN, name="smoothed", about="labels are smoothed", smoothing=SMOOTHING)
SMOOTHED_ZERO = Probe(
    "smoothed-zero",
    "labels are smoothed and a class weighs 0",
    _ABOVE,
    (0, 2, 1, 3, 1, 2, 3),
    (0.3, 2.5, 0.0, 1.2),
    smoothing=SMOOTHING,
)
SMOOTHED_IGNORES = structs.replace(
    SMOOTHED_ZERO,
    name="smoothed-ignored",
    about="labels are smoothed and some ignored",
    logits=_MIXED,
    labels=(0, IGNORED, 1, 3, 1, 2, 2),
    weight=(0.3, 2.5, 0.8, 1.2),
)
SOFT = structs.replace(
    ZERO,
    name="soft",
    about="labels are probabilities",
    weight=(0.3, 2.5, 0.8, 1.2),
    soft=(
        (0.7, 0.1, 0.2, 0.0),
        (0.1, 0.2, 0.6, 0.1),
        (0.25, 0.4, 0.15, 0.2),
        (0.0, 0.0, 0.1, 0.9),
        (0.3, 0.45, 0.05, 0.2),
        (0.2, 0.1, 0.5, 0.2),
        (0.05, 0.05, 0.3, 0.6),
    ),
)
POSITIONS = Probe(
    "positions", "scores are (N, C, d1)", _MIXED[:6], (0, 2, 1, 3, 1, 2), (0.3, 2.5, 0.8, 1.2), layout="positions"
)
POSITIONS_IN_ROWS = structs.replace(POSITIONS, name="positions-rows", about="the same in rows", layout="rows")
DEFAULT_SMOOTHING = structs.replace(PLAIN, name="default smoothing", about="no smoothing is given", smoothing=None)
NOT_ONE = structs.replace(PLAIN, name="not-one", about="rows of probabilities do not sum to 1", shift=-0.2)
FAR = Probe("far", VERY_LARGE, _FAR, (1, 0, 1, 0, 2), (0.6, 1.7, 2.2))

SKIPPING = tuple(probe.name for probe in (IGNORES, SQUARE_IGNORES, SMOOTHED_IGNORES))
"""The probes in which labels mean skip."""


def of_rules(offers: Offers, reduction: str | None = None) -> list[Probe]:
    """The probes that tell rules apart, for a function that takes this much."""
    probes = [PLAIN, ZERO, SQUARE, SQUARE_ZERO]
    if offers.labels == "one-hot":
        probes.append(SOFT)
    else:  # without ignore_index, too: −100 may be skipped, and it may not
        probes += [IGNORES, SQUARE_IGNORES]
        if offers.ignore_index:
            probes.append(OTHER)
    if offers.smoothing:
        probes += [SMOOTHED, SMOOTHED_ZERO]
        if offers.labels == "index" and offers.is_told:
            probes.append(SMOOTHED_IGNORES)
    if offers.scores != "logits":
        probes.append(NOT_ONE)
    if offers.weight and offers.weight_optional:
        probes.append(UNWEIGHTED)
    probes.append(FAR)
    probes = [fitted(probe, offers) for probe in probes]
    if reduction is None:
        return probes
    return [structs.replace(probe, name=f"{probe.name}:{reduction}", reduction=reduction) for probe in probes]


def fitted(probe: Probe, offers: Offers) -> Probe:
    """A probe for a function that takes so many classes, skips that label, and takes weights or takes none."""
    if probe.weight is not None and not offers.weight:
        probe = structs.replace(probe, weight=None)
    c, was = offers.classes, len(probe.logits[0]) if probe.logits else probe.width
    if c not in (0, was):
        n = c if was == len(probe.labels) else None
        probe = structs.replace(
            probe,
            logits=rows_of(probe.logits, c, n),
            labels=labels_of(probe.labels, was, c, n),
            weight=None if probe.weight is None else weight_of(probe.weight, c),
            soft=None if probe.soft is None else shares_of(probe.soft, c),
            width=c,
        )
    own = offers.own.ignore_index
    if own is not None and IGNORED in probe.labels:
        probe = structs.replace(probe, labels=tuple(own if label == IGNORED else label for label in probe.labels))
    return probe


BEGINNINGS = (1, 2, 3)
"""Samples of the beginnings of a probe."""


def beginnings(probe: Probe) -> list[Probe]:
    """The first one, two and three samples of a probe: where it shows something, one of them may show it, too."""
    if probe.soft is not None:
        return []
    return first_samples(probe, max(BEGINNINGS))


MOST_CLASSES = 64
"""The weights of more classes are not inferred."""


def first_samples(probe: Probe, most: int) -> list[Probe]:
    """The first sample of a probe, the first two, and so on up to `most`, or all but one."""
    return [
        structs.replace(probe, name=f"{probe.name}[:{k}]", logits=probe.logits[:k], labels=probe.labels[:k])
        for k in range(1, min(most, len(probe.labels) - 1) + 1)
    ]


def steps(offers: Offers) -> Iterator[Probe]:
    """Every batch that a function is asked, in order."""
    yield from of_rules(offers)
    for probe in of_rules(offers):
        yield from beginnings(probe)
    if not offers.weight:
        yield from first_samples(fitted(SQUARE_ZERO, offers), MOST_CLASSES)[max(BEGINNINGS) :]
    if offers.reduction:
        for reduction in REDUCTIONS:
            yield from of_rules(offers, reduction)
    yield from edges(offers)


ONE_WEIGHTS = {"one-light": (0.1, 1.0, 1.0), "one-heavy": (1.0, 1.0, 1.0), "one-other": (1.0, 0.1, 0.1)}
"""By probe of one sample: the class weights, of which the first is its label's, and no other is."""


def alive(probe: Probe, ignored: int | None) -> Probe:
    """A batch of one label with its classes moved on by one, if otherwise all of it were ignored."""
    if ignored is None or set(probe.labels) != {ignored} or len(probe.logits[0]) == 1:
        return probe
    moved = structs.replace(
        probe,
        logits=tuple((row[-1], *row[:-1]) for row in probe.logits),
        labels=tuple((label + 1) % len(probe.logits[0]) for label in probe.labels),
    )
    weight = probe.weight
    return moved if weight is None else structs.replace(moved, weight=(weight[-1], *weight[:-1]))


def edges(offers: Offers) -> list[Probe]:
    """The batches of which only the answer itself is looked at."""
    c = PLAIN.weight
    probes = [
        Probe("one", "there is one sample", ((0.3, 1.7, 0.6),), (0,), c),
        Probe("one-class", "there is one class", ((0.3,), (1.2,)), (0, 0), (0.4,)),
        Probe("all-ignored", "every label is ignored", _SQUARE, (IGNORED,) * 3, c),
        Probe("weights-zero", "every weight is 0", _SQUARE, (1, 1, 0), (0.0, 0.0, 0.0)),
        Probe("empty", "the batch is empty", (), (), c),
        POSITIONS,
        POSITIONS_IN_ROWS,
        structs.replace(PLAIN, name="strided", about="scores are not contiguous", layout="strided"),
        structs.replace(PLAIN, name="again", about="it is called twice", repeat=2),
        Probe(
            "masked",
            "a class is masked with −inf",
            ((0.3, 1.7, -float("inf")), (2.1, -float("inf"), 0.9), (0.2, 0.5, 1.1)),
            (0, 2, 1),
            c,
        ),
    ]
    skipped = {"all-ignored", POSITIONS.name, POSITIONS_IN_ROWS.name} if offers.labels == "one-hot" else set()
    if offers.classes or offers.ignored == 0:
        skipped.add("one-class")
    if offers.shift:  # of what every sequence is shifted by, there is more than one way
        skipped |= {POSITIONS.name, POSITIONS_IN_ROWS.name}
    probes = [probe for probe in probes if probe.name not in skipped]
    if offers.weight:
        other = structs.replace(PLAIN, name="reweighted", about="other weights are given", weight=(1.6, 0.5, 1.1))
        square = fitted(SQUARE, offers)
        turned = None if square.weight is None else square.weight[::-1]
        probes += [other, structs.replace(square, name="square, reweighted", about=other.about, weight=turned)]
    probes.append(structs.replace(PLAIN, name="gradient", about="the gradient is asked for", layout="tracked"))
    if offers.weight:
        for name, weight in ONE_WEIGHTS.items():
            probes.append(Probe(name, "there is one sample", ((0.3, 1.7, 0.6),), (0,), weight, layout="tracked"))
    for dtype in offers.dtypes:
        if dtype != "float64":
            probes.append(structs.replace(PLAIN, name=f"plain:{dtype}", about=f"scores are {dtype}", dtype=dtype))
    if not offers.weight:
        probes = [probe for probe in probes if probe.name != "weights-zero"]
    return [alive(fitted(probe, offers), offers.ignored) for probe in probes]
