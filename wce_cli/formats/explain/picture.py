"""The waterfall of `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wce_cli.answers.report import MethodRow, Report, TermRow, TotalsPart
from wce_cli.errors import counted
from wce_cli.formats import cells
from wce_cli.formats.explain.large_batch import is_large
from wce_cli.formats.look import ROWS, Look
from wce_cli.formats.picture.drawing import CURVES, FAINT, Drawing, Drawn
from wce_cli.formats.picture.labels import (
    NAME,
    ROOM,
    at_bar,
    bar_axis,
    class_name,
    grouped_bars,
    of_all,
    room,
    shares,
)
from wce_cli.formats.picture.scale import OFF, can_be_drawn, is_on_scale
from wce_cli.formats.picture.text import fitted_name, text_width
from wce_cli.loss.sums import exact_sum

BARS = 12
"""Samples or classes that are drawn as bars of their own."""
NUMERATOR = "Σt, the numerator"
WIDEST_NUMBERS = 240.0
"""Units of the numbers beside the bars, of which something is left out where they are wider."""


def picture(report: Report, look: Look) -> Drawn | None:
    """From the terms to the numerator, each bar where the last one ended; below, the loss that each method makes of it.

    Of a batch whose samples are not listed, the shares of the classes take the place of its terms.
    """
    if look.only is not None:
        return None
    methods = [row for row in cells.shown_methods(report, look) if can_be_drawn(row.value)]
    terms = report.terms[: ROWS if look.rows is None else look.rows]
    kept = [row for row in terms if row.kept and row.term is not None]
    listed = bool(kept) and not is_large(report, look) and _can_be_stacked(kept, report.totals.numerator)
    heads = _steps(kept, len(terms) < report.terms_total, report.totals, look) if listed else []
    every = [] if listed else [row for row in report.classes if row.numerator_share is not None]
    classes = sorted(every, key=lambda row: -(row.numerator_share or 0))[:BARS]
    names = [class_name(row.index, row.name, look) for row in classes]
    bars, texts = _losses(methods, look)
    first = 18.0 * (len(heads) + 1) if listed else 32.0 * len(classes)
    of_classes = [
        ("of Σ w·ℓ", [row.numerator_share for row in classes]),
        ("of Σ w", [row.weight_share for row in classes]),
    ]
    numbers = [cells.number(term, look) for term in (*(term for _, term in heads), report.totals.numerator)]
    beside = [text for text in texts if not text.endswith(OFF)]  # what is off the scale begins where the others do
    if not methods and not first:
        return None
    right = room([*beside, *(numbers if listed else shares(of_classes))])
    with Drawing([*([first] if first else []), max(40.0, 24.0 * len(methods))], right=right) as drawing:
        *upper, lower = drawing.panels
        if listed:
            _waterfall(upper[0], heads, numbers, report.totals.numerator)
        elif classes:
            upper[0].set_title(f"share of each class{of_all(len(classes), len(every))}")
            grouped_bars(upper[0], names, of_classes)
        _bars(lower, methods, bars, texts)
        if not methods:
            lower.set_visible(False)
        return drawing.drawn(f"terms, numerator {numbers[-1]} and loss by method")


def _can_be_stacked(kept: Sequence[TermRow], numerator: float) -> bool:
    """Whether every bar of the waterfall has a place."""
    return can_be_drawn(numerator) and all(can_be_drawn(row.term or 0.0) for row in kept)


def _losses(methods: Sequence[MethodRow], look: Look) -> tuple[list[float], list[str]]:
    """The bar of each method, none of one that dwarfs the others, and the text beside it: the loss and, where there is
    room, D, in the digits of the table."""
    drawn = is_on_scale([row.value for row in methods])
    bars = [row.value if one else 0.0 for row, one in zip(methods, drawn, strict=True)]
    losses = [cells.number(row.value, look) for row in methods]
    divided = ["" if row.formula == "1" else f" (÷ {cells.number(row.denominator, look)})" for row in methods]
    off = ["" if one else OFF for one in drawn]
    texts = ["".join(parts) for parts in zip(losses, divided, off, strict=True)]
    if max(map(text_width, texts), default=0) <= WIDEST_NUMBERS:
        return bars, texts
    return bars, ["".join(parts) for parts in zip(losses, off, strict=True)]


def _bars(panel: Any, methods: Sequence[MethodRow], bars: Sequence[float], texts: Sequence[str]) -> None:
    panel.set_title("÷ D = the loss by each method")
    panel.barh(range(len(bars)), bars, height=0.62, color=CURVES[1])
    panel.set_yticks(range(len(bars)), [row.pair for row in methods])
    for place, (value, text) in enumerate(zip(bars, texts, strict=True)):
        at_bar(panel, value, place, text)
    bar_axis(panel, bars)


def _steps(kept: Sequence[TermRow], has_more: bool, totals: TotalsPart, look: Look) -> list[tuple[str, float]]:
    """The terms to draw, in their order; of many, the largest, and the others taken together."""
    shown = list(kept)
    if len(kept) + has_more > BARS:
        largest = sorted(kept, key=lambda row: -abs(row.term or 0))[: BARS - 1]
        shown = [row for row in kept if row in largest]
    named = [(_head(row, look), row.term or 0.0) for row in shown]
    others = totals.n_kept - len(shown)
    rest = totals.numerator - exact_sum([term for _, term in named])
    return [*named, (counted(others, "other", "others"), rest)] if others else named


def _head(row: TermRow, look: Look) -> str:
    """`3: dog`"""
    return fitted_name(lambda width: f"{cells.row_cell(row)}: {cells.label_cell(row, look, width)}", NAME, ROOM)


def _waterfall(panel: Any, steps: Sequence[tuple[str, float]], numbers: Sequence[str], numerator: float) -> None:
    panel.set_title("the terms w·ℓ, by sample: label, add up to the numerator")
    begin, ends = 0.0, [numerator]
    for place, ((_, term), number) in enumerate(zip(steps, numbers, strict=False)):
        panel.barh(place, term, left=begin, height=0.66, color=CURVES[0])
        at_bar(panel, max(begin, begin + term), place, number)
        begin += term
        ends.append(begin)
        panel.plot([begin, begin], [place - 0.33, place + 1.33], color=FAINT, linewidth=0.8)
    panel.barh(len(steps), numerator, height=0.66, color=CURVES[2])
    at_bar(panel, numerator, len(steps), numbers[-1])
    panel.set_yticks(range(len(steps) + 1), [*(name for name, _ in steps), NUMERATOR])
    bar_axis(panel, ends)
