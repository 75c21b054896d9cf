"""The three panels of the picture of `audit`; nothing is told by colour alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.answers.audit import Audit, Compared, Limit, Row
from wce_cli.answers.audit_numbers import ENOUGH, groups, what_ends
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.audit.blocks import MARKS
from wce_cli.formats.look import Look
from wce_cli.formats.picture.drawing import CURVES, EDGE, FAINT, INK, WIDTH
from wce_cli.formats.picture.labels import at_bar, room
from wce_cli.formats.picture.scale import axis_numbers, can_be_drawn
from wce_cli.formats.picture.text import fitted, text_width, wrapped
from wce_cli.literal import literal

LEFT = 148.0
LINE, BAR, MARK = 14.0, 16.0, 17.0
"""Units of a line of words, of a bar, and of a mark with its name."""
NAME = LEFT - EDGE
"""Units of a line left of a panel."""
ROW_NAME = (WIDTH - 2 * EDGE) / 3 - 20
"""Units of the name of something that was looked at."""
AXES, SHORTEST = WIDTH - LEFT - 12, 90.0
"""Units of a panel with what stands right of it, and of a panel at least."""
MOST = 1e6
"""The largest score that is tried."""
COLUMNS = 3
"""Of what was looked at."""
VERDICTS = {"ok": ("o", CURVES[2]), "note": ("^", CURVES[0]), "wrong": ("X", CURVES[1])}
"""By verdict: its shape, and its colour."""
NO_LIMIT = "no limit"
FLOATS = ("float64", "float32", "bfloat16", "float16")


class Panel(Struct, frozen=True):
    """What is drawn on one pair of axes, and how high that is."""

    height: float
    draw: Callable[[Any], None]
    right: float = 20.0
    """Units of what stands right of it."""


class PanelLine(Struct, frozen=True):
    """One number: what it is, its mark, and the words that stand for it where it is none."""

    words: tuple[str, ...]
    value: float | None
    shape: str
    colour: str
    is_own: bool = True
    """Whether it is of the function, of its rule, or of what it should be."""
    said: str = ""

    @property
    def height(self) -> float:
        """In units."""
        return LINE * len(self.words) + 6


def methods_panel(answer: Audit, look: Look) -> Panel | None:
    """The function and every method on one batch; None where there is no such batch."""
    compared = answer.compared
    if compared is None:
        return None
    lines = _lines(answer, compared, look)
    title = f"the loss of {counted(len(compared.probe['labels']), 'sample', 'samples')} (below)"
    texts = [_said(line, look) for line in lines]
    return Panel(sum(line.height for line in lines), lambda axes: _draw_lines(axes, title, lines, texts), room(texts))


def _said(line: PanelLine, look: Look) -> str:
    """The value in the digits of the table, or what there is instead."""
    if line.value is not None and math.isfinite(line.value):
        return format_number(line.value, look.digits)
    return line.said or ("an error" if line.value is None else format_number(line.value))


def _lines(answer: Audit, compared: Compared, look: Look) -> list[PanelLine]:
    """The function, its rule and what it should be, then the other methods; those that give the same are one."""
    own = answer.own
    assert own is not None
    role = "(what it computes)" if own.is_followed else "(the nearest)"
    wanted = (answer.expected or "").removesuffix("/class")
    function = PanelLine(("this function",), compared.got, "D", INK, said=_short(compared.said))
    rule: list[PanelLine] = []
    expected: list[PanelLine] = []
    others: list[PanelLine] = []
    if own.title and own.title not in {one.pair for one in compared.methods}:
        words = ["the rule above"] if own.is_followed else wrapped(look.message(own.title), NAME)
        rule = [PanelLine((*words, role), compared.rule, "o", CURVES[2])]
    for group in groups([one.value for one in compared.methods]):
        pairs, value = [compared.methods[k].pair for k in group], compared.methods[group[0]].value
        names, also = wrapped(", ".join(pairs), NAME), ["(expected)"] * (wanted in pairs)
        if own.title in pairs:
            rule = [PanelLine((*names, role, *also), value, "o", CURVES[2])]
        elif also:
            expected = [PanelLine((*names, *also), value, "s", CURVES[1])]
        else:
            others.append(PanelLine(tuple(names), value, "o", CURVES[0], is_own=False))
    return [function, *rule, *expected, *others]


def _short(said: str) -> str:
    """An error by its name alone."""
    return literal(said.partition(":")[0])[:24]


def _draw_lines(axes: Any, title: str, lines: Sequence[PanelLine], texts: Sequence[str]) -> None:
    """A mark for each number, on one axis; that of the function, which is the first, goes through all of them."""
    axes.set_title(title)
    numbers = []
    y = 0.0
    for line, said in zip(lines, texts, strict=True):
        colour, middle = line.colour if line.is_own else INK, y + line.height / 2
        for k, words in enumerate(line.words):
            _beside(axes, 0, -8, y + 3 + LINE * (k + 0.5), words, "right", colour)
        y += line.height
        _beside(axes, 1, 8, middle, said, "left", colour)
        if line.value is None or not can_be_drawn(line.value):
            continue
        numbers.append(line.value)
        axes.plot(
            [line.value], [middle], marker=line.shape, markersize=8, markeredgewidth=1.6, color=line.colour,
            markerfacecolor=line.colour if line.is_own else "none", linestyle="none", clip_on=False,
        )  # fmt: skip
    if numbers and numbers[0] == lines[0].value:
        axes.axvline(numbers[0], color=INK, linewidth=1.2, zorder=0.9)
    axes.set_ylim(y, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if numbers:
        _scale(axes, min(numbers), max(numbers))


def _beside(axes: Any, at: float, off: float, y: float, text: str, side: str, colour: str) -> None:
    """Words at the left or the right end of a panel."""
    axes.annotate(
        text, (at, y), (off, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha=side, va="center",
        color=colour, fontsize=11, annotation_clip=False,
    )  # fmt: skip


def _scale(axes: Any, low: float, high: float) -> None:
    """Logarithmic where most would be one point otherwise."""
    from matplotlib.ticker import LogLocator, NullLocator

    if low > 0 and high > 4 * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.15, high * 1.15)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.margins(x=0.08)
    axes.xaxis.set_major_formatter(axis_numbers())


def limits_panel(limits: Sequence[Limit], look: Look) -> Panel | None:
    """How far scores may go; None where that was not searched."""
    bars: list[tuple[str, str, Limit]] = []
    for name in dict.fromkeys(one.name for one in limits):
        some = sorted((one for one in limits if one.name == name), key=lambda one: FLOATS.index(one.dtype))
        if len(some) > 1 and len({_ends(one) for one in some}) == 1:
            bars.append((name, "", some[0]))
        else:
            bars += [("" if k else name, one.dtype, one) for k, one in enumerate(some)]
    if not bars:
        return None
    parts = [math.log10(_end(one)) / math.log10(MOST) for *_, one in bars]
    texts = [
        fitted(look.message(_ends(one)), AXES - SHORTEST * part) for part, (*_, one) in zip(parts, bars, strict=True)
    ]
    # A text begins at the end of its bar, so that of a short one has room within the panel.
    right = max(AXES - (AXES - text_width(text)) / max(part, 0.01) for part, text in zip(parts, texts, strict=True))
    return Panel(BAR * len(bars), lambda axes: _draw_bars(axes, bars, texts), max(20.0, 12 + right))


def _end(one: Limit) -> float:
    return min(one.tried if one.limit is None else max(one.limit, 1.0), MOST)


def _ends(one: Limit) -> str:
    if one.limit is None or one.limit >= ENOUGH:
        return NO_LIMIT
    if not one.limit:
        return f"none: {_short(one.beyond)}"
    sign = "−" if one.name == "lowest logits" else ""
    limit = f"{sign}{format_number(one.limit, 4)}"
    return f"{limit}, then {_short(one.beyond)}" if one.wrong is None else f"{limit}; {one.beyond}"


def _draw_bars(axes: Any, bars: Sequence[tuple[str, str, Limit]], texts: Sequence[str]) -> None:
    """Each on the way to the largest that was tried."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_title(f"scores up to which it is {what_ends([one for _, _, one in bars])}")
    axes.set_xscale("log")
    axes.set_xlim(1, MOST)
    for place, ((name, dtype, one), text) in enumerate(zip(bars, texts, strict=True)):
        end = _end(one)
        axes.barh(place, end - 1, left=1, height=0.62, color=CURVES[2 if text == NO_LIMIT else 1])
        at_bar(axes, end, place, text)
        _beside(axes, 0, EDGE - LEFT, place, name, "left", INK)
        _beside(axes, 0, -8, place, dtype, "right", FAINT)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(FixedLocator([1, 100, 1e4, 1e6]))
    axes.xaxis.set_minor_locator(NullLocator())
    names = {1: "1", 100: "100", 10_000: "1e4", 1_000_000: "1e6"}
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: names[round(value)]))
    axes.grid(False)


def rows_panel(rows: Sequence[Row], look: Look) -> Panel | None:
    """A mark for each thing that was looked at, in columns over the whole width."""
    high = -(-len(rows) // COLUMNS)
    return Panel(MARK * high, lambda axes: _draw_rows(axes, rows, high, look)) if rows else None


def _draw_rows(axes: Any, rows: Sequence[Row], high: int, look: Look) -> None:
    box = axes.get_position()
    axes.set_position((EDGE / WIDTH, box.y0, 1 - 2 * EDGE / WIDTH, box.height))
    axes.set(xlim=(0, COLUMNS), ylim=(high, 0))
    axes.set_axis_off()
    axes.set_title("what was looked at")
    for k, row in enumerate(rows):
        _mark(axes, k // high, k % high + 0.5, row.verdict, fitted(look.name(row.name, 40), ROW_NAME))
    for k, name in enumerate(VERDICTS):
        _mark(axes, 1.35 + 0.45 * k, -0.6, name, MARKS[name])


def _mark(axes: Any, x: float, y: float, name: str, text: str) -> None:
    shape, colour = VERDICTS[name]
    axes.plot([x + 0.05], [y], marker=shape, markersize=7, color=colour, linestyle="none", clip_on=False)
    axes.annotate(
        text, (x + 0.05, y), (8, 0), textcoords="offset points", va="center", fontsize=11, annotation_clip=False
    )
