"""What the loss pulls at, by sample and by class: `wce gradient`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wce_cli.answers.gradient import Gradients, SampleGradient
from wce_cli.formats.cells import weight_letters
from wce_cli.formats.gradient.blocks import shown_rows
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import CURVES, EDGE, WIDTH, Drawing, Drawn
from wce_cli.formats.picture.labels import LABEL, ROOM, apart, beside, class_name, grouped_bars, of_all, room, shares
from wce_cli.formats.picture.scale import OFF, can_be_drawn, parted, whole
from wce_cli.formats.picture.text import text_width, wrapped
from wce_cli.loss.methods import MEANS

SAMPLES = 60
"""Samples that are drawn, the first; the classes speak for all of them."""
CLASSES = 8
SHAPES = (("●", "o"), ("■", "s"), ("▲", "^"), ("◆", "D"), ("▼", "v"), ("★", "*"))
"""A series is told by its mark where colours are not seen."""
HEIGHT, MARK = 170.0, 3.0
"""Units: of a panel, and of half a mark."""


def picture(answer: Gradients, look: Look) -> Drawn | None:
    """What each sample's gradient is multiplied by; below, each class's share of the loss and of the gradient."""
    samples = answer.samples[: min(SAMPLES, SAMPLES if look.rows is None else look.rows)]
    series, title = _series(answer, samples, look)
    every = [row for row in answer.classes if row.share is not None and can_be_drawn(row.share)]
    classes = sorted(every, key=lambda row: -(row.share or 0.0))[:CLASSES]
    names = [class_name(row.index, row.name, look) for row in classes]
    if not series and not classes:
        return None
    series, off = parted(series)
    of_classes = [
        ("of the loss", [row.loss_share for row in classes]),
        ("of the gradient", [row.share for row in classes]),
        ("without weights", [row.unweighted_share for row in classes]),
    ]
    heights = ([HEIGHT] if series else []) + ([48.0 * len(classes)] if classes else [])
    signs = [f"{sign} {name}" for (sign, _), (name, _) in zip(SHAPES, series, strict=False)]
    right = room([*signs, *shares(of_classes)])
    notes = wrapped(", ".join(name for name, _ in off) + OFF, WIDTH - 2 * EDGE) if off else []
    with Drawing(heights, right=right, notes=notes) as drawing:
        if series:
            _points(drawing.panels[0], samples, series, WIDTH - right - ROOM)
            drawing.panels[0].set_title(title)
        if classes:
            panel = drawing.panels[-1]
            panel.set_title(f"share of each class{of_all(len(classes), len(every))}")
            grouped_bars(panel, names, of_classes)
        return drawing.drawn(f"{title}; and what each class has of the loss and of the gradient")


def _series(
    answer: Gradients, samples: Sequence[SampleGradient], look: Look
) -> tuple[list[tuple[str, list[float]]], str]:
    """Names and numbers to draw: factors w / D, or where class placement has none, the cosine of each sample."""
    if not samples:
        return [], "shares"
    rows = [row for row in shown_rows(answer, look) if look.methods is not None or row.method in MEANS]
    found = []
    for row in rows:
        factors = [answer.factor(one, row) for one in samples]
        if all(factor is not None for factor in factors):
            found.append((row.pair, [math.nan if factor is None else factor for factor in factors]))
    if any(row.kind == "class" and answer.factor(one, row) is None for row in rows for one in samples):
        cosines = [one.pulls["class"].cosine for one in samples]
        return [("class", [math.nan if one is None else one for one in cosines])], (
            "cosine with the unweighted gradient, by sample"
        )
    return found[: len(SHAPES)], f"what each sample's gradient is multiplied by: {weight_letters(answer.batch)} / D"


def _points(
    panel: Any, samples: Sequence[SampleGradient], series: Sequence[tuple[str, list[float]]], width: float
) -> None:
    """A column of marks for each sample; each series named at the right, beside its last mark."""
    places = range(len(samples))
    ends = []
    for position, (name, values) in enumerate(series):
        sign, marker = SHAPES[position]
        finite = [value if can_be_drawn(value) else math.nan for value in values]
        beside_others = [place + 0.16 * (position - (len(series) - 1) / 2) for place in places]
        panel.plot(beside_others, finite, linestyle="none", marker=marker, markersize=2 * MARK, color=CURVES[position])
        last = next((value for value in reversed(finite) if not math.isnan(value)), None)
        if last is not None:
            ends.append((f"{sign} {name}", last, CURVES[position]))
    panel.margins(y=0.12)
    bottom, top = panel.get_ylim()
    for (name, _, colour), height in zip(
        ends, apart([end for _, end, _ in ends], LABEL * (top - bottom) / HEIGHT, top), strict=True
    ):
        beside(panel, name, height, colour)
    margin = 0.5 + MARK * len(samples) / width  # a mark is as wide however close the samples are
    panel.set_xlim(-margin, len(samples) - 1 + margin)
    names = [",".join(map(str, one.index)) for one in samples]
    if max(map(text_width, names)) + 6 <= width / len(names):
        panel.set_xticks(places, names)
        panel.set_xlabel("sample")
    else:
        panel.xaxis.set_major_locator(whole(width))
        panel.set_xlabel("kept sample")
    panel.grid(False, axis="x")
