"""What screens and shells put around a value, taken off before anything in it is read."""

from __future__ import annotations

import re

LIKENESSES = {
    **dict.fromkeys("\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'),
    **dict.fromkeys("\u00a0\u2007\u202f\u3000", " "),
    **dict.fromkeys("\ufeff\u200b\u2060", ""),
}
"""What word processors, chats and PDFs make of a minus, a quote and a space."""
EN_DASH = re.compile(r"[\u2012\u2013](?=\d|\.\d|inf|\u221e)", re.IGNORECASE)

FRAMES = (
    re.compile(r"^Parameter containing:\s*(.*)$", re.DOTALL),
    re.compile(r"^<[^<>]*?\b(?:numpy|value)=(.*)>$", re.DOTALL),
)
"""What some frameworks print around the array."""


def plain(text: str) -> str:
    """Look-alikes made plain, and the quotes that cmd.exe hands through taken off."""
    for likeness, char in LIKENESSES.items():
        text = text.replace(likeness, char)
    text = EN_DASH.sub("-", text).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def unframed(text: str) -> str:
    """The array alone, of a print that stands around one."""
    for frame in FRAMES:
        found = frame.match(text)
        if found:
            text = found[1].strip()
    return text
