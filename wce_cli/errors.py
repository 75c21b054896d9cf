"""What `wce` says when it cannot answer.

Deep code raises `WceError` with what it knows; `main()` alone turns it into lines on stderr and exit code 2.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, structs

MOST = 10
"""Problems that are told one by one; of more the count is."""
MOST_CONTEXT = 3 * MOST
"""Lines of shapes and sources below them."""
MOST_KNOWN = 1000
"""Words among which a close one is looked for: that takes some microseconds each."""


class Problem(Struct, frozen=True):
    """One thing that stands in the way of an answer."""

    message: str
    """What is wrong, what was expected, where: `labels[1] is 5, but logits has 3 classes (0..2)`."""
    hint: str = ""
    """What to do about it, in the flags in use."""
    field: str = ""
    """The field it is about (`labels`), so that the reader of a document can name its place in the file."""


class WceError(Exception):
    """We cannot answer. Carries every problem found, and the shapes and sources that put them in context."""

    def __init__(self, problems: Problem | Iterable[Problem], context: Iterable[str] = ()) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.context = tuple(context)
        super().__init__("; ".join(problem.message for problem in self.told()))

    def told(self) -> tuple[Problem, ...]:
        """The problems in few lines: the first of them, the last of these with the number of all others."""
        first, more = [], len(self.problems) - MOST
        for problem in self.problems[:MOST]:
            first.append(structs.replace(problem, message=at_most(problem.message)))
        if more > 0:
            count = counted(more, "more problem", "more problems")
            first[-1] = structs.replace(first[-1], message=f"{first[-1].message} (and {count})")
        return tuple(first)

    def lines(self) -> list[str]:
        """The error as it is printed: problems, context, hints (each hint once)."""
        told = self.told()
        hints = dict.fromkeys(problem.hint for problem in told if problem.hint)
        return [
            *(f"error: {problem.message}" for problem in told),
            *(f"  {at_most(line)}" for line in self.context[:MOST_CONTEXT]),
            *(f"hint: {at_most(hint)}" for hint in hints),
        ]


def at_most(line: str, length: int = 500) -> str:
    """A line without its middle where a whole paste is quoted in it."""
    return line if len(line) <= length else f"{line[: length - 60]} … {line[-50:]}"


def did_you_mean(word: str, known: Iterable[str], listed: int = 24) -> str:
    """A hint that names the closest known word, else those that begin so, else all of them, up to `listed`."""
    known = list(known)
    cased = [one for one in known if one.lower() == word.lower()]  # JSON, Explain
    begins = [one for one in known if one.startswith(word)]
    few = known if len(known) <= MOST_KNOWN and len(word) <= MOST_KNOWN else []
    close = cased[:1] or difflib.get_close_matches(word, few, n=1, cutoff=0.6) or begins
    if close and word:
        return f"did you mean {' or '.join(map(repr, close[:3]))}?"
    return f"known: {', '.join(known)}" if len(known) <= listed else ""


def as_written(value: Any) -> str:
    """A value in JSON's words, shortened where it is long: `true`, `null`, `"cat"`, `[1, 2]`."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # a Python object that no JSON has
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def counted(n: int, one: str, many: str) -> str:
    """`1 label`, `2 labels`."""
    return f"{n} {one if n == 1 else many}"


def and_more(n: int) -> str:
    """` (and 41 more)`, or nothing: said after the first of many."""
    return f" (and {n} more)" if n > 0 else ""
