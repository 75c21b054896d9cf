"""What `audit` found: the function among the methods, where its numbers end, and all that was looked at."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, structs

from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.audited import MARKS, answer_blocks, expectation, probe_text, verdict
from wce_cli.formats.blocks import Block
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.look import Look, literal
from wce_cli.formats.pictures.figure import CURVES, FAINT, INK, WIDTH, Drawing, Drawn
from wce_cli.formats.pictures.marks import at_bar
from wce_cli.formats.pictures.page import Page
from wce_cli.questions.audit.answer import Audit, Compared, Limit, Row
from wce_cli.questions.audit.compared import groups
from wce_cli.questions.audit.numbers import ENOUGH

EDGE, LEFT, RIGHT = 12.0, 148.0, 96.0
LINE, BAR, MARK = 14.0, 16.0, 17.0
"""Units of a line of words, of a bar, and of a mark with its name."""
HEADLINE, NAME = 56, 21
"""Characters of a line above all, and of one beside a panel."""
COLUMNS = 3
"""Of what was looked at."""
VERDICTS = {"ok": ("o", CURVES[2]), "note": ("^", CURVES[0]), "wrong": ("X", CURVES[1])}
"""By verdict: its shape, and its colour."""


class Line(Struct, frozen=True):
    """One row of the upper panel: what it is, its number, and how it is marked."""

    words: tuple[str, ...]
    value: float | None
    shape: str
    colour: str
    is_own: bool = True
    """Whether it is the function, its rule, or what it should be."""


def picture(answer: Audit, look: Look) -> Drawn | None:
    """The number of the function on one batch, beside that of every method; below, where its numbers end, and a mark
    for each thing that was looked at. None where it gave no answer."""
    if not answer.is_answered:
        return None
    lines = [] if answer.compared is None else _lines(answer, answer.compared, look)
    bars = _bars(answer.limits)
    panels = [
        LINE * sum(len(line.words) for line in lines) + 6.0 * len(lines),
        BAR * len(bars),
        MARK * -(-len(answer.rows) // COLUMNS),
    ]
    if not any(panels):
        return None
    headline = [line for text in _headline(answer, look) for line in _wrapped(text, HEADLINE)]
    heights = [height for height in panels if height]
    with Drawing(heights, left=LEFT, right=RIGHT, top=40 + 16.0 * len(headline), bottom=16) as drawing:
        for k, text in enumerate(headline):
            drawing.figure.text(EDGE / WIDTH, 1 - (18 + 16 * k) / drawing.height, text, fontsize=13, va="center")
        free = iter(drawing.panels)
        if answer.compared is not None:
            _draw_lines(next(free), lines, answer.compared)
        if bars:
            _draw_bars(next(free), bars)
        if answer.rows:
            _draw_rows(next(free), answer.rows, look)
        return drawing.drawn(look.message(f"{answer.target} {verdict(answer)}"))


def _headline(answer: Audit, look: Look) -> Iterator[str]:
    name = look.name(answer.target.rpartition(":")[2] or answer.target, 40)
    if answer.is_expected is False:
        yield f"{name}: {look.message(expectation(answer))}"
    else:
        yield f"{name} {look.message(verdict(answer))}{', as expected' * (answer.is_expected is True)}"


def _lines(answer: Audit, compared: Compared, look: Look) -> list[Line]:
    """The function, its rule and what it should be, then the other methods; those that give the same are one."""
    own = answer.own
    assert own is not None
    role = "(what it computes)" if own.is_followed else "(the nearest)"
    wanted = (answer.expected or "").removesuffix("/class")
    function = Line(("this function",), compared.got, "D", INK)
    rule: list[Line] = []
    expected: list[Line] = []
    others: list[Line] = []
    if own.title not in {one.pair for one in compared.methods}:
        words = ["the rule above"] if own.is_followed else _wrapped(look.message(own.title))
        rule = [Line((*words, role), compared.rule, "o", CURVES[2])]
    for group in groups([one.value for one in compared.methods]):
        pairs, value = [compared.methods[k].pair for k in group], compared.methods[group[0]].value
        names, also = _wrapped(", ".join(pairs)), ["(expected)"] * (wanted in pairs)
        if own.title in pairs:
            rule = [Line((*names, role, *also), value, "o", CURVES[2])]
        elif also:
            expected = [Line((*names, *also), value, "s", CURVES[1])]
        else:
            others.append(Line(tuple(names), value, "o", CURVES[0], is_own=False))
    return [function, *rule, *expected, *others]


def _wrapped(text: str, width: int = NAME) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _draw_lines(panel: Any, lines: Sequence[Line], compared: Compared) -> None:
    """A mark for each number, on one axis; the function's as a line through all of them."""
    panel.set_title(f"the loss of {counted(len(compared.probe['labels']), 'sample', 'samples')} (below)", loc="left")
    values = [line.value for line in lines if line.value is not None and math.isfinite(line.value)]
    y = 0.0
    for line in lines:
        height = LINE * len(line.words) + 6
        for k, words in enumerate(line.words):
            _beside(panel, 0, -8, y + 3 + LINE * (k + 0.5), words, "right", line.colour if line.is_own else INK)
        y += height
        if line.value is None or not math.isfinite(line.value):
            said = (
                compared.said if line.shape == "D" else "an error" if line.value is None else format_number(line.value)
            )
            panel.annotate(_short(said), (0, y - height / 2), (6, 0), xycoords=("axes fraction", "data"),
                           textcoords="offset points", va="center", fontsize=11)  # fmt: skip
            continue
        filled = line.colour if line.is_own else "none"
        panel.plot([line.value], [y - height / 2], marker=line.shape, markersize=8, color=line.colour,
                   markerfacecolor=filled, markeredgewidth=1.6, linestyle="none", clip_on=False)  # fmt: skip
        _beside(panel, 1, 12, y - height / 2, format_number(line.value), "left", line.colour if line.is_own else INK)
    if compared.got is not None and math.isfinite(compared.got):
        panel.axvline(compared.got, color=INK, linewidth=1.2, zorder=0.9)
    panel.set_ylim(y, 0)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    if values:
        _axis(panel, values)


def _beside(panel: Any, at: float, off: float, y: float, text: str, side: str, colour: str) -> None:
    """Words left or right of a panel."""
    panel.annotate(text, (at, y), (off, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha=side,
                   va="center", color=colour, fontsize=11, annotation_clip=False)  # fmt: skip


def _axis(panel: Any, values: Sequence[float]) -> None:
    """Logarithmic where the values differ so much that most would be one point otherwise."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = min(values), max(values)
    if low > 0 and high > 4 * low:
        panel.set_xscale("log")
        panel.set_xlim(low / 1.15, high * 1.15)
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    else:
        panel.margins(x=0.08)
        panel.xaxis.set_major_locator(MaxNLocator(4))


def _bars(limits: Sequence[Limit]) -> list[tuple[str, Limit]]:
    """The limits in each float, of which the first carries the name; one for all floats where there is none."""
    found: list[tuple[str, Limit]] = []
    for name in dict.fromkeys(one.name for one in limits):
        some = sorted((one for one in limits if one.name == name), key=lambda one: FLOATS.index(one.dtype))
        shown = some if any(map(_is_limited, some)) else some[:1]
        found += [("" if k else name, one) for k, one in enumerate(shown)]
    return found


FLOATS = ("float64", "float32", "bfloat16", "float16")


def _is_limited(one: Limit) -> bool:
    return one.limit is not None and one.limit < ENOUGH


def _draw_bars(panel: Any, bars: Sequence[tuple[str, Limit]]) -> None:
    """How far scores may go, on the way to what was tried."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    panel.set_title("scores up to which it gives a number", loc="left")
    alone = {one.name for name, one in bars if name} - {one.name for name, one in bars if not name}
    for place, (name, one) in enumerate(bars):
        end = one.tried if one.limit is None else max(one.limit, 1.0)
        colour = CURVES[1] if _is_limited(one) else CURVES[2]
        panel.barh(place, end - 1, left=1, height=0.62, color=colour)
        sign = "−" if one.name == "lowest logits" else ""
        if _is_limited(one):
            limit = format_number(one.limit or 0.0, 4)
            at_bar(
                panel,
                end,
                place,
                f"{sign}{limit}, then {_short(one.beyond)}" if one.limit else f"none: {_short(one.beyond)}",
            )
        else:
            at_bar(panel, end, place, "no limit")
        panel.annotate(name, (EDGE - LEFT, place), xycoords=("axes points", "data"), va="center", fontsize=11,
                       annotation_clip=False)  # fmt: skip
        _beside(panel, 0, -8, place, "" if one.name in alone else one.dtype, "right", FAINT)
    panel.set_xscale("log")
    panel.set_xlim(1, 1e6)
    panel.set_ylim(len(bars) - 0.5, -0.5)
    panel.set_yticks([])
    panel.xaxis.set_major_locator(FixedLocator([1, 100, 1e4, 1e6]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"1e{math.log10(value):.0f}" if value > 100 else f"{value:.0f}")
    )
    panel.grid(False)


def _short(said: str) -> str:
    """An error by its name alone."""
    return literal(said.partition(":")[0])[:24]


def _draw_rows(panel: Any, rows: Sequence[Row], look: Look) -> None:
    """A mark for each thing, in columns over the whole width."""
    box = panel.get_position()
    panel.set_position((EDGE / WIDTH, box.y0, 1 - 2 * EDGE / WIDTH, box.height))
    high = -(-len(rows) // COLUMNS)
    panel.set(xlim=(0, COLUMNS), ylim=(high, 0))
    panel.set_axis_off()
    panel.set_title("what was looked at", loc="left")
    for k, row in enumerate(rows):
        _mark(panel, k // high, k % high + 0.5, row.verdict, look.name(row.name, 20))
    for k, name in enumerate(VERDICTS):
        _mark(panel, 1.35 + 0.45 * k, -0.6, name, MARKS[name])


def _mark(panel: Any, x: float, y: float, name: str, text: str) -> None:
    shape, colour = VERDICTS[name]
    panel.plot([x + 0.05], [y], marker=shape, markersize=7, color=colour, linestyle="none", clip_on=False)
    panel.annotate(text, (x + 0.05, y), (8, 0), textcoords="offset points", va="center", fontsize=11,
                   annotation_clip=False)  # fmt: skip


def _blocks(answer: Audit, look: Look, titled: bool) -> Iterator[Block]:
    """All that is said elsewhere, and the numbers of the batch that is drawn."""
    for block in answer_blocks(answer, look):
        columns = tuple(column for column in block.columns if column.name != "part")  # a narrow page has no room for it
        yield structs.replace(block, columns=columns)
    compared = answer.compared
    if compared is None:
        return
    yield blocks.title("the batch of the picture")
    yield blocks.prose(f"where {compared.about}, it gives {compared.said}")
    yield blocks.code(look.text(probe_text(compared.probe)))
    values = [format_number(one.value, look.digits) for one in compared.methods]
    yield blocks.table(
        Column("method", [one.pair for one in compared.methods], NEVER_DROPPED, right=False),
        Column("its loss", values, NEVER_DROPPED),
    )


PAGE = Page.of_blocks("audit", picture, _blocks, lambda answer: answer.target)
to_svg, to_html, fragment = PAGE.to_svg, PAGE.to_html, PAGE.fragment
