"""Marks of every picture: names and numbers beside what is drawn, and where they go if they would meet."""

from __future__ import annotations

from typing import Any

LABEL = 14.0
"""How far apart labels stand."""


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
