"""What each answer is drawn as."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.cells import class_cell, label_cell, row_cell, shown_methods
from wce_cli.formats.classes import is_large
from wce_cli.formats.figure import CURVES, DASHES, FAINT, INK, Drawing, apart, whole
from wce_cli.formats.look import ROWS, Look
from wce_cli.report import Report, TermRow, TotalsPart

if TYPE_CHECKING:
    from wce_cli.questions.split import Split
    from wce_cli.questions.sweep import Sweep

BARS = 12
"""Samples or classes that are drawn as bars of their own."""
PARTS = 60
"""Parts that are drawn as bars; more are drawn as a line of points."""
LABEL = 14.0
"""How far apart labels stand."""


def sweep_picture(answer: Sweep, look: Look) -> str:
    """The curves, named where they end; where they meet, and where the batch itself stands."""
    from wce_cli.formats.sweep import drawn_rows
    from wce_cli.questions.sweep import axis_name

    rows = drawn_rows(answer, look)
    height = 250.0
    names = max((len(row.pair) for row in rows), default=0)
    with Drawing([height], left=58, right=16 + 6.6 * names) as drawing:
        (panel,) = drawing.panels
        panel.set_title(axis_name(answer.axis).capitalize(), loc="left")
        order = sorted(range(len(answer.places)), key=lambda k: answer.places[k])
        x = [answer.places[k] for k in order]
        finite = []
        for position, row in enumerate(rows):
            y = [row.values[k] if math.isfinite(row.values[k]) else math.nan for k in order]
            style = {"color": CURVES[position % len(CURVES)], "linestyle": DASHES[position % len(DASHES)]}
            panel.plot(x, y, linewidth=2, marker="o" if len(x) == 1 else None, **style)
            ends = [value for value in y if not math.isnan(value)]
            finite += [(position, row.pair, ends[-1])] if ends else []
        low, high = min(x), max(x)
        if low < high:
            panel.set_xlim(low, high)
        panel.margins(y=0.08)
        bottom, top = panel.get_ylim()
        unit = (top - bottom) / height
        for (position, pair, _), y_label in zip(finite, apart([end for *_, end in finite], LABEL * unit), strict=True):
            panel.annotate(
                pair, (1, y_label), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                color=CURVES[position % len(CURVES)], va="center", annotation_clip=False,
            )  # fmt: skip
        drawn = {row.pair for row in rows}
        for one in answer.crossings:
            if {one.one, one.other} <= drawn:
                panel.plot([one.place], [one.value], marker="o", markersize=6, markerfacecolor="none", color=INK)
        if low <= answer.axis.given <= high:
            panel.axvline(answer.axis.given, color=FAINT, linewidth=1, linestyle=(0, (1, 2)))
            left, text = answer.axis.given > (low + high) / 2, f"the batch: {format_number(answer.axis.given)}"
            panel.annotate(
                text, (answer.axis.given, 1), (-4 if left else 4, -2), xycoords=("data", "axes fraction"),
                textcoords="offset points", va="top", ha="right" if left else "left", color=FAINT, fontsize=11,
            )  # fmt: skip
        panel.set_xlabel({"class": "weight", "smoothing": "label smoothing ε", "scale": "scale"}[answer.axis.kind])
        return drawing.svg(f"{axis_name(answer.axis)}: {', '.join(row.pair for row in rows)}")


def split_picture(answer: Split, look: Look) -> str:
    """The value of each part against the whole batch and the mean of the parts; below, what gradients become."""
    from wce_cli.formats.split import asked_rows, first_row

    row = (asked_rows(answer, look) or [first_row(answer)])[0]
    with Drawing([170.0, 90.0], left=58, right=120) as drawing:
        values, ratios = drawing.panels
        numbers = list(range(len(answer.parts)))
        _bars(values, numbers, row.values, CURVES[0])
        lines = [("whole", row.value, CURVES[1], "-"), ("mean of parts", row.mean_of_parts, INK, DASHES[1])]
        finite = [one for one in lines if math.isfinite(one[1])]
        for _, value, colour, dashes in finite:
            values.axhline(value, color=colour, linewidth=2, linestyle=dashes)
        bottom, top = values.get_ylim()
        places = apart([value for _, value, *_ in finite], LABEL * (top - bottom) / 170)
        for (name, value, colour, _), place in zip(finite, places, strict=True):
            _beside(values, f"{name} {format_number(value, 4)}", place, colour)
        values.set_title(f"{row.pair} of each part", loc="left")
        values.tick_params(labelbottom=False)
        _bars(ratios, numbers, row.ratios, CURVES[2])
        ratios.axhline(1, color=CURVES[1], linewidth=2)
        _beside(ratios, "whole 1", 1, CURVES[1])
        ratios.set_title("its gradients, in times those of the whole batch", loc="left")
        ratios.set_xlabel("part")
        for panel in drawing.panels:
            panel.grid(False, axis="x")
            panel.set_xlim(-0.6, len(numbers) - 0.4)
            panel.xaxis.set_major_locator(whole())
        return drawing.svg(
            f"{row.pair} of {len(numbers)} parts: whole {row.value:.6g}, mean of parts {row.mean_of_parts:.6g}"
        )


def _bars(panel: Any, numbers: Sequence[int], values: Sequence[float], colour: str) -> None:
    finite = [value if math.isfinite(value) else math.nan for value in values]
    if len(numbers) <= PARTS:
        panel.bar(numbers, finite, width=0.7, color=colour)
    else:
        panel.plot(numbers, finite, color=colour, linewidth=0.8)
    for number, value in zip(numbers, values, strict=True):
        if not math.isfinite(value) and len(numbers) <= PARTS:
            panel.annotate(
                format_number(value), (number, 0), (0, 2), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", fontsize=11,
            )  # fmt: skip


def _beside(panel: Any, text: str, height: float, colour: str) -> None:
    panel.annotate(
        text, (1, height), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
        color=colour, fontsize=11, annotation_clip=False,
    )  # fmt: skip


def explain_picture(report: Report, look: Look) -> str:
    """From the terms to the numerator, each bar where the last one ended; below, the loss that each method makes of it.

    Of a batch whose samples are not listed, the shares of the classes take the place of its terms.
    """
    methods = [row for row in shown_methods(report, look) if math.isfinite(row.value)]
    terms = report.terms[: ROWS if look.rows is None else look.rows]
    kept = [row for row in terms if row.kept and row.term is not None]
    listed = bool(kept) and not is_large(report, look) and math.isfinite(report.totals.numerator)
    heads = _steps(kept, len(terms) < report.terms_total, report.totals, look) if listed else []
    classes = [] if listed else [row for row in report.classes if row.numerator_share is not None]
    classes = sorted(classes, key=lambda row: -(row.numerator_share or 0))[:BARS]
    first = 18.0 * (len(heads) + 1) if listed else 32.0 * len(classes)
    with Drawing([*([first] if first else []), max(40.0, 24.0 * len(methods))], left=130, right=96) as drawing:
        *upper, lower = drawing.panels
        if listed:
            _waterfall(upper[0], heads, report.totals.numerator)
        elif classes:
            _shares(upper[0], classes, look)
        lower.set_title("÷ D = the loss by each method", loc="left")
        places = list(range(len(methods)))
        lower.barh(places, [row.value for row in methods], height=0.62, color=CURVES[1])
        lower.set_yticks(places, [row.pair for row in methods])
        lower.invert_yaxis()
        lower.grid(False, axis="y")
        for place, row in enumerate(methods):
            divided = "" if row.formula == "1" else f" (÷ {format_number(row.denominator, 4)})"
            _at_bar(lower, row.value, place, f"{format_number(row.value, 5)}{divided}")
        if not methods:
            lower.set_visible(False)
        return drawing.svg(f"terms, numerator {report.totals.numerator:.6g} and loss by method")


def _steps(kept: Sequence[TermRow], has_more: bool, totals: TotalsPart, look: Look) -> list[tuple[str, float]]:
    """The terms to draw, in their order; of many, the largest, and the others taken together."""
    shown = list(kept)
    if len(kept) + has_more > BARS:
        largest = sorted(kept, key=lambda row: -abs(row.term or 0))[: BARS - 1]
        shown = [row for row in kept if row in largest]
    named = [(f"sample {row_cell(row)}, {label_cell(row, look)}"[:22], row.term or 0.0) for row in shown]
    others = totals.n_kept - len(shown)
    rest = totals.numerator - math.fsum(term for _, term in named)
    return [*named, (counted(others, "other", "others"), rest)] if others else named


def _waterfall(panel: Any, steps: Sequence[tuple[str, float]], numerator: float) -> None:
    panel.set_title("the terms w·ℓ add up to the numerator", loc="left")
    begin = 0.0
    for place, (_, term) in enumerate(steps):
        panel.barh(place, term, left=begin, height=0.66, color=CURVES[0])
        _at_bar(panel, max(begin, begin + term), place, format_number(term, 5))
        begin += term
        panel.plot([begin, begin], [place - 0.33, place + 1.33], color=FAINT, linewidth=0.8)
    panel.barh(len(steps), numerator, height=0.66, color=CURVES[2])
    _at_bar(panel, max(numerator, 0.0), len(steps), format_number(numerator, 6))
    panel.set_yticks(range(len(steps) + 1), [*(name for name, _ in steps), "Σt, the numerator"])
    panel.invert_yaxis()
    panel.grid(False, axis="y")


def _shares(panel: Any, classes: Sequence[Any], look: Look) -> None:
    panel.set_title("share of each class: of Σ w·ℓ, and of Σ w", loc="left")
    places = range(len(classes))
    for k, row in enumerate(classes):
        panel.barh(k - 0.2, 100 * (row.numerator_share or 0), height=0.36, color=CURVES[0])
        _at_bar(panel, 100 * (row.numerator_share or 0), k - 0.2, f"{100 * (row.numerator_share or 0):.1f} % of Σ w·ℓ")
        if row.weight_share is not None:
            panel.barh(k + 0.2, 100 * row.weight_share, height=0.36, color=CURVES[1])
            _at_bar(panel, 100 * row.weight_share, k + 0.2, f"{100 * row.weight_share:.1f} % of Σ w")
    panel.set_yticks(places, [f"class {class_cell(row, look)}"[:20] for row in classes])
    panel.set_xlabel("%")
    panel.invert_yaxis()
    panel.grid(False, axis="y")


def _at_bar(panel: Any, x: float, y: float, text: str) -> None:
    """A number right of a bar's end."""
    panel.annotate(
        text, (max(x, 0.0), y), (4, 0), textcoords="offset points", va="center", fontsize=11, annotation_clip=False
    )
