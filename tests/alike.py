"""Whether two pictures are one: the same text and the same elements, their numbers within a tolerance."""

from __future__ import annotations

import re
from html import unescape

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
ID = re.compile(r"\b[mp][0-9a-f]{10}\b")
"""What matplotlib names a shape by: a hash of its numbers."""
TOLERANCE = 0.75
"""Units of a drawing that is some hundred of them wide."""


def assert_alike(made: str, kept: str, name: str) -> None:
    """Every word of `made` stands in `kept`, in its place, and every number is near that of `kept`."""
    made, kept = ID.sub("id", made), ID.sub("id", kept)
    assert NUMBER.sub("0", made) == NUMBER.sub("0", kept), name
    pairs = zip(NUMBER.findall(made), NUMBER.findall(kept), strict=True)
    for one, other in pairs:
        assert abs(float(one) - float(other)) <= TOLERANCE, (name, one, other)


def words_of(svg: str) -> list[str]:
    """The text of a picture."""
    return [unescape(re.sub(r"<[^>]*>", "", text)) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)]
