"""What an answer is made of: `Analysis`, which findings read, and `Report`, which formats print.

A report holds plain numbers only, and its fields are the JSON schema `wce.report/1`. NaN and ±∞ are the
strings "NaN", "Infinity" and "-Infinity" in its dictionary form, None is a value that does not exist.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs

from wce_cli.digits import NON_FINITE
from wce_cli.errors import Problem, WceError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from wce_cli.loss.batch import Spec
    from wce_cli.loss.facts import Facts
    from wce_cli.loss.methods import LossValue
    from wce_cli.loss.totals import Totals

SCHEMA = "wce.report/1"
_LARGEST_EXPONENT = math.log(sys.float_info.max)


AWAITED = "is being measured"
"""The reason of a measurement that stands where an answer will be."""


class Measured(Struct, frozen=True):
    """What a real framework returned."""

    engine: str
    """The framework as it is written: PyTorch."""
    version: str
    call: str
    """The call as a user would type it, with the casts it needed: x scores, y labels, w class weight, s
    sample weight."""
    dtype: str
    value: float | None
    """None where there is none; `reason` says why."""
    expresses: tuple[str, ...]
    """The methods that the call is the framework's way to write."""
    methods: tuple[str, ...] = ()
    """The methods whose value it returned, within the dtype's rounding."""
    reason: str | None = None


class Analysis(Struct, frozen=True, dict=True):
    """All that was computed and measured for one batch. What several findings ask of it is found once, in plain lists:
    most batches have few classes, of which a call of numpy costs more than all that is to be done."""

    spec: Spec
    totals: Totals
    facts: Facts
    values: tuple[LossValue, ...]
    measured: tuple[Measured, ...]
    rounding: Mapping[str, float] = {}
    """By `METHOD/PLACEMENT`: how far its value may be off because the inputs were printed rounded, ∞ without bound."""
    kept_by_part: tuple[int, ...] | None = None
    """The kept samples of each part, where the batch is cut into parts."""

    def value(self, pair: str) -> LossValue | None:
        """The loss value of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if undefined."""
        method, _, placement = pair.partition("/")
        return self._by_pair.get((method, placement or "class"))

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str], LossValue]:
        return {(one.method, one.placement): one for one in self.values}

    @cached_property
    def class_weight(self) -> list[float]:
        """The class weight, ones where none was given."""
        weight: list[float] = self.spec.class_weight.tolist()
        return weight

    @cached_property
    def count(self) -> list[int]:
        """Kept samples by class."""
        count: list[int] = self.totals.count.tolist()
        return count

    @cached_property
    def present(self) -> list[int]:
        """The classes that have a kept sample."""
        return [c for c, count in enumerate(self.count) if count]

    @cached_property
    def kept_weights(self) -> set[float]:
        """`Facts.kept_weights` for the weights of the spec, in plain numbers: of few classes that is much quicker."""
        weight, (low, high) = self.class_weight, self.facts.s
        ends = zip(weight, low.tolist(), high.tolist(), strict=True)
        return {w * s for w, smallest, largest in ends if smallest <= largest for s in (smallest, largest)}


Severity = Literal["note", "caution", "error"]


class Finding(Struct, frozen=True):
    """Something the reader must know."""

    code: str
    severity: Severity
    message: str
    help: str


class BatchPart(Struct, frozen=True):
    """What was asked."""

    name: str | None
    source: str | None
    scores: Literal["logits", "log_probs", "probs"]
    labels: Literal["index", "probability"]
    shape: tuple[int, ...]
    """Shape of the scores as given, class axis 1."""
    dtype: str | None
    """The dtype that the scores came with; None of lists and typed numbers."""
    n: int
    n_kept: int
    n_classes: int
    classes: tuple[str, ...] | None
    weight: tuple[float, ...] | None
    weight_rule: str | None
    has_sample_weight: bool
    ignore_index: int
    label_smoothing: float
    sources: dict[str, str]
    notes: tuple[str, ...]


class PlacedTerm(Struct, frozen=True):
    """A sample's pair under one placement."""

    weight: float | None
    term: float


class TermRow(Struct, frozen=True):
    """One sample. Everything but `n`, `index` and `label` is None for an ignored one."""

    n: int
    """Row number, from 0, positions of an image counted."""
    index: tuple[int, ...]
    """Where the row stands in the batch's own layout, class axis left out."""
    label: int | tuple[float, ...]
    """Class index, or probability row as given."""
    label_name: str | None
    kept: bool
    target_logit: float | None
    """x[y]; None unless the scores are logits and the label is an index."""
    target_prob: float | None
    """p[y] as given; None unless the scores are probabilities and the label is an index."""
    target_log_prob: float | None
    """log p[y] as given; None unless the scores are log-probabilities and the label is an index."""
    logsumexp: float | None
    loss: float | None
    """ℓ, in nats, after smoothing, never weighted."""
    weight: float | None
    """w of class placement; None where that is undefined."""
    term: float | None
    """t of class placement."""
    share: float | None
    """t / Σt; None where terms have mixed signs or sum to 0."""
    placements: dict[str, PlacedTerm]
    """The other placements, where they differ."""

    @property
    def target_probability(self) -> float | None:
        """p[y], of whichever kind the scores are; None where there is no score at an index label."""
        if self.target_prob is not None:
            return self.target_prob
        log_prob = self.target_log_prob
        if self.target_logit is not None and self.logsumexp is not None:
            log_prob = self.target_logit - self.logsumexp
        if log_prob is None:
            return None
        return math.exp(log_prob) if not log_prob > _LARGEST_EXPONENT else math.inf


class ClassRow(Struct, frozen=True):
    """The kept samples of one class (for probability labels: with this argmax)."""

    index: int
    name: str | None
    weight: float
    count: int
    loss_sum: float
    """Σℓ"""
    mean_loss: float
    """Σℓ / count"""
    weight_sum: float
    """Σ s·w[y]"""
    weighted_loss_sum: float
    """Σ s·w[y]·ℓ"""
    numerator_share: float | None
    weight_share: float | None


class TotalsPart(Struct, frozen=True):
    """Sums over the kept samples."""

    n: int
    n_kept: int
    n_ignored: int
    loss_sum: float
    """Σℓ"""
    weight_sum: float | None
    """Σw of class placement; None where that is undefined."""
    numerator: float
    """Σt of class placement."""
    n_infinite: int
    """Samples whose loss is infinite."""
    n_nan: int
    first_infinite: int | None
    """Row number of the first of them; None for none."""
    first_nan: int | None


class MethodRow(Struct, frozen=True):
    """One (method, placement) pair: numerator / denominator = value."""

    method: str
    placement: str
    numerator: float
    denominator: float
    value: float
    formula: str
    """The denominator in letters."""
    rounding: float | None = None
    """How far the value may be off because the inputs were printed rounded: ∞ without bound, None for exact ones."""

    @property
    def pair(self) -> str:
        """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"


class Report(Struct, frozen=True):
    """The answer for one batch; its fields are the JSON."""

    schema: str
    batch: BatchPart
    terms: tuple[TermRow, ...]
    terms_shown: int
    terms_total: int
    classes: tuple[ClassRow, ...]
    top: tuple[TermRow, ...]
    totals: TotalsPart
    methods: tuple[MethodRow, ...]
    measurements: tuple[Measured, ...]
    findings: tuple[Finding, ...]

    def method(self, pair: str) -> MethodRow | None:
        """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if undefined here."""
        wanted = pair.removesuffix("/class")
        return next((row for row in self.methods if row.pair == wanted), None)

    def value(self, pair: str) -> float:
        """The loss by `METHOD/PLACEMENT` (`METHOD` alone means class placement), in nats.

        Raises WceError if there is no such pair, or if these labels leave it undefined.
        """
        row = self.method(pair)
        if row is None:
            raise WceError(self.missing(pair))
        return row.value

    def __getitem__(self, pair: str) -> float:
        """The loss by METHOD or METHOD/PLACEMENT, as `value` has it."""
        if not isinstance(pair, str):
            raise TypeError(f"a report has losses by METHOD or METHOD/PLACEMENT, not {pair!r}")
        return self.value(pair)

    def missing(self, pair: str) -> Problem:
        """Why there is no value for a pair."""
        return missing_pair(pair, [row.pair for row in self.methods], self.batch.labels == "probability")

    def only(self, pairs: tuple[str, ...]) -> Report:
        """The same report with the named methods alone, in the order asked. Raises WceError as `value`."""
        rows = []
        for pair in pairs:
            row = self.method(pair)
            if row is None:
                raise WceError(self.missing(pair))
            rows.append(row)
        return structs.replace(self, methods=tuple(dict.fromkeys(rows)))

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, ready for `json.dumps(…, allow_nan=False)`."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        from wce_cli.formats.table import to_table

        return to_table([self])

    def __repr__(self) -> str:
        values = ", ".join(f"{row.pair}={row.value:.6g}" for row in self.methods if row.placement == "class")
        return f"<wce report of {self.batch.n} samples × {self.batch.n_classes} classes: {values}>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        from wce_cli.formats.look import Look
        from wce_cli.formats.table import to_table

        yield Text(to_table([self], Look(width=options.max_width, ascii=options.ascii_only)).rstrip("\n"))

    def _repr_html_(self) -> str:
        from wce_cli.formats.pictures.explain import fragment

        return fragment(self)


def missing_pair(pair: str, known: Sequence[str], is_soft: bool) -> Problem:
    """Why there is no value for a pair; `known` are those there are."""
    method = pair.partition("/")[0]
    siblings = [name for name in known if name.partition("/")[0] == method]
    if siblings:
        labels = "probability labels" if is_soft else "index labels"
        return Problem(f"{pair} is not defined for {labels}", f"defined: {', '.join(siblings)}")
    return Problem(f'there is no method "{pair}"', reduction_hint(method, is_soft) or did_you_mean(pair, known))


REDUCTIONS = {
    "none": "without a reduction there is a number a sample: the terms",
    "sum_over_batch_size": "Keras' sum_over_batch_size is batch-mean/sample",
    "mean_with_sample_weight": "Keras' mean_with_sample_weight is weighted-mean/sample",
    "sum_by_nonzero_weights": "TensorFlow 1's SUM_BY_NONZERO_WEIGHTS is nonzero-mean/sample",
}
"""What frameworks call a reduction, and the method that it is here."""


def reduction_hint(word: str, is_soft: bool | None = None) -> str:
    """The method that a framework's reduction is, where those of a framework are listed; empty for any other word.

    `is_soft`: whether labels are probabilities, None where that is not known.
    """
    from wce_cli.engines.names import ENGINES, engine_called

    if word.lower() in ("mean", "average"):
        soft = "batch-mean for probability labels"
        known = {True: soft, False: "weighted-mean", None: f"weighted-mean, and {soft}"}[is_soft]
        return f"PyTorch's mean is {known}; wce methods lists them all"
    if (engine := engine_called(word)) in ENGINES:
        shown = f"wce methods {engine} lists what its calls return, wce explain --engine {engine} measures them"
        return f"{ENGINES[engine].title} is a framework: {shown}"
    return REDUCTIONS.get(word.lower(), "")


def to_plain(value: Any) -> Any:
    """Structs → dictionaries, tuples → lists, NaN and ±∞ → the strings that stand for them in JSON."""
    if isinstance(value, Struct):
        return {field: to_plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else next(w for w, number in NON_FINITE.items() if number == value)
    return value
