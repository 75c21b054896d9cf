"""Text for a screen of a given width: columns and prose from which nothing is ever cut.

rich lays the columns out. Left alone it would shorten a number that does not fit, so whole columns are left
out instead, the cheapest first, and the reader is told which.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from io import StringIO

from wce_cli.surroundings import same_random

with same_random():  # rich draws from it when it is loaded
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

from wce_cli.answers.report import Severity
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.look import GLUE, Look, glued
from wce_cli.literal import as_line

PROSE = 100
"""Sentences are wrapped here even where the terminal is wider."""
NARROWEST = 20
GAP = 2
"""Spaces between columns."""
SEVERITY_STYLES: dict[Severity, str] = {"error": "bold red", "caution": "bold yellow", "note": "bold cyan"}
NUMBER = re.compile(r"[-+.\deE]+")


class Screen:
    """Collects lines as text; knows the width, the symbols and whether there is colour."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._out = StringIO()
        # Our own width logic decides; the console is told to have room, and to look at no environment.
        self._console = Console(
            file=self._out,
            width=10_000,
            height=100,
            color_system="standard" if look.color else None,
            force_terminal=look.color,
            no_color=not look.color,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def __str__(self) -> str:
        return "\n".join(as_line(line.rstrip()) for line in self._out.getvalue().splitlines()) + "\n"

    def line(self, text: str = "", style: str = "") -> None:
        """One line as it is."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def title(self, text: str) -> None:
        """A name, wrapped between words; only a word that is longer than a line is shortened, unless it is a number."""
        dots = self.look.text("…")
        for line in self._wrapped(text, "", ""):
            if cell_len(line) > self._prose_width and not NUMBER.fullmatch(line):
                while cell_len(line) + len(dots) > self._prose_width:
                    line = line[:-1]
                line += dots
            self.line(line)

    def prose(self, text: str, head: str = "", style: str = "", indent: int = 0, hanging: int = 0) -> None:
        """Sentences, wrapped between words; a word is never broken. `head` begins them, in `style`; lines below the
        first stand `hanging` further in."""
        lines = self._wrapped(self.look.text(head + text), " " * indent, " " * (indent + hanging))
        for position, content in enumerate(lines):
            line = Text(content)
            if position == 0 and head:
                line.stylize(style, 0, len(head.rstrip()))
            self._console.print(line, soft_wrap=True)

    def entry(self, text: str, style: str = "") -> None:
        """A line of a list that may be very long: as it is where it fits, else wrapped between words."""
        if style:
            self.prose(" ", text, style, hanging=2)
            return
        if self.look.width is not None and len(text) > self.look.width:
            width = max(self.look.width, NARROWEST)
            lines = textwrap.wrap(text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
            text = "\n".join(lines)
        self._out.write(f"{text}\n")

    def finding(self, severity: Severity, code: str, message: str) -> None:
        """What a reader must know, headed by how grave it is."""
        self.prose(message, f"{severity} {code}".rstrip() + ": ", SEVERITY_STYLES[severity], hanging=2)

    def side_by_side(self, items: Sequence[str]) -> None:
        """Items four spaces apart, as many to a line as fit; one that is longer than a line goes on below."""
        line = ""
        for item in items:
            if line and cell_len(line) + 4 + cell_len(item) > self._prose_width:
                self._hanging(line)
                line = item
            else:
                line = f"{line}    {item}" if line else item
        if line:
            self._hanging(line)

    def _hanging(self, text: str) -> None:
        if cell_len(text) <= self._prose_width:
            self.line(text)
            return
        for content in self._wrapped(text, "", "    "):
            self.line(content)

    def _wrapped(self, text: str, first: str, others: str) -> list[str]:
        """Lines of at most the width; a formula, and what GLUE holds together, stays on one, if one has room for it."""
        room = self._prose_width - max(len(first), len(others))
        words = (piece for word in glued(text).split(" ") for piece in _held(word, room))
        lines = textwrap.wrap(
            as_line(" ".join(words)),
            self._prose_width,
            initial_indent=first,
            subsequent_indent=others,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return [line.replace(GLUE, " ") for line in lines]

    @property
    def _prose_width(self) -> int:
        return max(min(self.look.width or PROSE, PROSE), NARROWEST)

    def columns(self, columns: Sequence[Column]) -> None:
        """Columns side by side; where they do not fit, the cheapest are left out, and that is said."""
        dropped: list[str] = []
        notes: list[str] = []
        if not self.fits(columns):
            notes = [column.brief_note for column in columns if column.brief_note]
            columns = [column.shortened() for column in columns]
        while not self.fits(columns):
            droppable = [column for column in columns if column.worth < NEVER_DROPPED]
            if not droppable:
                break
            cheapest = min(droppable, key=lambda column: column.worth)
            columns = [column for column in columns if column is not cheapest]
            dropped.append(cheapest.name or cheapest.head)
        self._draw(columns)
        named = [head for head in dropped if head]
        if named:
            self.prose(f"(left out at this width: {', '.join(named)})")
        for note in notes:
            self.prose(note, "same here: ", hanging=4)

    def fits(self, columns: Sequence[Column]) -> bool:
        """Whether columns side by side fit the width."""
        if self.look.width is None:
            return True
        widths = (max(map(cell_len, texts)) for texts in self._texts(columns))
        return sum(widths) + GAP * (len(columns) - 1) <= self.look.width

    def _texts(self, columns: Sequence[Column]) -> list[list[str]]:
        """The head and the cells of each column; those of the first begin a line."""
        first, *others = [[self.look.text(cell) for cell in (column.head, *column.cells)] for column in columns]
        return [list(map(as_line, first)), *others]

    def _draw(self, columns: Sequence[Column]) -> None:
        if self.look.color:
            self._console.print(self._table(columns), soft_wrap=True)
            return
        padded = []  # without styles there is nothing that rich adds, and a batch may list thousands of rows
        for column, texts in zip(columns, self._texts(columns), strict=True):
            lengths = [cell_len(text) for text in texts]
            room = max(lengths)
            spaces = [" " * (room - length) for length in lengths]
            sides = zip(spaces, texts, strict=True) if column.right else zip(texts, spaces, strict=True)
            padded.append([left + right for left, right in sides])
        self._out.writelines((" " * GAP).join(row) + "\n" for row in zip(*padded, strict=True))

    def _table(self, columns: Sequence[Column]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        heads, *rows = zip(*self._texts(columns), strict=True)
        for head, column in zip(heads, columns, strict=True):
            table.add_column(Text(head), justify="right" if column.right else "left", no_wrap=True)
        for row in rows:
            table.add_row(*(Text(text, style=column.style) for text, column in zip(row, columns, strict=True)))
        return table


def _held(word: str, room: int) -> list[str]:
    """What of a word stays together: all of it, or else each of its formulas that has room."""
    if cell_len(word) <= room:
        return [word]
    pieces = glued(word.replace(GLUE, " ")).split(" ")
    return [piece if cell_len(piece) <= room else piece.replace(GLUE, " ") for piece in pieces]
