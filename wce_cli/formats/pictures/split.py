"""The parts of `explain --split` against the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wce_cli.digits import format_number
from wce_cli.formats.look import Look
from wce_cli.formats.pictures.figure import CURVES, DASHES, INK, Drawing, Drawn
from wce_cli.formats.pictures.marks import LABEL, apart, beside, whole
from wce_cli.formats.pictures.page import Page
from wce_cli.formats.split import answer_blocks, asked_rows, first_row
from wce_cli.questions.split.answer import Split

PARTS = 60
"""Parts that are drawn as bars; more are drawn as a line of points."""


def picture(answer: Split, look: Look) -> Drawn:
    """The value of each part against the whole batch and the mean of the parts; below, what gradients become."""
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
            beside(values, f"{name} {format_number(value, 4)}", place, colour)
        values.set_title(f"{row.pair} of each part{_without(row.values)}", loc="left")
        values.tick_params(labelbottom=False)
        _bars(ratios, numbers, row.ratios, CURVES[2])
        ratios.axhline(1, color=CURVES[1], linewidth=2)
        beside(ratios, "whole 1", 1, CURVES[1])
        left_out = _without(row.ratios)
        ratios.set_title(f"its gradients, in times those of the whole batch{left_out}", loc="left")
        ratios.set_xlabel("part")
        for panel in drawing.panels:
            panel.grid(False, axis="x")
            panel.set_xlim(-0.6, len(numbers) - 0.4)
            panel.xaxis.set_major_locator(whole())
        return drawing.drawn(
            f"{row.pair} of {len(numbers)} parts: whole {row.value:.6g}, mean of parts {row.mean_of_parts:.6g}"
        )


def _bars(panel: Any, numbers: Sequence[int], values: Sequence[float | None], colour: str) -> None:
    finite = [math.nan if value is None or not math.isfinite(value) else value for value in values]
    if len(numbers) <= PARTS:
        panel.bar(numbers, finite, width=0.7, color=colour)
    else:
        panel.plot(numbers, finite, color=colour, linewidth=0.8)
    for number, value in zip(numbers, values, strict=True):
        if (value is None or not math.isfinite(value)) and len(numbers) <= PARTS:
            text = "none" if value is None else format_number(value)
            panel.annotate(
                text, (number, 0), (0, 2), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", fontsize=11,
            )  # fmt: skip


def _without(values: Sequence[float | None]) -> str:
    """` (3 of 100 have none)`: a line has room for no word at each part, as bars have."""
    none = sum(value is None or not math.isfinite(value) for value in values)
    return f" ({none} of {len(values)} are nan, inf or none)" if none and len(values) > PARTS else ""


PAGE = Page.of_blocks("split", picture, answer_blocks)
to_svg, to_html, fragment = PAGE.to_svg, PAGE.to_html, PAGE.fragment
