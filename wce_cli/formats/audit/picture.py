"""The picture of `audit`: the function among the methods, where its numbers end, and all that was looked at."""

from __future__ import annotations

from wce_cli.answers.audit import Audit, verdict
from wce_cli.formats.audit.panels import LEFT, limits_panel, methods_panel, rows_panel
from wce_cli.formats.audit.words import expectation
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import EDGE, WIDTH, Drawing, Drawn
from wce_cli.formats.picture.text import wrapped

HEADLINE, LINE = 13.0, 16.0
"""Units of the size, and of a line, of what stands above all."""


def picture(answer: Audit, look: Look) -> Drawn | None:
    """On one batch the number of the function beside that of every method; then how far scores may go, and a mark for
    each thing that was looked at. None where it gave no answer."""
    if not answer.is_answered:
        return None
    asked = (methods_panel(answer, look), limits_panel(answer.limits, look), rows_panel(answer.rows, look))
    panels = [panel for panel in asked if panel is not None]
    if not panels:
        return None
    headline = wrapped(_headline(answer, look), WIDTH - 2 * EDGE, HEADLINE)
    heights = [panel.height for panel in panels]
    right = max(panel.right for panel in panels)
    with Drawing(heights, left=LEFT, right=right, top=40 + LINE * len(headline), bottom=16) as drawing:
        for k, text in enumerate(headline):
            drawing.figure.text(
                EDGE / WIDTH, 1 - (18 + LINE * k) / drawing.height, text, fontsize=HEADLINE, va="center"
            )
        for panel, axes in zip(panels, drawing.panels, strict=True):
            panel.draw(axes)
        return drawing.drawn(look.message(f"{answer.target} {verdict(answer)}"))


def _headline(answer: Audit, look: Look) -> str:
    name = look.name(answer.target.rpartition(":")[2] or answer.target, 40)
    if answer.is_expected is False:
        return f"{name}: {look.message(expectation(answer))}"
    return f"{name} {look.message(verdict(answer))}{', as expected' * (answer.is_expected is True)}"
