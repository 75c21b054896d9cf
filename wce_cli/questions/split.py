"""What if the batch is cut: into micro-batches, into the ranks of data parallel training, or both?

Accumulation with loss/k, and data parallel training, whose ranks average their gradients, both give the mean of the
parts' values. Each part divides by its own D, so a sample counts for more in a part whose D is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from msgspec import Struct

from wce_cli.errors import Problem, WceError, counted
from wce_cli.findings import find
from wce_cli.loss.batch import Batch
from wce_cli.loss.cut import Cut, PartSums, Summed
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.loss.methods import METHODS, LossValue, divide, loss_values
from wce_cli.loss.stream import cut_pass
from wce_cli.loss.sums import Floats, Ints
from wce_cli.questions.explain import batch_part
from wce_cli.report import Analysis, BatchPart, Finding, to_plain

SCHEMA = "wce.split/1"
MOST_PARTS = 1 << 20
"""Parts of one answer: some numbers are kept of each."""
LISTED = 10_000
"""Up to so many items the answer says which part holds which."""


class CutPart(Struct, frozen=True):
    """How the batch was cut."""

    size: int | None
    """Items of a block, where all but the last have as many."""
    sizes: tuple[int, ...] | None
    ranks: int
    shuffle: int | None
    """The seed of the permutation; None: in their order."""
    items: int
    """What stands along the first axis of the batch."""


class PartRow(Struct, frozen=True):
    """One part."""

    part: int
    rank: int
    step: int
    """Which of its rank's parts it is, from 0."""
    n: int
    n_kept: int
    items: tuple[int, ...] | None
    """Its items, in the order of the batch; None of a large batch."""


class SplitMethod(Struct, frozen=True):
    """One (method, placement) pair, of the whole batch and of its parts. Lists have one number a part."""

    method: str
    placement: str
    formula: str
    numerator: float
    denominator: float
    value: float
    """Of the whole batch."""
    mean_of_parts: float
    difference: float
    """mean_of_parts − value"""
    factor: float | None
    """mean_of_parts / value; None where the value is 0 or one of them is not finite."""
    remedy: float
    """Σ of the parts' numerators, each divided by the D of the whole batch."""
    gradient: float
    """1 / D: what the gradient of each w·ℓ is multiplied by in the whole batch."""
    numerators: tuple[float, ...]
    denominators: tuple[float, ...]
    values: tuple[float, ...]
    gradients: tuple[float, ...]
    """1 / (k · D) of each of k parts: the same, in the mean of the parts."""

    @property
    def pair(self) -> str:
        """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"

    @property
    def ratios(self) -> tuple[float, ...]:
        """By part: how many times its gradient in the whole batch a sample has in the mean of the parts."""
        return tuple(divide(part, self.gradient) for part in self.gradients)


class Split(Struct, frozen=True):
    """The answer; its fields are the JSON."""

    schema: str
    batch: BatchPart
    cut: CutPart
    parts: tuple[PartRow, ...]
    methods: tuple[SplitMethod, ...]
    notes: tuple[str, ...]
    """What is to be known of single parts."""
    findings: tuple[Finding, ...]

    def method(self, pair: str) -> SplitMethod | None:
        """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if undefined here."""
        wanted = pair.removesuffix("/class")
        return next((row for row in self.methods if row.pair == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, ready for `json.dumps(…, allow_nan=False)`."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        from wce_cli.formats.split import to_table

        return to_table([self])

    def _repr_html_(self) -> str:
        from wce_cli.formats.pictures.split import fragment

        return fragment(self)

    def __repr__(self) -> str:
        values = ", ".join(f"{row.pair}={row.value:.6g}→{row.mean_of_parts:.6g}" for row in self.methods[:3])
        return f"<wce split of {self.batch.n} samples into {counted(len(self.parts), 'part', 'parts')}: {values}>"


def split(
    size: int | Sequence[int] | None = None,
    *,
    ranks: int = 1,
    shuffle: int | None = None,
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
) -> Split:
    """Compare the loss of a batch with the mean of the losses of its parts, by every method.

    `size`: items of each micro-batch, or the sizes of all of them; `ranks`: how many ranks the items are dealt to in
    turn, as torch's DistributedSampler does; `shuffle`: the seed of a permutation before that. An item is what stands
    along the first axis: an image with all its pixels. The batch is given as to `explain`.

    Returns a Split: `print` it, or ask `.method("weighted-mean").mean_of_parts`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read or cut.
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
    return split_batch(batch, cut_of(batch, size, ranks, shuffle))


def cut_of(
    batch: Batch,
    size: int | Sequence[int] | None,
    ranks: int = 1,
    shuffle: int | None = None,
    spelled: tuple[str, str] = ("size", "ranks"),
) -> Cut:
    """How a batch is cut; `spelled` is how the two options are written where the user is. Raises WceError."""
    split_, ranks_ = spelled
    items = batch.sample_shape[0] if batch.sample_shape else 1
    inner = batch.n_samples // items if items else 1
    if items == 0 or batch.n_samples == 0:
        raise WceError(Problem("the batch is empty: there is nothing to cut"))
    if size is None and ranks == 1:
        raise WceError(Problem(f"{split_} is missing: into which parts?", f"give {split_} or {ranks_}"))
    blocks = (size,) if isinstance(size, int) else tuple(size or ())
    for option, number in (*((split_, block) for block in blocks), (ranks_, ranks)):
        if number < 1:
            raise WceError(Problem(f"{option} is {number}, expected a whole number of 1 or more"))
    bounds: tuple[int, ...] = ()
    if not isinstance(size, int) and size is not None:
        what = f"{split_} {','.join(map(str, blocks))}"
        if ranks > 1:
            raise WceError(Problem(f"{what} cannot be dealt to {ranks} ranks", f"give one size, or leave out {ranks_}"))
        bounds = tuple(accumulate(blocks))
        if not blocks or bounds[-1] != items:
            total = bounds[-1] if bounds else 0
            hint = f"one size, {split_} {blocks[0]}, cuts all of it" if blocks else ""
            raise WceError(Problem(f"{what} adds up to {total}, but the batch has {items} items", hint))
    cut = Cut(items, inner, size if isinstance(size, int) else None, bounds, ranks, shuffle)
    fewest = items // ranks
    if cut.size is not None and fewest and -(-fewest // cut.size) != cut.steps:
        raise WceError(
            Problem(
                f"{items} items dealt to {ranks} ranks in blocks of {cut.size} give some ranks {cut.steps} parts and "
                f"others {cut.steps - 1}: data parallel training waits for the missing ones",
                f"choose a size for which all ranks have equally many: {split_} {-(-items // ranks)} is one part each",
            )
        )
    if cut.parts > MOST_PARTS:
        raise WceError(Problem(f"{cut.parts} parts are more than {MOST_PARTS}", "make the parts larger"))
    return cut


@np.errstate(all="ignore")
def split_batch(batch: Batch, cut: Cut, *, progress: Callable[[int, int], None] | None = None) -> Split:
    """The answer for a checked batch."""
    spec = batch.spec
    totals, facts, sums = cut_pass(batch, cut, progress=progress)
    n = cut.sizes()
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    analysis = Analysis(spec, totals, facts, values, (), {}, tuple(sums.n_kept.tolist()))
    known: dict[Any, tuple[tuple[float, ...], ...]] = {}
    rows = [_method(analysis, value, sums, n, known) for value in values]
    return Split(
        schema=SCHEMA,
        batch=batch_part(spec, batch.scores.shape, totals.n, totals.n_kept),
        cut=CutPart(cut.size, _sizes(cut), cut.ranks, cut.seed, cut.items),
        parts=_parts(cut, sums, n),
        methods=tuple(rows),
        notes=tuple(_notes(cut, sums, n)),
        findings=find(analysis),
    )


def _sizes(cut: Cut) -> tuple[int, ...] | None:
    return tuple(np.diff(cut.bounds, prepend=0).tolist()) if cut.bounds else None


def _numerators(sums: PartSums, value: LossValue) -> Summed:
    if not METHODS[value.method].is_weighted:
        return sums.loss
    return sums.terms.get(value.placement, sums.terms["class"])


def _denominators(sums: PartSums, value: LossValue, n: Ints, n_classes: int) -> tuple[Floats, Any]:
    """D of each part, by the method's own rule: what it counts, or the weights of the placement; and what it is of."""
    weights = "label-mix" if value.placement == "label-mix" and "label-mix" in sums.weights else "sample"
    if value.method == "weighted-mean":
        return sums.weights[weights].values(), weights
    if value.method == "nonzero-mean":
        return sums.nonzero[weights].astype(np.float64), (value.method, weights)
    counts = {
        "batch-mean": n,
        "kept-mean": sums.n_kept,
        "element-mean": n * n_classes,
        "sum": np.ones(len(n), dtype=np.int64),
        "unweighted-mean": sums.n_kept,
    }
    return counts[value.method].astype(np.float64), value.method


def _method(
    analysis: Analysis, value: LossValue, sums: PartSums, n: Ints, known: dict[Any, tuple[tuple[float, ...], ...]]
) -> SplitMethod:
    """One pair. Lists of pairs that share their sums are made once: `known` holds them."""
    spec, k = analysis.spec, len(n)
    summed, (denominators, of) = _numerators(sums, value), _denominators(sums, value, n, spec.n_classes)
    if (id(summed), of) not in known:
        numerators = summed.values()
        below = denominators + 0.0  # x / −0 has the sign of x, as in `divide`
        lists = (numerators, denominators, numerators / below, 1.0 / (k * below))
        known[id(summed), of] = tuple(tuple(one.tolist()) for one in lists)
    above, below_, values, gradients = known[id(summed), of]
    mean = _added(values) / k
    has_factor = value.value != 0 and math.isfinite(value.value) and math.isfinite(mean)
    return SplitMethod(
        method=value.method,
        placement=value.placement,
        formula=METHODS[value.method].formula_for(value.placement, spec.is_soft, spec.has_sample_weight),
        numerator=value.numerator,
        denominator=value.denominator,
        value=value.value,
        mean_of_parts=mean,
        difference=mean - value.value,
        factor=mean / value.value if has_factor else None,
        remedy=_added((summed.values() / np.float64(value.denominator + 0.0)).tolist()),
        gradient=divide(1.0, value.denominator),
        numerators=above,
        denominators=below_,
        values=values,
        gradients=gradients,
    )


def _added(values: Sequence[float]) -> float:
    return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


def _parts(cut: Cut, sums: PartSums, n: Ints) -> tuple[PartRow, ...]:
    held: list[list[int]] | None = None
    if cut.items <= LISTED:
        held = [[] for _ in range(cut.parts)]
        first = np.arange(cut.items) * cut.inner
        for item, part in enumerate(cut.part_of(first).tolist()):
            held[part].append(item)
    return tuple(
        PartRow(part, part % cut.ranks, part // cut.ranks, rows, kept, None if held is None else tuple(held[part]))
        for part, (rows, kept) in enumerate(zip(n.tolist(), sums.n_kept.tolist(), strict=True))
    )


def _notes(cut: Cut, sums: PartSums, n: Ints) -> list[str]:
    """What is to be known of parts that have nothing to divide by, or are not as large as the others."""
    notes = []
    empty = np.flatnonzero(sums.n_kept == 0)
    if len(empty):
        which, has = _named(empty), "has" if len(empty) == 1 else "have"
        notes.append(
            f"{which} {has} no kept sample: a mean over kept samples or their weights is 0/0 = nan there, as in "
            "PyTorch, and makes the mean of the parts nan; the remedy adds 0 for it"
        )
    weights = sums.weights["sample"].values()
    weightless = np.flatnonzero((sums.n_kept > 0) & (weights == 0))
    if len(weightless):
        how = "0/0 = nan" if not sums.terms["class"].values()[weightless].any() else "a division by 0"
        notes.append(f"{_named(weightless)}: the weights of the kept samples add up to 0, weighted-mean is {how} there")
    if len(set(n.tolist())) > 1:
        notes.append(
            f"the parts have {int(n.min())} to {int(n.max())} samples: where they differ, the mean of the "
            "parts is not the whole batch's even for batch-mean"
        )
    if cut.ranks > 1 and cut.items % cut.ranks:
        notes.append(
            f"{cut.items} items are not a multiple of {cut.ranks} ranks: torch's DistributedSampler would repeat "
            f"{counted(-cut.items % cut.ranks, 'item', 'items')} to even them out, here each counts once"
        )
    return notes


def _named(parts: Any) -> str:
    """`part 2`, `parts 0 and 2`, `12 parts, the first is part 3`."""
    found = [int(part) for part in parts]
    if len(found) == 1:
        return f"part {found[0]}"
    if len(found) <= 4:
        return f"parts {', '.join(map(str, found[:-1]))} and {found[-1]}"
    return f"{len(found)} parts, the first is part {found[0]},"
