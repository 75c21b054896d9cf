"""Matplotlib → one SVG that is legible in light and dark: its colours are CSS variables, its text is text.

Everything is drawn in columns of WIDTH units and scaled, so one drawing serves a narrow and a wide page. Matplotlib is
loaded on use; of it the figure and the SVG writer alone, no window toolkit and no state.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError
from wce_cli.formats.picture.scale import axis_numbers, few
from wce_cli.formats.picture.text import fitted, text_width
from wce_cli.literal import literal
from wce_cli.surroundings import PICTURES, has_room

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 420
EDGE, TITLE = 12, 12.0
"""Units: where the numbers below begin, and the size of a title."""
TICK, APART, LINE = 11.0, 10.0, 14.0
"""Units: the size of what stands beside an axis, how far from it that ends, and from one line to the next."""
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

    `top` is what stands above the first one, with its title, `gap` between two, `bottom` what stands below the last,
    `pad` what is left between a panel and its title, `notes` lines below all. Left of a panel is room for what stands
    beside its axis, `left` at least; right of it for what the caller draws.
    """

    def __init__(
        self,
        heights: list[float],
        left: float = 20,
        right: float = 20,
        top: float = 34,
        gap: float = 58,
        bottom: float = 40,
        pad: float = 6,
        notes: Sequence[str] = (),
    ) -> None:
        figure_of, self._context = _matplotlib()
        self._gap, self._top, self._bottom, self._pad = gap, top, bottom + LINE * len(notes), pad
        self._notes = notes
        self.height = self._top + sum(heights) + self._gap * (len(heights) - 1) + self._bottom
        self._heights, self._left, self._right, self._figure_of = heights, left, right, figure_of

    def __enter__(self) -> Drawing:
        self._settings = self._context()
        self._settings.__enter__()
        self.figure: Figure = self._figure_of(figsize=(WIDTH / 72, self.height / 72), dpi=72)
        self.figure.patch.set_alpha(0)
        self.panels: list[Axes] = [_plain(self.figure.add_axes((0, 0, 1, 1))) for _ in self._heights]
        self._place(self._left)
        return self

    def __exit__(self, *raised: object) -> None:
        self._settings.__exit__(None, None, None)

    def _place(self, left: float) -> None:
        """Set the panels below each other, from `left` to the room at their right."""
        top = self.height - self._top
        for panel, height in zip(self.panels, self._heights, strict=True):
            wide = WIDTH - left - self._right
            panel.set_position((left / WIDTH, (top - height) / self.height, wide / WIDTH, height / self.height))
            top -= height + self._gap

    def drawn(self, title: str) -> Drawn:
        """What was drawn; `title` says what is seen."""
        for panel, height in zip(self.panels, self._heights, strict=True):
            _number(panel.yaxis, 2 * height)
        left = max(self._left, *map(_beside, self.panels))
        if left > self._left:
            self._place(left)
        for panel in self.panels:
            _number(panel.xaxis, WIDTH - left - self._right)
            box, text = panel.get_position(), panel.get_title(loc="left")
            at, room = box.x0 * WIDTH, WIDTH - EDGE
            if at + text_width(text, TITLE) > room:  # a long title begins at the edge
                at = EDGE
            text = fitted(text, room - at, TITLE)
            panel.set_title(text, loc="left", x=(at / WIDTH - box.x0) / box.width, pad=self._pad)
        for k, note in enumerate(reversed(self._notes)):
            self.figure.text(EDGE / WIDTH, (6 + LINE * k) / self.height, note, fontsize=TICK)
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
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="wce-drawing" '
            f'viewBox="0 0 {WIDTH} {self.height:g}" role="img" aria-label="{_attribute(title)}" '
            f'font-family="{FONT}">{body.strip()}\n</svg>'
        )
        return Drawn(svg, self.height)


def _number(axis: Axis, length: float) -> None:
    """Let an axis that nobody gave numbers of its own have a few, written as the tables write them."""
    from matplotlib.ticker import AutoLocator, ScalarFormatter

    if isinstance(axis.get_major_locator(), AutoLocator):
        axis.set_major_locator(few(length))
    if isinstance(axis.get_major_formatter(), ScalarFormatter):
        axis.set_major_formatter(axis_numbers())


def _beside(panel: Axes) -> float:
    """Units that the names or numbers left of a panel take."""
    low, high = sorted(panel.get_ylim())
    ticks = [float(tick) for tick in panel.get_yticks()]
    texts = panel.yaxis.get_major_formatter().format_ticks(ticks)
    seen = [text for tick, text in zip(ticks, texts, strict=True) if low <= tick <= high]
    return EDGE + APART + max((text_width(text, TICK) for text in seen), default=-APART)


def _attribute(text: str) -> str:
    return literal(text).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _matplotlib() -> tuple[Any, Callable[[], Any]]:
    """The class of figures, and what the SVG writer is told: text as text, the same ids in every run."""
    if not has_room(PICTURES):
        raise MemoryError
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
        "axes.titlesize": TITLE,
        "axes.titlelocation": "left",
        "xtick.labelsize": TICK,
        "ytick.labelsize": TICK,
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
