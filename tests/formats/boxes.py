"""Where the texts and the lines of a picture are, in its own units; a text is as wide as in a wide font."""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from typing import NamedTuple

from matplotlib.font_manager import findfont, get_font

SVG = "{http://www.w3.org/2000/svg}"
SLACK = 1.0
"""Units by which two texts may touch."""


class Box(NamedTuple):
    """A text and what it covers."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two texts cover each other."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > SLACK and high > SLACK

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is on the text."""
        return self.left + SLACK < x < self.right - SLACK and self.top + SLACK < y < self.bottom - SLACK


def width_of(text: str, size: float) -> float:
    """As DejaVu Sans sets it; what that font lacks is as wide as it is high."""
    font = get_font(findfont("DejaVu Sans"))
    font.set_size(100, 72)
    total = 0.0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        glyph = font.get_char_index(ord(character))
        total += font.load_glyph(glyph).linearHoriAdvance / 65536 / 100 if glyph else 1.0
    return total * size


def boxes(picture: ET.Element) -> list[Box]:
    """Every text of a picture."""
    found = []
    for one in picture.iter(f"{SVG}text"):
        style = one.get("style") or ""
        size = float(re.search(r"font-size: ([\d.]+)px", style)[1])
        place = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", one.get("transform") or "")
        x, y = map(float, place.groups() if place else (one.get("x"), one.get("y")))
        wide = width_of(one.text or "", size)
        anchor = re.search(r"text-anchor: (\w+)", style)
        left = x - wide * {"middle": 0.5, "end": 1.0}.get(anchor[1] if anchor else "", 0.0)
        found.append(Box(one.text or "", left, y - 0.74 * size, left + wide, y + 0.2 * size))
    return found


def points_of_lines(picture: ET.Element) -> list[tuple[float, float]]:
    """Points along every line that is drawn, two units apart; marks and bars are no lines."""
    found = []
    clips = {one for part in picture.iter(f"{SVG}defs") for one in part.iter(f"{SVG}path")}
    for path in picture.iter(f"{SVG}path"):
        style = path.get("style") or ""
        if path in clips or "fill: none" not in style or "opacity: 0" in style:
            continue
        corners = [(float(x), float(y)) for x, y in re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path.get("d") or "")]
        for (x, y), (x_next, y_next) in pairwise(corners):
            steps = int(max(abs(x_next - x), abs(y_next - y)) // 2) + 1
            found += [(x + (x_next - x) * k / steps, y + (y_next - y) * k / steps) for k in range(steps + 1)]
    return found


def assert_readable(svg: str, about: object) -> None:
    """Every text of a picture is within it, none on another, and none crossed by a line."""
    picture = ET.fromstring(svg)
    _, _, wide, high = map(float, (picture.get("viewBox") or "").split())
    texts = boxes(picture)
    for one in texts:
        assert one.left >= -SLACK, (about, one)
        assert one.right <= wide + SLACK, (about, one)
        assert 0 <= one.top < one.bottom <= high, (about, one)
    for one, other in combinations(texts, 2):
        assert not one.meets(other), (about, one, other)
    for x, y in points_of_lines(picture):
        for one in texts:
            assert not one.holds(x, y), (about, one, x, y)
