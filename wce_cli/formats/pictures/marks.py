"""Marks of every picture: names and numbers beside what is drawn, and where they go if they would meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wce_cli.formats.pictures.figure import CURVES

NAME = 18
"""Characters of a name in front of its bar."""
LABEL = 14.0
"""How far apart labels stand."""


def room(names: Iterable[str]) -> float:
    """Units that names in front of their bars take."""
    return 16 + 6.6 * max(map(len, names), default=0)


def of_all(shown: int, count: int) -> str:
    """What a title adds where not all are drawn."""
    return "" if shown == count else f", the {shown} largest of {count}"


def at_bar(panel: Any, x: float, y: float, text: str) -> None:
    """A number right of a bar's end."""
    panel.annotate(
        text, (max(x, 0.0), y), (4, 0), textcoords="offset points", va="center", fontsize=11, annotation_clip=False
    )


def beside(panel: Any, text: str, height: float, colour: str) -> None:
    """A name right of the panel, at a height of its data."""
    panel.annotate(
        text, (1, height), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
        color=colour, fontsize=11, annotation_clip=False,
    )  # fmt: skip


def grouped_bars(panel: Any, names: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]) -> None:
    """Shares in percent: for each name a bar of each series, and the share beside it."""
    step = 0.8 / len(series)
    for k in range(len(names)):
        for position, (said, shares) in enumerate(series):
            share, place = shares[k], k + (position - (len(series) - 1) / 2) * step
            if share is not None:
                panel.barh(place, 100 * share, height=0.9 * step, color=CURVES[position])
                at_bar(panel, 100 * share, place, f"{100 * share:.1f} % {said}")
    panel.set_yticks(range(len(names)), names)
    panel.set_xlabel("%")
    panel.invert_yaxis()
    panel.grid(False, axis="y")


def whole() -> Any:
    """Marks of an axis that counts."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def apart(heights: list[float], least: float) -> list[float]:
    """Heights of labels, moved so far that no two are nearer than `least`, in their order."""
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
    found = [0.0] * len(heights)
    for k, height in zip(order, moved, strict=True):
        found[k] = height
    return found
