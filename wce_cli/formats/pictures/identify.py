"""What `identify` found: each number among the rules that give it, or come near, and what that is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.identified import answer_blocks, one_a_line
from wce_cli.formats.look import Look, shortened
from wce_cli.formats.pictures.figure import CURVES, FAINT, INK, Drawing, Drawn
from wce_cli.formats.pictures.page import Page
from wce_cli.questions.identify.answer import Chance, Identification, Identified

NUMBERS = 4
"""Numbers that have a panel; the others stand in the tables."""
RULES = 6
"""Rules of one panel."""
ROW = 32.0
"""Units of a rule: its title, and its mark below."""
TITLE = 62
"""Characters of a title that fit the width."""


def picture(answer: Identification, look: Look) -> Drawn | None:
    """Every number as a band as wide as its digits leave open, and the rules' own numbers on the same axis; below, how
    often a number that means nothing would have had such a rule.
    """
    panels = [(number, rows) for number in answer.numbers for rows in [_rows(number)] if rows][:NUMBERS]
    worth = [(number.text, one) for number, _ in panels for one in [_chance(number)] if one is not None]
    if not panels:
        return None
    heights = [ROW * len(rows) for _, rows in panels] + ([ROW * len(worth)] if worth else [])
    with Drawing(heights, left=20, right=20) as drawing:
        for panel, (number, rows) in zip(drawing.panels, panels, strict=False):
            _values(panel, number, rows, look)
        if worth:
            _worth(drawing.panels[-1], worth)
        said = ", ".join(f"{number.text} beside {len(rows)} rules" for number, rows in panels)
        return drawing.drawn(said, halo=True)


def _chance(number: Identified) -> Chance | None:
    """With as many departures as its answer has; where it has none, with all that were tried."""
    known = [one for one in number.chances if one.chance is not None]
    fewest = len(number.simplest[0].departures) if number.matches else len(known)
    return known[min(fewest, len(known) - 1)] if known else None


def _rows(number: Identified) -> list[tuple[str, float, int]]:
    """Title, number and departures of the rules to draw: those that give it, or else the nearest."""
    if not math.isfinite(number.value):
        return []
    if number.matches:
        found = [(title, group[0].value, len(group[0].departures)) for title, group in one_a_line(number.matches)]
    else:
        found = [(near.title, near.value, len(near.departures)) for near in number.nearest]
    return [row for row in found if math.isfinite(row[1])][:RULES]


def _values(panel: Any, number: Identified, rows: Sequence[tuple[str, float, int]], look: Look) -> None:
    spread = number.tolerance + number.widening
    panel.set_title(f"{number.text} and {'the rules that give it' if number.matches else 'the rules nearest to it'}")
    ends = [number.value - spread, number.value + spread, *(value for _, value, _ in rows)]
    margin = 0.06 * (max(ends) - min(ends)) or 1e-6 * abs(number.value) or 1e-6
    low, high = min(ends) - margin, max(ends) + margin
    panel.axvspan(number.value - spread, number.value + spread, color=CURVES[0], alpha=0.18, linewidth=0)
    panel.axvline(number.value, color=CURVES[0], linewidth=2)
    fewest = min(departures for *_, departures in rows)
    for place, (title, value, departures) in enumerate(rows):
        is_simplest = bool(number.matches) and departures == fewest
        colour = CURVES[1] if is_simplest else INK
        panel.plot(
            [value], [place + 0.24], marker="o", markersize=8, color=colour, clip_on=False, zorder=3,
            markerfacecolor=colour if is_simplest else "none",
        )  # fmt: skip
        panel.annotate(
            shortened(look.message(title), TITLE), (0, place - 0.24), xycoords=("axes fraction", "data"), va="center",
            fontsize=11, annotation_clip=False, color=colour,
        )  # fmt: skip
        odd = f", {counted(departures, 'departure', 'departures')}" if departures else ""
        is_left = value > (low + high) / 2
        panel.annotate(
            f"{format_number(value, max(look.digits, 7))}{odd}", (value, place + 0.24), (-8 if is_left else 8, 0),
            textcoords="offset points", ha="right" if is_left else "left", va="center", fontsize=11, color=colour,
        )  # fmt: skip
        if place:
            panel.axhline(place - 0.5, color=FAINT, linewidth=0.4)
    panel.set_xlim(low, high)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    panel.ticklabel_format(axis="x", useOffset=False)
    panel.locator_params(axis="x", nbins=4)


def _worth(panel: Any, worth: Sequence[tuple[str, Chance]]) -> None:
    """For each number a line that says which it is, and its bar below: however long that is, nothing is cut."""
    panel.set_title("chance that a number of as many digits has such a rule", loc="left")
    for place, (text, one) in enumerate(worth):
        percent = 100 * (one.chance or 0.0)
        odd = f"up to {counted(one.departures, 'departure', 'departures')}" if one.departures else "no departure"
        panel.barh(place + 0.24, percent, height=0.3, color=CURVES[2])
        panel.annotate(
            f"{text}, {odd}: {format_number(percent, 2)} %", (0, place - 0.24), (4, 0), textcoords="offset points",
            va="center", fontsize=11, annotation_clip=False,
        )  # fmt: skip
    panel.set_xlim(0, 100)
    panel.set_ylim(len(worth) - 0.5, -0.5)
    panel.set_xlabel("%")
    panel.set_yticks([])
    panel.grid(False, axis="y")


PAGE = Page.of_blocks("identify", picture, answer_blocks)
to_svg, to_html, fragment = PAGE.to_svg, PAGE.to_html, PAGE.fragment
