"""Curves as characters: a mark of its own for each, told apart without any colour, in a given number of columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from wce_cli.digits import format_number
from wce_cli.formats.look import Look
from wce_cli.formats.picture.scale import can_be_drawn

MARKS = "●○▲△■□"
ASCII_MARKS = "*o#x+@"
WIDEST = 76
"""Columns of a picture, labels included, where there is room."""
NARROWEST = 30
HEIGHT = 12
SEVERAL = "◆", "%"
"""Where curves fall together."""


class DrawnCurve(Struct, frozen=True):
    """One curve; what has no place on an axis is left out."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def plotted(lines: Sequence[DrawnCurve], look: Look, height: int = HEIGHT) -> list[str]:
    """The curves as lines of text, the ends of both axes and a mark for each name; nothing if none can be drawn."""
    points = [(x, y) for line in lines for x, y in zip(line.x, line.y, strict=True) if can_be_drawn(y)]
    if not points or not all(map(can_be_drawn, lines[0].x)):
        return []
    low, high = min(y for _, y in points), max(y for _, y in points)
    if low == high:  # a flat line in the middle
        low, high = low - (abs(low) or 1.0), high + (abs(high) or 1.0)
    labels = [format_number(value, min(4, look.digits)) for value in (high, (low + high) / 2, low)]
    margin = max(map(len, labels))
    columns = max(NARROWEST, min(look.width or WIDEST, WIDEST)) - margin - 2
    left, right = min(lines[0].x), max(lines[0].x)
    marks = (ASCII_MARKS if look.ascii else MARKS)[: len(lines)]
    several = SEVERAL[1 if look.ascii else 0]
    cells = [[" "] * columns for _ in range(height)]
    for line, mark in zip(lines, marks, strict=False):
        for column, y in _sampled(line, left, right, columns):
            row = round((high - y) / (high - low) * (height - 1))
            cells[row][column] = mark if cells[row][column] in (" ", mark) else several
    bar, corner, rule = ("|", "+", "-") if look.ascii else ("│", "└", "─")
    at = {0: labels[0], height // 2: labels[1], height - 1: labels[2]}
    if height % 2 == 0:  # no row is the middle
        del at[height // 2]
    drawn = [f"{at.get(row, ''):>{margin}} {bar}{''.join(one).rstrip()}" for row, one in enumerate(cells)]
    ends = [format_number(end, min(4, look.digits)) for end in (left, right)]
    drawn.append(" " * (margin + 1) + corner + rule * columns)
    drawn.append(" " * (margin + 2) + ends[0] + ends[1].rjust(columns - len(ends[0])))
    for line, mark in zip(lines, marks, strict=False):
        drawn.append(" " * (margin + 2) + f"{mark} {line.name}{_nowhere(line.y)}")
    if any(several in "".join(row) for row in cells):
        drawn.append(" " * (margin + 2) + f"{several} several")
    return [text.rstrip() for text in drawn]


def _nowhere(y: Sequence[float]) -> str:
    """Why a curve is not seen."""
    if any(map(can_be_drawn, y)):
        return ""
    return ", too large to be drawn" if any(map(math.isfinite, y)) else ", nowhere a finite number"


def _sampled(line: DrawnCurve, left: float, right: float, columns: int) -> list[tuple[int, float]]:
    """The height of a curve in each column, between its points on a straight line."""
    order = sorted(range(len(line.x)), key=lambda k: line.x[k])
    points = [(line.x[k], line.y[k]) for k in order if can_be_drawn(line.y[k])]
    found = []
    k = 0
    for column in range(columns):
        x = left + (right - left) * column / max(columns - 1, 1)
        while k + 1 < len(points) and points[k + 1][0] < x:
            k += 1
        if not points or x < points[0][0] - 1e-9 * abs(right - left) or x > points[-1][0] + 1e-9 * abs(right - left):
            continue
        if len(points) == 1 or k + 1 == len(points):
            found.append((column, points[k][1]))
            continue
        (x0, y0), (x1, y1) = points[k], points[k + 1]
        part = 0.0 if x1 == x0 else min(max((x - x0) / (x1 - x0), 0.0), 1.0)
        found.append((column, y0 + part * (y1 - y0)))
    return found
