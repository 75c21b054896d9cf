"""The columns of the two tables, samples and methods, as plain text: a format only says how a row looks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from wce_cli.answers.report import AWAITED, MethodRow, Report, Severity, TermRow
from wce_cli.formats import cells
from wce_cli.formats.cells import Footnote
from wce_cli.formats.look import ROWS, Look
from wce_cli.loss.sums import exact_sum

NEVER_DROPPED = 10
BAR = 14
"""Blocks of a share of 100 %: what is left of 80 columns beside the usual ones."""


class Column(Struct, frozen=True):
    """A head, its cells, and how dear it is: where room runs out, columns are left out from the cheapest."""

    head: str
    cells: list[str]
    worth: int
    right: bool = True
    style: str = ""
    name: str = ""
    """What to call it when it is left out, if not by its head."""
    is_picture: bool = False
    """Draws what another column says."""
    is_prose: bool = False
    """Whether its cells may be wrapped in a page."""
    severities: tuple[Severity | None, ...] = ()
    """Of cells that are verdicts: the severity whose look each has in a page."""
    brief: list[str] | None = None
    """Shorter cells, for a screen on which the whole ones do not fit."""
    brief_note: str = ""
    """What the shorter cells do not say: a line below the table then."""

    def shortened(self) -> Column:
        """The column in its shorter cells, where it has any."""
        return self if self.brief is None else structs.replace(self, cells=self.brief, brief=None)


class Sum(Struct, frozen=True):
    """A line below the samples: what several of them add up to."""

    head: str
    loss: float | None
    weight: float | None
    term: float | None
    share: float | None = None


def _sums(report: Report, shown: Sequence[TermRow]) -> list[Sum]:
    """The totals, and above them what the samples that are not shown add: the table adds up."""
    totals = report.totals
    whole = Sum("Σ", totals.loss_sum, totals.weight_sum, totals.numerator)
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
    return [Sum(head, rest("loss", totals.loss_sum), rest("weight", totals.weight_sum), term, share), whole]


def _added(values: Sequence[float | None]) -> float:
    return exact_sum([value for value in values if value is not None])


def sample_columns(report: Report, look: Look) -> list[Column]:
    """The samples, the sum of those that are not shown, and the totals."""
    rows = report.terms[: ROWS if look.rows is None else look.rows]
    sums = _sums(report, rows)
    columns = term_columns(report, rows, look, sums)
    all_shares = [row.share for row in rows] + [row.share for row in sums]
    if any(share is not None for share in all_shares):
        return columns + share_columns(all_shares, look, ignored=[not row.kept for row in rows])
    if any(not row.kept for row in rows):
        columns.append(Column("", ["" if row.kept else "ignored" for row in rows] + [""] * len(sums), 4, right=False))
    return columns


def term_columns(report: Report, rows: Sequence[TermRow], look: Look, sums: Sequence[Sum] = ()) -> list[Column]:
    """Samples, each with its label, loss, weight and term, and sums below them."""
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
    probability = [row.target_probability for row in rows]
    if report.batch.scores != "probs" and any(p is not None for p in probability):
        columns.append(numbers("p[y]", probability, None, 5))
    if report.batch.scores == "logits":
        columns.append(numbers("logsumexp", [row.logsumexp for row in rows], None, 2))
    columns.append(numbers("loss ℓ", [row.loss for row in rows], [row.loss for row in sums], 6))
    if report.totals.weight_sum is not None:
        columns.append(
            numbers(cells.weight_head(report), [row.weight for row in rows], [row.weight for row in sums], 7)
        )
    columns.append(numbers("term t", [row.term for row in rows], [row.term for row in sums], NEVER_DROPPED))
    return columns


def share_columns(shares: Sequence[float | None], look: Look, ignored: Sequence[bool] = ()) -> list[Column]:
    """Shares in percent, and as bars; `ignored` marks the first of them that have none."""
    marked = list(ignored) + [False] * (len(shares) - len(ignored))
    missing = [look.text(cells.MISSING) if position < len(ignored) else "" for position in range(len(shares))]
    texts = [
        "ignored" if mark else missing[position] if share is None else cells.share_cell(share, look)
        for position, (share, mark) in enumerate(zip(shares, marked, strict=True))
    ]
    bars = Column("", [_bar(share, look) for share in shares], 1, right=False, style="cyan", is_picture=True)
    return [Column("share", texts, 4), bars]


def _bar(share: float | None, look: Look) -> str:
    return "" if share is None else look.text("█" * round(min(max(share, 0.0), 1.0) * BAR))


def method_columns(
    report: Report, look: Look, rows: Sequence[MethodRow], notes: Mapping[str, Footnote]
) -> list[Column]:
    """The methods, and what a framework returned for each."""
    letters = [look.text("" if row.formula == "1" else row.formula) for row in rows]
    pairs, same = [row.pair for row in rows], cells.coinciding(report, rows, look)
    told = [f"{pair} (= {', '.join(others)})" if others else pair for pair, others in zip(pairs, same, strict=True)]
    note = "; ".join(" = ".join([pair, *others]) for pair, others in zip(pairs, same, strict=True) if others)
    columns = [
        Column("method", told, NEVER_DROPPED, right=False, brief=pairs if note else None, brief_note=note),
        Column("Σt", [cells.number(row.numerator, look) for row in rows], 6),
        Column("÷ D", [cells.number(row.denominator, look) for row in rows], 8),
        Column("", letters, 5, right=False, name="D in letters"),
        Column("= loss", [cells.number(row.value, look) for row in rows], NEVER_DROPPED, style="bold"),
        *_criterion_column(report, look, rows),
    ]
    return columns + _measured_columns(report, look, rows, [notes.get(row.pair) for row in rows]) if notes else columns


def _criterion_column(report: Report, look: Look, rows: Sequence[MethodRow]) -> list[Column]:
    """What the criterion returned, or a mark, at the method that it is; none where it is none of them."""
    one = report.criterion
    marked = [cells.is_criterions(report, row) for row in rows]
    if one is None or not any(marked):
        return []
    head, told = ("", look.text("← criterion")) if one.value is None else ("criterion", cells.number(one.value, look))
    return [Column(head, [told if mark else "" for mark in marked], 8, name="criterion")]


def _measured_columns(
    report: Report, look: Look, rows: Sequence[MethodRow], notes: Sequence[Footnote | None]
) -> list[Column]:
    """What the framework returned in the scores' own dtype; of scores that have none in float64, and in float32 where
    that prints otherwise. What is awaited takes the room that the method's value does."""
    own = ["" if note is None else cells.measured_cell(note.measured, look) for note in notes]
    first = next(note.measured for note in notes if note is not None)
    room = [len(cells.number(row.value, look)) if first.reason == AWAITED else 0 for row in rows]
    columns = [Column(f"{first.engine} {first.version}", [text.rjust(n) for text, n in zip(own, room, strict=True)], 7)]
    others = [None if note is None or report.batch.dtype else note.other for note in notes]
    texts = [cells.measured_cell(other, look) for other in others]
    dtypes = [other.dtype for other in others if other is not None]
    if dtypes and any(other is not None and text != mine for other, text, mine in zip(others, texts, own, strict=True)):
        columns.append(Column(dtypes[0], texts, 4))
    marks = ["" if note is None else f"[{note.mark}]" for note in notes]
    return [*columns, Column("", marks, 7, right=False)]
