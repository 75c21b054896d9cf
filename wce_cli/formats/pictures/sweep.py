"""The curves of `sweep`."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wce_cli.digits import format_number
from wce_cli.formats.blocks import Block
from wce_cli.formats.look import Look
from wce_cli.formats.pictures.figure import CURVES, DASHES, FAINT, INK, Drawing, Drawn
from wce_cli.formats.pictures.marks import LABEL, apart
from wce_cli.formats.pictures.page import Page
from wce_cli.formats.sweep import answer_blocks, drawn_rows
from wce_cli.questions.sweep.answer import Sweep, axis_name


def picture(answer: Sweep, look: Look) -> Drawn:
    """The curves, named where they end; where they meet, and where the batch itself stands."""
    rows = drawn_rows(answer, look)
    height = 250.0
    names = max((len(row.pair) for row in rows), default=0)
    with Drawing([height], left=58, right=16 + 6.6 * names) as drawing:
        (panel,) = drawing.panels
        name = axis_name(answer.axis)
        panel.set_title(look.message(name[0].upper() + name[1:]), loc="left")
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
        return drawing.drawn(f"{axis_name(answer.axis)}: {', '.join(row.pair for row in rows)}")


def _blocks(answer: Sweep, look: Look, titled: bool) -> Iterator[Block]:
    """Without the picture that a terminal is drawn."""
    return (block for block in answer_blocks(answer, look, titled) if block.kind != "code")


PAGE = Page.of_blocks("sweep", picture, _blocks)
to_svg, to_html, fragment = PAGE.to_svg, PAGE.to_html, PAGE.fragment
