"""Marks of every picture: names and numbers beside what is drawn, and where they go if they would meet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from wce_cli.formats.cells import class_cell
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import CURVES, FAINT
from wce_cli.formats.picture.text import fitted_name, text_width

NAME, ROOM = 18, 130.0
"""Characters of a name in front of its bar, and the units that it takes, at most."""
LABEL = 14.0
"""How far apart labels stand."""


def class_name(index: int, name: str | None, look: Look) -> str:
    """A class in front of its bar."""
    return fitted_name(lambda width: class_cell(index, name, look, width), NAME, ROOM)


def room(texts: Iterable[str], least: float = 34) -> float:
    """Units right of a panel in which the longest of these texts stands, or half a number of its axis."""
    return max(least, 12 + max(map(text_width, texts), default=0))


def of_all(shown: int, count: int) -> str:
    """What a title adds where not all are drawn."""
    return "" if shown == count else f", the {shown} largest of {count}"


def at_bar(panel: Any, x: float, y: float, text: str) -> None:
    """A number right of a bar's end."""
    panel.annotate(
        text, (max(x, 0.0), y), (5, 0), textcoords="offset points", va="center", fontsize=11, annotation_clip=False
    )


def beside(panel: Any, text: str, height: float, colour: str) -> None:
    """A name right of the panel, at a height of its data."""
    panel.annotate(
        text, (1, height), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
        color=colour, fontsize=11, annotation_clip=False,
    )  # fmt: skip


def above(panel: Any, text: str, x: float) -> None:
    """What a place of the x axis is, above the panel, where no curve is."""
    low, high = panel.get_xlim()
    side = "left" if x < low + 0.25 * (high - low) else "right" if x > high - 0.25 * (high - low) else "center"
    panel.annotate(
        text, (x, 1), (0, 4), xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom", ha=side,
        color=FAINT, fontsize=11, annotation_clip=False,
    )  # fmt: skip


def shares(series: Sequence[tuple[str, Sequence[float | None]]]) -> list[str]:
    """What stands beside the bars of such groups."""
    return [_share(share, said) for said, some in series for share in some if share is not None]


def _share(share: float, said: str) -> str:
    return f"{100 * share:.1f} % {said}"


def grouped_bars(panel: Any, names: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]) -> None:
    """Shares in percent: for each name a bar of each series, and the share beside it."""
    step = 0.8 / len(series)
    for k in range(len(names)):
        for position, (said, some) in enumerate(series):
            share, place = some[k], k + (position - (len(series) - 1) / 2) * step
            if share is not None:
                panel.barh(place, 100 * share, height=0.9 * step, color=CURVES[position])
                at_bar(panel, 100 * share, place, _share(share, said))
    panel.set_yticks(range(len(names)), names)
    panel.set_xlabel("%")
    bar_axis(panel, [100 * share for _, some in series for share in some if share is not None])


def bar_axis(panel: Any, values: Iterable[float]) -> None:
    """From zero to the longest bar, from top to bottom; no lines, for every bar has its number."""
    ends = [0.0, *values]
    low, high = min(ends), max(ends)
    panel.set_xlim(low, high if high > low else low + 1)
    panel.invert_yaxis()
    panel.grid(False)


def apart(heights: list[float], least: float, high: float = math.inf) -> list[float]:
    """Heights of labels, moved so far that no two are nearer than `least` and none is above `high`, in their order."""
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    moved = [heights[k] for k in order]
    for _ in range(100):
        near = False
        for k in range(1, len(moved)):
            lack = least - (moved[k] - moved[k - 1])
            if lack > 1e-9:
                near = True
                moved[k - 1] -= lack / 2
                moved[k] += lack / 2
        if not near:
            break
    for k in reversed(range(len(moved))):
        moved[k], high = min(moved[k], high), min(moved[k], high) - least
    found = [0.0] * len(heights)
    for k, height in zip(order, moved, strict=True):
        found[k] = height
    return found
