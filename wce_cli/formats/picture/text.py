"""How wide a text is in a picture, whatever font its reader has; and what is made of one that does not fit.

The widths are those of DejaVu Sans or more, which is wider than what most systems set: what fits here fits there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from wce_cli.formats.look import shortened

_EM = 1.0
_WIDTHS = {
    0.36: " .,:;'|/-ijlIJf\N{MIDDLE DOT}",
    0.5: '()[]!"rt`',
    0.79: "ABCDEFGHKLNOPQRSTUVXYZ&",
    0.86: "+=<>~#×÷−^",
}
_BY_CHARACTER = {character: width for width, some in _WIDTHS.items() for character in some}
_SMALL = 0.64
"""Of digits and small letters but for m and w."""


def text_width(text: str, size: float = 11.0) -> float:
    """Units that a line of text takes, at most."""
    return size * sum(map(_character_width, text))


def _character_width(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    base = unicodedata.normalize("NFD", character)[0]  # of ä an a
    if base in _BY_CHARACTER:
        return _BY_CHARACTER[base]
    return _SMALL if base in "Σεℓ–" or (base.isascii() and base not in "mwMW@%") else _EM


def fitted(text: str, room: float, size: float = 11.0) -> str:
    """`text`, shortened where it is wider than its room."""
    width = len(text)
    while width > 1 and text_width(shortened(text, width), size) > room:
        width -= 1
    return shortened(text, width)


def fitted_name(cell: Callable[[int], str], most: int, room: float, size: float = 11.0) -> str:
    """What `cell` makes of a name in as many characters as fit, `most` at most: it keeps what tells names apart."""
    width = most
    while width > 4 and text_width(cell(width), size) > room:
        width -= 1
    return fitted(cell(width), room, size)


def wrapped(text: str, room: float, size: float = 11.0) -> list[str]:
    """Lines that fit, parted between words; a word is parted only where it does not fit alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for character in word:
            if lines[-1] and text_width(lines[-1] + character, size) > room:
                lines.append("")
            lines[-1] += character
    return lines
