"""The parts of `wce split` against the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wce_cli.answers.split import Split
from wce_cli.digits import format_number
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import CURVES, DASHES, INK, WIDTH, Drawing, Drawn
from wce_cli.formats.picture.labels import LABEL, apart, beside, room
from wce_cli.formats.picture.scale import can_be_drawn, whole
from wce_cli.formats.picture.text import text_width
from wce_cli.formats.split.asked import first_row

PARTS = 60
"""Parts that are drawn as bars; more are drawn as a line of points."""
NARROWEST, STRIP = 160, 18.0
"""Units of a panel at least, and of what stands below its bars."""


def picture(answer: Split, look: Look) -> Drawn:
    """The value of each part against the whole batch and the mean of the parts; below, what gradients become."""
    row = (asked_rows(answer, look) or [first_row(answer)])[0]
    lines = [("whole", row.value, CURVES[1], "-"), ("mean of parts", row.mean_of_parts, INK, DASHES[1])]
    told = [(f"{name} {format_number(value, look.digits)}", value, *drawn) for name, value, *drawn in lines]
    finite = [one for one in told if can_be_drawn(one[1])]
    right = room(text for text, *_ in told)
    heights = [170.0, 90.0]
    with Drawing(heights, right=right) as drawing:
        values, ratios = drawing.panels
        numbers = list(range(len(answer.parts)))
        _bars(values, numbers, row.values, CURVES[0])
        for _, value, colour, dashes in finite:
            values.axhline(value, color=colour, linewidth=2, linestyle=dashes)
        values.set_title(f"{row.pair} of each part{_say_broken(values, row.values, heights[0])}")
        bottom, top = values.get_ylim()
        places = apart([value for _, value, *_ in finite], LABEL * (top - bottom) / heights[0], top)
        for (text, _, colour, _), place in zip(finite, places, strict=True):
            beside(values, text, place, colour)
        values.tick_params(labelbottom=False)
        _bars(ratios, numbers, row.ratios, CURVES[2])
        ratios.axhline(1, color=CURVES[1], linewidth=2)
        marks = _say_broken(ratios, row.ratios, heights[1])
        beside(ratios, "whole 1", 1, CURVES[1])
        ratios.set_title(f"its gradients, in times those of the whole batch{marks}")
        ratios.set_xlabel("part")
        for panel in drawing.panels:
            panel.grid(False, axis="x")
            panel.set_xlim(-0.6, len(numbers) - 0.4)
            panel.xaxis.set_major_locator(whole(WIDTH - right))
        return drawing.drawn(f"{row.pair} of {len(numbers)} parts: {', '.join(text for text, *_ in told)}")


def _bars(panel: Any, numbers: Sequence[int], values: Sequence[float | None], colour: str) -> None:
    finite = [math.nan if value is None or not can_be_drawn(value) else value for value in values]
    if len(numbers) <= PARTS:
        panel.bar(numbers, finite, width=0.7, color=colour)
    else:
        panel.plot(numbers, finite, color=colour, linewidth=0.8)


def _say_broken(panel: Any, values: Sequence[float | None], height: float) -> str:
    """Say in a strip below the bars which parts have no number: in words where there is room, else by a mark, which is
    returned with what it means."""
    broken = {
        number: "none" if value is None else format_number(value)
        for number, value in enumerate(values)
        if value is None or not can_be_drawn(value)
    }
    if not broken:
        return ""
    bottom, top = panel.get_ylim()
    panel.set_ylim(bottom - STRIP / height * (top - bottom), top)
    if all(text_width(text) + 4 < NARROWEST / len(values) for text in broken.values()):
        for number, text in broken.items():
            panel.annotate(
                text, (number, 0), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center",
                va="bottom", fontsize=11,
            )  # fmt: skip
        return ""
    places = [STRIP / 2 / height] * len(broken)
    panel.plot(list(broken), places, "x", color=INK, markersize=5, transform=panel.get_xaxis_transform())
    return f" (×: {', '.join(sorted(set(broken.values())))})"
