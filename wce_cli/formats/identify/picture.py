"""What `identify` found: each number among the rules that give it, or come near, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from wce_cli.answers.identify import Chance, Identification, Identified
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.identify.blocks import one_a_line
from wce_cli.formats.identify.words import ANY_SIZES
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import CURVES, EDGE, INK, TITLE, WIDTH, Drawing, Drawn
from wce_cli.formats.picture.scale import can_be_drawn
from wce_cli.formats.picture.text import fitted, text_width, wrapped

NUMBERS = 4
"""Numbers that have a panel; the others stand in the tables."""
RULES = 6
"""Rules of one panel."""
ROW = 32.0
"""Units of a chance: what it is of, and its bar below."""
LINE = 14.0
BESIDE = 34.0
"""Units beside the panels: half a number of their axis."""
INSIDE = WIDTH - 2 * BESIDE
BAND: dict[str, Any] = {"color": CURVES[0], "alpha": 0.18, "linewidth": 0}


class DrawnRule(Struct, frozen=True):
    """A rule's title as lines, its number, and how many departures it has."""

    lines: tuple[str, ...]
    value: float
    departures: int

    @property
    def height(self) -> float:
        """In units: its lines, and its mark below them."""
        return LINE * len(self.lines) + 20


def picture(answer: Identification, look: Look) -> Drawn | None:
    """Every number as a band as wide as its digits leave open, and the rules' own numbers on the same axis; below, how
    often a number that means nothing would have had such a rule.
    """
    panels = [(number, rows) for number in answer.numbers for rows in [_rows(number, look)] if rows][:NUMBERS]
    worth = [(number.text, one) for number, _ in panels for one in [_chance(number, answer.depth)] if one is not None]
    if not panels:
        return None
    heights = [sum(row.height for row in rows) for _, rows in panels] + ([ROW * len(worth)] if worth else [])
    with Drawing(heights, left=BESIDE, right=BESIDE) as drawing:
        for panel, (number, rows) in zip(drawing.panels, panels, strict=False):
            _values(panel, number, rows, look)
        if worth:
            _worth(drawing.panels[-1], worth)
        said = ", ".join(f"{number.text} beside {len(rows)} rules" for number, rows in panels)
        return drawing.drawn(said)


def _chance(number: Identified, depth: int) -> Chance | None:
    """With as many departures as its answer has; where it has none, with all that were tried."""
    one = number.of_the_answer
    if one.chance is None:
        return None
    return one if number.matches else structs.replace(one, departures=depth)


def _rows(number: Identified, look: Look) -> list[DrawnRule]:
    """The rules to draw: those that give the number, or else the nearest."""
    if not can_be_drawn(number.value):
        return []
    if number.matches:
        found = [(title, group[0].value, len(group[0].departures)) for title, group in one_a_line(number.matches)]
    else:
        found = [(near.title, near.value, len(near.departures)) for near in number.nearest]
    return [
        DrawnRule(tuple(wrapped(look.message(title), INSIDE)), value, departures)
        for title, value, departures in found
        if can_be_drawn(value)
    ][:RULES]


def _values(panel: Any, number: Identified, rows: Sequence[DrawnRule], look: Look) -> None:
    spread = number.tolerance + number.widening
    panel.set_title(_title(number))
    ends = [number.value - spread, number.value + spread, *(row.value for row in rows)]
    margin = 0.06 * (max(ends) - min(ends)) or 1e-6 * abs(number.value) or 1e-6
    low, high = min(ends) - margin, max(ends) + margin
    fewest = min(row.departures for row in rows)
    digits = max(look.digits, 7 if number.matches else len(number.text))
    y = 0.0
    for row in rows:
        is_simplest = bool(number.matches) and row.departures == fewest
        colour = CURVES[1] if is_simplest else INK
        for k, words in enumerate(row.lines):
            panel.annotate(
                words, (0, y + LINE * (k + 0.5)), xycoords=("axes fraction", "data"), va="center", fontsize=11,
                annotation_clip=False, color=colour,
            )  # fmt: skip
        top, y = y + LINE * len(row.lines), y + row.height
        panel.fill_betweenx([top, y - 2], number.value - spread, number.value + spread, **BAND)
        panel.plot([number.value] * 2, [top, y - 2], color=CURVES[0], linewidth=2)
        middle = (top + y - 2) / 2
        panel.plot(
            [row.value], [middle], marker="o", markersize=8, color=colour, clip_on=False, zorder=3,
            markerfacecolor=colour if is_simplest else "none",
        )  # fmt: skip
        at, line = ((value - low) / (high - low) * INSIDE for value in (row.value, number.value))
        odd = f", {counted(row.departures, 'departure', 'departures')}" if row.departures else ""
        text, start = _placed(format_number(row.value, digits), odd, at, line)
        panel.annotate(
            text, (row.value, middle), (start - at, 0), textcoords="offset points", va="center", fontsize=11,
            color=colour, annotation_clip=False,
        )  # fmt: skip
    panel.set_xlim(low, high)
    panel.set_ylim(y, 0)
    panel.set_yticks([])
    panel.grid(False)
    panel.spines["left"].set_visible(False)


def _title(number: Identified) -> str:
    said = f" and {'the rules that give it' if number.matches else 'the rules nearest to it'}"
    return fitted(number.text, WIDTH - 2 * EDGE - text_width(said, TITLE), TITLE) + said


def _placed(number: str, odd: str, at: float, line: float) -> tuple[str, float]:
    """What stands beside a mark, and where it begins: where it fits, and neither the line nor the mark crosses it."""
    for text in (number + odd, number):
        width = text_width(text)
        for start in (at + 8, at - 8 - width, line + 6, line - 6 - width):
            crossed = start - 3 < line < start + width + 3 or start - 6 < at < start + width + 6
            if 0 <= start <= INSIDE - width and not crossed:
                return text, start
    return number, at + 8 if at < INSIDE / 2 else at - 8 - text_width(number)


def _worth(panel: Any, worth: Sequence[tuple[str, Chance]]) -> None:
    """For each number a line that says which it is, and its bar below: however long that is, nothing is cut."""
    panel.set_title("chance that a number of as many digits has such a rule")
    for place, (text, one) in enumerate(worth):
        percent = 100 * (one.chance or 0.0)
        odd = f"up to {counted(one.departures, 'departure', 'departures')}" if one.departures else "no departure"
        odd = f"{odd}, or {ANY_SIZES}" if one.any_size else odd
        panel.barh(place + 0.24, percent, height=0.3, color=CURVES[2])
        chance = f", {odd}: {format_number(percent, 2)} %"
        panel.annotate(
            fitted(text, INSIDE - text_width(chance)) + chance, (0, place - 0.24), (4, 0), textcoords="offset points",
            va="center", fontsize=11, annotation_clip=False,
        )  # fmt: skip
    panel.set_xlim(0, 100)
    panel.set_ylim(len(worth) - 0.5, -0.5)
    panel.set_xlabel("%")
    panel.set_yticks([])
    panel.grid(False)
