"""The cells that every format shares: which methods are shown, and the text of a number, a label, a name."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from wce_cli.answers.report import AWAITED, BatchPart, Finding, Measured, MethodRow, Report, TermRow
from wce_cli.digits import format_number, rounded_up
from wce_cli.formats.look import Look
from wce_cli.literal import literal
from wce_cli.loss.methods import BATCH, TORCHS, WEIGHTED, torchs_mean

TOLD_IN_THE_TABLE = ("methods-coincide",)
"""Findings whose words stand in the table of methods."""
MISSING = "–"
PENDING = "…"
"""Stands where a number is going to be."""
NAME_WIDTH = 24
CLASSES_TOLD = 8
SHORT_ROW = 4
"""Probability labels of up to this many classes are shown in full."""


class Footnote(Struct, frozen=True):
    """A measured call, and the number it has below the table."""

    mark: int
    measured: Measured
    other: Measured | None
    """The same in another precision."""


def answered(report: Report) -> tuple[str, str]:
    """PyTorch's mean and the other number that people have: batch-mean, or, for probability labels, where PyTorch
    itself divides by N, the weighted mean of sample placement.
    """
    if report.batch.labels == "probability":
        return torchs_mean(True), f"{WEIGHTED}/sample"
    return torchs_mean(False), BATCH


def beside_the_table(findings: Sequence[Finding], look: Look) -> list[Finding]:
    """The findings that the table of methods does not tell already; all of them where all are asked for."""
    return [one for one in findings if look.findings is None or one.code not in TOLD_IN_THE_TABLE]


def shown_methods(report: Report, look: Look) -> tuple[MethodRow, ...]:
    """The method rows to show: those asked for, or those that the answer names, torch's own, and whatever a
    measurement singled out.
    """
    if look.methods is not None and "all" not in look.methods:
        return report.only(look.methods).methods
    rows = _one_row_where_placementsagree(report.methods)
    if look.methods is not None:
        return rows
    measured = {
        pair
        for one in report.measurements
        if one.dtype == "float64" and not set(one.expresses) & set(one.methods)  # it is not what its call says
        for pair in one.methods
    }
    measured |= {pair for one in report.measurements if one.value is not None for pair in one.expresses}
    kept = [row for row in rows if row.pair in TORCHS or row.pair in answered(report) or is_criterions(report, row)]
    for row in rows:
        if row not in kept and row.pair in measured and not any(_close(row.value, other.value) for other in kept):
            kept.append(row)
    return tuple(row for row in rows if row in kept)


def is_criterions(report: Report, row: MethodRow) -> bool:
    """Whether a row is the method that the criterion is, or one that coincides with it in another placement."""
    pair = None if report.criterion is None else report.criterion.pair
    own = None if pair is None else report.method(pair)
    return own is not None and own.method == row.method and (own.pair == row.pair or agree(own, row))


def all_methods(report: Report, look: Look) -> tuple[MethodRow, ...]:
    """The method rows for a program to read: those asked for by name, or every pair."""
    return report.methods if look.methods is None or "all" in look.methods else report.only(look.methods).methods


def _one_row_where_placementsagree(rows: Sequence[MethodRow]) -> tuple[MethodRow, ...]:
    kept: list[MethodRow] = []
    for row in rows:
        if not any(other.method == row.method and agree(other, row) for other in kept):
            kept.append(row)
    return tuple(kept)


def agree(a: MethodRow, b: MethodRow) -> bool:
    """Whether two pairs are one number, divided by one number."""
    return _close(a.value, b.value) and _close(a.denominator, b.denominator)


def _close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12)


def coinciding(report: Report, rows: Sequence[MethodRow], look: Look) -> list[list[str]]:
    """For each row the methods without one that are the same quotient on this batch, each told once; none where the
    rows were asked for."""
    told: list[list[str]] = [[] for _ in rows]
    if look.methods is not None:
        return told
    names = {row.method for row in rows}
    for other in report.methods:
        if other.placement == "class" and other.method not in names:
            same = (k for k, row in enumerate(rows) if agree(row, other) and _close(row.numerator, other.numerator))
            if (first := next(same, None)) is not None:
                told[first].append(other.method)
    return told


def footnotes(report: Report, rows: Sequence[MethodRow]) -> dict[str, Footnote]:
    """The measured call of each shown method, in the scores' own dtype, numbered in order of appearance."""
    own = report.batch.dtype or "float64"
    marks: dict[str, int] = {}
    notes: dict[str, Footnote] = {}
    for row in rows:
        calls: dict[str, Measured] = {}
        for one in report.measurements:
            if row.pair in one.expresses:
                calls.setdefault(one.dtype, one)
        if not calls:
            continue
        first = calls[own] if own in calls else next(iter(calls.values()))
        other = next((one for one in calls.values() if one.dtype != first.dtype), None)
        mark = marks.setdefault(first.call, len(marks) + 1)
        notes[row.pair] = Footnote(mark, first, other)
    return notes


def call_note(note: Footnote, look: Look) -> str:
    """The call of a footnote as a user would type it, and what float64 makes of it where that prints otherwise."""
    one, other = note.measured, note.other
    if other is None or other.dtype != "float64" or measured_cell(one, look) == measured_cell(other, look):
        return one.call
    return f"{one.call}, in float64 {measured_cell(other, look)}"


def number(value: float | None, look: Look) -> str:
    """A number's cell; a dash where there is none."""
    return look.text(MISSING) if value is None else format_number(value, look.digits)


def measured_cell(measured: Measured | None, look: Look) -> str:
    """What a framework returned, or that it could not, or that it has not yet."""
    if measured is None:
        return ""
    if measured.reason == AWAITED:
        return look.text(PENDING)
    return "error" if measured.value is None else format_number(measured.value, look.digits)


def rounding_note(report: Report) -> list[str]:
    """How far torch's methods may be off because the inputs were printed rounded: a line, or none."""
    bounds = {row.pair: row.rounding for row in report.methods if row.rounding is not None and row.pair in TORCHS}
    if not any(bounds.values()):
        return []
    told = {pair: "without bound" if math.isinf(bound) else f"by {rounded_up(bound)}" for pair, bound in bounds.items()}
    if len(set(told.values())) == 1 and len(told) == sum(row.pair in TORCHS for row in report.methods):
        how = next(iter(told.values())).replace("by", "open by up to", 1)
        return [f"rounded as they are, the inputs leave every method {how}"]
    return [f"rounded as they are, the inputs leave open: {', '.join(f'{pair} {how}' for pair, how in told.items())}"]


def share_cell(share: float | None, look: Look) -> str:
    """A share in percent with one decimal."""
    return look.text(MISSING) if share is None else f"{100 * share:.1f} %"


def label_cell(row: TermRow, look: Look, width: int = NAME_WIDTH) -> str:
    """A label as the user knows it: its name, its index, or its probability row."""
    if isinstance(row.label, tuple):
        if len(row.label) <= SHORT_ROW:
            return " ".join(format_number(p, 4) for p in row.label)
        largest = max(row.label)
        return look.text(f"{row.label.index(largest)}: {format_number(largest, 4)} …")
    if row.label_name is not None:
        return name_cell(row.label_name, look, row.label, width)
    return str(row.label)


def class_cell(index: int, name: str | None, look: Look, width: int = NAME_WIDTH) -> str:
    """A class as the user knows it: its name, or its index."""
    return str(index) if name is None else name_cell(name, look, index, width)


def class_weights(report: Report, look: Look) -> str:
    """The class weight by class, the first few of it: `cat: 0.75, dog: 1.5`."""
    weights = report.batch.weight or ()
    names = report.batch.classes or tuple(str(c) for c in range(len(weights)))
    pairs = enumerate(zip(names, weights, strict=True))
    told = [f"{name_cell(name, look, c)}: {number(w, look)}" for c, (name, w) in pairs]
    return ", ".join(told[:CLASSES_TOLD]) + (", …" if len(told) > CLASSES_TOLD else "")


def name_cell(name: str, look: Look, index: int, width: int = NAME_WIDTH) -> str:
    """A class's name, literally; a long one is shortened, and has its index then: others may begin like it."""
    if len(literal(name)) <= width:
        return look.name(name, width)
    mark = f" [{index}]"
    return look.name(name, width - len(mark)) + mark


def item_word(batch: BatchPart) -> str:
    """What stands along the first axis, as far as it is known: with shifted labels, a sequence."""
    return "sequence" if batch.shift else "item"


def row_cell(row: TermRow) -> str:
    """Where a sample stands: its number, or its index in a batch of more dimensions."""
    return ",".join(str(i) for i in row.index) if len(row.index) > 1 else str(row.n)


def score_column(report: Report) -> str | None:
    """The head of the column with the score at the label; None for probability labels."""
    if report.batch.labels == "probability":
        return None
    return {"logits": "x[y]", "probs": "p[y]", "log_probs": "log p[y]"}[report.batch.scores]


def weight_letters(batch: BatchPart) -> str:
    """What a sample weighs, in letters: its class weight w, its sample weight s, or their product."""
    if not batch.has_sample_weight:
        return "w"
    return "s" if batch.weight is None else "s·w"


def weight_head(report: Report) -> str:
    """The head of the column with what a sample weighs: that of its class, its own, or both."""
    return f"weight {weight_letters(report.batch)}"


def score_at_label(row: TermRow) -> float | None:
    """The score at the label, of whichever kind the scores are."""
    for value in (row.target_logit, row.target_prob, row.target_log_prob):
        if value is not None:
            return value
    return None
