"""The table people read: samples, methods, measurements, the sentence, and what else they must know."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from wce_cli.formats import FORMATS, cells
from wce_cli.formats.look import Look, literal
from wce_cli.formats.screen import NEVER_DROPPED, Column, Screen
from wce_cli.formats.sentence import sentence
from wce_cli.report import Report, TermRow

BAR = 14
"""Blocks of a share of 100 %: what is left of 80 columns beside the usual ones."""
SEVERITY_STYLES = {"error": "bold red", "caution": "bold yellow", "note": "bold cyan"}


def to_table(reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports as text, one below the other, ending in a newline."""
    look = look or Look()
    return "\n".join(_drawn(report, look, titled=len(reports) > 1) for report in reports)


def _drawn(report: Report, look: Look, titled: bool) -> str:
    screen = Screen(look)
    if titled or report.batch.name:
        screen.prose(literal(report.batch.name or "batch"))
        screen.line()
    screen.columns(_sample_columns(report, look))
    if report.batch.weight_rule == "balanced":
        screen.prose(f"weight: balanced, N / (C · count) = {cells.class_weights(report, look)}")
    screen.line()
    _methods(screen, report, look)
    text = sentence(report, look)
    if text:
        screen.line()
        screen.prose(text)
    if report.findings:
        screen.line()
    for finding in report.findings:
        head = f"{finding.severity} {finding.code}: "
        screen.prose(literal(finding.message), head, SEVERITY_STYLES[finding.severity])
    return str(screen)


class _Sum(Struct, frozen=True):
    """A line below the samples: what several of them add up to."""

    head: str
    loss: float | None
    weight: float | None
    term: float | None
    share: float | None = None


def _sums(report: Report, shown: Sequence[TermRow]) -> list[_Sum]:
    """The totals, and above them what the samples that are not shown add: the table adds up."""
    totals = report.totals
    whole = _Sum("Σ", totals.loss_sum, totals.weight_sum, totals.numerator)
    if len(shown) == report.terms_total:
        return [whole]
    hidden = report.terms[len(shown) :]
    complete = len(report.terms) == report.terms_total

    def rest(field: str, total: float | None) -> float | None:
        if total is None:
            return None
        if complete:
            return _added([getattr(row, field) for row in hidden])
        left = total - _added([getattr(row, field) for row in shown])
        return left if math.isfinite(left) else None

    term = rest("term", totals.numerator)
    shares = all(row.share is not None for row in shown if row.kept) and totals.numerator
    share = term / totals.numerator if shares and term is not None else None
    head = f"… {report.terms_total - len(shown)} more"
    return [_Sum(head, rest("loss", totals.loss_sum), rest("weight", totals.weight_sum), term, share), whole]


def _added(values: Sequence[float | None]) -> float:
    there = [value for value in values if value is not None]
    return math.fsum(there) if all(map(math.isfinite, there)) else sum(there)


def _sample_columns(report: Report, look: Look) -> list[Column]:
    rows = report.terms[: FORMATS["table"].rows if look.rows is None else look.rows]
    sums = _sums(report, rows)
    blank = [""] * len(sums)

    def numbers(head: str, own: list[float | None], below: list[float | None] | None, worth: int) -> Column:
        tail = blank if below is None else [cells.number(value, look) for value in below]
        return Column(head, [cells.number(value, look) for value in own] + tail, worth)

    heads = [cells.row_cell(row) for row in rows] + [look.text(row.head) for row in sums]
    labels = [cells.label_cell(row, look) for row in rows] + blank
    columns = [Column("n", heads, NEVER_DROPPED, right=False), Column("label", labels, 8, right=False)]
    score = cells.score_column(report)
    if score is not None:
        columns.append(numbers(score, [cells.score_at_label(row) for row in rows], None, 3))
    if report.batch.scores == "logits":
        columns.append(numbers("logsumexp", [row.logsumexp for row in rows], None, 2))
    columns.append(numbers("loss ℓ", [row.loss for row in rows], [row.loss for row in sums], 6))
    if report.totals.weight_sum is not None:
        columns.append(numbers("weight w", [row.weight for row in rows], [row.weight for row in sums], 7))
    columns.append(numbers("term t", [row.term for row in rows], [row.term for row in sums], NEVER_DROPPED))
    all_shares = [row.share for row in rows] + [row.share for row in sums]
    if any(share is not None for share in all_shares):
        shares = [cells.share_cell(row.share, look) if row.kept else "ignored" for row in rows]
        below = [cells.share_cell(row.share, look) if row.share is not None else "" for row in sums]
        bars = [_bar(share, look) for share in all_shares]
        columns.append(Column("share", shares + below, 4))
        columns.append(Column("", bars, 1, right=False, style="cyan"))
    elif any(not row.kept for row in rows):
        marks = ["" if row.kept else "ignored" for row in rows]
        columns.append(Column("", marks + blank, 4, right=False))
    return columns


def _methods(screen: Screen, report: Report, look: Look) -> None:
    rows = cells.shown_methods(report, look)
    notes = cells.footnotes(report, rows)
    letters = [look.text("" if row.formula == "1" else row.formula) for row in rows]
    columns = [
        Column("method", [row.pair for row in rows], NEVER_DROPPED, right=False),
        Column("Σt", [cells.number(row.numerator, look) for row in rows], 6),
        Column("÷ D", [cells.number(row.denominator, look) for row in rows], 8),
        Column("", letters, 5, right=False, name="D in letters"),
        Column("= loss", [cells.number(row.value, look) for row in rows], NEVER_DROPPED, style="bold"),
    ]
    if notes:
        columns += _measured_columns(report, look, [notes.get(row.pair) for row in rows])
    screen.columns(columns)
    calls = dict.fromkeys((note.mark, note.measured.call) for note in notes.values())
    screen.side_by_side([f"[{mark}] {call}" for mark, call in calls])
    for one in report.measurements:
        engine = f"{one.engine} {one.version}".rstrip()
        if one.value is None and not one.expresses:
            screen.prose(f"{engine} not measured: {one.reason}")
        elif one.value is None and one.dtype == "float64":
            screen.prose(f"{engine} refuses {one.call}: {one.reason}")


def _measured_columns(report: Report, look: Look, notes: Sequence[cells.Footnote | None]) -> list[Column]:
    """What the framework returned in float64, and in the scores' own dtype where that prints otherwise."""
    own = ["" if note is None else cells.measured_cell(note.measured, look) for note in notes]
    others = [None if note is None else cells.other_precision(report, note.measured) for note in notes]
    first = next(note.measured for note in notes if note is not None)
    columns = [Column(f"{first.engine} {first.version}", own, 7)]
    texts = [cells.measured_cell(other, look) for other in others]
    dtypes = [other.dtype for other in others if other is not None]
    if dtypes and any(other is not None and text != mine for other, text, mine in zip(others, texts, own, strict=True)):
        columns.append(Column(dtypes[0], texts, 4))
    marks = ["" if note is None else f"[{note.mark}]" for note in notes]
    return [*columns, Column("", marks, 7, right=False)]


def _bar(share: float | None, look: Look) -> str:
    return "" if share is None else look.text("█" * round(min(max(share, 0.0), 1.0) * BAR))
