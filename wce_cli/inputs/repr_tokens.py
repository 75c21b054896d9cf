"""What is typed or printed with brackets as tokens, and what has been read of a bracket that is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

TOKEN = re.compile(
    r"""(?P<newline>\n)|(?P<mark>[\[\](){},;])
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s\[\](){},;]+)|\s""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of the text: its kind is a group of TOKEN."""

    kind: str
    text: str
    start: int


class OpenBracket:
    """A bracket that is open: what has been read in it."""

    def __init__(self, mark: Token | None, call: str = "", keyword: str = "") -> None:
        self.mark = mark
        self.call = call
        """The name before a parenthesis: `tensor`."""
        self.keyword = keyword
        """The keyword that this value is for in the frame around it."""
        self.is_code = False
        """Whether it was written, not printed: `torch.tensor`, `np.array`. Its numbers are exact."""
        self.items: list[Any] = []
        self.keywords: dict[str, Any] = {}
        self.pending = ""
        """A keyword whose value is still to come."""
        self.after = "start"
        """What stands before the next item: start, comma, item."""
        self.commas = self.spaces = 0
        self.spaced: list[int] = []
        """Items that only a space parts from the one before."""
        self.printed: list[str | float] = []
        """The items in it, however deep: the number as it stands there, empty where it is none, or its half-unit
        where that is known."""
        self.is_print = False
        """Whether it was printed as numpy does, numbers parted by spaces."""


def tokens_of(text: str) -> Iterator[tuple[Token, Token | None]]:
    """The tokens, each with the one that follows; the parenthesis of a call goes with its name."""
    found = [Token(m.lastgroup, m[0], m.start()) for m in TOKEN.finditer(text) if m.lastgroup]
    skip = False
    for token, following in zip(found, [*found[1:], None], strict=True):
        if not skip:
            yield token, following
        is_call = token.kind == "word" and following is not None and following.text == "("
        skip = is_call and following is not None and following.start == token.start + len(token.text)
