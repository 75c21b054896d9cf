"""How an answer is to look: decided by whoever prints it, never asked of the terminal in a format."""

from __future__ import annotations

import re

from msgspec import Struct

from wce_cli.digits import DIGITS
from wce_cli.literal import literal

ROWS = 20
"""Samples that are listed where a person reads, unless more are asked for."""
FINDINGS = 5
"""Findings that are printed where a person reads, unless more are asked for: what fits a glance."""
GLUE = "\N{NO-BREAK SPACE}"
"""Written instead of a space between parts of a formula that must not be parted."""

_UNITS = (
    (re.compile(r"(?<=\S) ([·×*/÷≠+−]|!=) (?=\S)"), rf"{GLUE}\1{GLUE}"),
    (re.compile(r"(?<=\S )([=≈~]) (?=\S)"), rf"\1{GLUE}"),
    (re.compile(r"(?<!\S)(\(?\w) ([=≈~])(?=\s)"), rf"\1{GLUE}\2"),
    (re.compile(r"(?<=\d) %"), f"{GLUE}%"),
    (re.compile(r"(Σ(?:_\w|ₙ)?) (?=[\w(])"), rf"\1{GLUE}"),
    (re.compile(r"\bN (kept|with)\b"), rf"N{GLUE}\1"),
    (re.compile(rf"\bN{GLUE}with w"), f"N{GLUE}with{GLUE}w"),
)

SYMBOLS = {
    "Σ": "sum",
    "ℓ": "l",
    "÷": "/",
    "·": "*",
    "×": "x",
    "−": "-",
    "–": "-",
    "≠": "!=",
    "≈": "~",
    "→": "->",
    "←": "<-",
    "…": "...",
    "ε": "eps",
    "∞": "inf",
    "█": "#",
    "ₙ": "_n",
    "±": "+/-",
    "²": "^2",
}
"""Our own symbols in ASCII, for encodings that lack them."""

# The blocks of the scripts that are written from right to left: Hebrew to Arabic Extended-A, and their later forms.
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
RIGHT_TO_LEFT_RUN = re.compile(f"[{_RIGHT_TO_LEFT}]+(?: +[{_RIGHT_TO_LEFT}]+)*")


class Look(Struct, frozen=True):
    """Everything a format may want to know about its reader."""

    width: int | None = None
    """Columns to fit; None: the natural width."""
    ascii: bool = False
    """Whether the encoding lacks our own symbols."""
    encoding: str = "ascii"
    """What user text is held to where it does."""
    color: bool = False
    digits: int = DIGITS
    """Significant digits of a printed number."""
    rows: int | None = None
    """Samples to show; None: the format's own choice."""
    by_sample: bool = False
    """Whether the samples are asked for where each is several rows."""
    samples: int | None = None
    """Of these to show; None: the format's own choice."""
    methods: tuple[str, ...] | None = None
    """Methods asked for by name, or ("all",); None: the ones that matter for this batch."""
    only: str | None = None
    """`terms` or `methods`: that table alone; None: the whole report."""
    findings: int | None = None
    """Findings to print where a person reads; None: all."""
    verbose: bool = False
    """Whether all that was found is told, and not the answer alone."""
    call: str = ""
    """The command as it was typed, for the foot of a page; empty: it was no command."""

    def text(self, text: str) -> str:
        """`text` in the symbols that the reader's encoding has."""
        if not self.ascii:
            return text
        out = []
        for position, character in enumerate(text):
            out.append(SYMBOLS.get(character) or self._spelled(character))
            if character == "Σ" and text[position + 1 : position + 2].isalpha():
                out.append(" ")
        return "".join(out)

    def _spelled(self, character: str) -> str:
        """A character that the encoding lacks as its code: here, not by the stream, so that columns are measured so."""
        if character.isascii() or character == GLUE:
            return character
        return character.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def name(self, name: str, width: int) -> str:
        """User text, literally, on one line of at most `width` characters; a longer one ends in …"""
        text = self.text(shortened(literal(name), width))
        return text if self.ascii else isolated(text)

    def message(self, text: str) -> str:
        """A sentence of ours that may quote user text."""
        text = literal(text)
        return self.text(text) if self.ascii else RIGHT_TO_LEFT_RUN.sub(lambda run: isolated(run[0]), text)


def glued(text: str) -> str:
    """`text` with its formulas held together: no line ends beside `·` or `/`, nor behind `=`, `Σ` or a number in %."""
    for pattern, unit in _UNITS:
        text = pattern.sub(unit, text)
    return text


def shortened(text: str, width: int) -> str:
    """A name of at most `width` characters; a longer one ends in …"""
    return text if len(text) <= width else text[: width - 1] + "…"


def isolated(text: str) -> str:
    """`text`, kept from turning its surroundings around if any of it is written from right to left."""
    if text.isascii() or not RIGHT_TO_LEFT_RUN.search(text):
        return text
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
