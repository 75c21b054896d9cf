"""The table people read: samples, methods, measurements, the sentence, and what else they must know."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from wce_cli.formats import cells
from wce_cli.formats.look import Look, literal
from wce_cli.formats.sentence import sentence
from wce_cli.report import MethodRow, Report

ROWS = 20
"""Samples shown unless `--rows` asks for another number."""
BAR = 20
PROSE = 100
"""Sentences are wrapped here even where the terminal is wider."""
SEVERITY_STYLES = {"error": "bold red", "caution": "bold yellow", "note": "bold cyan"}


def to_table(reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports as text, one below the other, ending in a newline."""
    look = look or Look()
    return "\n".join(_Screen(look).report(report, titled=len(reports) > 1) for report in reports)


class _Column:
    """A head, its cells, and how dear it is: columns are dropped from the cheapest when room runs out."""

    def __init__(self, head: str, cells: list[str], *, worth: int, right: bool = True, style: str = "") -> None:
        self.head = head
        self.cells = cells
        self.worth = worth
        self.right = right
        self.style = style


class _Screen:
    """Draws on a string: rich lays out, and nothing is ever cut."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.out = StringIO()
        self.console = Console(
            file=self.out,
            width=10_000,
            height=100,
            color_system="standard" if look.color else None,
            force_terminal=look.color,
            no_color=not look.color,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def report(self, report: Report, titled: bool) -> str:
        self.title(report, titled)
        self.samples(report)
        self.methods(report)
        self.answer(report)
        self.findings(report)
        return "\n".join(line.rstrip() for line in self.out.getvalue().splitlines()) + "\n"

    def title(self, report: Report, titled: bool) -> None:
        name = report.batch.name
        if titled or name:
            self.line(literal(name) if name else "batch", "bold")
            self.line("")

    def samples(self, report: Report) -> None:
        limit = ROWS if self.look.rows is None else self.look.rows
        rows = report.terms[:limit]
        hidden = report.terms_total - len(rows)
        totals = report.totals
        tail = []
        if hidden:
            shown_loss = math.fsum(_finite(row.loss) for row in rows)
            shown_weight = math.fsum(_finite(row.weight) for row in rows)
            shown_term = math.fsum(_finite(row.term) for row in rows)
            rest_weight = None if totals.weight_sum is None else totals.weight_sum - shown_weight
            share = None
            if rows and all(row.share is not None or not row.kept for row in rows) and totals.numerator:
                share = (totals.numerator - shown_term) / totals.numerator
            tail.append(
                (
                    f"… {hidden} more",
                    totals.loss_sum - shown_loss,
                    rest_weight,
                    totals.numerator - shown_term,
                    share,
                )
            )
        tail.append(("Σ", totals.loss_sum, totals.weight_sum, totals.numerator, None))
        self.table(self.sample_columns(report, rows, tail), rules_before=len(rows))

    def sample_columns(self, report: Report, rows: Sequence, tail: Sequence) -> list[_Column]:  # type: ignore[type-arg]
        look = self.look

        def numbers(head: str, own: list[float | None], sums: list[str], worth: int) -> _Column:
            return _Column(head, [cells.number(value, look) for value in own] + sums, worth=worth)

        def sums(position: int) -> list[str]:
            return [cells.number(row[position], look) for row in tail]

        blank = [""] * len(tail)
        columns = [
            _Column(
                "n",
                [cells.row_cell(row) for row in rows] + [look.text(row[0]) for row in tail],
                worth=9,
                right=False,
            ),
            _Column("label", [cells.label_cell(row, look) for row in rows] + blank, worth=8, right=False),
        ]
        score = cells.score_column(report)
        if score is not None:
            columns.append(numbers(score, [cells.score_at_label(row) for row in rows], blank, 3))
        if report.batch.scores == "logits":
            columns.append(numbers("logsumexp", [row.logsumexp for row in rows], blank, 2))
        columns.append(numbers("loss ℓ", [row.loss for row in rows], sums(1), 6))
        if report.totals.weight_sum is not None:
            columns.append(numbers("weight w", [row.weight for row in rows], sums(2), 7))
        columns.append(numbers("term t", [row.term for row in rows], sums(3), 10))
        if any(row.share is not None for row in rows):
            shares = [cells.share_cell(row.share, look) if row.kept else "ignored" for row in rows]
            tail_shares = [cells.share_cell(row[4], look) if row[4] is not None else "" for row in tail]
            bars = [_bar(row.share, look) for row in rows] + [_bar(row[4], look) for row in tail]
            columns.append(_Column("share", shares + tail_shares, worth=4))
            columns.append(_Column("", bars, worth=1, right=False, style="cyan"))
        elif any(not row.kept for row in rows):
            columns.append(_Column("", ["" if row.kept else "ignored" for row in rows] + blank, worth=4, right=False))
        return columns

    def methods(self, report: Report) -> None:
        look = self.look
        rows = cells.shown_methods(report, look)
        notes = cells.footnotes(report, rows)
        self.line("")
        columns = [
            _Column("method", [row.pair for row in rows], worth=10, right=False),
            _Column("Σt", [cells.number(row.numerator, look) for row in rows], worth=5),
            _Column("÷ D", [cells.number(row.denominator, look) for row in rows], worth=8),
            _Column(
                "",
                [look.text("" if row.formula == "1" else row.formula) for row in rows],
                worth=6,
                right=False,
            ),
            _Column("= loss", [cells.number(row.value, look) for row in rows], worth=10, style="bold"),
        ]
        if notes:
            first = next(iter(notes.values())).measured
            self.measured_columns(report, rows, notes, f"{first.engine} {first.version}", columns)
        self.table(columns)
        if notes:
            calls = dict.fromkeys((note.mark, note.measured.call) for note in notes.values())
            self.paragraph([f"[{mark}] {call}" for mark, call in calls])
        for one in report.measurements:
            if one.value is None and not one.expresses:
                self.prose(f"{one.engine} {one.version}".rstrip() + f" not measured: {one.reason}")
            elif one.value is None and one.dtype == "float64":
                self.prose(f"{one.engine} {one.version} refuses {one.call}: {one.reason}")

    def measured_columns(
        self,
        report: Report,
        rows: Sequence[MethodRow],
        notes: dict[str, cells.Footnote],
        head: str,
        columns: list[_Column],
    ) -> None:
        """What the framework returned in float64, and in its own dtype where that prints otherwise."""
        look = self.look
        own = [cells.measured_cell(notes[row.pair].measured, look) if row.pair in notes else "" for row in rows]
        columns.append(_Column(head, own, worth=7))
        others = [
            cells.other_precision(report, notes[row.pair].measured) if row.pair in notes else None for row in rows
        ]
        texts = [cells.measured_cell(other, look) for other in others]
        if any(other is not None and text != mine for other, text, mine in zip(others, texts, own, strict=True)):
            dtype = next(other.dtype for other in others if other is not None)
            columns.append(_Column(dtype, texts, worth=4))
        marks = [f"[{notes[row.pair].mark}]" if row.pair in notes else "" for row in rows]
        columns.append(_Column("", marks, worth=7, right=False))

    def answer(self, report: Report) -> None:
        text = sentence(report, self.look)
        if text:
            self.line("")
            self.prose(text)

    def findings(self, report: Report) -> None:
        if report.findings:
            self.line("")
        for finding in report.findings:
            head = f"{finding.severity} {finding.code}: "
            for position, line in enumerate(self.wrapped(head + self.look.text(literal(finding.message)))):
                text = Text(line)
                if position == 0:
                    text.stylize(SEVERITY_STYLES[finding.severity], 0, len(head) - 1)
                self.console.print(text, soft_wrap=True)

    def table(self, columns: list[_Column], rules_before: int | None = None) -> None:
        """Draw columns side by side; where they do not fit, leave out the cheapest and say so."""
        dropped: list[str] = []
        while True:
            table = self.drawn(columns)
            wanted = Measurement.get(self.console, self.console.options, table).maximum
            if self.look.width is None or wanted <= self.look.width or len(columns) <= 2:
                break
            cheapest = min(columns, key=lambda column: column.worth)
            if cheapest.worth >= 10:
                break
            columns = [column for column in columns if column is not cheapest]
            dropped.append(cheapest.head)
        self.console.print(table, soft_wrap=True)
        named = [self.look.text(head) for head in dropped if head]
        if named:
            self.prose(f"(left out at this width: {', '.join(named)})")

    def drawn(self, columns: list[_Column]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim" if self.look.color else "")
        for column in columns:
            table.add_column(
                Text(self.look.text(column.head)), justify="right" if column.right else "left", no_wrap=True
            )
        for row in zip(*(column.cells for column in columns), strict=True):
            table.add_row(*(Text(cell, style=column.style) for cell, column in zip(row, columns, strict=True)))
        return table

    def wrapped(self, text: str) -> list[str]:
        """Lines of prose; a word is never broken."""
        width = min(self.look.width or PROSE, PROSE)
        return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]

    def prose(self, text: str) -> None:
        for line in self.wrapped(self.look.text(text)):
            self.line(line)

    def paragraph(self, items: list[str]) -> None:
        """Items side by side, four spaces apart, as many to a line as fit."""
        width = min(self.look.width or PROSE, PROSE)
        line = ""
        for item in items:
            if line and cell_len(line) + 4 + cell_len(item) > width:
                self.line(line)
                line = item
            else:
                line = f"{line}    {item}" if line else item
        if line:
            self.line(line)

    def line(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style), soft_wrap=True)


def _finite(value: float | None) -> float:
    return 0.0 if value is None or not math.isfinite(value) else value


def _bar(share: float | None, look: Look) -> str:
    return "" if share is None else look.text("█" * round(min(max(share, 0.0), 1.0) * BAR))
