"""The waterfall of `explain`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats import html
from wce_cli.formats.cells import class_cell, label_cell, row_cell, shown_methods
from wce_cli.formats.classes import is_large
from wce_cli.formats.look import ROWS, Look, shortened
from wce_cli.formats.pictures.figure import CURVES, FAINT, Drawing, Drawn
from wce_cli.formats.pictures.marks import NAME, at_bar, grouped_bars, of_all, room
from wce_cli.formats.pictures.page import Page
from wce_cli.report import Report, TermRow, TotalsPart

BARS = 12
"""Samples or classes that are drawn as bars of their own."""
NUMERATOR = "Σt, the numerator"


def picture(report: Report, look: Look) -> Drawn | None:
    """From the terms to the numerator, each bar where the last one ended; below, the loss that each method makes of it.

    Of a batch whose samples are not listed, the shares of the classes take the place of its terms.
    """
    if look.only is not None:
        return None
    methods = [row for row in shown_methods(report, look) if math.isfinite(row.value)]
    terms = report.terms[: ROWS if look.rows is None else look.rows]
    kept = [row for row in terms if row.kept and row.term is not None]
    listed = bool(kept) and not is_large(report, look) and math.isfinite(report.totals.numerator)
    heads = _steps(kept, len(terms) < report.terms_total, report.totals, look) if listed else []
    every = [] if listed else [row for row in report.classes if row.numerator_share is not None]
    classes = sorted(every, key=lambda row: -(row.numerator_share or 0))[:BARS]
    names = [name for name, _ in heads] or [class_cell(row.index, row.name, look, NAME) for row in classes]
    first = 18.0 * (len(heads) + 1) if listed else 32.0 * len(classes)
    left = room([*names, *(row.pair for row in methods), *([NUMERATOR] if listed else [])])
    with Drawing([*([first] if first else []), max(40.0, 24.0 * len(methods))], left=left, right=96) as drawing:
        *upper, lower = drawing.panels
        if listed:
            _waterfall(upper[0], heads, report.totals.numerator)
        elif classes:
            upper[0].set_title(f"share of each class{of_all(len(classes), len(every))}", loc="left")
            of_loss, of_weight = [row.numerator_share for row in classes], [row.weight_share for row in classes]
            grouped_bars(upper[0], names, [("of Σ w·ℓ", of_loss), ("of Σ w", of_weight)])
        lower.set_title("÷ D = the loss by each method", loc="left")
        places = list(range(len(methods)))
        lower.barh(places, [row.value for row in methods], height=0.62, color=CURVES[1])
        lower.set_yticks(places, [row.pair for row in methods])
        lower.invert_yaxis()
        lower.grid(False, axis="y")
        for place, row in enumerate(methods):
            divided = "" if row.formula == "1" else f" (÷ {format_number(row.denominator, 4)})"
            at_bar(lower, row.value, place, f"{format_number(row.value, 5)}{divided}")
        if not methods:
            lower.set_visible(False)
        return drawing.drawn(f"terms, numerator {report.totals.numerator:.6g} and loss by method")


def _steps(kept: Sequence[TermRow], has_more: bool, totals: TotalsPart, look: Look) -> list[tuple[str, float]]:
    """The terms to draw, in their order; of many, the largest, and the others taken together."""
    shown = list(kept)
    if len(kept) + has_more > BARS:
        largest = sorted(kept, key=lambda row: -abs(row.term or 0))[: BARS - 1]
        shown = [row for row in kept if row in largest]
    named = [(shortened(f"{row_cell(row)}: {label_cell(row, look, NAME)}", NAME + 6), row.term or 0.0) for row in shown]
    others = totals.n_kept - len(shown)
    rest = totals.numerator - math.fsum(term for _, term in named)
    return [*named, (counted(others, "other", "others"), rest)] if others else named


def _waterfall(panel: Any, steps: Sequence[tuple[str, float]], numerator: float) -> None:
    panel.set_title("the terms w·ℓ, by sample: label, add up to the numerator", loc="left")
    begin = 0.0
    for place, (_, term) in enumerate(steps):
        panel.barh(place, term, left=begin, height=0.66, color=CURVES[0])
        at_bar(panel, max(begin, begin + term), place, format_number(term, 5))
        begin += term
        panel.plot([begin, begin], [place - 0.33, place + 1.33], color=FAINT, linewidth=0.8)
    panel.barh(len(steps), numerator, height=0.66, color=CURVES[2])
    at_bar(panel, max(numerator, 0.0), len(steps), format_number(numerator, 6))
    panel.set_yticks(range(len(steps) + 1), [*(name for name, _ in steps), NUMERATOR])
    panel.invert_yaxis()
    panel.grid(False, axis="y")


def _as_text(report: Report, look: Look) -> str:
    from wce_cli.formats.table import to_table

    return to_table([report], look)


def to_html(answers: Sequence[Report], look: Look | None = None) -> str:
    """A page in one file: of one batch with its picture, of more the numbers alone."""
    return PAGE.to_html(answers, look) if len(answers) == 1 else html.to_html(answers, look)


PAGE = Page(
    "explain",
    picture,
    _as_text,
    lambda report, look: html.fragment([report], look),
    lambda report: report.batch.name or "a batch",
)
to_svg, fragment = PAGE.to_svg, PAGE.fragment
