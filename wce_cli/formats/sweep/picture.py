"""The curves of `sweep`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wce_cli.answers.sweep import Sweep, axis_name
from wce_cli.digits import format_number
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import CURVES, DASHES, EDGE, FAINT, INK, WIDTH, Drawing, Drawn
from wce_cli.formats.picture.labels import LABEL, above, apart, beside, room
from wce_cli.formats.picture.scale import OFF, can_be_drawn, parted
from wce_cli.formats.picture.text import wrapped
from wce_cli.formats.sweep.blocks import drawn_rows

HEIGHT = 250.0


def picture(answer: Sweep, look: Look) -> Drawn | None:
    """The curves, named where they end; where they meet, and where the batch itself stands."""
    if not all(map(can_be_drawn, answer.places)):
        return None
    order = sorted(range(len(answer.places)), key=lambda k: answer.places[k])
    x = [answer.places[k] for k in order]
    curves = [
        (row.pair, [row.values[k] if can_be_drawn(row.values[k]) else math.nan for k in order])
        for row in drawn_rows(answer, look)
    ]
    drawn, off = parted(curves)
    notes = wrapped(", ".join(f"{pair} {_ends(y, look)}" for pair, y in off) + OFF, WIDTH - 2 * EDGE) if off else []
    right = room(pair for pair, _ in drawn)
    with Drawing([HEIGHT], right=right, top=52, pad=22, notes=notes) as drawing:
        (panel,) = drawing.panels
        name = axis_name(answer.axis)
        panel.set_title(look.message(name[0].upper() + name[1:]))
        for position, (_, y) in enumerate(drawn):
            marker = "o" if len(x) == 1 else None
            panel.plot(x, y, linewidth=2, marker=marker, color=CURVES[position], linestyle=DASHES[position])
        low, high = min(x), max(x)
        if low < high:
            panel.set_xlim(low, high)
        panel.margins(y=0.08)
        _name_ends(panel, drawn)
        pairs = {pair for pair, _ in drawn}
        for one in answer.crossings:
            if {one.one, one.other} <= pairs and can_be_drawn(one.place) and can_be_drawn(one.value):
                panel.plot([one.place], [one.value], marker="o", markersize=6, markerfacecolor="none", color=INK)
        if low <= answer.axis.given <= high:
            panel.axvline(answer.axis.given, color=FAINT, linewidth=1, linestyle=(0, (1, 2)))
            above(panel, f"the batch: {format_number(answer.axis.given, look.digits)}", answer.axis.given)
        axis = {"class": "weight", "smoothing": "label smoothing ε", "scale": "scale"}[answer.axis.kind]
        panel.set_xlabel(axis)
        return drawing.drawn(f"{axis_name(answer.axis)}: {', '.join(pair for pair, _ in curves)}")


def _name_ends(panel: Any, drawn: Sequence[tuple[str, Sequence[float]]]) -> None:
    """Each name right of where its curve ends, or as near as the others let it."""
    ends = [(k, pair, last) for k, (pair, y) in enumerate(drawn) for last in _finite(y)[-1:]]
    bottom, top = panel.get_ylim()
    heights = apart([last for *_, last in ends], LABEL * (top - bottom) / HEIGHT, top)
    for (k, pair, _), height in zip(ends, heights, strict=True):
        beside(panel, pair, height, CURVES[k])


def _finite(y: Sequence[float]) -> list[float]:
    return [value for value in y if not math.isnan(value)]


def _ends(y: Sequence[float], look: Look) -> str:
    """`12.3 to 45.6`"""
    low, high = (format_number(end(_finite(y)), look.digits) for end in (min, max))
    return low if low == high else f"{low} to {high}"
