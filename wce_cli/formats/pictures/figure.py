"""Matplotlib → one SVG that is legible in light and dark: its colours are CSS variables, its text is text.

Everything is drawn in columns of WIDTH units and scaled, so one drawing serves a narrow and a wide page. Matplotlib is
loaded on use; of it the figure and the SVG writer alone, no window toolkit and no state.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError
from wce_cli.literal import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 420
EDGE, CHARACTER = 12, 6.9
"""Units: where the numbers below begin, and what a character of a title takes."""
MISSING = Problem("pictures need matplotlib, which is not installed", "pip install 'wce-cli[plot]'")
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

INK, FAINT, GRID = "#010101", "#020202", "#030303"
CURVES = ("#0a0001", "#0a0002", "#0a0003", "#0a0004", "#0a0005", "#0a0006")
"""Stand for colours while matplotlib draws; the style below says what they are."""
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 2)), (0, (8, 2, 2, 2)), (0, (4, 1, 1, 1)), (0, (1, 1)))
"""A curve is told by its dashes where colours are not seen."""

_NAMES = {INK: "ink", FAINT: "faint", GRID: "grid"} | {code: f"c{k}" for k, code in enumerate(CURVES)}
_LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1b1b",
    "faint": "#5f6368",
    "grid": "#d9dce0",
    "c0": "#0072b2",
    "c1": "#c04a00",
    "c2": "#007a5a",
    "c3": "#9c3f88",
    "c4": "#7a6000",
    "c5": "#3d6f9a",
}
_DARK = {
    "paper": "#15171a",
    "ink": "#ececec",
    "faint": "#a8adb3",
    "grid": "#3b4046",
    "c0": "#56b4e9",
    "c1": "#ff9a5c",
    "c2": "#2fd0a0",
    "c3": "#e79fc6",
    "c4": "#f0d060",
    "c5": "#9fc9e8",
}
HALO = "paint-order: stroke; stroke: var(--wce-paper); stroke-width: 3.5px; stroke-linejoin: round; "


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--wce-{name}:{colour};" for name, colour in colours.items())


STYLE = (
    f".wce-figure{{{_variables(_LIGHT)}background:var(--wce-paper);color:var(--wce-ink)}}"
    f"@media (prefers-color-scheme:dark){{.wce-figure{{{_variables(_DARK)}}}}}"
)
"""What the colours are: two palettes after Okabe and Ito, each of 4.5 : 1 or more against its paper."""


class Drawn(Struct, frozen=True):
    """A picture as an element that stands in a page or in another SVG."""

    svg: str
    height: float
    """In units, of which it is WIDTH wide."""


class Drawing:
    """A figure of some panels below each other, `heights` units high each; to be drawn on within `with`.

    `top` is what stands above the first one, with its title, `bottom` what stands below the last.
    """

    def __init__(
        self, heights: list[float], left: float = 60, right: float = 20, top: float = 34, bottom: float = 40
    ) -> None:
        figure_of, self._context = _matplotlib()
        self._gap, self._top, self._bottom = 58.0, top, bottom
        self.height = self._top + sum(heights) + self._gap * (len(heights) - 1) + self._bottom
        self._heights, self._left, self._right, self._figure_of = heights, left, right, figure_of

    def __enter__(self) -> Drawing:
        self._settings = self._context()
        self._settings.__enter__()
        self.figure: Figure = self._figure_of(figsize=(WIDTH / 72, self.height / 72), dpi=72)
        self.figure.patch.set_alpha(0)
        self.panels: list[Axes] = []
        left, wide, top = self._left / WIDTH, (WIDTH - self._left - self._right) / WIDTH, self.height - self._top
        for height in self._heights:
            box = (left, (top - height) / self.height, wide, height / self.height)
            self.panels.append(_plain(self.figure.add_axes(box)))
            top -= height + self._gap
        return self

    def __exit__(self, *raised: object) -> None:
        self._settings.__exit__(None, None, None)

    def drawn(self, title: str, halo: bool = False) -> Drawn:
        """What was drawn; `title` says what is seen. `halo`: text stands on lines, and is rimmed with paper."""
        for panel in self.panels:
            box, text = panel.get_position(), panel.get_title(loc="left")
            if box.x0 * WIDTH + CHARACTER * len(text) > WIDTH:  # a long title begins at the edge
                panel.set_title(text, loc="left", x=(EDGE / WIDTH - box.x0) / box.width)
        out = io.StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a glyph that matplotlib's own font lacks: the reader's has it
            self.figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        text = out.getvalue()
        body = text[text.index("<svg") :]
        body = body[body.index(">") + 1 : body.rindex("</svg>")]
        body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
        body = re.sub("|".join(_NAMES), lambda match: f"var(--wce-{_NAMES[match[0]]})", body)
        body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
        body = re.sub(r"font-family: [^;\"]*;?", "", body)
        if halo:
            body = body.replace('<text style="', f'<text style="{HALO}')
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="wce-drawing" '
            f'viewBox="0 0 {WIDTH} {self.height:g}" role="img" aria-label="{_attribute(title)}" '
            f'font-family="{FONT}">{body.strip()}\n</svg>'
        )
        return Drawn(svg, self.height)


def _attribute(text: str) -> str:
    return literal(text).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _matplotlib() -> tuple[Any, Callable[[], Any]]:
    """The class of figures, and what the SVG writer is told: text as text, the same ids in every run."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise WceError(MISSING) from error
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "wce",
        "text.parse_math": False,
        "font.size": 12.0,
        "font.family": "DejaVu Sans",
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "text.color": INK,
        "axes.linewidth": 0.8,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "axes.titlesize": 12.0,
        "axes.titlelocation": "left",
        "xtick.labelsize": 11.0,
        "ytick.labelsize": 11.0,
        "axes.unicode_minus": True,
    }
    return Figure, lambda: matplotlib.rc_context(settings)


def _plain(panel: Axes) -> Axes:
    """Axes without a box around them, on a faint grid."""
    panel.patch.set_alpha(0)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    panel.grid(True)
    panel.set_axisbelow(True)
    return panel
