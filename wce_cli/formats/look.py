"""How an answer is to look: decided by whoever prints it, never asked of the terminal in a format."""

from __future__ import annotations

from msgspec import Struct

from wce_cli.digits import DIGITS

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
    "…": "...",
    "ε": "eps",
    "∞": "inf",
    "█": "#",
    "▌": "",
    "ₙ": "_n",
}
"""Our own symbols in ASCII, for encodings that lack them."""


class Look(Struct, frozen=True):
    """Everything a format may want to know about its reader."""

    width: int | None = None
    """Columns to fit; None: the natural width."""
    ascii: bool = False
    color: bool = False
    digits: int = DIGITS
    """Significant digits of a printed number."""
    rows: int | None = None
    """Samples to show; None: the format's own choice."""
    methods: tuple[str, ...] | None = None
    """Methods asked for by name, or ("all",); None: the ones that matter for this batch."""

    def text(self, text: str) -> str:
        """`text` in the symbols that the reader's encoding has."""
        if not self.ascii:
            return text
        out = []
        for position, character in enumerate(text):
            out.append(SYMBOLS.get(character, character))
            if character == "Σ" and text[position + 1 : position + 2].isalpha():
                out.append(" ")
        return "".join(out)


def literal(text: str) -> str:
    """User text with its control characters spelled out, so that it can move no cursor and hide nothing."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, width: int) -> str:
    """A name of at most `width` characters; a longer one ends in …"""
    return text if len(text) <= width else text[: width - 1] + "…"
