"""What `explain` answers, as plain numbers and text: its fields are the JSON schema `wce.report/1`.

NaN and ±∞ are the strings "NaN", "Infinity" and "-Infinity" in its dictionary form, None is a value that there is not.
"""

from __future__ import annotations

import math
import sys
from typing import ClassVar, Literal

from msgspec import Struct, structs

from wce_cli.answers.base import Answer
from wce_cli.answers.by_sample import BySample
from wce_cli.answers.pairs import Paired, missing_pair
from wce_cli.errors import Problem, WceError

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
    """Shape of the scores in torch's layout, class axis 1; less a position where labels were shifted."""
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
    shift: bool
    """Whether the labels were one position ahead of their scores."""
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


class MethodRow(Paired, frozen=True):
    """One (method, placement) pair: numerator / denominator = value."""

    numerator: float
    denominator: float
    value: float
    formula: str
    """The denominator in letters."""
    rounding: float | None = None
    """How far the value may be off because the inputs were printed rounded: ∞ without bound, None for exact ones."""


class CriterionPart(Struct, frozen=True):
    """What the loss that somebody holds, a line of code or the object itself, returns for this batch."""

    text: str
    """The loss as it is written, on one line."""
    pair: str | None
    """The METHOD or METHOD/PLACEMENT that it is; None where that is none, or not sure."""
    value: float | None
    """What it returned when it was called; None of a line of code, which is not run."""
    reason: str | None
    """Why there is no pair."""
    loss: float | None = None
    """What its pair is for this batch; None where it has none."""
    given: str | None = None
    """What it was taken with beside what stands in it: `with label_smoothing 0.2`."""
    told: tuple[str, ...] = ()
    """Of one that was called: what it returned, which method that is, and whether its settings say so, in sentences."""


class Report(Answer, frozen=True):
    """The answer for one batch; its fields are the JSON."""

    question: ClassVar[str] = "explain"

    schema: str
    batch: BatchPart
    terms: tuple[TermRow, ...]
    terms_shown: int
    terms_total: int
    classes: tuple[ClassRow, ...]
    by_sample: BySample | None
    """The samples where each is several rows, the tokens of a sequence or the pixels of an image; None where it is one,
    or their rows were not met."""
    top: tuple[TermRow, ...]
    totals: TotalsPart
    methods: tuple[MethodRow, ...]
    measurements: tuple[Measured, ...]
    findings: tuple[Finding, ...]
    criterion: CriterionPart | None = None
    """The loss that was given beside the batch; None where none was."""

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

    def __repr__(self) -> str:
        values = ", ".join(f"{row.pair}={row.value:.6g}" for row in self.methods if row.placement == "class")
        return f"<wce report of {self.batch.n} samples × {self.batch.n_classes} classes: {values}>"
